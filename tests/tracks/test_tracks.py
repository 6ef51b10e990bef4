"""A track of two toy steps goes through every front end, and no line of the product names it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import nbformat
import pytest

from practice.clock import ScaledClock
from practice.server import serve
from runbook import notebook
from runbook.accounts import Account, Kind, connect
from runbook.errors import BadInput, StepsInvalid
from runbook.events import Action, Outcome
from runbook.notebook.running import start
from runbook.parameters import Parameters, validated
from runbook.step import Plan
from runbook.track import Track
from steps.roles import PublicEndpoint
from steps.tracks import TRACKS
from tests.inprocess import Ended, runbook
from tests.runbook.toys import First, Second, Toy
from tests.tracks.toy import toy_api, toy_path
from tests.tui.helpers import ready, screen_text, settle, until
from tui.app import RunbookApp

ROOT = Path(__file__).parents[2]
TOY = Track("toy", "Two toys", "The cells below make two toys.", (toy_api, toy_path))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    """A practice account that the command line works on; the toy track is one of the tracks."""
    monkeypatch.setitem(TRACKS, "toy", TOY)
    for name in Parameters.model_fields:
        monkeypatch.delenv(f"RUNBOOK_{name.upper()}", raising=False)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    with serve(clock=ScaledClock(3000), quotas=False) as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL", served.url)
        yield connect(Kind.PRACTICE, Parameters(), endpoint_url=served.url)


def well(*words: str) -> Ended:
    ended = runbook(*words)
    assert ended.code == 0, ended.said
    return ended


def refused(*words: str) -> str:
    ended = runbook(*words)
    assert ended.code == 2, ended.said
    return " ".join(ended.err.split())


def test_the_command_line(account: Account, tmp_path: Path) -> None:
    assert "2 to add" in well("plan", "--track", "toy").out
    well("plan", "--track", "toy", "--stage", "red", "--out", str(tmp_path / "plan.json"))
    done = well("up", "--plan", str(tmp_path / "plan.json"))
    assert "toy-api" in done.out
    assert "load-balancer" not in done.said

    # Its name is enough from here on: the stack remembers its track, and the parameter.
    lines = [json.loads(line) for line in well("check", "--json").out.splitlines()]
    (started,) = [line for line in lines if line["event"] == "RunStarted"]
    assert started["steps"] == ["toy-api", "toy-path"]
    assert (started["parameters"]["track"], started["parameters"]["stage"]) == ("toy", "red")
    assert lines[-1]["outcomes"] == {"toy-api": "ok", "toy-path": "ok"}
    assert "/red" in well("step", "toy-path", "check").out
    assert well("output", "toy-path").out == "/red\n"
    assert set(json.loads(well("output", "--json").out)) == {"toy-api-id", "toy-path"}
    assert "Toy path" in well("report").out
    well("report", "--out", str(tmp_path / "report.html"))
    assert "Toy API" in (tmp_path / "report.html").read_text()
    (listed,) = json.loads(well("list", "--json").out)
    assert (listed["stack"], listed["state"], listed["parts"]) == ("demo", "whole", ["toy API"])
    assert "has no output invoke-url. It has: toy-path, toy-api-id." in refused("output", "invoke-url")
    well("policy", "up")

    for words in (["check"], ["up"], ["down"]):
        assert "stack demo is of track toy, not rest" in refused(*words, "--track", "rest")
    assert "--port (or RUNBOOK_PORT): is not a parameter of track toy. Tracks that have it: rest." in refused(
        "up", "--port", "8080"
    )
    assert "'listener' is no step. There are: toy-api, toy-path." in refused("step", "listener", "check")

    well("down", "--yes")
    assert account.aws.apigateway.get_rest_apis()["items"] == []


def test_a_stack_that_is_not_there_yet_is_of_the_default(account: Account) -> None:
    (started,) = [
        line for line in map(json.loads, runbook("check", "--json").out.splitlines()) if line["event"] == "RunStarted"
    ]
    assert started["parameters"]["track"] == "rest"
    assert len(started["steps"]) == 15


def test_an_unknown_track_is_refused_with_the_names_that_there_are(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "--track (or RUNBOOK_TRACK): unknown track 'none'. There are: rest, toy."
    for words in (["check"], ["up"], ["plan"], ["down"]):
        assert sentence in refused(*words, "--track", "none")
    monkeypatch.setenv("RUNBOOK_TRACK", "none")
    assert sentence in refused("check")


def test_the_notebook(account: Account) -> None:
    made = notebook.generate(TOY)
    nbformat.validate(made)
    cells = {cell.id: cell.source for cell in made.cells}
    assert [name for name in cells if name.startswith("step-")] == ["step-toy-api", "step-toy-path"]
    assert 'track = "toy"' in cells["parameters"]
    assert not re.search(r"^port =", cells["parameters"], re.MULTILINE)
    given: dict[str, Any] = {}
    exec(cells["parameters"], given)
    run = start(given)
    for step in TOY.plan.ids:
        run.step(step)
    run.step("listener")  # of the notebook of another track: there is nothing to do
    run.finish()
    run.record()
    assert run.fact("toy-path") == toy_path.ToyPath("/prod")
    again = start({"stack": "demo", "mode": "check"})
    again.finish()
    assert again.parameters.track == "toy"


async def test_the_tui(account: Account) -> None:
    well("up", "--track", "toy", "--stack", "walk")
    app = RunbookApp(account, validated({"stack": "walk"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert len(app.main.query_one("#checklist").options) == 15  # type: ignore[attr-defined]
        await pilot.press("c")
        await until(pilot, lambda: app.session.last is not None, "the end of the check")  # type: ignore[union-attr]
        await settle(pilot)
        assert app.session is not None
        assert app.session.plan is TOY.plan
        assert app.session.last is not None
        assert app.session.last.outcomes == dict.fromkeys(TOY.plan.ids, Outcome.OK)
        assert "Toy path" in screen_text(app)
        assert "VPC link" not in screen_text(app)
        await pilot.press("d")
        await until(pilot, lambda: app.screen is not app.main, "the question")
        await pilot.press("y")
        await until(pilot, lambda: app.session.last.action is Action.DOWN, "the removal")  # type: ignore[union-attr]
        assert app.session.last.worst is None
    assert account.aws.apigateway.get_rest_apis()["items"] == []


def test_no_product_code_names_it() -> None:
    product = [
        path for part in ("runbook", "steps", "tui", "practice", "drills") for path in (ROOT / part).rglob("*.py")
    ]
    assert len(product) > 100
    assert [str(path) for path in product if re.search(r"\btoy|\bToy", path.read_text())] == []


# --- what satisfies a need ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Special(First):
    more: str = ""


class HasValue(Protocol):
    @property
    def value(self) -> str: ...


@pytest.mark.parametrize("asked", [First, HasValue])
def test_a_need_is_satisfied_by_the_one_fact_that_is_of_its_type(asked: type) -> None:
    plan = Plan.of([Toy("one", Special).module, Toy("two", toy_path.ToyPath, (asked,)).module])
    assert plan.producers[asked].id == "one"
    assert plan.up_to(plan["two"]) == {"one", "two"}


def test_a_need_that_two_facts_satisfy_is_refused() -> None:
    with pytest.raises(StepsInvalid, match="step three: check needs HasValue, which both one and two give"):
        Plan.of(
            [
                Toy("one", First).module,
                Toy("two", Second).module,
                Toy("three", toy_path.ToyPath, (HasValue,)).module,
            ]
        )


def test_a_need_that_no_fact_satisfies_is_refused() -> None:
    with pytest.raises(StepsInvalid, match="step one: check needs PublicEndpoint, which no step gives"):
        Plan.of([Toy("one", First, (PublicEndpoint,)).module])


def test_the_test_of_the_answer_asks_for_a_public_endpoint() -> None:
    plan = TRACKS.default.plan
    assert PublicEndpoint in {need.fact for need in plan["invoke"].needs["check"]}
    assert plan.producers[PublicEndpoint].id == "deployment"


# --- parameters -----------------------------------------------------------------------------------------------------


def _read_in(module: str, seen: set[str]) -> set[str]:
    """The parameters that a step's source reads, in its own helper modules too."""
    source = (ROOT / "steps" / f"{module}.py").read_text()
    helpers = {name for line in re.findall(r"from steps import (.+)", source) for name in re.findall(r"\b_\w+", line)}
    helpers |= set(re.findall(r"from steps\.(_\w+) import", source))
    found = set(re.findall(r"params\.([a-z_]+)", source)) & set(Parameters.model_fields)
    return found.union(*(_read_in(name, seen | helpers) for name in helpers - seen))


def test_each_step_declares_the_parameters_that_it_reads() -> None:
    from runbook.parameters import COMMON

    for step in TRACKS.default.plan.steps:
        module = step.module.__name__.rpartition(".")[2]
        assert step.reads == _read_in(module, set()) - COMMON, step.id


def test_every_parameter_is_of_some_track() -> None:
    assert frozenset().union(*(track.parameters for track in TRACKS.values())) == set(Parameters.model_fields)


def test_a_parameter_that_no_track_has_is_refused_with_those_that_have_it() -> None:
    with pytest.raises(BadInput, match=r"is not a parameter of track toy\. Tracks that have it: rest\."):
        TRACKS.fit(TOY, validated({"health_check_path": "/x"}))
