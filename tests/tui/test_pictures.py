"""How it looks. The pictures are of scripted runs, so that they change only when the TUI does.

To take them anew: ``python -m pytest tests/tui/test_pictures.py --snapshot-update``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from runbook.accounts import Kind
from runbook.events import Action, Event, Outcome, StepChecked, StepFinished, StepStarted
from tests.tui import script
from tests.tui.desk import ScriptedDesk
from tests.tui.helpers import ready, settle, until
from tests.tui.script import Told
from tui.screens.confirm import ConfirmScreen
from tui.screens.parameters import ParametersScreen
from tui.widgets.calls import Calls
from tui.widgets.checklist import Checklist

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the pictures were taken on Python 3.11")

SIZES = {"narrow": (80, 24), "wide": (120, 40)}
sizes = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


def waits(told: Told) -> Iterator[Event]:
    yield from script.step_ok("preflight")
    yield StepStarted(step="load-balancer", action=Action.CHECK)
    yield StepChecked(step="load-balancer", outcome=Outcome.MISSING, reason="there is no load balancer demo-nlb")
    yield StepStarted(step="load-balancer", action=Action.DO)
    yield script.waited("load-balancer", 42.0)
    told.wait()


def fails(told: Told) -> Iterator[Event]:
    yield from script.step_ok("preflight")
    yield script.drifted("load-balancer")
    yield StepFinished(
        step="vpc-link",
        outcome=Outcome.FAILED,
        duration=0.3,
        reason="VPC link demo-link FAILED: NLB is already associated with another VPC Endpoint Service.",
    )


def missing(told: Told) -> Iterator[Event]:
    for name in script.FACTS:
        yield from script.step_missing(name)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cursor blinks, no spinner turns, and every call is answered at the same second."""
    monkeypatch.setattr(Input, "cursor_blink", False)
    monkeypatch.setattr(Checklist, "_turn", lambda self: None)
    real = Calls._line

    def line(self: Any, call: Any) -> Any:
        return real(self, dataclasses.replace(call, at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))

    monkeypatch.setattr(Calls, "_line", line)


@sizes
def test_before_anything(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(script.app(), terminal_size=size, run_before=ready)


@sizes
def test_waiting_for_aws(snap_compare: Any, size: tuple[int, int]) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        app = await ready(pilot)
        await pilot.press("down", "u")
        await until(pilot, lambda: app.session.board.waits)
        await pilot.pause()

    assert snap_compare(script.app(waits), terminal_size=size, run_before=begin)


@sizes
def test_the_guided_way_asks(snap_compare: Any, size: tuple[int, int]) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        app = await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.session.board.asking)
        await pilot.press("enter")
        await until(pilot, lambda: app.main.chosen.asked)
        await pilot.pause(0.2)

    assert snap_compare(script.app(), terminal_size=size, run_before=begin)


@sizes
def test_the_addresses_as_a_table(snap_compare: Any, size: tuple[int, int]) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        app.main.query_one(Checklist).choose(app.session.board["nlb-addresses"])
        await pilot.pause(0.2)

    assert snap_compare(script.app(), terminal_size=size, run_before=begin)


def test_a_failure_and_a_difference(snap_compare: Any) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        await pilot.pause(0.2)

    assert snap_compare(script.app(fails), terminal_size=(120, 40), run_before=begin)


def test_agreeing_on_aws(snap_compare: Any) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        app = await ready(pilot)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause(0.1)

    assert snap_compare(script.app(missing, kind=Kind.AWS), terminal_size=(80, 24), run_before=begin)


def test_the_form(snap_compare: Any) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        app = await ready(pilot)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ParametersScreen))
        app.screen.query_one("#stack", Input).value = "-wrong-"
        await pilot.pause(0.2)

    assert snap_compare(script.app(), terminal_size=(80, 24), run_before=begin)


def test_the_help(snap_compare: Any) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await pilot.press("question_mark")
        await pilot.pause(0.2)

    assert snap_compare(script.app(), terminal_size=(120, 40), run_before=begin)


@sizes
@pytest.mark.parametrize("shown", ["course", "symptom", "debrief"])
def test_the_drills(snap_compare: Any, size: tuple[int, int], shown: str, tmp_path: Path) -> None:
    desk = ScriptedDesk(tmp_path)
    desk.start(desk.course.drills[0], script.account())
    desk.session.end(desk.course.drills[0], solved=True)
    if shown != "course":
        desk.start(desk.course.drills[1], script.account())
        desk.hint()

    async def begin(pilot: Pilot[None]) -> None:
        app = await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: app.training.desk is not None and not app.training.busy)
        if shown == "debrief":
            await pilot.press("v")
            await until(pilot, lambda: app.training.ended is not None)
        await pilot.pause(0.2)

    assert snap_compare(script.app(desk=lambda _name: desk), terminal_size=size, run_before=begin)
