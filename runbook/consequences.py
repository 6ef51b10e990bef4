"""What follows from what: a plan is what each step found, and what the changes of other steps do to it.

Nothing here is about one step. What a step declares decides: what its resource is part of (``PART_OF``) or cannot
outlive (``REPLACED_WITH``), which facts its ``check`` needs, and what its ``foresee`` says of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runbook.events import Outcome, Planned
from runbook.outcome import Change, Difference
from runbook.step import Plan, Step

__all__ = ["Expected", "Finding", "expected", "planned"]


@dataclass(frozen=True, slots=True)
class Finding:
    """How a step's resource is, or will be."""

    outcome: Outcome
    reason: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def change(self) -> Change:
        """What has to be done about it."""
        match self.outcome:
            case Outcome.MISSING:
                return Change.CREATE
            case Outcome.DRIFTED if all(difference.waits for difference in self.differences):
                return Change.AFTER
            case Outcome.DRIFTED:
                replaces = any(difference.replaces for difference in self.differences)
                return Change.REPLACE if replaces else Change.UPDATE
            case _:
                return Change.NONE


@dataclass(frozen=True, slots=True)
class Expected:
    """What ``up`` will do about a step."""

    change: Change = Change.NONE
    reason: str = ""
    """Why, where it follows from the change of another step."""
    differences: tuple[Difference, ...] = ()
    """Of what follows and is known by now."""
    renews: bool = False
    """Whether its fact will be another one, so that of what needs it not all is known yet."""


def expected(
    step: Step, found: Finding, before: Mapping[type, tuple[str, Expected]], foreseen: Finding | None
) -> Expected:
    """What will be done about a step that was found so.

    ``before`` holds, by the facts that its check needs, the steps that give them and what will be done about those;
    ``foreseen`` is what its ``foresee`` says, if it was asked.
    """
    if found.outcome not in (Outcome.OK, Outcome.MISSING, Outcome.DRIFTED, Outcome.UNKNOWN):
        return Expected()
    created_with = [
        f"goes with {name}, created again" if other.change is Change.REPLACE else f"comes with {name}"
        for fact, (name, other) in before.items()
        if (fact is step.part_of and other.change.renews)
        or (fact in step.replaced_with and other.change is Change.REPLACE)
    ]
    after = [name for name, other in before.values() if other.renews]
    if step.only_looks:
        open_ = found.outcome is not Outcome.OK or bool(after)
        return Expected(Change.AFTER, _known_after(after), renews=True) if open_ else Expected()
    if created_with:
        reason = "" if found.outcome is Outcome.MISSING else created_with[0]
        return Expected(Change.CREATE, reason, renews=True)
    if foreseen is not None:
        again = foreseen.outcome is found.outcome and foreseen.differences == found.differences
        return Expected(
            foreseen.change,
            "" if again else foreseen.reason,
            () if again else foreseen.differences,
            renews=foreseen.change.renews,
        )
    if found.change is Change.NONE and (after or found.outcome is Outcome.UNKNOWN):
        return Expected(Change.AFTER, _known_after(after), renews=True)
    return Expected(found.change, renews=found.change.renews)


def _known_after(names: Iterable[str]) -> str:
    return f"known after {name}" if (name := next(iter(names), "")) else ""


def planned(plan: Plan, changes: dict[str, Change]) -> Planned:
    """A plan as a whole: what will be done, counted, and how long that takes along the longest path."""
    acting = [step for step in plan.steps if step.id in changes and not step.only_looks]
    counts = {change: sum(changes[step.id] is change for step in acting) for change in Change}
    interrupting = [step for step in acting if step.interrupts and changes[step.id] is Change.REPLACE]
    return Planned(
        changes=changes,
        create=counts[Change.CREATE],
        update=counts[Change.UPDATE],
        replace=counts[Change.REPLACE],
        known_after=counts[Change.AFTER],
        takes=_longest(plan, changes, plan.steps),
        interrupts_for=max((_longest(plan, changes, [step]) for step in interrupting), default=0.0),
        usd_per_hour=sum(step.usd_per_hour for step in acting if changes[step.id] is Change.CREATE),
    )


def _longest(plan: Plan, changes: Mapping[str, Change], begin: Iterable[Step]) -> float:
    """AWS seconds from the first of these steps to the last of what needs them."""
    begins = {step.id for step in begin}
    until: dict[str, float | None] = {}

    def ends(step: Step) -> float | None:
        """When it ends, if it is one of them or comes after one."""
        if step.id not in until:
            before = [end for each in plan.before(step, ("check", "do")) if (end := ends(each)) is not None]
            if before or step.id in begins:
                until[step.id] = max(before, default=0.0) + _duration(plan, changes, step)
            else:
                until[step.id] = None
        return until[step.id]

    return max((end for step in plan.steps if (end := ends(step)) is not None), default=0.0)


def _duration(plan: Plan, changes: Mapping[str, Change], step: Step) -> float:
    match changes.get(step.id, Change.NONE):
        case Change.CREATE:
            return step.takes
        case Change.REPLACE:
            taken_along = (each for each in plan.steps if step.gives in {each.part_of, *each.replaced_with})
            return sum(each.removal_takes for each in (step, *taken_along)) + step.takes
        case _:
            return 0.0
