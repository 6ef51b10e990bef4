"""What a removal would take away: looked up before anybody is asked, and nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from runbook.aws import Aws
from runbook.engine import recall
from runbook.parameters import Parameters
from runbook.present import clock, counted
from runbook.removing import Resource
from runbook.step import Plan, Step
from runbook.track import Tracks

__all__ = ["Removals", "duration", "removals"]

Removals = Mapping[str, tuple[Resource, ...]]
_QUICK = 60.0
"""AWS seconds below which it is not worth saying how long a removal takes."""


def removals(plan: Plan | Tracks, aws: Aws, params: Parameters, only: Collection[str] | None = None) -> Removals:
    """The resources that taking a stack down would remove, by the step that made them, in the order of the removal.

    With ``only``, of these steps alone. What goes with a parent that is removed is not listed by itself.
    """
    remembered = recall(plan, aws, params.stack)
    if isinstance(plan, Tracks):
        plan = plan.chosen(params, remembered).plan
    resolved = params.filled(remembered)
    asked = [step for step in reversed(plan.steps) if step.removes and _goes_by_itself(step, only)]
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        found = list(pool.map(lambda step: step.removes(aws, resolved) if step.removes else (), asked))
    return {step.id: tuple(resources) for step, resources in zip(asked, found, strict=True) if resources}


def duration(plan: Plan | Tracks, found: Removals, pace: float) -> str:
    """How long the removal usually takes, in a sentence; empty where that is not worth saying."""
    seconds = sum({step.id: step.removal_takes for step in plan.steps if step.id in found}.values())
    if seconds < _QUICK:
        return ""
    return f"That takes about {counted(max(1, round(seconds / 60)), 'minute')}{clock(pace)}."


def _goes_by_itself(step: Step, only: Collection[str] | None) -> bool:
    return step.part_of is None if only is None else step.id in only
