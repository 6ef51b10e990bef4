"""What is not ours is left alone; what AWS cannot change in place is replaced only when that is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from runbook.errors import NeedsReplacing, NotOurs
from runbook.events import Outcome
from steps import load_balancer, nlb_addresses, security_group_ingress, target_group, vpc_link
from tests.stack import ONE_OF_EACH, Stack


def _somebody_elses_target_group(stack: Stack) -> str:
    made = stack.aws.elbv2.create_target_group(
        Name=target_group.name_of(stack.name), Protocol="TCP", Port=80, VpcId=stack.service.vpc, TargetType="instance"
    )
    return made["TargetGroups"][0]["TargetGroupArn"]


def _somebody_elses_load_balancer(stack: Stack) -> str:
    made = stack.aws.elbv2.create_load_balancer(
        Name=load_balancer.name_of(stack.name),
        Type="network",
        Scheme="internal",
        Subnets=list(stack.service.subnets),
    )
    return made["LoadBalancers"][0]["LoadBalancerArn"]


def _somebody_elses_rest_api(stack: Stack) -> str:
    return stack.aws.apigateway.create_rest_api(name=f"{stack.name}-api")["id"]


LOOK_ALIKES: dict[str, Any] = {
    "target-group": _somebody_elses_target_group,
    "load-balancer": _somebody_elses_load_balancer,
    "rest-api": _somebody_elses_rest_api,
}


@pytest.mark.parametrize("step", LOOK_ALIKES)
def test_the_same_name_without_our_tag_stops_the_step(stack: Stack, step: str) -> None:
    identifier = LOOK_ALIKES[step](stack)
    ended = stack.up()
    assert ended.outcomes[step] is Outcome.FAILED
    assert isinstance(ended.steps[step].cause, NotOurs)
    assert identifier in ended.reason(step)
    assert "adopt" in ended.reason(step)


@pytest.mark.parametrize("step", LOOK_ALIKES)
def test_down_leaves_a_look_alike(stack: Stack, step: str) -> None:
    identifier = LOOK_ALIKES[step](stack)
    before = stack.inventory()
    ended = stack.down()
    assert ended.written == []
    assert stack.inventory() == before
    assert identifier


@pytest.mark.parametrize("step", ["target-group", "rest-api"])
def test_adopting_takes_it_over(stack: Stack, step: str) -> None:
    identifier = LOOK_ALIKES[step](stack)
    ended = stack.up(adopt=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    found = stack.inventory()["target groups" if step == "target-group" else "REST APIs"]
    assert found == [identifier]
    assert stack.check().unlike_ok == {}


def test_another_port_needs_replacing(finished: Stack) -> None:
    finished.machines(port=8080)
    ended = finished.up(port=8080)
    assert isinstance(ended.steps["target-group"].cause, NeedsReplacing)
    assert "port is 80, should be 8080" in ended.reason("target-group")
    ended = finished.up(port=8080, replace=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    # The endpoint URL names the port, so it was deployed again.
    assert finished.how_many() == {**ONE_OF_EACH, "deployments": 2}
    assert finished.check().unlike_ok == {}  # the stack remembers its new port


def test_a_link_to_another_load_balancer_is_replaced_without_a_gap(finished: Stack) -> None:
    old = finished.inventory()["VPC links"]
    elsewhere = finished.aws.elbv2.create_load_balancer(
        Name="elsewhere", Type="network", Scheme="internal", Subnets=list(finished.service.subnets)
    )["LoadBalancers"][0]["LoadBalancerArn"]
    finished.clock.advance(300)
    # Ours, by name and tag, but to another load balancer.
    finished.down(only=["vpc-link"])
    made = finished.aws.apigateway.create_vpc_link(
        name="demo-link", targetArns=[elsewhere], tags={"runbook:stack": "demo"}
    )["id"]
    finished.clock.advance(300)
    ended = finished.up()
    assert isinstance(ended.steps["vpc-link"].cause, NeedsReplacing)
    ended = finished.up(replace=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    written = ended.written
    assert written.index("CreateVpcLink") < written.index("UpdateStage") < written.index("DeleteVpcLink")
    assert finished.inventory()["VPC links"] not in ([made], old)
    assert len(finished.inventory()["VPC links"]) == 1


def test_a_failed_link_says_why_and_is_not_left_behind(stack: Stack) -> None:
    stack.up_to("load-balancer")
    arn = stack.inventory()["load balancers"][0]
    first = stack.aws.apigateway.create_vpc_link(name="theirs", targetArns=[arn])["id"]
    stack.clock.advance(300)
    ended = stack.up()
    assert ended.outcomes["vpc-link"] is Outcome.FAILED
    assert "NLB is already associated with another VPC Endpoint Service" in ended.reason("vpc-link")
    assert "The failed link was deleted" in ended.reason("vpc-link")
    stack.clock.advance(300)
    assert stack.inventory()["VPC links"] == [first]
    assert vpc_link.find(stack.aws, stack.name) == []


def test_rules_are_never_wider_than_the_load_balancers_addresses(finished: Stack) -> None:
    ips = {address.ip for address in nlb_addresses.find(finished.aws, finished.name)}
    rules = finished.aws.ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [finished.service.security_group]}]
    )["SecurityGroupRules"]
    inbound = [rule for rule in rules if not rule["IsEgress"]]
    assert {rule["CidrIpv4"] for rule in inbound} == {f"{ip}/32" for ip in ips}
    assert {(rule["FromPort"], rule["ToPort"]) for rule in inbound} == {(80, 80)}


def test_somebody_elses_rule_satisfies_and_is_never_removed(stack: Stack) -> None:
    theirs = stack.aws.ec2.authorize_security_group_ingress(
        GroupId=stack.service.security_group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}],
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    ended = stack.up()
    assert ended.outcomes["security-group-ingress"] is Outcome.OK
    assert not any(rule.ours for rule in ended.fact(security_group_ingress.Ingress).rules)
    stack.down()
    assert theirs in stack.inventory()["rules"]


def test_a_public_rule_is_reported_and_not_changed(finished: Stack) -> None:
    public = finished.aws.ec2.authorize_security_group_ingress(
        GroupId=finished.service.security_group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    ended = finished.up()
    assert ended.written == []
    promises = {promise.promise: promise for promise in ended.steps["invoke"].fact.promises}  # type: ignore[attr-defined]
    (broken,) = [promise for promise in promises.values() if not promise.kept]
    assert public in broken.evidence
