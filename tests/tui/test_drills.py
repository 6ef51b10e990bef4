"""The drills' screen: by keyboard and mouse, what it offers when, and once on a real practice account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Select, Static

from drills.desk import Desk
from drills.session import Session
from practice.clock import ScaledClock
from practice.server import serve
from runbook.accounts import Account, Kind, connect
from runbook.events import Action
from runbook.parameters import Parameters, validated
from tests.tui import script
from tests.tui.desk import COURSE, URL, ScriptedDesk
from tests.tui.helpers import ready, screen_text, settle, until
from tui.app import RunbookApp
from tui.screens.ask import AskScreen
from tui.screens.drill_forms import AnswerForm
from tui.screens.drills import DrillsScreen
from tui.screens.trace import TraceScreen
from tui.widgets.course import Course


@pytest.fixture
def desk(tmp_path: Path) -> ScriptedDesk:
    return ScriptedDesk(tmp_path)


@pytest.fixture(autouse=True)
def _connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scripted account has nothing to connect to."""
    monkeypatch.setattr(
        "runbook.accounts.connect",
        lambda *words, **more: script.account() if "4566" in more["endpoint_url"] else connect(*words, **more),
    )


async def opened(pilot: Pilot[None]) -> tuple[RunbookApp, ScriptedDesk]:
    app = await ready(pilot)
    await pilot.press("l")
    await until(pilot, lambda: app.training.desk is not None and not app.training.busy, "the course")
    return app, app.training.desk


async def idle(pilot: Pilot[None], app: RunbookApp) -> None:
    await until(pilot, lambda: not app.training.busy, "the work on the drill")


def offered(app: RunbookApp) -> set[str]:
    assert isinstance(app.screen, DrillsScreen)
    return {binding.action for _, binding in app.screen._bindings if app.screen.check_action(binding.action, ())}


async def test_from_the_course_to_the_debrief_by_keyboard(desk: ScriptedDesk) -> None:
    desk.wrong = ["GET /hello is answered 500."]
    async with script.app(desk=lambda _name: desk).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot)
        shown = screen_text(app)
        assert "anna  0 of 3 drills solved" in shown
        assert "Verbatim" in shown
        assert "–/300" in shown
        assert {"verify", "hint", "solution", "give_up", "trace"}.isdisjoint(offered(app))

        await pilot.press("down", "enter")
        await idle(pilot, app)
        shown = screen_text(app)
        assert URL in shown
        assert "A few words on what is seen at drill Open" in shown
        assert "What broke" not in shown
        assert "⏱ 0:00" in shown
        assert {"start", "next", "any"}.isdisjoint(offered(app))

        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, AskScreen), "the question")
        assert "It costs 40 of 200 points." in screen_text(app)
        await pilot.press("n")
        assert desk.session.running.hints == 0
        await pilot.press("h", "y")
        await idle(pilot, app)
        await until(pilot, lambda: "Hint 1. A first hint." in screen_text(app), "the hint")
        assert "160 of 200 points" in screen_text(app)

        await pilot.press("v")
        await idle(pilot, app)
        assert "Not yet. GET /hello is answered 500." in screen_text(app)

        await pilot.press("v")
        await idle(pilot, app)
        await until(pilot, lambda: "What broke. This." in screen_text(app), "the debrief")
        shown = screen_text(app)
        assert "Solved in 0:00: 160 of 200 points." in shown
        assert "What mends it. Put it back" in shown
        assert "1 of 3 drills solved  160 of 600 points" in shown

        await pilot.press("n")  # the first that is not solved
        await idle(pilot, app)
        await until(pilot, lambda: "at drill Lost" in screen_text(app), "the next")


async def test_the_solution_and_giving_up_are_asked_about(desk: ScriptedDesk) -> None:
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("a")
        await idle(pilot, app)
        await pilot.press("s")
        await pilot.pause()
        assert "gives no points" in screen_text(app)
        await pilot.click("#yes")
        await idle(pilot, app)
        await until(pilot, lambda: "What mends it. Put it back" in screen_text(app), "the solution")
        assert "0 of " in screen_text(app)
        await pilot.press("x")
        await pilot.pause()
        assert "It leaves no result." in screen_text(app)
        await pilot.press("y")
        await idle(pilot, app)
        assert "Given up" in screen_text(app)
        assert desk.session.record.results == ()


async def test_an_exam_goes_on_here_and_reports_at_its_end(desk: ScriptedDesk, tmp_path: Path) -> None:
    desk.session.begin_exam((COURSE.drills[2].id, COURSE.drills[0].id), 7, tmp_path / "reports")
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45)) as pilot:
        app, _ = await opened(pilot)
        assert "exam 1 of 2" in screen_text(app)
        assert {"start", "any"}.isdisjoint(offered(app))
        await pilot.press("n")
        await idle(pilot, app)
        assert desk.drill is COURSE.drills[2]
        await pilot.press("x", "y")
        await idle(pilot, app)
        await until(pilot, lambda: "Over in 0:00: 0 of 300 points" in screen_text(app), "the debrief")
        await pilot.press("n")
        await idle(pilot, app)
        await pilot.press("v")
        await idle(pilot, app)
        assert "The exam is over; its report" in screen_text(app)
        assert len(list((tmp_path / "reports").iterdir())) == 2


async def test_the_work_goes_on_when_the_screen_is_left_and_nothing_else_begins_meanwhile(desk: ScriptedDesk) -> None:
    desk.hold.clear()
    async with script.app(desk=lambda _name: desk).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "breaking it [bold red]hostile" in screen_text(app), "what is being done, as text")
        assert offered(app).isdisjoint({"start", "next", "any", "verify"})
        await pilot.press("escape")
        await pilot.press("u")
        await pilot.pause()
        assert not app.script.told
        desk.hold.set()
        await idle(pilot, app)
        await pilot.press("l")
        await until(pilot, lambda: "at drill Lost" in screen_text(app), "the drill that was started")
        assert '500 {"message":"Internal server error"} [bold red]hostile' in screen_text(app)


async def test_leaving_the_program_ends_what_waits(desk: ScriptedDesk) -> None:
    desk.hold.clear()
    async with script.app(desk=lambda _name: desk).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "breaking it" in screen_text(app), "the start")
    assert desk.stopped


async def test_what_goes_wrong_is_said_and_can_be_tried_again(desk: ScriptedDesk) -> None:
    desk.fails = f"Step listener: no {script.MARKUP}"
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("enter")
        await idle(pilot, app)
        assert "Step listener: no [bold red]hostile" in screen_text(app)
        desk.fails = ""
        await pilot.press("enter")
        await idle(pilot, app)
        assert URL in screen_text(app)


async def test_a_damaged_record_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("RUNBOOK_TRAINEE", "anna")
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "anna.json").write_text("{")
    async with script.app().run_test(size=(140, 45)) as pilot:
        app = await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "anna.json is damaged. Move it away" in screen_text(app), "the problem")
        assert offered(app) == {"help", "back"}


async def test_a_drill_whose_start_was_interrupted_can_be_started_again_or_given_up(desk: ScriptedDesk) -> None:
    desk.session.prepare(COURSE.drills[1], stack="drill", region="r", endpoint="e", token=None)
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45)) as pilot:
        app, _ = await opened(pilot)
        assert "The start of open-house was interrupted" in screen_text(app)
        assert {"start", "give_up"} <= offered(app)
        assert "verify" not in offered(app)


async def test_on_a_real_account_there_are_no_drills(desk: ScriptedDesk) -> None:
    async with script.app(kind=Kind.AWS, desk=lambda _name: desk).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "practice account only" in screen_text(app), "the refusal")
        assert offered(app) == {"help", "back"}
        await pilot.press("enter", "n", "a", "v")
        await pilot.pause()
        assert app.training.desk is None
        await pilot.press("escape")
        assert app.screen is app.main


async def test_trace_and_checklist_are_of_the_drills_stack(desk: ScriptedDesk) -> None:
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45), notifications=True) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("enter")
        await idle(pilot, app)
        await pilot.press("y")
        assert app.clipboard == URL
        await pilot.press("w")
        assert app.clipboard == desk.briefing().shell
        await pilot.press("c")
        await settle(pilot)
        assert app.screen is app.main
        assert app.session.params.stack == "drill"
        assert [told.action for told in app.script.told] == [Action.CHECK]
        desk.session._change(endpoint="http://127.0.0.1:9")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, DrillsScreen), "the drills")
        await idle(pilot, app)
        await pilot.press("t")
        await until(pilot, lambda: "This drill runs elsewhere" in screen_text(app), "the refusal")
        assert isinstance(app.screen, DrillsScreen)


async def test_a_drill_whose_account_is_gone_goes_on_here(desk: ScriptedDesk) -> None:
    desk.start(COURSE.drills[0], script.account())
    desk.hint()
    desk.session._change(endpoint="http://127.0.0.1:9")
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45)) as pilot:
        app, _ = await opened(pilot)
        assert "if that is gone, Enter goes on with it here" in screen_text(app)
        await pilot.press("enter")
        await idle(pilot, app)
        assert "Hint 1. A first hint." in screen_text(app)
        assert "start" not in offered(app)


async def test_a_click_chooses_and_a_solved_drill_can_be_read_again(desk: ScriptedDesk) -> None:
    drill = COURSE.drills[1]
    desk.start(drill, script.account())
    desk.session.end(drill, solved=True)
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 45)) as pilot:
        app, _ = await opened(pilot)
        assert "What broke" not in screen_text(app)
        await pilot.click(Course, offset=(8, 3))
        await until(pilot, lambda: "What broke. This." in screen_text(app), "the debrief of the solved drill")
        assert desk.session.record.running is None
        assert "Solved in 0:00 with" in screen_text(app)


async def test_every_key_has_a_tooltip_and_is_in_help_and_palette(desk: ScriptedDesk) -> None:
    async with script.app(desk=lambda _name: desk).run_test(size=(140, 50)) as pilot:
        app = await ready(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Drills", "Trace", "Guide", "Undo"} <= titles
        assert "Stop" not in titles  # nothing runs
        await pilot.press("l")
        await until(pilot, lambda: app.training.desk is not None, "the course")
        screen: Any = app.screen
        await pilot.press("question_mark")
        await pilot.pause()
        shown = screen_text(app)
        for _, binding in screen._bindings:
            if binding.id:
                assert binding.tooltip, binding
                assert binding.tooltip in shown, binding


@pytest.fixture
def connecting() -> Iterator[Callable[[Parameters], Account]]:
    with serve(clock=ScaledClock(3000.0), quotas=False) as served:
        yield lambda params: connect(Kind.PRACTICE, params, endpoint_url=served.url)


async def test_a_drill_mended_with_what_the_tui_offers(
    connecting: Callable[[Parameters], Account], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    real = Desk(Session("anna"))
    app = RunbookApp(connecting, validated({}), desk=lambda _name: real)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: app.training.desk is not None and not app.training.busy, "the course")
        app.training.start(real.course["lost-number"])
        await until(pilot, lambda: not app.training.busy, "the symptom", limit=60)
        assert "Internal server error" in screen_text(app)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, AnswerForm), "the question")
        assert real.drill.cause in str(app.screen.query_one("#field-why .field-help", Static).render())
        letter = next(letter for letter, cause in real.question.lettered.items() if cause == real.drill.cause)
        app.screen.query_one("#hop", Select).value = "stage-variables"
        app.screen.query_one("#why", Select).value = letter
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Not yet. GET /hello is answered 500." in screen_text(app), "the verdict")
        assert (real.session.running.hop, real.session.running.cause) == ("stage-variables", real.drill.cause)
        await pilot.press("t")
        await until(pilot, lambda: "stage-variables breaks it" in screen_text(app), "the trace")
        assert isinstance(app.screen, TraceScreen)
        await pilot.press("m")
        await until(pilot, lambda: app.session.last is not None, "our step")
        assert app.screen is app.main
        assert app.session.params.stack == "drill"
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, DrillsScreen) and not app.training.busy, "the drill")
        await pilot.press("v")
        await until(pilot, lambda: "Solved in" in screen_text(app), "the debrief")
        result = real.session.record.results[-1]
        assert (result.points, result.tools) == (result.worth * 2 // 5, ("trace", "step"))


async def test_after_a_drill_the_checklist_looks_again(desk: ScriptedDesk) -> None:
    """What a drill broke, or gave another API, is not shown as it was before."""
    async with script.app(desk=lambda _name: desk, stack="drill").run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert app.main.query_one("#invoked").display
        await opened(pilot)
        for key, done in (("enter", "start"), ("v", "verify"), ("enter", "start again"), ("x", "give up")):
            runs = len(app.script.told)
            await pilot.press(key)
            if key == "x":
                await until(pilot, lambda: isinstance(app.screen, AskScreen), "the question")
                await pilot.press("y")
            await until(pilot, lambda: app.session.last is None, f"nothing to be known after {done}")
            await idle(pilot, app)
            assert not any(state.outcome for state in app.session.board), done
            assert not app.main.query_one("#invoked").display
            await pilot.press("escape")
            await until(pilot, lambda runs=runs: len(app.script.told) > runs, "the look")
            await settle(pilot)
            assert app.script.told[-1].action is Action.CHECK
            await pilot.press("l")
            await until(pilot, lambda: isinstance(app.screen, DrillsScreen), "the drills")
            await idle(pilot, app)


async def test_a_drill_on_another_stack_leaves_the_checklist_as_it_is(desk: ScriptedDesk) -> None:
    async with script.app(desk=lambda _name: desk, stack="mine").run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        await opened(pilot)
        await pilot.press("enter")
        await idle(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main, "the checklist")
        assert [told.action for told in app.script.told] == [Action.UP]
        assert app.main.query_one("#invoked").display
