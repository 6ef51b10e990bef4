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

__all__ = ["Removals", "duration", "removals"]

Removals = Mapping[str, tuple[Resource, ...]]
_QUICK = 60.0
"""AWS seconds below which it is not worth saying how long a removal takes."""


def removals(plan: Plan, aws: Aws, params: Parameters, only: Collection[str] | None = None) -> Removals:
    """The resources that taking a stack down would remove, by the step that made them, in the order of the removal.

    With ``only``, of these steps alone. What goes with a parent that is removed is not listed by itself.
    """
    resolved = params.filled(recall(plan, aws, params.stack))
    asked = [step for step in reversed(plan.steps) if step.removes and _goes_by_itself(step, only)]
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        found = list(pool.map(lambda step: step.removes(aws, resolved) if step.removes else (), asked))
    return {step.id: tuple(resources) for step, resources in zip(asked, found, strict=True) if resources}


def duration(plan: Plan, found: Removals, pace: float) -> str:
    """How long the removal usually takes, in a sentence; empty where that is not worth saying."""
    seconds = sum(plan[step].removal_takes for step in found)
    if seconds < _QUICK:
        return ""
    return f"That takes about {counted(max(1, round(seconds / 60)), 'minute')}{clock(pace)}."


def _goes_by_itself(step: Step, only: Collection[str] | None) -> bool:
    return step.part_of is None if only is None else step.id in only
