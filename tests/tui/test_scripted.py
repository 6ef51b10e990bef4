"""The TUI on scripted runs: stopping, leaving, agreeing, hostile text, the form."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from textual import events
from textual.widgets import Input, Static

from runbook.accounts import Kind
from runbook.errors import BadInput
from runbook.events import Action, Event, Noted, Outcome, StepChecked, StepFinished, StepStarted, Waited
from runbook.log import runs
from runbook.parameters import validated
from runbook.picture import Light, Place
from tests.tui import script
from tests.tui.helpers import ready, screen_text, settle, until
from tests.tui.script import MARKUP, Told
from tui.app import RunbookApp
from tui.board import StepState
from tui.screens.confirm import ConfirmScreen
from tui.screens.help import _SIGNS
from tui.screens.leaving import LeavingScreen
from tui.screens.main import MainScreen
from tui.screens.parameters import ParametersScreen
from tui.session import Order
from tui.widgets.calls import Calls
from tui.widgets.checklist import Checklist
from tui.widgets.path import PathPicture
from tui.words import look, safe


def waits(told: Told) -> Iterator[Event]:
    yield from script.step_ok("preflight")
    yield StepStarted(step="load-balancer", action=Action.CHECK)
    yield StepChecked(step="load-balancer", outcome=Outcome.MISSING, reason="there is none")
    yield StepStarted(step="load-balancer", action=Action.DO)
    yield from script.call("load-balancer", "CreateLoadBalancer", 1, writes=True)
    yield script.waited("load-balancer", 42.0)
    told.wait()
    yield from script.everything(told)


async def test_a_wait_is_told_with_how_long_it_usually_takes() -> None:
    async with script.app(waits).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "of usually 2m30" in screen_text(app), "the wait")
        shown = screen_text(app)
        assert "42s of usually 2m30  load-balancer demo to become active" in shown
        assert "1/5" in shown
        app.script.told[0].go_on.set()
        await settle(pilot)
        assert "of usually" not in screen_text(app)


async def test_what_is_awaited_is_told_whole_at_80_columns() -> None:
    def links(told: Told) -> Iterator[Event]:
        yield from script.step_ok("preflight")
        what = "VPC link demo-link (1caqx6) to become AVAILABLE"
        yield StepStarted(step="vpc-link", action=Action.DO)
        yield Waited(step="vpc-link", what=what, state="PENDING", elapsed=90.0, usual=180.0)
        told.wait()

    async with script.app(links).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "1m30 of usually 3m00" in screen_text(app), "the wait")
        assert "VPC link demo-link (1caqx6) to become AVAILABLE" in screen_text(app)


async def test_stop_ends_the_wait_and_says_where_it_stands() -> None:
    async with script.app(waits).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await until(pilot, lambda: app.session.board.waits, "the wait")
        await pilot.press("x")
        await settle(pilot)
        assert app.session.last.worst is Outcome.STOPPED
        assert "Stopped at Load balancer: 1 of 5 steps are done." in screen_text(app)
        assert app.main.chosen.id == "load-balancer"


async def test_quitting_in_mid_run_stops_it_and_says_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    app = script.app(waits)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("u")
        await until(pilot, lambda: app.session.board.waits, "the wait")
        await pilot.press("q")
        await until(pilot, lambda: not app.session.running, "the run to end")
    assert app.script.told[0].control.stopped
    assert app.return_code == 1
    assert "Stopped at Load balancer" in app.session.stands
    (log,) = runs()
    opened, *events = [json.loads(line) for line in log.read_text().splitlines()]
    assert opened["face"] == "tui"
    assert events[-1]["event"] == "RunFinished"
    assert events[-1]["outcomes"]["load-balancer"] == "stopped"


async def test_quitting_waits_for_the_call_in_flight() -> None:
    def deaf(told: Told) -> Iterator[Event]:
        yield from script.step_ok("preflight")
        yield from list(script.call("preflight", "DescribeSubnets", 1))[:1]  # sent, not answered
        told.go_on.wait(30)
        told.control.go_on()

    app = script.app(deaf)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("u")
        await until(pilot, lambda: app.session.board.in_flight, "the call")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, LeavingScreen), "the notice")
        assert app.is_running
        assert app.session.running
        app.script.told[0].go_on.set()
        await until(pilot, lambda: not app.session.running, "the run to end")
    assert app.return_code == 1


async def test_on_aws_nothing_changes_before_a_person_agreed() -> None:
    def missing(told: Told) -> Iterator[Event]:
        for name in script.FACTS:
            yield from script.step_missing(name) if told.action is Action.CHECK else script.step_done(name)

    async with script.app(missing, kind=Kind.AWS).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: script.ACCOUNT_ID in screen_text(app), "the account in the banner")
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        assert [told.action for told in app.script.told] == [Action.CHECK]
        shown = screen_text(app)
        for said in (script.ACCOUNT_ID, script.ARN, "eu-west-1", "create", "VPC link", "6 minutes", "0.0225 USD"):
            assert said in shown, said
        await pilot.press("enter")  # the focus is on no
        await until(pilot, lambda: app.screen is app.main, "the answer")
        assert len(app.script.told) == 1

        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question, again")
        await pilot.press("y")
        await until(pilot, lambda: len(app.script.told) == 3 and not app.session.running, "the run")
        assert app.script.told[-1].action is Action.UP
        await pilot.press("u")
        await until(pilot, lambda: len(app.script.told) == 4 and not app.session.running, "the second run")
        assert app.script.told[-1].action is Action.UP  # agreed to once is enough


async def test_on_aws_another_login_than_the_agreed_one_is_refused() -> None:
    async with script.app(kind=Kind.AWS).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        app.session.account.aws.identity = script.account(Kind.AWS, name="999999999999").aws.identity
        await pilot.press("y")
        await until(pilot, lambda: app.session.last and app.session.last.action is Action.UP, "the refusal")
        assert "999999999999" in app.session.last.error
        assert [told.action for told in app.script.told] == [Action.CHECK]


async def test_taking_down_asks_on_the_practice_account_too() -> None:
    async with script.app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        assert "demo-nlb" in screen_text(app)
        await pilot.press("n")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question, again")
        await pilot.press("y")
        await until(pilot, lambda: app.session.last.action is Action.DOWN, "the run")
        assert all(state.fact is None for state in app.session.board)
        assert not app.main.query_one("#invoked").display


async def test_text_from_outside_is_shown_as_it_is_written() -> None:
    hostile = script.Invocation(MARKUP, 200, 1, MARKUP, MARKUP)
    table = script.Addresses((script.Address(MARKUP, "[b]s[/b]", "[/]", "[red]1.2.3.4"),))

    def nasty(told: Told) -> Iterator[Event]:
        yield from script.step_ok("preflight")
        yield StepStarted(step="load-balancer", action=Action.CHECK)
        yield from script.call("load-balancer", "[bold]Op[/]", 1, error="[reverse]Code[/]")
        yield StepFinished(step="load-balancer", outcome=Outcome.FAILED, duration=0.1, reason=MARKUP)
        yield StepFinished(step="nlb-addresses", outcome=Outcome.DONE, duration=0.1, fact=table)
        yield StepFinished(step="invoke", outcome=Outcome.DONE, duration=0.1, fact=hostile)

    async with script.app(nasty).run_test(size=(200, 50)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert "[bold red]hostile[/]" in screen_text(app)  # the reason of the step that failed, and the strip
        assert "[bold]Op[/]" in screen_text(app)
        assert "[reverse]Code[/]" in screen_text(app)
        app.main.query_one(Checklist).choose(app.session.board["nlb-addresses"])
        await until(pilot, lambda: "[red]1.2.3.4" in screen_text(app), "the table")
        app.main.query_one(Checklist).choose(app.session.board["invoke"])
        await until(pilot, lambda: "[@click=app.quit]quit[/]" in screen_text(app), "the answer")
        assert "\x1b" not in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == MARKUP, "the copy")
        await pilot.pause()
        assert app.is_running


def test_nothing_that_a_terminal_obeys_is_left() -> None:
    assert (
        safe("a\x1b[2Jb\x07\x9b1m\u202ec\r\nd\x7f")
        == "a␛[2Jb␇\N{REPLACEMENT CHARACTER}1m\N{REPLACEMENT CHARACTER}c\nd␡"
    )


async def test_the_form_says_at_the_field_what_is_wrong_and_gives_back_one_validated_model() -> None:
    async with script.app(stack="demo").run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ParametersScreen), "the form")
        form = app.screen
        form.query_one("#stack", Input).value = "internal-bad"
        form.query_one("#port", Input).value = "99999"
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert isinstance(app.screen, ParametersScreen)
        assert "not a stack name" in _said(form, "stack") or "is not a stack name" in _said(form, "stack")
        assert "65535" in _said(form, "port")
        assert form.focused.id == "stack"
        form.query_one("#stack", Input).value = "other"
        form.query_one("#port", Input).value = "8080"
        form.query_one("#tags", Input).value = "team=a, cost=b"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is app.main, "the steps")
        assert app.session.params == validated({"stack": "other", "port": 8080, "tags": "team=a, cost=b"})
        assert app.session.params.given == {"stack", "port", "tags"}
        assert "stack other" in screen_text(app)


def _said(form: object, name: str) -> str:
    return str(form.query_one(f"#field-{name} .field-error", Static).render())


async def test_an_account_that_cannot_be_reached_ends_it_with_its_own_error() -> None:
    wrong = BadInput("endpoint_url", "no practice account answers.")

    def connect(_: object) -> object:
        raise wrong

    app = RunbookApp(connect, validated({}), plan=script.plan())
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.failure is not None, "the failure")
    assert app.failure is wrong
    assert app.return_code == 2


async def test_the_guided_way_says_what_will_change_does_it_and_says_what_changed() -> None:
    async with script.app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing to do: it was as it should be." in screen_text(app), "the first step")
        await pilot.press("enter")
        await until(pilot, lambda: "This step will create it" in screen_text(app), "the question")
        assert app.main.chosen.id == "load-balancer"
        await pilot.press("enter")
        await until(pilot, lambda: "What changed: CreateLoadBalancer" in screen_text(app), "what changed")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.chosen.asked, "the next question")
        await pilot.press("s")
        await until(pilot, lambda: app.main.chosen.id == "vpc-link" and app.main.chosen.asked, "the one after")
        assert app.session.board["nlb-addresses"].outcome is Outcome.SKIPPED
        await pilot.click("#approve")
        await until(pilot, lambda: "What changed: CreateVpcLink" in screen_text(app), "what changed")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.chosen.asked, "the last question")
        await pilot.press("enter")
        await settle(pilot)
        assert app.main.guiding  # the run has ended, but the last step is still to be shown
        await pilot.press("enter")
        assert not app.main.guiding


@pytest.mark.parametrize(("size", "seen"), [((80, 24), 1), ((120, 40), 3), ((180, 50), 3), ((120, 24), 1)])
async def test_the_panes_that_fit_are_shown(size: tuple[int, int], seen: int) -> None:
    async with script.app().run_test(size=size) as pilot:
        app = await ready(pilot)
        panes = [app.main.query_one(f"#{name}") for name in ("result", "why", "calls")]
        assert sum(pane.display for pane in panes) == seen
        if seen == 1:
            await pilot.press("3")
            await pilot.pause()
            assert [pane.display for pane in panes] == [False, False, True]
            await pilot.click("#why-tab")
            await pilot.pause()
            assert [pane.display for pane in panes] == [False, True, False]


async def test_by_mouse_a_click_only_chooses() -> None:
    async with script.app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.click(Checklist, offset=(6, 3))
        await pilot.pause()
        assert app.main.chosen.id == "nlb-addresses"
        assert not app.script.told


async def test_calls_can_be_narrowed_to_the_chosen_step() -> None:
    async with script.app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        calls = app.main.query_one(Calls)
        assert len(calls.lines) == 4
        app.main.query_one(Checklist).choose(app.session.board["vpc-link"])
        await pilot.press("f")
        await pilot.pause()
        assert "    21 ms elbv2.CreateVpcLink" in next(line.text for line in calls.lines)
        assert len(calls.lines) == 1
        await pilot.press("f")
        await pilot.pause()
        assert len(calls.lines) == 4


async def test_bindings_have_ids_descriptions_and_tooltips_and_the_help_shows_them_all() -> None:
    async with script.app().run_test(size=(120, 50)) as pilot:
        app = await ready(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        shown = screen_text(app)
        for _, binding in app.main._bindings:
            if binding.id:
                assert binding.description, binding
                assert binding.tooltip, binding
                assert binding.tooltip in shown, binding
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.main


def notes(told: Told) -> Iterator[Event]:
    yield Noted(text=f"Up of stack demo was begun by {MARKUP}")
    yield from script.everything(told)


async def test_what_a_person_should_know_is_told_and_is_no_markup() -> None:
    async with script.app(notes).run_test(size=(100, 30), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        (note,) = app._notifications
        assert note.message == safe(f"Up of stack demo was begun by {MARKUP}")
        assert not note.markup


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45)])
async def test_the_invoke_panel_says_url_status_latency_and_who_served(size: tuple[int, int]) -> None:
    async with script.app().run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        panel = [line[1:].strip() for line in screen_text(app).splitlines() if line.startswith("▌")]
        assert "".join(panel).startswith(script.URL)
        said = " ".join(" ".join(panel).split())
        for words in ("200 in 34 ms from", "i-0123456789abcdef0", "Copy y", "Call again i", "Trace t"):
            assert words in said, panel
        await pilot.click("#invoked-copy")
        assert app.clipboard == script.URL


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("width", [60, 80, 100, 140])
async def test_the_line_on_top_always_names_account_and_stack(kind: Kind, width: int) -> None:
    stack = "twenty-letters-stack"
    async with script.app(kind=kind, stack=stack).run_test(size=(width, 24)) as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: script.ACCOUNT_ID in screen_text(app), "the account")
        top = screen_text(app).splitlines()[0]
        for said in ("PRACTICE" if kind is Kind.PRACTICE else "AWS", script.ACCOUNT_ID, stack):
            assert said in top, top
        assert ("eu-west-1" in top) is (width >= 80)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45)])
async def test_a_pane_can_have_all_the_room_and_gives_it_back(size: tuple[int, int]) -> None:
    async with script.app().run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("m")
        await pilot.pause()
        assert app.main.query_one("#result").size.width >= size[0] - 4
        await pilot.press("2")
        await pilot.pause()
        assert app.main.query_one("#why").size.width >= size[0] - 4
        assert "A first paragraph says" in screen_text(app)
        await pilot.press("m")
        await pilot.pause()
        assert app.main.query_one("#why").size.width < size[0] - 20
        assert "Load balancer" in screen_text(app)


@pytest.mark.parametrize(
    ("size", "keys", "as_table"),
    [((60, 20), ["m"], False), ((80, 24), [], False), ((80, 24), ["m"], True), ((140, 45), [], True)],
)
async def test_what_does_not_fit_as_a_table_is_listed_with_nothing_cut(
    size: tuple[int, int], keys: list[str], *, as_table: bool
) -> None:
    async with script.app().run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        app.main.query_one(Checklist).choose(app.session.board["nlb-addresses"])
        await pilot.press(*keys)
        await pilot.pause()
        app.main.query_one("#result").scroll_end(animate=False)
        await pilot.pause()
        shown = screen_text(app)
        assert ("zone        subnet" in shown) is as_table
        for said in ("eu-west-1b", "subnet-0b1b2c3d4e5f60719", "eni-0b1b2c3d4e5f60719", "10.0.2.117"):
            assert said in shown, said


async def test_a_login_that_is_lacking_is_said_for_as_long_as_it_is() -> None:
    app = script.app(kind=Kind.AWS)
    identity = app._account.aws.identity

    def nobody() -> None:
        raise NoCredentialsError

    app._account.aws.identity = nobody
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "No AWS credentials were found." in screen_text(app), "the trouble")
        await pilot.press("u")
        await pilot.pause(0.2)
        assert "No AWS credentials were found." in screen_text(app)
        assert not app.script.told
        app._account.aws.identity = identity
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        await pilot.press("n")
        await pilot.pause()
        assert "No AWS credentials" not in screen_text(app)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45)])
async def test_a_box_in_the_middle_always_shows_its_end(size: tuple[int, int]) -> None:
    def missing(told: Told) -> Iterator[Event]:
        for name in script.FACTS:
            yield StepFinished(step=name, outcome=Outcome.MISSING, duration=0.1, reason="there is none " * 20)

    async with script.app(missing, kind=Kind.AWS).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("?")
        await until(pilot, lambda: "Escape closes" in screen_text(app), "the end of the help", limit=5)
        await pilot.press("escape", "p")
        await until(pilot, lambda: "Use these  ^s" in screen_text(app), "the form's buttons", limit=5)
        await pilot.press("escape", "u")
        await until(pilot, lambda: "Yes, go on" in screen_text(app), "the question's buttons", limit=5)


async def test_the_palette_names_every_command_once() -> None:
    async with script.app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("t")
        await until(pilot, lambda: app.screen is not app.main, "the trace")
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert len(titles) == len(set(titles))


EARLY = ("composed", "mounted", "beginning", "main screen", "connecting", "connected")


@pytest.mark.parametrize("moment", EARLY)
async def test_keys_pressed_before_there_is_an_account_are_used_once_there_is(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = script.app()
    made, connect = app._account, threading.Event()

    def press() -> None:
        for key in ("down", "u"):
            app.post_message(events.Key(key, key if key == "u" else None))

    def at(name: str, owner: object, method: str) -> None:
        real = getattr(owner, method)

        def pressed(*words: Any) -> Any:
            if moment == name:
                press()
            return real(*words)

        monkeypatch.setattr(owner, method, pressed)

    def account(_params: object) -> Any:
        if moment == "connecting":
            press()
        assert connect.wait(30)
        return made

    app._account = account
    at("composed", app, "compose")
    at("mounted", RunbookApp, "on_mount")
    at("beginning", app, "_begin")
    at("main screen", MainScreen, "on_mount")
    at("connected", MainScreen, "show_session")
    async with app.run_test(size=(80, 24)) as pilot:
        if moment != "connected":
            await until(pilot, lambda: "then: ↓ u" in screen_text(app), "the keys that were kept")
        assert not app.script.told
        connect.set()
        await until(pilot, lambda: app.script.told and not app.session.running, "the run")
        assert [told.action for told in app.script.told] == [Action.UP]
        assert "then:" not in screen_text(app)


async def test_leaving_does_not_wait_for_an_account() -> None:
    app, connect = script.app(), threading.Event()
    made = app._account
    app._account = lambda _params: (connect.wait(30), made)[1]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("u", "q")
        connect.set()
    assert app.return_code == 0
    assert not app.script.told


async def test_no_key_meant_for_the_region_to_come_is_used_in_the_one_before() -> None:
    app, connect = script.app(), threading.Event()
    made = app._account
    app._account = lambda params: (params.region != "eu-central-1" or connect.wait(30), made)[1]
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        first = app.session
        app.connect(validated({"region": "eu-central-1"}))
        await pilot.press("u")
        await until(pilot, lambda: "then: u" in screen_text(app), "the key that was kept")
        assert not first.running
        connect.set()
        await until(pilot, lambda: app.script.told and not app.session.running, "the run")
        assert [told.params.region for told in app.script.told] == ["eu-central-1"]


def stops_at_the_link(told: Told) -> Iterator[Event]:
    if told.action is not Action.DOWN:
        yield from script.everything(told)
        return
    yield StepStarted(step="invoke", action=Action.UNDO)
    yield StepFinished(step="invoke", outcome=Outcome.UNDONE, duration=0.1)
    yield StepStarted(step="vpc-link", action=Action.UNDO)
    yield script.waited("vpc-link", 42.0)
    told.wait()


async def test_a_down_says_at_which_step_it_was_stopped() -> None:
    async with script.app(stops_at_the_link).run_test(size=(100, 30)) as pilot:
        app = await ready(pilot)
        app.start(Order(Action.DOWN))
        await until(pilot, lambda: app.session.board.waits, "the wait")
        await pilot.press("x")
        await settle(pilot)
        assert "Stopped at VPC link: 1 of 5 steps are removed." in screen_text(app)
        assert app.main.chosen.id == "vpc-link"


async def test_the_guide_can_be_left_by_doing_the_rest() -> None:
    async with script.app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.session.board.asking, "the question")
        await pilot.press("a")
        await settle(pilot)
        assert not app.main.guiding
        assert [state.outcome for state in app.session.board][1:] == [Outcome.DONE] * 4
        assert len(app.script.told) == 1


async def test_after_the_last_step_the_guide_says_that_it_ends() -> None:
    async with script.app().run_test(size=(100, 30)) as pilot:
        app = await ready(pilot)
        await pilot.press("enter")
        last = list(script.FACTS)[-1]
        while app.main.guiding or not app.session.board.began:
            await until(pilot, lambda: app.main.chosen.asked or app.main.chosen.outcome, "something to say")
            if app.main.chosen.outcome:
                shown = screen_text(app)
                assert ("ends the guide" in shown) is (app.main.chosen.id == last)
                assert ("goes on with" in shown) is (app.main.chosen.id != last)
            await pilot.press("enter")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("outcome", Outcome)
def test_the_help_explains_every_sign_of_the_checklist(action: Action, outcome: Outcome) -> None:
    state = StepState(script.plan()["invoke"], 1, outcome=outcome, action=action)
    assert look(state, "⠋")[0] in _SIGNS


async def test_a_removal_is_listed_by_names_and_ids_and_how_long_it_takes() -> None:
    async with script.app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        shown = screen_text(app)
        for said in ("VPC link", "demo-link", "l1nk1d", "demo-nlb", "loadbalancer/net/demo-nlb/1"):
            assert said in shown, said
        assert "That takes about 5 minutes (60×)." in shown
        assert shown.index("demo-link") < shown.index("demo-nlb"), "in the order of the removal"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("key", ["d", "z"])
async def test_where_nothing_was_made_nothing_is_asked_and_nothing_is_done(key: str, kind: Kind) -> None:
    async with script.app(kind=kind).run_test(size=(80, 24), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press(key)
        await until(pilot, lambda: app._notifications, "the notice")
        (note,) = app._notifications
        assert "there is nothing to remove" in note.message
        assert app.screen is app.main
        assert not app.script.told


async def test_a_step_that_made_nothing_says_so_while_others_have_something() -> None:
    async with script.app().run_test(size=(80, 24), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        app.main.query_one(Checklist).choose(app.session.board["nlb-addresses"])
        await pilot.press("z")
        await until(pilot, lambda: app._notifications, "the notice")
        assert "NLB IP lookup" in next(iter(app._notifications)).message
        app.main.query_one(Checklist).choose(app.session.board["vpc-link"])
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        assert "l1nk1d" in screen_text(app)
        assert "demo-nlb" not in screen_text(app)


async def test_what_cannot_be_looked_up_is_not_asked_about() -> None:
    app = script.app()

    def denied(_aws: object, _params: object) -> Any:
        raise NoCredentialsError

    for step in app._plan.steps:
        step.module.removes = denied
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "No AWS credentials were found." in screen_text(app), "the trouble")
        assert app.screen is app.main
        await pilot.press("u")
        await settle(pilot)
        assert [told.action for told in app.script.told] == [Action.UP]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (160, 45), (200, 60)])
async def test_the_first_screen_says_nothing_twice(size: tuple[int, int]) -> None:
    async with script.app().run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.pause(0.2)
        shown = " ".join(re.sub(r"[│╭╮╰╯─▌▶·]", " ", screen_text(app)).split())
        assert shown.count("first paragraph says what this step does") == 1
        await pilot.press("enter")
        await until(pilot, lambda: app.session.board.asking, "the question")
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert "\n".join(screen_text(app).splitlines()).count("A first paragraph says") <= 1


def lights(app: RunbookApp) -> dict[Place, Light]:
    return {station.place: station.light for station in app.screen.query_one(PathPicture)._stations}


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (160, 45)])
async def test_the_path_is_lit_step_by_step_as_a_run_goes(size: tuple[int, int]) -> None:
    async with script.app(waits).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert set(lights(app).values()) == {Light.DARK}
        await pilot.press("u")
        await until(pilot, lambda: app.session.board.waits, "the wait")
        on = lights(app)
        assert (on[Place.INSTANCES], on[Place.BALANCER], on[Place.LINK]) == (Light.LIT, Light.BUSY, Light.DARK)
        top = screen_text(app).splitlines()[1:10]
        assert any("◌" in line for line in top)
        app.script.told[0].go_on.set()
        await settle(pilot)
        assert set(lights(app).values()) == {Light.LIT}
        shown = "\n".join(screen_text(app).splitlines()[:11])
        assert ("10.0.1.23" in shown) is (size[1] >= 40)
        assert "balancer" in shown.lower()
        assert all(len(line.rstrip()) <= size[0] for line in shown.splitlines())


async def test_a_call_is_copied_as_a_command_that_asks_this_account() -> None:
    async with script.app().run_test(size=(160, 45)) as pilot:
        app = await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        calls = app.main.query_one(Calls)
        assert "name=demo-vpc-link  tags={a=b c}" in "\n".join(line.text for line in calls.lines)
        operations = [line.text.index("elbv2.") for line in calls.lines]
        assert len(set(operations)) == 1, "aligned"
        calls.focus()
        await pilot.press("up", "w")
        await pilot.pause()
        assert shlex.split(app.clipboard) == [
            *("aws", "elbv2", "create-vpc-link", "--name", "demo-vpc-link", "--tags", '{"a": "b c"}'),
            *("--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:4566"),
        ]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_where_a_practice_clock_runs_the_screen_says_how_fast(kind: Kind, size: tuple[int, int]) -> None:
    app = script.app(waits, kind=kind)
    app._account.aws.pace = 1 / 60 if kind is Kind.PRACTICE else 1.0
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        app.start(Order(Action.UP))
        await until(pilot, lambda: app.session.board.waits, "the wait")
        shown = screen_text(app).splitlines()
        assert ("60×" in shown[0]) is (kind is Kind.PRACTICE)
        if size[0] > 80:
            assert any("(60×)" in line for line in shown if "of usually" in line) is (kind is Kind.PRACTICE)
