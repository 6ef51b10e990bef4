"""A plan that a team approves before it is carried out: frozen to a file, done as it is, or not at all.

:func:`freeze` makes it from the events of a run that only checked. It holds what each step will do, and with that what
follows from it: what a replacement takes with it is created again, and what is known only after another change is
approved together with that change. :func:`carry_out` looks again and refuses when the account, the region or anything
that was seen is not as it was; and then it lets each step act only as the plan says, so that a change in the last
moment is not answered with something that nobody approved.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runbook.control import Control
from runbook.engine import run
from runbook.errors import BadInput, CannotContinue, NeedsReplacing, RunbookError, named, reason
from runbook.events import Action, ApprovalAsked, Event, Outcome
from runbook.outcome import Change, Difference
from runbook.parameters import Parameters, validated
from runbook.run_state import TO_DO, RunState
from runbook.step import Plan

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.track import Tracks

__all__ = ["FrozenPlan", "PlanOutdated", "PlannedStep", "carry_out", "freeze", "frozen"]

_LARGEST = 10_000_000  # bytes
FORMAT = 2


class PlanOutdated(RunbookError):
    """The account is not as it was when the plan was made; nothing was changed."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What one step would do, and a digest of what it saw."""

    id: str
    outcome: Outcome
    reason: str
    differences: tuple[Difference, ...]
    seen: str
    """SHA-256 of the fact; empty when there was none."""
    change: Change
    """What it will do."""
    follows: str = ""
    """Why, where that follows from the change of another step."""
    expected: tuple[Difference, ...] = ()
    """What will be different once the steps before have acted, as far as it is known."""


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """A plan, as the file holds it."""

    made: datetime
    made_by: str
    """ARN of whoever made it."""
    account: str
    region: str
    parameters: Parameters
    steps: tuple[PlannedStep, ...]

    @property
    def to_do(self) -> tuple[str, ...]:
        """The ids of the steps that will act, or may have to because of another's change."""
        return tuple(step.id for step in self.steps if step.change is not Change.NONE)

    @property
    def digest(self) -> str:
        """SHA-256 of all that was seen and is to be done; the time and the maker do not count."""
        return _digest({name: value for name, value in self._body().items() if name not in ("made", "made_by")})

    def write(self, path: Path) -> None:
        """Write the file. Raises :class:`BadInput`."""
        text = json.dumps({**self._body(), "digest": self.digest}, indent=2, ensure_ascii=False)
        try:
            path.write_text(f"{text}\n", encoding="utf-8")
        except (OSError, ValueError) as error:
            raise BadInput("out", f"{named(path)} cannot be written: {reason(error)}.") from None

    @classmethod
    def read(cls, path: Path) -> FrozenPlan:
        """Read a file. Raises :class:`BadInput` when it is no plan, or is not as it was written."""
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST)  # of one that never ends, that is no JSON
        except (OSError, ValueError) as error:
            raise BadInput("plan", f"{named(path)} cannot be read: {reason(error)}.") from None
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            raise BadInput("plan", f"{named(path)} is not a plan: it is no JSON.") from None
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            older = isinstance(body, dict) and body.get("format") == 1 and "steps" in body
            problem = "was made by an earlier version" if older else "is not a plan that this version can read"
            raise BadInput("plan", f"{named(path)} {problem}.", "Make a new one with: plan --out.")
        try:
            plan = cls._of(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput("plan", f"{named(path)} is not a plan: {named(error)}.") from None
        if body.get("digest") != plan.digest:
            raise BadInput("plan", f"{named(path)} was changed after it was made.", "Make a new one with: plan --out.")
        return plan

    @classmethod
    def _of(cls, body: Mapping[str, Any]) -> FrozenPlan:
        steps = tuple(
            PlannedStep(
                id=str(step["id"]),
                outcome=Outcome(step["outcome"]),
                reason=str(step["reason"]),
                differences=tuple(Difference(**item) for item in step["differences"]),
                seen=str(step["seen"]),
                change=Change(step["change"]),
                follows=str(step["follows"]),
                expected=tuple(Difference(**item) for item in step["expected"]),
            )
            for step in body["steps"]
        )
        return cls(
            made=datetime.fromisoformat(body["made"]),
            made_by=str(body["made_by"]),
            account=str(body["account"]),
            region=str(body["region"]),
            parameters=validated(body["parameters"]),
            steps=steps,
        )

    def _body(self) -> dict[str, Any]:
        given = self.parameters.model_dump(mode="json", include=set(self.parameters.given))
        return {
            "format": FORMAT,
            "made": self.made.isoformat(timespec="seconds"),
            "made_by": self.made_by,
            "account": self.account,
            "region": self.region,
            "parameters": dict(sorted(given.items())),
            "steps": [
                {
                    "id": step.id,
                    "outcome": step.outcome.value,
                    "reason": step.reason,
                    "differences": [dataclasses.asdict(item) for item in step.differences],
                    "seen": step.seen,
                    "change": step.change.value,
                    "follows": step.follows,
                    "expected": [dataclasses.asdict(item) for item in step.expected],
                }
                for step in self.steps
            ],
        }


def freeze(events: Iterable[Event]) -> FrozenPlan:
    """:func:`frozen`, of the run that told these events."""
    return frozen(RunState.of(events))


def frozen(run: RunState) -> FrozenPlan:
    """The plan that a run which only checked amounts to.

    Raises :class:`CannotContinue` when the run could not see all it had to: such a plan would approve the unknown.
    Raises :class:`NeedsReplacing` when something has to be replaced and ``replace`` is not given: it would stop there.
    """
    plan = _seen_now(run)
    replaced = [step for step in plan.steps if step.change is Change.REPLACE]
    if replaced and not plan.parameters.replace:
        raise NeedsReplacing(
            f"No plan can be made: {'; '.join(f'{step.id} needs replacing ({_fixed(step)})' for step in replaced)}. "
            "AWS cannot change that in place: plan again with replace."
        )
    return plan


def _seen_now(run: RunState) -> FrozenPlan:
    if run.cause is not None:
        raise run.cause
    started = run.started
    if started is None or started.action is not Action.CHECK:
        raise ValueError("a plan is made from a run that only checks")
    for step in run.steps.values():
        if step.outcome not in (Outcome.OK, *TO_DO):
            if isinstance(step.cause, BadInput):
                raise step.cause
            reason = step.reason if step.finished else "the run ended before it"
            raise CannotContinue(f"No plan can be made, because {step.id} could not be looked at: {reason}")
    if not started.account:
        raise CannotContinue("No plan can be made, because AWS does not say whose account this is.")
    return FrozenPlan(
        made=datetime.now(UTC).replace(microsecond=0),
        made_by=started.caller,
        account=started.account,
        region=started.region,
        parameters=started.parameters.with_values(stack=started.parameters.stack),  # named even if nobody gave it
        steps=tuple(
            PlannedStep(
                id=name,
                outcome=end.outcome,
                reason=end.reason,
                differences=end.differences,
                seen=_seen(end.fact),
                change=end.change,
                follows=end.follows,
                expected=end.expected,
            )
            for name, end in ((step.id, step.finished) for step in run.steps.values())
            if end is not None
        ),
    )


def carry_out(
    frozen: FrozenPlan,
    plan: Plan | Tracks,
    account: Account,
    *,
    control: Control | None = None,
) -> Iterator[Event]:
    """Do what the plan says, and nothing else. The events are those of the run that does it.

    Raises :class:`PlanOutdated` before anything is changed when the account is not as it was seen. While it runs, a
    step that would do something else than planned is skipped, and so is what needs it.
    """
    control = control or Control()
    now = _seen_now(RunState.of(run(plan, account.aws, frozen.parameters, Action.CHECK, control=control)))
    if changes := _changes(frozen, now):
        raise PlanOutdated(
            f"The plan of {frozen.made:%Y-%m-%d %H:%M} UTC does not hold any more: {'; '.join(changes)}. "
            "Nothing was changed. Make a new plan with: plan --out."
        )
    if not isinstance(plan, Plan):
        plan = plan.named(frozen.parameters.track).plan
    planned = {step.id: step for step in frozen.steps}
    events = run(
        plan,
        account.aws,
        frozen.parameters,
        Action.UP,
        step_by_step=True,
        control=control,
        account=frozen.account,
    )
    for event in events:
        match event:
            case ApprovalAsked(step=str(name)):
                # Nobody else is asked: the plan has the answer.
                before = plan.up_to(plan[name]) - {name}
                follows = any(planned[each].change is not Change.NONE for each in before if each in planned)
                harmless = plan[name].only_looks
                as_planned = harmless or _as_planned(planned[name], event, follows=follows)
                (control.approve if as_planned else control.skip)(name)
            case _:
                yield event


def _as_planned(step: PlannedStep, asked: ApprovalAsked, *, follows: bool) -> bool:
    """Whether a step does what was approved; ``follows``: a step that it needs has acted, or may have."""
    if asked.outcome is Outcome.MISSING:
        return step.change in (Change.CREATE, Change.AFTER)
    wanted = _wanted(asked.differences)
    if step.change is not Change.NONE and wanted <= _wanted((*step.differences, *step.expected)):
        return True
    replaces = any(difference.replaces for difference in asked.differences)
    if step.outcome is Outcome.UNKNOWN and step.change is not Change.NONE:
        # It could not be seen behind what was missing. Unless replacing is approved, the step itself refuses it.
        return True
    return follows and not replaces


def _wanted(differences: Iterable[Difference]) -> set[tuple[str, str, bool]]:
    """What a repair makes of it. What is found may move with the repairs before this one; what is wanted may not."""
    return {(item.what, item.wanted, item.replaces) for item in differences}


def _fixed(step: PlannedStep) -> str:
    return "; ".join(str(item) for item in (*step.differences, *step.expected) if item.replaces)


def _changes(then: FrozenPlan, now: FrozenPlan) -> list[str]:
    """What is not as it was, in words."""
    if then.account != now.account:
        return [f"it is for account {then.account}, and this is {now.account}"]
    if then.region != now.region:
        return [f"it is for region {then.region}, and this is {now.region}"]
    before, after = ({step.id: step for step in plan.steps} for plan in (then, now))
    if before.keys() != after.keys():
        return ["this version of the runbook has other steps"]
    return [_change(before[name], after[name]) for name in before if before[name] != after[name]]


def _change(before: PlannedStep, after: PlannedStep) -> str:
    if (before.outcome, before.reason, before.differences) == (after.outcome, after.reason, after.differences):
        return f"{before.id} is another one than was seen, or was changed"
    return f"{before.id} was {_words(before)} and is {_words(after)}"


def _words(step: PlannedStep) -> str:
    return f"{step.outcome.value} ({step.reason})" if step.reason else step.outcome.value


def _seen(fact: object) -> str:
    return _digest(_counting(fact)) if fact is not None else ""


def _counting(value: object) -> Any:
    """What of a fact tells whether it is the same: the fields that it is compared by (``field(compare=False)``)."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _counting(getattr(value, item.name)) for item in dataclasses.fields(value) if item.compare}
    if isinstance(value, Mapping):
        return {str(key): _counting(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_counting(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _digest(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
