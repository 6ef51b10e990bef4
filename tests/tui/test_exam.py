"""Exams begun, gone on with, ended and reported in the TUI; whose record it is, and which stack is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static

from drills import exam as exams
from drills.desk import Desk
from tests.tui import script
from tests.tui.desk import COURSE, ScriptedDesk
from tests.tui.helpers import ready, screen_text, until
from tui.app import RunbookApp
from tui.screens.drills import DrillsScreen
from tui.screens.form import FormScreen


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the trainees' records are; a scripted account has nothing to connect to."""
    monkeypatch.setattr("runbook.accounts.connect", lambda *_words, **_more: script.account())
    return tmp_path / "records"


async def opened(pilot: Pilot[None]) -> RunbookApp:
    app = await ready(pilot)
    await pilot.press("l")
    await idle(pilot, app)
    return app


async def idle(pilot: Pilot[None], app: RunbookApp) -> None:
    await until(
        pilot,
        lambda: app.training.desk is not None and not app.training.busy and isinstance(app.screen, DrillsScreen),
        "the work",
    )


async def form(pilot: Pilot[None], app: RunbookApp, key: str, **values: str) -> FormScreen[object]:
    """Open a form and fill it in."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, FormScreen), "the form")
    opened = app.screen
    for name, value in values.items():
        field = opened.query_one(f"#{name}")
        assert isinstance(field, Input | Select)
        field.value = value
    await pilot.press("ctrl+s")
    await pilot.pause()
    return opened


def offered(app: RunbookApp) -> set[str]:
    assert isinstance(app.screen, DrillsScreen)
    return {binding.action for _, binding in app.screen._bindings if app.screen.check_action(binding.action, ())}


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_an_exam_from_its_beginning_to_its_report(where: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    desk = ScriptedDesk(where)
    async with script.app(desk=lambda _name: desk).run_test(size=size) as pilot:
        app = await opened(pilot)
        assert "report" not in offered(app)
        await form(pilot, app, "e", count="2", seed="7", out=str(tmp_path / "reports"))
        await idle(pilot, app)
        exam = desk.session.exam
        assert exam.drills == exams.choose(COURSE, 2, 7)
        assert desk.drill.id == exam.drills[0]
        assert "exam 1 of 2" in screen_text(app)
        footer = screen_text(app).splitlines()[-1]
        assert "e Exam" in footer
        assert "esc Back" in footer
        await pilot.press("v")
        await idle(pilot, app)
        await until(pilot, lambda: "What broke. This." in screen_text(app), "the debrief")
        assert "n goes on" in screen_text(app)
        await pilot.press("n")
        await idle(pilot, app)
        assert desk.drill.id == exam.drills[1]
        await pilot.press("x", "y")
        await idle(pilot, app)
        (written,) = (tmp_path / "reports").glob("*.md")
        head = " ".join(screen_text(app).split())
        assert "The exam is over" in head
        assert str(written).replace(" ", "") in "".join(screen_text(app).split())
        await pilot.press("end")
        await until(pilot, lambda: "refused" in screen_text(app), "the report's table")
        await pilot.press("r")
        await idle(pilot, app)
        await until(pilot, lambda: "Drill exam: anna" in screen_text(app), "the report by itself")
        assert app.screen.query_one("#drill-page").border_title == "Report"


async def test_by_level_and_what_cannot_be_is_said_at_its_field(where: Path) -> None:
    desk = ScriptedDesk(where)
    async with script.app(desk=lambda _name: desk).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot)
        asked = await form(pilot, app, "e", count="2", level="hard", seed="seven")
        assert app.screen is asked
        assert "integer" in str(asked.query_one("#field-seed .field-error", Static).render())
        asked.query_one("#seed", Input).value = ""
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert "1 to 1 hard drills" in str(asked.query_one("#field-count .field-error", Static).render())
        asked.query_one("#count", Input).value = "1"
        await pilot.press("ctrl+s")
        await idle(pilot, app)
        assert desk.drill is COURSE.drills[2]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45)])
async def test_a_form_is_no_higher_than_it_needs_and_shows_its_buttons(where: Path, size: tuple[int, int]) -> None:
    desk = ScriptedDesk(where)
    async with script.app(desk=lambda _name: desk).run_test(size=size) as pilot:
        app = await opened(pilot)
        for key, button in (("e", "Begin  ^s"), ("p", "Use these  ^s")):
            await pilot.press(key)
            await until(pilot, lambda button=button: button in screen_text(app), "the buttons", limit=5)
            assert app.screen.query_one("#form").size.height <= 22
            await pilot.press("escape")
            await idle(pilot, app)


async def test_an_exam_is_ended_early_once_that_is_agreed_to(where: Path, tmp_path: Path) -> None:
    desk = ScriptedDesk(where)
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45)) as pilot:
        app = await opened(pilot)
        await form(pilot, app, "e", count="3", out=str(tmp_path))
        await idle(pilot, app)
        await pilot.press("e", "n")
        assert desk.session.exam is not None
        await pilot.press("e", "y")
        await idle(pilot, app)
        await until(pilot, lambda: "Drill exam: anna" in screen_text(app), "the report")
        assert desk.session.exam is None
        assert desk.session.record.running is None
        for said in ("1", *(drill.title for drill in COURSE.drills), "result", "time", "hints"):
            assert f"│{said}" in screen_text(app), said
        app.screen.query_one("#course").focus()
        await pilot.press("down", "up")  # to another drill: the report makes room
        await until(pilot, lambda: "Drill exam: anna" not in screen_text(app), "the drill")


async def test_whose_record_it_is_and_which_stack_is_broken_can_be_chosen(where: Path) -> None:
    desks: dict[str | None, Desk] = {}

    def desk(name: str | None) -> Desk:
        desks[name] = made = ScriptedDesk(where, name or "anna")
        return made

    async with script.app(desk=desk).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot)
        assert "anna" in screen_text(app)
        asked = await form(pilot, app, "p", trainee="../eve", stack="internal")
        assert app.screen is asked
        assert "is no name" in str(asked.query_one("#field-trainee .field-error", Static).render())
        assert "not a stack name" in str(asked.query_one("#field-stack .field-error", Static).render())
        asked.query_one("#trainee", Input).value = "ben"
        asked.query_one("#stack", Input).value = "seat-2"
        await pilot.press("ctrl+s")
        await idle(pilot, app)
        assert "ben" in screen_text(app)
        assert "stack seat-2" in screen_text(app)
        await pilot.press("enter")
        await idle(pilot, app)
        assert desks["ben"].session.running.stack == "seat-2"
        assert desks[None].session.record.running is None
        assert "place" not in offered(app)  # what runs is ended first


async def test_what_comes_next_is_broken_where_the_drill_before_was(where: Path) -> None:
    desk = ScriptedDesk(where)
    desk.start(COURSE.drills[0], script.account(), "seat-2")
    async with script.app(desk=lambda _name: desk).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot)
        await pilot.press("v")
        await idle(pilot, app)
        await pilot.press("n")
        await idle(pilot, app)
        assert desk.session.running.stack == "seat-2"
