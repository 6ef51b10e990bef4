"""Bad input ends here, named, before anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from runbook.errors import BadInput
from runbook.events import Outcome
from steps import _room, preflight
from steps.preflight import PrivateService
from tests.stack import Stack
from tests.steps.parts import Parts


def _no_instances(stack: Stack) -> dict[str, Any]:
    return {"instances": []}


def _unknown_instance(stack: Stack) -> dict[str, Any]:
    return {"instances": "i-0123456789abcdef0"}


def _stopped_instance(stack: Stack) -> dict[str, Any]:
    stack.aws.ec2.stop_instances(InstanceIds=[stack.service.instances[0]])
    stack.clock.advance(300)
    return {}


def _terminated_instance(stack: Stack) -> dict[str, Any]:
    stack.aws.ec2.terminate_instances(InstanceIds=[stack.service.instances[0]])
    stack.clock.advance(60)
    return {}


def _ids_and_tags(stack: Stack) -> dict[str, Any]:
    return {"instances": stack.service.instances, "instance_tags": {"Name": "x"}}


def _tags_of_none(stack: Stack) -> dict[str, Any]:
    return {"instances": (), "instance_tags": {"Name": "nobody"}}


def _other_vpc(stack: Stack) -> tuple[str, str]:
    vpc = stack.aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = stack.aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1a")
    return vpc, subnet["Subnet"]["SubnetId"]


def _instances_elsewhere(stack: Stack) -> dict[str, Any]:
    vpc, subnet = _other_vpc(stack)
    group = stack.aws.ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    return {"instances": [*stack.service.instances, Parts(stack).new_instance(subnet=subnet, group=group)]}


def _vpc_elsewhere(stack: Stack) -> dict[str, Any]:
    return {"vpc": _other_vpc(stack)[0]}


def _subnet_elsewhere(stack: Stack) -> dict[str, Any]:
    return {"subnets": [_other_vpc(stack)[1]]}


def _unknown_subnet(stack: Stack) -> dict[str, Any]:
    return {"subnets": "subnet-0123456789abcdef0"}


def _a_zone_is_not_served(stack: Stack) -> dict[str, Any]:
    return {"subnets": stack.service.subnets[0]}


def _two_subnets_in_a_zone(stack: Stack) -> dict[str, Any]:
    first = stack.aws.ec2.describe_subnets(SubnetIds=[stack.service.subnets[0]])["Subnets"][0]
    second = stack.aws.ec2.create_subnet(
        VpcId=stack.service.vpc, CidrBlock="10.0.7.0/24", AvailabilityZone=first["AvailabilityZone"]
    )["Subnet"]["SubnetId"]
    return {"subnets": [*stack.service.subnets, second]}


def _foreign_group(stack: Stack) -> dict[str, Any]:
    made = stack.aws.ec2.create_security_group(GroupName="g", Description="g", VpcId=stack.service.vpc)
    return {"security_group": made["GroupId"]}


def _several_groups(stack: Stack) -> dict[str, Any]:
    other = _foreign_group(stack)["security_group"]
    stack.aws.ec2.modify_instance_attribute(
        InstanceId=stack.service.instances[0], Groups=[stack.service.security_group, other]
    )
    return {}


def _too_much_to_remember(stack: Stack) -> dict[str, Any]:
    return {"tags": {f"{number:02}{'k' * 100}": "/" + "=" * 250 for number in range(30)}}


BAD: dict[Callable[[Stack], dict[str, Any]], tuple[str, str]] = {
    _no_instances: ("instances", "no instances are given."),
    _unknown_instance: ("instances", "i-0123456789abcdef0"),
    _stopped_instance: ("instances", "is stopped."),
    _terminated_instance: ("instances", "is terminated."),
    _ids_and_tags: ("instances", "both ids and tags of instances are given."),
    _tags_of_none: ("instance_tags", "no running instance in us-east-1 has the tags Name=nobody."),
    _instances_elsewhere: ("instances", ", not in vpc-"),
    _vpc_elsewhere: ("vpc", ", not in vpc-"),
    _subnet_elsewhere: ("subnets", "the instances are in vpc-"),
    _unknown_subnet: ("subnets", "subnet-0123456789abcdef0"),
    _a_zone_is_not_served: ("subnets", "is in zone us-east-1b, which none of"),
    _two_subnets_in_a_zone: ("subnets", "are both in zone us-east-1a."),
    _foreign_group: ("security_group", "is not in sg-"),
    _several_groups: ("security_group", "the instances have several: sg-"),
    _too_much_to_remember: ("tags", "there is room for 50 on a resource"),
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__.strip("_"))
def test_bad_input_is_named_and_nothing_is_touched(stack: Stack, make: Callable[[Stack], dict[str, Any]]) -> None:
    parameter, said = BAD[make]
    given = make(stack)

    if make is _no_instances:  # a practice account has instances for whoever gives none
        with pytest.raises(BadInput, match=said):
            preflight.check(stack.aws, stack.params())
        return
    ended = stack.up(**given)

    assert ended.outcomes["preflight"] is Outcome.FAILED
    assert set(ended.outcomes.values()) == {Outcome.FAILED, Outcome.BLOCKED}
    cause = ended.steps["preflight"].cause
    assert isinstance(cause, BadInput)
    assert cause.parameter == parameter
    assert said in cause.problem
    assert ended.written == []


def test_the_service_is_found_from_the_instances_alone(stack: Stack) -> None:
    found: PrivateService = stack.call(preflight, "check")

    assert found.identity.account == stack.account.account_id
    assert found.vpc == stack.service.vpc
    assert {subnet.id for subnet in found.subnets} == set(stack.service.subnets)
    assert {instance.id for instance in found.instances} == set(stack.service.instances)
    assert found.security_group == stack.service.security_group
    assert any("V1 (legacy)" in note for note in found.notes)
    assert len(found.notes) == 1


def test_the_service_is_found_from_tags_with_wildcards(stack: Stack) -> None:
    for instance in stack.service.instances:
        stack.aws.ec2.create_tags(Resources=[instance], Tags=[{"Key": "role", "Value": f"web-{instance}"}])

    found: PrivateService = stack.call(preflight, "check", instances=(), instance_tags="role=web-*")

    assert {instance.id for instance in found.instances} == set(stack.service.instances)


def test_one_of_several_groups_may_be_named(stack: Stack) -> None:
    _several_groups(stack)

    found: PrivateService = stack.call(preflight, "check", security_group=stack.service.security_group)

    assert found.security_group == stack.service.security_group


def test_a_group_that_others_share_is_said_so(stack: Stack) -> None:
    other = Parts(stack).new_instance()

    found: PrivateService = stack.call(preflight, "check")

    assert any(f"is shared with {other}" in note for note in found.notes)


def test_preflight_changes_nothing(stack: Stack) -> None:
    with stack.watching() as written:
        assert stack.call(preflight, "do") == stack.call(preflight, "check")
        stack.call(preflight, "undo")

    assert written == []


# --- room for what the stack needs ------------------------------------------------------------------------------------


def _links(stack: Stack, count: int) -> None:
    for number in range(count):
        stack.aws.apigateway.create_vpc_link(name=f"aside-{number}", targetArns=[BALANCER.format(number)])


def _apis(stack: Stack, count: int) -> None:
    for number in range(count):
        stack.aws.apigateway.create_rest_api(name=f"aside-{number}", endpointConfiguration={"types": ["REGIONAL"]})


def _rules(stack: Stack, count: int) -> None:
    group = stack.service.security_group
    there = stack.aws.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    inbound = [rule for rule in there["SecurityGroupRules"] if not rule["IsEgress"]]
    ranges: Any = [{"CidrIp": f"10.77.{number}.0/24"} for number in range(count - len(inbound))]
    permission: Any = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
    stack.aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def _balancers(stack: Stack, count: int) -> None:
    subnets = [{"SubnetId": stack.service.subnets[0]}]
    for number in range(count):
        stack.aws.elbv2.create_load_balancer(
            Name=f"aside-{number}",
            Type="network",
            Scheme="internal",
            SubnetMappings=subnets,  # type: ignore[arg-type]
        )


def _groups(stack: Stack, count: int) -> None:
    for number in range(count):
        stack.aws.elbv2.create_target_group(Name=f"aside-{number}", Protocol="TCP", Port=80, VpcId=stack.service.vpc)


BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/aside-{0}/0123456789abcdef"


@pytest.mark.parametrize(
    ("make", "quota", "default", "needed"),
    [
        (_links, "LINKS", 20, 1),
        (_apis, "REGIONAL_APIS", 20, 1),
        (_rules, "RULES", 20, 2),
        (_balancers, "LOAD_BALANCERS", 10, 1),
        (_groups, "TARGET_GROUPS", 20, 1),
    ],
)
def test_what_is_nearly_full_is_said_before_anything_is_created(
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Stack, int], None],
    quota: str,
    default: int,
    needed: int,
) -> None:
    """With a quota of its own, so that few are created to fill it."""
    known = getattr(_room, quota)
    monkeypatch.setattr(_room, quota, replace(known, default=default))
    make(stack, default - 1)

    notes = [note for note in stack.call(preflight, "check").notes if known.code in note]

    assert len(notes) == 1
    assert notes[0].startswith(f"{default - 1} of {default} are used")
    assert ("will refuse" in notes[0]) is (needed > 1)


def test_a_full_account_is_said_once_and_no_more_when_the_stack_is_there(stack: Stack) -> None:
    _links(stack, 20)
    (note,) = [note for note in stack.call(preflight, "check").notes if "Service Quotas" in note]

    assert note == (
        "20 of 20 are used: VPC links (Service Quotas L-A4C7274F). The stack needs 1 more: unless the quota was "
        "raised, AWS will refuse to create what is missing."
    )
    assert stack.up().finished.worst is None  # the practice account lets it
    assert not [note for note in stack.call(preflight, "check").notes if "Service Quotas" in note]


def test_of_an_account_whose_quota_was_raised_nothing_is_said(stack: Stack) -> None:
    _links(stack, 21)

    assert not [note for note in stack.call(preflight, "check").notes if "Service Quotas" in note]
