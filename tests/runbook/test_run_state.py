"""One state of a run: from its events, or from the lines of its log, it is the same."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from docs.make_events import PAGE, page
from runbook import events as stream
from runbook.cli import app
from runbook.errors import BadInput, Stopped
from runbook.events import (
    Action,
    ApprovalAsked,
    CallAnswered,
    CommandFailed,
    Event,
    Outcome,
    QuotaWaited,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    Waited,
    from_json,
    to_json,
)
from runbook.parameters import Parameters, validated
from runbook.run_state import RunState
from steps.load_balancer import LoadBalancer
from tests.stack import Stack

KINDS = [kind for name in stream.__all__ if isinstance(kind := getattr(stream, name), type) and issubclass(kind, Event)]


@dataclasses.dataclass(frozen=True)
class Inner:
    port: int
    healthy: bool


@dataclasses.dataclass(frozen=True)
class Fact:
    name: str
    zones: tuple[str, ...] = ()
    rows: tuple[Inner, ...] = ()
    inner: Inner | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)


INNER = st.builds(Inner, st.integers(), st.booleans())
FACTS = st.none() | st.builds(
    Fact,
    st.text(),
    st.lists(st.text()).map(tuple),
    st.lists(INNER).map(tuple),
    st.none() | INNER,
    st.dictionaries(st.text(), st.text(), max_size=3),
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    object: FACTS,
    Any: PLAIN,
    datetime: st.integers(0, 10**12).map(lambda at: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)),
    BaseException: st.sampled_from([BadInput("port", "is wrong."), Stopped(), ValueError("x")]),
    Parameters: st.sampled_from([validated({}), validated({"stack": "other", "port": "8080", "tags": "team=a,b=c"})]),
}


def of_hint(hint: Any) -> st.SearchStrategy[Any]:
    origin, inside = get_origin(hint), get_args(hint)
    if hint in KNOWN:
        return KNOWN[hint]
    if origin in (Union, types.UnionType):
        return st.one_of(*(st.none() if each is types.NoneType else of_hint(each) for each in inside))
    if origin is tuple:
        return st.lists(of_hint(inside[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(of_hint(inside[0]), of_hint(inside[1]), max_size=2)
    if dataclasses.is_dataclass(hint):
        return instances(hint)
    return st.sampled_from(list(hint))


def instances(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, localns={"Parameters": Parameters})
    return st.builds(kind, **{item.name: of_hint(hints[item.name]) for item in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_is_read_back_from_its_line(kind: type[Event]) -> None:
    @settings(max_examples=30, deadline=None)
    @given(instances(kind))
    def holds(event: Event) -> None:
        line = json.loads(json.dumps(to_json(event)))
        read = from_json(line)
        assert type(read) is kind
        assert json.loads(json.dumps(to_json(read))) == line
        for item in dataclasses.fields(kind):
            if item.name not in ("fact", "cause", "parameters"):
                assert getattr(read, item.name) == getattr(event, item.name)

    holds()


def test_a_fact_is_read_back_as_a_record_that_cannot_be_changed(finished: Stack) -> None:
    balancer = finished.check().fact(LoadBalancer)
    fact: Any = from_json(json.loads(json.dumps(to_json(_finished(balancer))))).fact  # type: ignore[attr-defined]

    assert [item.name for item in dataclasses.fields(fact)] == [item.name for item in dataclasses.fields(balancer)]
    assert (fact.name, fact.dns_name) == (balancer.name, balancer.dns_name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fact.name = "another"


def _finished(fact: object) -> StepFinished:
    return StepFinished(step="load-balancer", outcome=Outcome.OK, duration=1.0, fact=fact)


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"event": "Nonsense", "at": "2026-01-01T00:00:00+00:00"},
        {"event": "StepFinished"},
        {"event": "StepFinished", "at": "yesterday"},
        {"event": "StepFinished", "at": 1},
        {"event": "StepFinished", "at": "2026-01-01T00:00:00+00:00"},
        {"event": "StepFinished", "at": "2026-01-01T00:00:00+00:00", "outcome": "perfect"},
        {"event": "StepFinished", "at": "2026-01-01T00:00:00+00:00", "outcome": "ok", "duration": None},
        {"event": "StepFinished", "at": "2026-01-01T00:00:00+00:00", "outcome": "ok", "differences": "none"},
        {"event": "RunFinished", "at": "2026-01-01T00:00:00+00:00", "action": "up", "outcomes": [1]},
        {"event": "RunStarted", "at": "2026-01-01T00:00:00+00:00", "action": "up", "parameters": 1},
    ],
)
def test_a_line_that_is_no_event_is_refused_as_such(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"event|Invalid|valid"):
        from_json(line)


def test_what_an_older_log_lacks_has_its_default() -> None:
    line = {"event": "StepFinished", "at": "2026-01-01T00:00:00+00:00", "step": "a", "outcome": "ok"}
    assert from_json(line) == StepFinished(
        at=datetime(2026, 1, 1, tzinfo=UTC), step="a", outcome=Outcome.OK, duration=0.0
    )
    started = {"event": "RunStarted", "at": line["at"], "action": "up", "parameters": {"port": "none", "gone": 1}}
    assert from_json(started).parameters.port == "none"  # type: ignore[attr-defined]


def test_the_state_read_from_a_log_is_that_of_the_run(stack: Stack) -> None:
    ended = stack.up()
    live = RunState.of(ended.events)
    read = RunState.of(from_json(json.loads(json.dumps(to_json(event)))) for event in ended.events)

    assert (read.action, read.outcomes) == (live.action, live.outcomes) == (Action.UP, ended.finished.outcomes)
    for name, step in live.steps.items():
        again = read.steps[name]
        assert (again.outcome, again.reason, again.change) == (step.outcome, step.reason, step.change)
        assert (again.changed, again.waited) == (step.changed, step.waited)
        assert not any((again.queued, again.acting, again.asked, again.wait))
    assert live.steps["load-balancer"].changed == ["CreateLoadBalancer"]
    assert not live.in_flight


class Story:
    """Events a second apart."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)
        self.run = RunState()

    def tell(self, kind: type[Event], **fields: Any) -> None:
        self.at += timedelta(seconds=1)
        self.run.apply(kind(at=self.at, **fields))


def test_the_time_that_a_person_takes_to_answer_is_not_the_steps() -> None:
    story = Story()
    story.tell(RunStarted, action=Action.UP, parameters=validated({}), region="r", steps=("a",))
    step = story.run.steps["a"]
    assert step.queued
    story.tell(StepStarted, step="a", action=Action.CHECK)
    assert step.acting is Action.CHECK
    story.tell(ApprovalAsked, step="a", outcome=Outcome.MISSING, reason="there is none")
    assert (story.run.asking, step.acting, step.spent) == ([step], None, 1.0)
    story.at += timedelta(hours=1)
    step.answered()
    story.tell(StepStarted, step="a", action=Action.DO)
    story.tell(StepFinished, step="a", outcome=Outcome.DONE, duration=2.0)
    assert (step.spent, step.outcome, story.run.outcomes) == (2.0, Outcome.DONE, {"a": Outcome.DONE})


def test_a_wait_for_the_quota_is_over_when_the_request_is_answered() -> None:
    story = Story()
    story.tell(RunStarted, action=Action.UP, parameters=validated({}), region="r", steps=("a",))
    step = story.run.steps["a"]
    wait = {"step": "a", "what": "room", "state": "Throttled", "elapsed": 5.0, "usual": 0.0}
    for _ in range(2):
        story.tell(QuotaWaited, **wait, service="apigateway", operation="DeleteRestApi", quota="1 in 30 s", pause=30.0)
    call = {"step": "a", "service": "apigateway", "operation": "DeleteRestApi", "writes": True, "duration": 0.1}
    story.tell(CallAnswered, **call, call=1)
    assert (step.wait, step.waited, step.changed) == (None, {"room": 60.0}, ["DeleteRestApi"])
    story.tell(Waited, step="a", what="it to go", state="DELETING", elapsed=9.0, usual=60.0)
    story.tell(CallAnswered, **call, call=2)
    assert story.run.waits["a"].elapsed == 9.0
    story.tell(RunFinished, action=Action.UP, outcomes={"a": Outcome.STOPPED}, duration=1.0)
    assert not story.run.waits


def test_the_reference_page_of_the_events_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "renew it with: python -m docs.make_events"
    for kind in KINDS:
        for item in dataclasses.fields(kind):
            assert f"| `{item.name}` |" in page()


@pytest.mark.parametrize(
    ("given", "code", "kind", "parameter"),
    [
        (("check", "--port", "none"), 2, "BadInput", "port"),
        (("plan", "--account", "moon"), 2, "BadInput", "account"),
        (("check", "--nonsense"), 2, "UsageError", ""),
        (("list", "--endpoint-url", "http://127.0.0.1:1"), None, None, None),
    ],
)
def test_an_error_of_a_command_with_json_is_an_event(
    given: tuple[str, ...],
    code: int | None,
    kind: str | None,
    parameter: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    ended = CliRunner().invoke(app, [*given, "--json"])

    event = from_json(json.loads(ended.stdout))
    assert isinstance(event, CommandFailed)
    assert ended.exit_code == (code or ended.exit_code) != 0
    assert (event.kind, event.parameter) == (kind or event.kind, event.parameter if parameter is None else parameter)
    assert event.error in " ".join(ended.stderr.split())
