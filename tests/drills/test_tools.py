"""A closed book refuses what finds or repairs by itself, in every front end; an open one has its price."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from drills import tools
from drills.catalogue import COURSE
from drills.model import Course
from drills.session import Session
from runbook.accounts import Account
from runbook.cli import app
from runbook.errors import BadInput
from runbook.events import Action, RunFinished
from runbook.notebook import running as notebook
from runbook.parameters import validated
from steps.tracks import TRACKS
from tui.session import Order
from tui.session import Session as TuiSession

ALL = Course.of(COURSE)
DRILL = ALL["turnstile"]
API = "a1b2c3d4e5"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: Account) -> None:
    for name in ("RUNBOOK_ACCOUNT", "RUNBOOK_STACK", "RUNBOOK_REGION", "RUNBOOK_PARAMETERS", "RUNBOOK_TRAINEE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(served.endpoint_url))
    monkeypatch.setattr("runbook.accounts.connect", lambda *_, **__: served)
    monkeypatch.setattr(notebook, "connect", lambda *_, **__: served)


@pytest.fixture
def begin(served: Account) -> Callable[..., Session]:
    """Anna's record, with a drill that runs."""

    def begun(*, closed_book: bool, stack: str = "drill", name: str = "anna", **other: Any) -> Session:
        session = Session(name)
        place = {"region": served.aws.region, "endpoint": str(served.endpoint_url), "token": served.practice["id"]}
        session.prepare(DRILL, stack=stack, closed_book=closed_book, **place | other)
        session.start(f"{served.endpoint_url}/_aws/execute-api/{API}/prod/hello", "429")
        return session

    return begun


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def refused(result: Result) -> None:
    assert result.exit_code == 2, (result.output, result.exception)
    # With --json the refusal is an event too, and the only one.
    assert [json.loads(event)["event"] for event in result.stdout.splitlines()] in ([], ["CommandFailed"])
    (line,) = result.stderr.strip().splitlines()
    assert "turnstile on stack drill is a closed-book drill of anna" in line
    assert "runbook drill reset" in line


@pytest.fixture
def _no_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be run, nor followed."""

    def never(*_: object, **__: object) -> Iterator[Any]:
        yield pytest.fail("it ran")

    monkeypatch.setattr("runbook.engine.run", never)
    monkeypatch.setattr("runbook.trace.trace", lambda *_, **__: next(never()))


@pytest.mark.usefixtures("_no_requests")
@pytest.mark.parametrize(
    "words",
    [
        ("up", "--stack", "drill"),
        ("up", "--stack", "drill", "--json"),
        ("up", "--stack", "drill", "--step-by-step"),
        ("down", "--stack", "drill"),
        ("step", "targets", "do", "--stack", "drill"),
        ("step", "targets", "undo", "--stack", "drill"),
        ("step", "targets", "--stack", "drill"),
        ("rollback", "--stack", "drill"),
        ("trace", f"{API}/prod/hello"),
        ("trace", f"{API}/prod/hello", "--fix"),
        ("trace", f"https://{API}.execute-api.us-east-1.amazonaws.com/prod/orders/7", "--json"),
    ],
    ids=" ".join,
)
def test_a_closed_book_refuses_a_command(begin: Callable[..., Session], words: tuple[str, ...]) -> None:
    session = begin(closed_book=True)
    kept = session.path.read_text()
    refused(typed(*words))
    assert session.path.read_text() == kept


def test_a_closed_book_refuses_the_tui_and_the_notebook(begin: Callable[..., Session], served: Account) -> None:
    begin(closed_book=True)
    for order in (Order(Action.UP), Order(Action.DOWN), Order(Action.UP, "targets"), Order(Action.UP, guided=True)):

        def never(*_: object, **__: object) -> Any:
            raise AssertionError("it ran")

        working = TuiSession(served, TRACKS.default.plan, validated({"stack": "drill"}), never)
        (event,) = working.events(order)
        assert isinstance(event, RunFinished)
        assert "closed-book drill of anna" in event.error
    for action in ("up", "down"):
        with pytest.raises(notebook.RunbookStopped, match="closed-book drill of anna"):
            notebook.start({"account": "practice", "stack": "drill", "action": action})


def test_a_closed_book_refuses_a_plan_that_was_frozen_before(begin: Callable[..., Session], tmp_path: Path) -> None:
    frozen = str(tmp_path / "plan.json")
    assert typed("plan", "--stack", "drill", "--out", frozen).exit_code == 0
    begin(closed_book=True)
    refused(typed("up", "--plan", frozen))


def test_check_and_other_stacks_and_accounts_are_open(begin: Callable[..., Session], served: Account) -> None:
    begin(closed_book=True)
    begin(closed_book=True, name="ben", region="eu-west-3", stack="elsewhere")
    begin(closed_book=True, name="cleo", token="0" * 32, stack="gone")
    for tool, stack in ((None, "drill"), ("up", "other"), ("up", "elsewhere"), ("trace", "gone"), ("down", "DRILL")):
        assert tools.use(tool, served, stack) == ""
    with pytest.raises(BadInput, match="so trace is not allowed"):
        tools.use("trace", served, "other", api=API)
    assert "not a closed-book" not in typed("check", "--stack", "drill").output


def test_what_is_only_being_prepared_refuses_nothing(begin: Callable[..., Session], served: Account) -> None:
    session = begin(closed_book=True)
    place = {"region": served.aws.region, "endpoint": "e", "token": served.practice["id"]}
    session.prepare(DRILL, stack="drill", **place)  # once more, on an account that is another
    assert session.running.closed_book
    assert tools.use("up", served, "drill") == ""


def test_an_open_book_notes_each_tool_once_and_names_its_price(begin: Callable[..., Session], served: Account) -> None:
    session = begin(closed_book=False)
    assert tools.use("trace", served, "x", api=API) == "Drill turnstile: trace costs two fifths of the points."
    assert tools.use("trace", served, "drill") == ""
    assert tools.use("step", served, "drill", only_checks=True) == ""
    assert tools.use("up", served, "drill") == "Drill turnstile: up costs a fifth of the points."
    session.refresh()
    assert session.running.tools == ("trace", "up")
    session.reply(DRILL.hop, DRILL.cause)
    result = session.end(DRILL, solved=True)
    assert (result.points, result.tools) == (DRILL.worth * 2 // 5, ("trace", "up"))


def test_up_alone_gives_nothing_and_a_repair_without_the_answer_little(begin: Callable[..., Session]) -> None:
    assert DRILL.points(0) == DRILL.worth
    assert DRILL.points(0, ["up"], hop=False, cause=False) == 0
    assert DRILL.points(0, hop=False, cause=False) == DRILL.worth // 5
    assert DRILL.points(0, ["trace", "up"], cause=False) == 0
    assert DRILL.points(3, ["trace", "up", "step"]) == 0
    session = begin(closed_book=False)
    session.reply(DRILL.hop, "something else")
    result = session.end(DRILL, solved=True)
    assert (result.points, result.hop_right, result.cause_right) == (DRILL.worth * 3 // 5, True, False)
