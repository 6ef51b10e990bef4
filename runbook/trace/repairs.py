"""Which step of ours would repair a finding: one whose own check finds just that.

A step that belongs to a hop need not see what is wrong there, and may be about to do something else: take out a target
that it does not know, for one. So the steps are asked, by a check that only reads, and only when something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from runbook.aws import Aws
from runbook.engine import run
from runbook.events import Action, CallAnswered, CallSent, Outcome, StepFinished
from runbook.outcome import Difference
from runbook.parameters import validated
from runbook.path.configuration import Method
from runbook.step import Plan
from runbook.trace.model import Finding, Weight
from steps.tracks import TRACKS

__all__ = ["STEP_OF", "Repairs"]

_PLAN = TRACKS.default.plan
STEP_OF = {hop: step.id for hop, step in _PLAN.repairing.items()}
"""The step of ours that makes what a hop is about."""

_OWN = ("tag ", "rule ", "old VPC link ")
"""What a step may take away unasked: what carries the stack's tag, and serves nobody."""
_CHAIN = ("proxy-resource", "any-method", "integration", "deployment")
"""What is made in an API one in the other; none is live before the last."""


class Repairs:
    """The steps of a stack, asked once, and only if a finding has to be repaired."""

    def __init__(self, aws: Aws, stack: str, method: Method | None) -> None:
        self._aws, self._stack, self._method = aws, stack, method

    def __call__(self, finding: Finding) -> tuple[str, ...]:
        """The steps to do, one after the other; none where no step would repair it."""
        first = STEP_OF.get(finding.hop, "") if finding.step is None else finding.step
        if not self._stack or not first:
            return ()
        chain = _CHAIN[_CHAIN.index(first) :] if first in _CHAIN else (first,)
        todo = [step for step in chain if self._repairs(step, finding)]
        if todo == ["vpc-link"] and self._is_missing("vpc-link"):
            return ("vpc-link", "stage-variables")  # a new link has another id
        if not todo or first not in _CHAIN:
            return tuple(todo)
        # What is missing takes with it what is made in it.
        missing = [number for number, step in enumerate(chain) if step in todo and self._is_missing(step)]
        anew = chain[missing[0] :] if missing else ()
        steps = [step for step in chain if step in todo or step in anew or step == "deployment"]
        # A stage that is made anew has no variables yet.
        return (*steps, *(["stage-variables"] if self._is_missing("deployment") else []))

    def _repairs(self, step: str, finding: Finding) -> bool:
        checked = self._checked.get(step)
        if checked is None:
            return False
        if checked.outcome is Outcome.MISSING:
            return finding.weight is Weight.BREAKS
        differences = checked.differences
        meant = [each for each in differences if self._is(finding, each)]
        # What cannot be changed in place a step refuses; what it would take away besides is nobody's wish.
        refused = any(each.replaces for each in differences)
        return bool(meant) and not refused and not any(_takes_away(each, differences) for each in differences)

    def _is_missing(self, step: str) -> bool:
        checked = self._checked.get(step)
        return checked is not None and checked.outcome is Outcome.MISSING

    def _is(self, finding: Finding, difference: Difference) -> bool:
        """Whether a step's difference is what was found."""
        match finding.hop:
            case "stage-variables":
                return any(text and text in finding.evidence for text in (difference.what, difference.found))
            case "integration":
                path = self._method.path if self._method and self._method.verb == "ANY" else None
                return difference.what.endswith(f" of {path}")
            case hop:
                step = _PLAN.repairing.get(hop)
                pattern = step.hops[hop] if step else ""
                return bool(pattern and re.match(pattern, f"{difference.what} {difference.wanted}"))

    @cached_property
    def _checked(self) -> Mapping[str, StepFinished]:
        observe = self._aws._observe
        found: dict[str, StepFinished] = {}
        params = validated({"stack": self._stack})
        # Without the last step, which would call the URL.
        steps = frozenset(STEP_OF.values())

        def only(plan: Plan) -> list[str]:
            return [name for name in plan.ids if name in steps]

        for event in run(TRACKS, self._aws, params, Action.CHECK, only=only, control=self._aws.control):
            match event:
                case CallSent() | CallAnswered():
                    observe(event)
                case StepFinished(step=str(step), outcome=Outcome.MISSING | Outcome.DRIFTED):
                    found[step] = event
        return found


def _takes_away(difference: Difference, among: Sequence[Difference]) -> bool:
    """Whether something goes that does not come back otherwise, such as a target on another port."""
    if difference.wanted or not difference.found or difference.what.startswith(_OWN):
        return False
    subject = difference.what.partition(" on ")[0]
    return not any(each.wanted and each.what.startswith(f"{subject} on ") for each in among)
