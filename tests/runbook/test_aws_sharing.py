"""Equal reads that are under way at once, forgetting by topic, and the creations that are never sent again blindly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError

from runbook.control import Control
from runbook.errors import Stopped
from tests.runbook.test_aws import answer, instead, lost, observed, sent
from tests.stack import Stack

PATIENCE = 10.0  # wall seconds


def test_who_asks_while_the_same_is_asked_waits_for_that_answer(stack: Stack) -> None:
    on_its_way, may_leave = threading.Event(), threading.Event()

    def hold(**_: object) -> None:
        on_its_way.set()
        assert may_leave.wait(PATIENCE)

    gateway = stack.aws.apigateway
    emitter: Any = gateway.meta.events
    emitter.register("before-send.api-gateway.GetRestApis", hold)
    try:
        with observed(stack) as events, stack.aws.remembering(), ThreadPoolExecutor(3) as pool:
            first = pool.submit(gateway.get_rest_apis)
            assert on_its_way.wait(PATIENCE)
            others = [pool.submit(gateway.get_rest_apis) for _ in range(2)]
            assert not any(other.done() for other in others)
            may_leave.set()
            answers = [asked.result(PATIENCE) for asked in (first, *others)]
    finally:
        may_leave.set()
        emitter.unregister("before-send.api-gateway.GetRestApis", hold)

    assert sent(events) == ["GetRestApis"]
    assert all(said == answers[0] for said in answers)


def test_who_shared_a_question_that_failed_asks_for_themselves(stack: Stack) -> None:
    on_its_way, may_leave = threading.Event(), threading.Event()
    left = [lost()] * 4  # as often as a read is sent

    def lose(**_: object) -> None:
        on_its_way.set()
        assert may_leave.wait(PATIENCE)
        if left:
            raise left.pop()

    gateway = stack.aws.apigateway
    emitter: Any = gateway.meta.events
    emitter.register("before-send.api-gateway.GetRestApis", lose)
    try:
        with observed(stack), stack.aws.remembering(), ThreadPoolExecutor(2) as pool:
            first = pool.submit(gateway.get_rest_apis)
            assert on_its_way.wait(PATIENCE)
            other = pool.submit(gateway.get_rest_apis)
            may_leave.set()
            with pytest.raises(ConnectionClosedError):
                first.result(PATIENCE)
            assert other.result(PATIENCE)["items"] == []
    finally:
        may_leave.set()
        emitter.unregister("before-send.api-gateway.GetRestApis", lose)


def test_who_shared_a_question_that_a_stop_ended_does_not_ask_either(stack: Stack) -> None:
    control, on_its_way, may_leave = Control(), threading.Event(), threading.Event()

    def throttle(**_: object) -> AWSResponse:
        on_its_way.set()
        assert may_leave.wait(PATIENCE)
        return answer(429, "TooManyRequestsException")

    gateway = stack.aws.apigateway
    emitter: Any = gateway.meta.events
    emitter.register("before-send.api-gateway.GetRestApis", throttle)
    try:
        with observed(stack, control) as events, stack.aws.remembering(), ThreadPoolExecutor(2) as pool:
            first = pool.submit(gateway.get_rest_apis)
            assert on_its_way.wait(PATIENCE)
            other = pool.submit(gateway.get_rest_apis)
            time.sleep(0.1)  # until it waits for the first one's answer; if not, it finds the stop by itself
            control.stop()
            may_leave.set()
            for asked in (first, other):
                with pytest.raises(Stopped):
                    asked.result(PATIENCE)
    finally:
        may_leave.set()
        emitter.unregister("before-send.api-gateway.GetRestApis", throttle)

    assert sent(events) == ["GetRestApis"]


def test_what_one_changes_in_its_answer_another_does_not_see(stack: Stack) -> None:
    gateway = stack.aws.apigateway
    with observed(stack), stack.aws.remembering():
        gateway.get_rest_apis()["items"].append({"id": "not there"})
        gateway.get_rest_apis()["items"].append({"id": "not there"})
        assert gateway.get_rest_apis()["items"] == []


def test_a_deletion_forgets_every_read_of_the_service_but_none_of_others(stack: Stack) -> None:
    gateway, elb = stack.aws.apigateway, stack.aws.elbv2
    api = gateway.create_rest_api(name="an-api")["id"]
    reads: list[Callable[[], object]] = [
        gateway.get_vpc_links,
        lambda: gateway.get_stages(restApiId=api),
        elb.describe_load_balancers,
    ]
    with observed(stack) as events, stack.aws.remembering():
        for read in reads:
            read()
        gateway.delete_rest_api(restApiId=api)
        with pytest.raises(ClientError):
            gateway.get_stages(restApiId=api)
        gateway.get_vpc_links()
        elb.describe_load_balancers()

    assert sent(events)[3:] == ["DeleteRestApi", "GetStages", "GetVpcLinks"]


@pytest.mark.parametrize("failure", [lambda: answer(500, "InternalFailure"), lost], ids=["500", "lost"])
@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("CreateVpcLink", lambda it: it.create_vpc_link(name="x", targetArns=["x"])),
        ("CreateRestApi", lambda it: it.create_rest_api(name="x")),
        ("CreateDeployment", lambda it: it.create_deployment(restApiId="x")),
        ("CreateResource", lambda it: it.create_resource(restApiId="x", parentId="x", pathPart="x")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_four_creations_are_sent_once(
    stack: Stack, operation: str, call: Callable[[Any], object], failure: Callable[[], Any]
) -> None:
    with observed(stack), instead(stack, operation, *[failure() for _ in range(9)]) as asked:  # noqa: SIM117
        with pytest.raises((ClientError, ConnectionClosedError)):
            call(stack.aws.apigateway)

    assert len(asked) == 1
