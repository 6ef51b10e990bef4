"""Somebody changes one thing of a finished stack by hand; the command line says which, repairs it, takes all away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from tests.steps.drifts import DRIFTS, Drift
from tests.steps.parts import Parts

from ..row import Row, begin, is_empty, succeeded
from ..world import World

__all__ = ["ROWS"]

TAGS = "team=payments"
NOT_AS_IT_SHOULD_BE = 3


@dataclass(frozen=True)
class _Clock:
    scale: float

    def advance(self, seconds: float) -> None:
        time.sleep(seconds / self.scale)


def _parts(world: World) -> Parts:
    """The account's parts, for somebody at the console."""
    stack: Any = SimpleNamespace(
        aws=SimpleNamespace(**world.clients),
        clock=_Clock(world.setting.time_scale),
        account=SimpleNamespace(region=world.practice["region"]),
        service=SimpleNamespace(**world.practice["defaults"]),
    )
    return Parts(stack)


def _mended(world: World, drift: Drift) -> None:
    begin(world, "up")
    world.bring_up(tags=TAGS)
    drift.change(_parts(world))
    seen = world.run("check")
    assert seen.code == NOT_AS_IT_SHOULD_BE, f"exit {seen.code}: {seen.said}"
    (ended,) = [line for line in seen.told("StepFinished") if line["step"] == drift.step]
    assert ended["outcome"] == ("missing" if drift.missing else "drifted"), ended

    repaired = world.run("up")
    succeeded(repaired)
    calls = [call for call in repaired.told("CallSent") if call["writes"] and call.get("step")]
    written = tuple(sorted(call["operation"] for call in calls))
    assert written == drift.repair, f"{written} instead of {drift.repair}"
    succeeded(world.run("check"))

    drift.change(_parts(world))
    succeeded(world.run("down"))
    if "theirs" not in drift.said[0]:  # what somebody else made stays
        is_empty(world)


def _all(_: World) -> Sequence[Drift]:
    return DRIFTS


ROWS = (Row("drift by hand: named, repaired, and taken down", _all, _mended),)
