"""What hangs on botocore's hooks: every request told, reads remembered, lost and refused requests sent again or not."""

from __future__ import annotations

import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError

from runbook.aws import Aws
from runbook.control import Control
from runbook.creating import create_once
from runbook.errors import Stopped, TookTooLong
from runbook.events import CallAnswered, CallSent, Event, QuotaWaited, Waited
from runbook.quotas import request_quota
from tests.stack import Hurry, Stack


@contextmanager
def observed(stack: Stack, control: Control | None = None) -> Iterator[list[Any]]:
    """The events of calls made by hand."""
    events: list[Event] = []
    with stack.aws.observed(events.append, control or Hurry(stack.clock)):
        yield events


def sent(events: list[Event]) -> list[str]:
    return [event.operation for event in events if isinstance(event, CallSent)]


class Raw(io.BytesIO):
    """A body as urllib3 streams it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        while chunk := self.read(64):
            yield chunk


def answer(status: int, code: str) -> AWSResponse:
    body = json.dumps({"message": "said so"}).encode()
    return AWSResponse("http://x", status, {"x-amzn-ErrorType": code, "content-type": "application/json"}, Raw(body))


@contextmanager
def instead(stack: Stack, operation: str, *results: AWSResponse | Exception) -> Iterator[list[object]]:
    """The first requests of this operation are answered so, and do not leave."""
    left = list(results)
    asked: list[object] = []

    def send(**_: object) -> AWSResponse | None:
        asked.append(operation)
        if not left:
            return None
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    emitter: Any = stack.aws.apigateway.meta.events
    emitter.register(f"before-send.api-gateway.{operation}", send)
    try:
        yield asked
    finally:
        emitter.unregister(f"before-send.api-gateway.{operation}", send)


def test_every_request_is_told_with_its_answer(stack: Stack) -> None:
    with observed(stack) as events:
        stack.aws.apigateway.get_rest_apis()
        with pytest.raises(ClientError):
            stack.aws.apigateway.delete_rest_api(restApiId="nowhere")

    asked, answered, deleted, refused = events
    assert (asked.operation, asked.service, asked.writes) == ("GetRestApis", "apigateway", False)
    assert (answered.call, answered.error) == (asked.call, "")
    assert answered.request_id
    assert answered.duration > 0
    assert deleted.writes
    assert refused.error == "NotFoundException"


def test_a_pass_asks_each_question_once(stack: Stack) -> None:
    with observed(stack) as events, stack.aws.remembering():
        first = stack.aws.elbv2.describe_load_balancers()
        second = stack.aws.elbv2.describe_load_balancers()
        stack.aws.elbv2.describe_load_balancers(PageSize=5)

    assert sent(events) == ["DescribeLoadBalancers"] * 2
    assert first == second
    assert first is not second


def test_two_that_ask_at_the_same_moment_share_the_answer(stack: Stack) -> None:
    with observed(stack) as events, stack.aws.remembering():
        ask = stack.aws.elbv2.describe_load_balancers
        one, other = stack.aws.both(ask, ask)

    assert sent(events) == ["DescribeLoadBalancers"]
    assert one == other


def test_a_write_makes_forgotten_what_it_is_about(stack: Stack) -> None:
    gateway, elb = stack.aws.apigateway, stack.aws.elbv2
    with observed(stack) as events, stack.aws.remembering():
        for _ in range(2):
            gateway.get_rest_apis()
            gateway.get_vpc_links()
            elb.describe_load_balancers()
            if _ == 0:
                gateway.create_rest_api(name="an-api")

    assert sent(events) == ["GetRestApis", "GetVpcLinks", "DescribeLoadBalancers", "CreateRestApi", "GetRestApis"]


def test_refusals_are_remembered_and_failures_are_not(stack: Stack) -> None:
    gateway = stack.aws.apigateway
    with observed(stack) as events, stack.aws.remembering():
        for _ in range(2):
            with pytest.raises(ClientError):
                gateway.get_rest_api(restApiId="nowhere")
        with instead(stack, "GetVpcLinks", *[answer(500, "InternalFailure")] * 4), pytest.raises(ClientError):
            gateway.get_vpc_links()
        assert gateway.get_vpc_links()["items"] == []

    assert sent(events) == ["GetRestApi", "GetVpcLinks", "GetVpcLinks"]


def test_nothing_is_remembered_outside_a_pass(stack: Stack) -> None:
    with observed(stack) as events:
        stack.aws.elbv2.describe_load_balancers()
        stack.aws.elbv2.describe_load_balancers()

    assert len(sent(events)) == 2


def test_a_wait_asks_anew_each_time_and_says_what_for(stack: Stack) -> None:
    asked: list[object] = []

    def ready() -> bool | None:
        asked.append(stack.aws.elbv2.describe_load_balancers())
        return True if len(asked) == 3 else None

    with observed(stack) as events, stack.aws.remembering():
        stack.aws.elbv2.describe_load_balancers()
        stack.aws.wait_until(ready, what="three looks", state=lambda: "still", usual=10, every=4)

    assert sent(events) == ["DescribeLoadBalancers"] * 3  # the first look is answered from memory
    waits = [event for event in events if isinstance(event, Waited)]
    assert [(wait.what, wait.state, wait.elapsed) for wait in waits] == [
        ("three looks", "still", 0),
        ("three looks", "still", 4),
    ]
    assert [event.poll for event in events if isinstance(event, CallSent)] == [False, True, True]


def looks_while_it_takes(stack: Stack, takes: float, usual: float) -> int:
    """How often a wait looks at what takes so long, though it usually takes ``usual``."""
    times: list[float] = []
    waited = Hurry(stack.clock, times=1.0)

    def ready() -> bool | None:
        times.append(waited.waited)
        return True if waited.waited >= takes else None

    with observed(stack, waited) as events:
        stack.aws.wait_until(ready, what="a link", usual=usual, every=3.0)
    assert waited.waited - takes <= max(3.0, 0.1 * usual)
    told = [event.elapsed for event in events if isinstance(event, Waited)]
    assert max(later - before for before, later in itertools.pairwise(told)) < 3.1  # a person sees it go on
    return len(times)


@pytest.mark.parametrize("takes", [60.0, 120.0, 150.0, 180.0, 240.0])
def test_what_takes_minutes_is_not_asked_for_every_three_seconds(stack: Stack, takes: float) -> None:
    assert looks_while_it_takes(stack, takes, usual=180.0) <= 0.65 * takes / 3.0


def test_a_wait_looks_less_often_while_the_accounts_quota_is_crowded(stack: Stack) -> None:
    aws = stack.aws
    alone = [aws._crowding.between_looks(3.0, 0.0) for _ in range(20)]
    for _ in range(4):
        with observed(stack), instead(stack, "GetVpcLink", answer(429, "TooManyRequestsException")):  # noqa: SIM117
            with pytest.raises(ClientError):
                aws.apigateway.get_vpc_link(vpcLinkId="x")
    crowded = [aws._crowding.between_looks(3.0, 0.0) for _ in range(20)]
    with observed(stack):
        for _ in range(40):
            aws.wait_until(lambda: True, what="a link", usual=180.0, every=3.0)

    assert set(alone) == {3.0}
    assert all(6.0 < between <= 24.0 for between in crowded)
    assert len(set(crowded)) > 10  # forty runs do not come at the same moment
    assert aws._crowding.between_looks(3.0, 0.0) == 3.0  # they are over


def test_a_wait_has_an_end(stack: Stack) -> None:
    with pytest.raises(TookTooLong, match="waited 60 s for the moon, which usually takes 5 s; AWS says: no moon"):
        stack.aws.wait_until(lambda: None, what="the moon", state=lambda: "no moon", usual=5, every=10)


def test_a_streamed_answer_can_be_read_each_time(finished: Stack) -> None:
    (api,) = finished.aws.apigateway.get_rest_apis()["items"]
    with observed(finished) as events, finished.aws.remembering():
        bodies = [
            finished.aws.apigateway.get_export(restApiId=api["id"], stageName="prod", exportType="oas30")["body"].read()
            for _ in range(2)
        ]

    assert bodies[0]
    assert bodies[0] == bodies[1]
    assert len(sent(events)) == 2


def lost() -> ConnectionClosedError:
    return ConnectionClosedError(endpoint_url="http://x")


@pytest.mark.parametrize(
    ("operation", "call", "failure", "times"),
    [
        ("GetRestApis", lambda it: it.get_rest_apis(), lambda: answer(503, "ServiceUnavailable"), 4),
        ("GetRestApis", lambda it: it.get_rest_apis(), lost, 4),
        ("DeleteVpcLink", lambda it: it.delete_vpc_link(vpcLinkId="x"), lambda: answer(500, "Internal"), 4),
        ("CreateRestApi", lambda it: it.create_rest_api(name="x"), lambda: answer(500, "Internal"), 1),
        ("CreateVpcLink", lambda it: it.create_vpc_link(name="x", targetArns=["x"]), lost, 1),
        ("CreateRestApi", lambda it: it.create_rest_api(name="x"), lambda: answer(429, "LimitExceededException"), 1),
        ("GetRestApis", lambda it: it.get_rest_apis(), lambda: answer(400, "BadRequestException"), 1),
    ],
    ids=["read 503", "read lost", "write 500", "creation 500", "creation lost", "limit reached", "refused"],
)
def test_what_is_sent_again_and_how_often(
    stack: Stack,
    operation: str,
    call: Callable[[Any], object],
    failure: Callable[[], AWSResponse | Exception],
    times: int,
) -> None:
    failures = [failure() for _ in range(20)]
    with observed(stack) as events, instead(stack, operation, *failures) as asked:  # noqa: SIM117
        with pytest.raises((ClientError, ConnectionClosedError)):
            call(stack.aws.apigateway)

    assert len(asked) == times
    (told,) = [event for event in events if isinstance(event, CallAnswered)]
    assert told.attempts == times
    assert told.error


def test_throttling_is_waited_out_at_the_quotas_pace(stack: Stack) -> None:
    control = Hurry(stack.clock)
    throttled = [answer(429, "TooManyRequestsException") for _ in range(2)]
    with observed(stack, control) as events, instead(stack, "CreateRestApi", *throttled) as asked:
        stack.aws.apigateway.create_rest_api(name="an-api")

    assert len(asked) == 3
    assert control.waited >= 2 * 3.0  # one creation in three seconds
    waits = [event for event in events if isinstance(event, QuotaWaited)]
    assert [wait.operation for wait in waits] == ["CreateRestApi"] * 2
    assert waits[0].what == "the account's quota: CreateRestApi, 1 request in 3 s"
    assert [wait.elapsed for wait in waits] == [0.0, waits[0].pause]
    assert sum(wait.pause for wait in waits) == pytest.approx(control.waited)


def test_throttling_is_waited_out_for_a_time_and_not_a_number_of_times(stack: Stack) -> None:
    control = Hurry(stack.clock)
    throttled = [answer(429, "TooManyRequestsException") for _ in range(400)]
    with observed(stack, control) as events, instead(stack, "DeleteRestApi", *throttled) as asked:  # noqa: SIM117
        with pytest.raises(ClientError, match="TooManyRequestsException"):
            stack.aws.apigateway.delete_rest_api(restApiId="x")

    assert 3000.0 <= control.waited <= 3060.0  # a hundred deletions at 30 s, and the last wait
    (told,) = [event for event in events if isinstance(event, CallAnswered)]
    assert told.attempts == len(asked) == 1 + len([event for event in events if isinstance(event, QuotaWaited)])


def test_a_quota_that_was_waited_for_in_vain_is_not_waited_for_again_until_a_request_gets_through(stack: Stack) -> None:
    control = Hurry(stack.clock)
    aws = Aws(stack.aws.session, endpoint_url=stack.account.url)  # one that no other test finds crowded
    stack = Stack(stack.account, aws, stack.clock)

    def waits_for(operation: str, ask: Callable[[], object], *answers: AWSResponse) -> int:
        with observed(stack, control) as events, instead(stack, operation, *answers), suppress(ClientError):
            ask()
        return sum(isinstance(event, QuotaWaited) for event in events)

    def throttled(times: int) -> list[AWSResponse]:
        return [answer(429, "TooManyRequestsException") for _ in range(times)]

    with aws.remembering():
        assert waits_for("GetVpcLinks", aws.apigateway.get_vpc_links, *throttled(400)) > 8
        assert waits_for("GetRestApis", aws.apigateway.get_rest_apis, *throttled(400)) == 0  # the same quota
        assert waits_for("GetStages", lambda: aws.apigateway.get_stages(restApiId="x"), *throttled(2)) == 0
        aws.apigateway.get_api_keys()
        assert waits_for("GetRestApis", aws.apigateway.get_rest_apis, *throttled(2)) == 2
        assert waits_for("GetVpcLinks", aws.apigateway.get_vpc_links, *throttled(400)) > 8
    with aws.remembering():  # the next run is patient again
        assert waits_for("GetVpcLinks", aws.apigateway.get_vpc_links, *throttled(2)) == 2


def test_a_stop_ends_the_wait_for_the_quota_at_once(stack: Stack) -> None:
    control = Control()
    events: list[Event] = []

    def observe(event: Event) -> None:
        events.append(event)
        if isinstance(event, QuotaWaited):
            control.stop()

    began = time.monotonic()
    with (
        stack.aws.observed(observe, control),
        instead(stack, "DeleteRestApi", answer(429, "TooManyRequestsException")) as asked,
        pytest.raises(Stopped),
    ):
        stack.aws.apigateway.delete_rest_api(restApiId="x")

    assert len(asked) == 1
    assert [event.pause >= 30.0 for event in events if isinstance(event, QuotaWaited)] == [True]
    assert time.monotonic() - began < 10.0  # of 30 s at least


def test_an_edge_api_is_asked_for_again_at_its_own_slower_pace(stack: Stack) -> None:
    control = Hurry(stack.clock)
    with observed(stack, control), instead(stack, "CreateRestApi", answer(429, "TooManyRequestsException")):
        stack.aws.apigateway.create_rest_api(name="an-api", endpointConfiguration={"types": ["EDGE"]})

    assert control.waited >= 30.0


def test_a_stop_ends_the_sending_again(stack: Stack) -> None:
    control = Control()

    class StopsOnce(Hurry):
        def wait(self, seconds: float) -> None:
            control.stop()
            control.wait(seconds)

    failures = [answer(503, "ServiceUnavailable") for _ in range(20)]
    with instead(stack, "GetRestApis", *failures) as asked, observed(stack, StopsOnce(stack.clock)):  # noqa: SIM117
        with pytest.raises(Stopped):
            stack.aws.apigateway.get_rest_apis()

    assert len(asked) == 1


def test_an_answer_to_wait_out_that_comes_after_a_stop_is_told_as_the_stop(stack: Stack) -> None:
    control = Control()
    emitter: Any = stack.aws.apigateway.meta.events

    def throttle(**_: object) -> AWSResponse:
        control.stop()
        return answer(429, "TooManyRequestsException")

    emitter.register("before-send.api-gateway.CreateRestApi", throttle)
    try:
        with observed(stack, control) as events, pytest.raises(Stopped):
            stack.aws.apigateway.create_rest_api(name="an-api")
    finally:
        emitter.unregister("before-send.api-gateway.CreateRestApi", throttle)

    _, answered = events
    assert answered.error == "TooManyRequestsException"


def test_after_a_stop_nothing_is_sent(stack: Stack) -> None:
    control = Control()
    control.stop()
    with observed(stack, control) as events, pytest.raises(Stopped):
        stack.aws.apigateway.get_rest_apis()

    assert events == []


# --- creating what AWS does not make idempotent --------------------------------------------------------------------


def create(stack: Stack) -> str:
    return stack.aws.apigateway.create_rest_api(name="an-api")["id"]


def look(stack: Stack) -> str | None:
    return next((item["id"] for item in stack.aws.apigateway.get_rest_apis()["items"]), None)


def test_a_creation_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(stack: Stack) -> None:
    def lose_the_answer(**_: object) -> None:
        raise lost()

    emitter: Any = stack.aws.apigateway.meta.events
    emitter.register("response-received.api-gateway.CreateRestApi", lose_the_answer)
    try:
        with observed(stack) as events, stack.aws.remembering():
            made = create_once(stack.aws, lambda: create(stack), lambda: look(stack), what="API")
    finally:
        emitter.unregister("response-received.api-gateway.CreateRestApi", lose_the_answer)

    assert sent(events).count("CreateRestApi") == 1
    assert [item["id"] for item in stack.aws.apigateway.get_rest_apis()["items"]] == [made]


def test_a_look_after_a_lost_answer_is_never_answered_from_memory(stack: Stack) -> None:
    with observed(stack) as events, stack.aws.remembering(), instead(stack, "CreateRestApi", lost()):
        create_once(stack.aws, lambda: create(stack), lambda: look(stack), what="API")

    looks = sent(events).index("CreateRestApi", 1) - 1
    assert looks == 11  # at once, then every two seconds for twenty
    assert sent(events).count("CreateRestApi") == 2


def test_a_creation_that_fails_three_times_fails(stack: Stack) -> None:
    failures = [answer(500, "InternalFailure") for _ in range(9)]
    with observed(stack), instead(stack, "CreateRestApi", *failures) as asked, pytest.raises(ClientError):
        create_once(stack.aws, lambda: create(stack), lambda: look(stack), what="API")

    assert len(asked) == 3


def test_a_creation_that_is_refused_is_not_tried_again(stack: Stack) -> None:
    with observed(stack), instead(stack, "CreateRestApi", answer(400, "BadRequestException")) as asked:  # noqa: SIM117
        with pytest.raises(ClientError, match="BadRequest"):
            create_once(stack.aws, lambda: create(stack), lambda: look(stack), what="API")

    assert len(asked) == 1


# --- many questions ---------------------------------------------------------------------------------------------------


def test_many_questions_are_asked_side_by_side_at_the_pace_of_their_quota(stack: Stack) -> None:
    control = Hurry(stack.clock)
    heard: list[tuple[int, int]] = []
    quota = request_quota("apigateway", "GetResources")  # 5 in 2 s
    with stack.aws.observed(lambda _: None, control):
        answers = stack.aws.side_by_side(
            [partial(int, number) for number in range(30)], quota, lambda *done: heard.append(done)
        )

    assert answers == list(range(30))
    assert sorted(heard) == [(number, 30) for number in range(1, 31)]
    assert control.waited >= (30 - 1 - 5) * 0.4 - 1.0


def test_a_question_that_fails_ends_the_others(stack: Stack) -> None:
    def ask(number: int) -> int:
        if number == 3:
            raise ValueError(number)
        return number

    with observed(stack), pytest.raises(ValueError, match="3"):
        stack.aws.side_by_side([partial(ask, number) for number in range(60)], request_quota("apigateway", "GetStages"))


def test_a_stop_ends_many_questions(stack: Stack) -> None:
    control = Control()
    asked: list[int] = []

    def ask(number: int) -> None:
        asked.append(number)
        if number == 4:
            control.stop()

    with stack.aws.observed(lambda _: None, control), pytest.raises(Stopped):
        stack.aws.side_by_side(
            [partial(ask, number) for number in range(6000)], request_quota("apigateway", "GetResources")
        )

    assert len(asked) < 6000
