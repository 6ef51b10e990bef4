"""What AWS cannot change in place is said, and made anew only with replace."""

from __future__ import annotations

from runbook.errors import NeedsReplacing
from runbook.events import Outcome
from runbook.present import plan_words
from steps.invoke import Invocation
from tests.stack import ONE_OF_EACH, Ended, Stack
from tests.steps.parts import Parts


def refused(ended: Ended, step: str, *said: str) -> None:
    assert ended.outcomes[step] is Outcome.FAILED
    assert isinstance(ended.steps[step].cause, NeedsReplacing)
    for words in (*said, "run again with replace"):
        assert words in ended.reason(step)


def test_another_port_replaces_the_target_group_and_moves_all_that_names_the_port(finished: Stack) -> None:
    finished.machines(port=8080)
    before = finished.inventory()

    planned = finished.check(port=8080)
    event = planned.steps["target-group"]
    assert plan_words(event.outcome, event.reason, event.differences)[0] == "replace"

    asked = finished.up(port=8080)
    refused(asked, "target-group", "port is 80, should be 8080")
    # The stack serves as before: what the port is asked of is remembered, and no more.
    assert set(asked.written) <= {"AddTags", "RemoveTags", "TagResource"}
    assert asked.outcomes["integration"] is asked.outcomes["security-group-ingress"] is Outcome.BLOCKED
    assert finished.inventory()["target groups"] == before["target groups"]

    ended = finished.up(port=8080, replace=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert ended.fact(Invocation).status == 200
    assert {**finished.how_many(), "deployments": 1} == ONE_OF_EACH
    assert {rule["FromPort"] for rule in Parts(finished).rules} == {8080}
    assert finished.inventory()["load balancers"] == before["load balancers"]
    assert finished.check().unlike_ok == {}


def test_an_internet_facing_load_balancer_of_ours_is_replaced_with_its_link(stack: Stack) -> None:
    parts = Parts(stack)
    gateway = parts.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    parts.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=stack.service.vpc)
    parts.elb.create_load_balancer(
        Name="demo-nlb",
        Type="network",
        Scheme="internet-facing",
        Subnets=list(stack.service.subnets),
        Tags=[{"Key": "runbook:stack", "Value": "demo"}],
    )
    stack.clock.advance(300)
    open_to_all = parts.balancer

    refused(stack.up(), "load-balancer", "scheme is internet-facing, should be internal", "down for some minutes")

    ended = stack.up(replace=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert parts.balancer != open_to_all
    assert stack.how_many() == ONE_OF_EACH


def test_other_subnets_need_another_load_balancer(finished: Stack) -> None:
    """A VPC link holds the subnets that its load balancer has."""
    parts = Parts(finished)
    before, (first, second) = parts.balancer, finished.service.subnets
    zone = parts.ec2.describe_subnets(SubnetIds=[first])["Subnets"][0]["AvailabilityZone"]
    made = parts.ec2.create_subnet(VpcId=finished.service.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=zone)
    wanted = [made["Subnet"]["SubnetId"], second]

    refused(finished.up(subnets=wanted), "load-balancer", "subnets is", "down for some minutes")
    assert parts.balancer == before

    ended = finished.up(subnets=wanted, replace=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert parts.balancer != before
    assert finished.how_many() == ONE_OF_EACH


def test_a_new_load_balancer_has_new_addresses_and_a_new_link(finished: Stack) -> None:
    """Somebody deleted the load balancer by hand, which AWS allows once the link is gone."""
    parts = Parts(finished)
    link, rules = parts.link, {rule["CidrIpv4"] for rule in parts.rules}
    parts.gateway.delete_vpc_link(vpcLinkId=link)
    finished.clock.advance(600)
    parts.elb.delete_load_balancer(LoadBalancerArn=parts.balancer)
    finished.clock.advance(600)

    seen = finished.check()
    assert seen.outcomes["load-balancer"] is Outcome.MISSING
    assert seen.outcomes["vpc-link"] is Outcome.UNKNOWN
    assert seen.reason("nlb-addresses") == "cannot be known before load-balancer"

    ended = finished.up()
    assert ended.finished.worst is None
    assert parts.link != link
    assert {rule["CidrIpv4"] for rule in parts.rules}.isdisjoint(rules) or len(parts.rules) == 2
    assert finished.how_many() == ONE_OF_EACH
    assert f"VPCLINK {link} → {parts.link}" in ended.reason("stage-variables")


def test_a_link_to_another_load_balancer_is_replaced_before_the_old_one_goes(elsewhere: Stack) -> None:
    parts = Parts(elsewhere)
    old = parts.link

    seen = elsewhere.check()
    assert seen.outcomes["vpc-link"] is Outcome.DRIFTED
    assert seen.differences("vpc-link")[0].replaces

    refused(elsewhere.up(), "vpc-link", f"VPC link {old} leads to")

    ended = elsewhere.up(replace=True)
    assert ended.finished.worst is None
    assert f"old VPC link {old} removed" in ended.reason("stage-variables")
    order = [name for name in ended.written if name in ("CreateVpcLink", "UpdateStage", "DeleteVpcLink")]
    assert order == ["CreateVpcLink", "UpdateStage", "DeleteVpcLink"]
    assert elsewhere.inventory()["VPC links"] == [parts.link]
    assert parts.link != old
