"""What has our name but not our tag is left alone, unless we are told to take it over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runbook.errors import NotOurs
from runbook.events import Outcome
from tests.stack import ONE_OF_EACH, Stack
from tests.steps.parts import Parts


def _target_group(stack: Stack) -> str:
    made: Any = stack.aws.elbv2.create_target_group(
        Name="demo-targets", Protocol="TCP", Port=80, VpcId=stack.service.vpc, HealthCheckProtocol="HTTP"
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _load_balancer(stack: Stack) -> str:
    made: Any = stack.aws.elbv2.create_load_balancer(
        Name="demo-nlb", Type="network", Scheme="internal", Subnets=list(stack.service.subnets)
    )
    stack.clock.advance(300)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def _vpc_link(stack: Stack) -> str:
    ended = stack.up_to("load-balancer")
    arn = next(event.fact.arn for event in ended.steps.values() if event.step == "load-balancer")  # type: ignore[attr-defined]
    made = stack.aws.apigateway.create_vpc_link(name="demo-link", targetArns=[arn])
    stack.clock.advance(600)
    return str(made["id"])


def _rest_api(stack: Stack) -> str:
    return str(stack.aws.apigateway.create_rest_api(name="demo-api")["id"])


LOOK_ALIKES: dict[str, Callable[[Stack], str]] = {
    "target-group": _target_group,
    "load-balancer": _load_balancer,
    "vpc-link": _vpc_link,
    "rest-api": _rest_api,
}


@pytest.mark.parametrize("step", LOOK_ALIKES)
def test_a_look_alike_is_refused_by_name_and_never_touched(stack: Stack, step: str) -> None:
    theirs = LOOK_ALIKES[step](stack)
    stack.clock.advance(60)

    for ended in (stack.check(), stack.up()):
        assert ended.outcomes[step] is Outcome.FAILED
        assert isinstance(ended.steps[step].cause, NotOurs)
        assert theirs in ended.reason(step)
        assert "adopt" in ended.reason(step)

    stack.down()
    assert theirs in str(stack.inventory().values())


@pytest.mark.parametrize("step", LOOK_ALIKES)
def test_a_look_alike_is_taken_over_when_we_are_told_to(stack: Stack, step: str) -> None:
    theirs = LOOK_ALIKES[step](stack)
    stack.clock.advance(60)

    ended = stack.up(adopt=True)

    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert theirs in str(stack.inventory().values())
    assert stack.how_many() == ONE_OF_EACH
    assert stack.check().unlike_ok == {}  # it is ours now


@pytest.mark.parametrize("make", [_rest_api, "link"], ids=["API", "link"])
def test_beside_what_is_ours_another_of_the_same_name_is_nothing_to_us(finished: Stack, make: Any) -> None:
    """Names of APIs and of links are not unique."""
    parts = Parts(finished)
    if make == "link":
        other = parts.elb.create_load_balancer(
            Name="other", Type="network", Scheme="internal", Subnets=list(finished.service.subnets)
        )["LoadBalancers"][0]["LoadBalancerArn"]
        theirs = parts.gateway.create_vpc_link(name="demo-link", targetArns=[other])["id"]
    else:
        finished.clock.advance(60)
        theirs = make(finished)
    finished.clock.advance(600)

    assert finished.check().unlike_ok == {}
    assert finished.up().written == []

    finished.down()
    assert theirs in str(finished.inventory().values())


def test_down_leaves_a_listener_of_others_that_uses_our_target_group(finished: Stack) -> None:
    parts = Parts(finished)
    other = parts.elb.create_load_balancer(
        Name="other", Type="network", Scheme="internal", Subnets=list(finished.service.subnets)
    )["LoadBalancers"][0]["LoadBalancerArn"]
    group = parts.group
    parts.elb.delete_listener(ListenerArn=parts.listener)
    theirs = parts.elb.create_listener(
        LoadBalancerArn=other,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]["ListenerArn"]

    ended = finished.down()

    assert ended.outcomes["target-group"] is Outcome.FAILED
    assert "in use" in ended.reason("target-group")
    assert finished.inventory()["listeners"] == [theirs]


def test_somebody_elses_listener_on_our_load_balancer_is_left_alone(finished: Stack) -> None:
    parts = Parts(finished)
    group = parts.elb.create_target_group(Name="theirs", Protocol="TCP", Port=8443, VpcId=finished.service.vpc)[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    parts.elb.delete_listener(ListenerArn=parts.listener)
    theirs = parts.elb.create_listener(
        LoadBalancerArn=parts.balancer,
        Protocol="TCP",
        Port=8443,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]["ListenerArn"]

    assert finished.check().outcomes["listener"] is Outcome.MISSING
    assert finished.up().finished.worst is None

    assert finished.run_step_undo("listener").outcomes["listener"] is Outcome.UNDONE
    assert finished.inventory()["listeners"] == [theirs]
    (kept,) = parts.elb.describe_listeners(ListenerArns=[theirs])["Listeners"]
    assert (kept["Port"], kept["DefaultActions"][0]["TargetGroupArn"]) == (8443, group)
