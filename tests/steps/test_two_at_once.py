"""Two operators run the same stack at the same moment: two engines, one account, and requests that meet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from practice.clock import ManualClock
from practice.server import Account, serve
from runbook.accounts import Kind, connect
from runbook.aws import Aws
from runbook.errors import AnotherRun
from runbook.events import Action, CallSent, Noted, Outcome
from runbook.parameters import Parameters
from runbook.record import STACK
from tests.meeting import CREATIONS, DELETIONS, NOT_IDEMPOTENT, After, Meeting
from tests.stack import ONE_OF_EACH, Ended, Hurry, Stack


@contextmanager
def _gated(aws: Aws, who: int, meeting: Meeting) -> Iterator[None]:
    def before(request: Any, event_name: str, **_: Any) -> None:
        meeting.before(who, event_name.rpartition(".")[2])

    def after(event_name: str, **_: Any) -> None:
        meeting.after(who, event_name.rpartition(".")[2])

    clients: list[Any] = [aws.ec2, aws.elbv2, aws.apigateway]
    for client in clients:
        client.meta.events.register("before-send", before)
        client.meta.events.register("after-call", after)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-send", before)
            client.meta.events.unregister("after-call", after)


EVENTUAL = pytest.mark.parametrize("practice_account", [0.0, 6.0], ids=["", "eventual"], indirect=True)


@pytest.fixture
def practice_account(practice_clock: ManualClock, _port: int, request: pytest.FixtureRequest) -> Iterator[Account]:
    """An account whose reads are stale for so many seconds after a write."""
    with serve(_port, clock=practice_clock, eventual=getattr(request, "param", 0.0)) as account:
        yield account


@pytest.fixture(scope="session")
def _seconds() -> dict[str, Aws]:
    return {}


@pytest.fixture
def pair(stack: Stack, _seconds: dict[str, Aws]) -> tuple[Stack, Stack]:
    """Two operators of one stack."""
    url = stack.account.url
    if url not in _seconds:
        _seconds[url] = connect(Kind.PRACTICE, Parameters(), endpoint_url=url).aws
    return stack, Stack(stack.account, _seconds[url], stack.clock)


def both(pair: tuple[Stack, Stack], meeting: Meeting, *actions: Action, **given: Any) -> tuple[Ended, Ended]:
    """Run both at once."""

    def one(who: int) -> Ended:
        try:
            return pair[who].run(actions[who], control=Hurry(pair[who].clock), **given)
        finally:
            meeting.ended(who)

    with ExitStack() as gates, ThreadPoolExecutor(2) as pool:
        for who, operator in enumerate(pair):
            gates.enter_context(_gated(operator.aws, who, meeting))
        first, second = pool.map(one, range(2))
    return first, second


def well(ended: Ended) -> None:
    assert ended.finished.cause is None, ended.finished.error
    failed = {name: step.reason for name, step in ended.steps.items() if step.outcome is Outcome.FAILED}
    assert ended.finished.worst is None, failed


def whole(stack: Stack) -> None:
    """One of each, as it should be."""
    stack.clock.advance(60)
    assert stack.how_many() == ONE_OF_EACH
    checked = stack.check()
    assert checked.unlike_ok == {}, {name: checked.reason(name) for name in checked.unlike_ok}


def nothing(stack: Stack) -> None:
    """Of what a stack is made of there is nothing, and nobody is let in."""
    stack.clock.advance(60)
    assert stack.how_many() == dict.fromkeys(ONE_OF_EACH, 0)
    rules = stack.aws.ec2.describe_security_group_rules()["SecurityGroupRules"]
    assert [rule for rule in rules if any(tag["Key"] == STACK for tag in rule.get("Tags", []))] == []


@EVENTUAL
@pytest.mark.parametrize("kind", [Meeting, After])
def test_two_up_make_one_stack(pair: tuple[Stack, Stack], kind: Callable[..., Meeting]) -> None:
    meeting = kind(*CREATIONS)
    ended = both(pair, meeting, Action.UP, Action.UP)
    for each in ended:
        well(each)
    if kind is Meeting:
        assert set(NOT_IDEMPOTENT) <= meeting.met
        sent = [[call.operation for call in each.of(CallSent)] for each in ended]
        assert all(set(operations) >= NOT_IDEMPOTENT for operations in sent)
    whole(pair[0])
    if pair[0].account.stale_reads is None:  # else each may read what was before the other's mark
        assert [note for each in ended for note in each.of(Noted) if "Up of stack demo was begun" in note.text]
    pair[0].clock.advance(60)
    well(pair[0].down())
    nothing(pair[0])


@EVENTUAL
def test_two_up_repair_the_same(pair: tuple[Stack, Stack]) -> None:
    well(pair[0].up())
    pair[0].clock.advance(60)
    meeting = Meeting("CreateDeployment", "PutMethod", "UpdateStage")
    for each in both(pair, meeting, Action.UP, Action.UP, route_root=True):
        well(each)
    assert "CreateDeployment" in meeting.met
    assert pair[0].how_many() == {**ONE_OF_EACH, "deployments": 2}  # the one before, and one of the two
    assert pair[0].check().unlike_ok == {}


@EVENTUAL
@pytest.mark.parametrize("kind", [Meeting, After])
def test_two_down_remove_the_same(pair: tuple[Stack, Stack], kind: Callable[..., Meeting]) -> None:
    well(pair[0].up())
    pair[0].clock.advance(60)
    for each in both(pair, kind(*DELETIONS), Action.DOWN, Action.DOWN):
        well(each)
    nothing(pair[0])


@pytest.mark.parametrize("kind", [Meeting, After])
@pytest.mark.parametrize("first", [Action.UP, Action.DOWN])
def test_up_against_down_begun_at_the_same_moment(
    pair: tuple[Stack, Stack], kind: Callable[..., Meeting], first: Action
) -> None:
    well(pair[0].up())
    later = Action.DOWN if first is Action.UP else Action.UP
    ended = both(pair, kind("AddTags"), first, later, route_root=True)
    gave_way = [each for each in ended if each.finished.worst is not None]
    (went_on,) = [each for each in ended if each not in gave_way]
    causes = [gave_way[0].finished.cause, *(step.cause for step in gave_way[0].steps.values())]
    assert any(isinstance(cause, AnotherRun) for cause in causes)
    assert gave_way[0].written == []
    if went_on.finished.action is Action.UP:
        assert pair[0].check().unlike_ok == {}
    else:
        nothing(pair[0])


@pytest.mark.parametrize(
    ("first", "at"), [(Action.UP, "CreateVpcLink"), (Action.UP, "CreateStage"), (Action.DOWN, "DeleteVpcLink")]
)
def test_the_later_of_up_and_down_is_told_and_stops(pair: tuple[Stack, Stack], first: Action, at: str) -> None:
    """The first is held in the middle until the second has ended."""
    early, late = pair
    if first is Action.DOWN:
        well(early.up())
    there, go_on = threading.Event(), threading.Event()

    class Hold(Meeting):
        def before(self, who: int, operation: str) -> None:
            if operation == at:
                there.set()
                go_on.wait(30)

    with ThreadPoolExecutor(1) as pool, _gated(early.aws, 0, Hold()):
        running = pool.submit(early.run, first)
        assert there.wait(30)
        try:
            told = late.down() if first is Action.UP else late.up()
        finally:
            go_on.set()
        well(running.result())
    assert isinstance(told.finished.cause, AnotherRun)
    assert told.written == []
    if first is Action.UP:
        whole(early)
    else:
        nothing(early)
