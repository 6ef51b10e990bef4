"""An account with many stacks: what lists them asks side by side, no more than it has to, and tells how far it is."""

from __future__ import annotations

import pytest

from runbook.cli.console import counting
from runbook.events import CallSent, Event
from runbook.record import STACK
from runbook.stacks import stacks
from runbook.trace.links import links
from tests.stack import Hurry, Stack

BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/s{0}-nlb/0123456789abcdef"


def asked(stack: Stack, operation: str, events: list[Event]) -> int:
    return sum(isinstance(event, CallSent) and event.operation == operation for event in events)


def test_list_asks_for_each_link_that_may_be_a_stacks_and_for_no_other(stack: Stack) -> None:
    gateway = stack.aws.apigateway
    for number in range(30):
        gateway.create_vpc_link(
            name=f"s{number}-link", targetArns=[BALANCER.format(number)], tags={STACK: f"s{number}"}
        )
        gateway.create_vpc_link(name=f"other {number}", targetArns=["arn:aws:elasticloadbalancing:x:1:loadbalancer/y"])
    events: list[Event] = []
    heard: list[tuple[int, int]] = []
    with stack.aws.observed(events.append, Hurry(stack.clock)):
        found = stacks(stack.aws, lambda *done: heard.append(done))

    assert {each.name for each in found} == {f"s{number}" for number in range(30)}
    assert asked(stack, "GetVpcLink", events) == 30
    assert max(heard) == (30, 30)


def test_links_asks_once_for_what_several_stages_serve(stack: Stack) -> None:
    gateway = stack.aws.apigateway
    api = gateway.create_rest_api(name="x", endpointConfiguration={"types": ["REGIONAL"]})
    gateway.put_method(
        restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", authorizationType="NONE"
    )
    gateway.put_integration(
        restApiId=api["id"],
        resourceId=api["rootResourceId"],
        httpMethod="GET",
        type="HTTP_PROXY",
        integrationHttpMethod="GET",
        uri="http://x.example",
        connectionType="VPC_LINK",
        connectionId="${stageVariables.link}",
    )
    deployment = gateway.create_deployment(restApiId=api["id"])["id"]
    for name in ("one", "two", "three"):
        gateway.create_stage(
            restApiId=api["id"], stageName=name, deploymentId=deployment, variables={"link": f"of-{name}"}
        )
    events: list[Event] = []
    heard: list[tuple[int, int]] = []
    with stack.aws.observed(events.append, Hurry(stack.clock)):
        found = links(stack.aws, lambda *done: heard.append(done))

    assert [(use.stage, use.link, use.deployed) for use in found] == [
        ("one", "of-one", True),
        ("three", "of-three", True),
        ("two", "of-two", True),
    ]
    assert asked(stack, "GetExport", events) == 1
    assert heard == [(1, 1)]


def test_how_far_a_look_is_goes_to_standard_error_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with counting("APIs", every=0.0) as looked_at:
        looked_at(1, 3)
        looked_at(3, 3)
    with counting("APIs") as looked_at:
        looked_at(1, 3)

    assert capsys.readouterr() == ("", "… looked at 1 of 3 APIs\n")
