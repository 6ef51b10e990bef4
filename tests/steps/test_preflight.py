"""Bad input ends in the preflight: one sentence that names the parameter, and nothing touched."""

from __future__ import annotations

from typing import Any

import pytest

from runbook.errors import BadInput
from runbook.events import Outcome
from steps import preflight
from steps.preflight import PrivateService
from tests.stack import Stack


def _refused(stack: Stack, **given: Any) -> BadInput:
    ended = stack.up(**given)
    assert ended.written == []
    assert ended.outcomes["preflight"] is Outcome.FAILED
    assert set(ended.outcomes.values()) == {Outcome.FAILED, Outcome.BLOCKED}
    cause = ended.steps["preflight"].cause
    assert isinstance(cause, BadInput)
    return cause


def test_no_instances_by_hand(stack: Stack) -> None:
    with pytest.raises(BadInput, match="no instances are given"):
        preflight.check(stack.aws, stack.params())


def test_an_instance_that_is_not_there(stack: Stack) -> None:
    cause = _refused(stack, instances="i-0123456789abcdef0")
    assert cause.parameter == "instances"
    assert "i-0123456789abcdef0" in cause.problem


def test_an_instance_that_is_stopped(stack: Stack) -> None:
    first = stack.service.instances[0]
    stack.aws.ec2.stop_instances(InstanceIds=[first])
    stack.clock.advance(120)
    cause = _refused(stack)
    assert cause.problem == f"{first} is stopped."


def test_tags_that_no_instance_has(stack: Stack) -> None:
    cause = _refused(stack, instance_tags="Name=nobody")
    assert cause.parameter == "instance_tags"
    assert "Name=nobody" in cause.problem


def test_ids_and_tags_together(stack: Stack) -> None:
    cause = _refused(stack, instances=stack.service.instances, instance_tags="Name=practice-*")
    assert "both ids and tags" in cause.problem


def test_another_vpc(stack: Stack) -> None:
    other = stack.aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    cause = _refused(stack, vpc=other)
    assert cause.parameter == "vpc"
    assert other in cause.problem
    assert stack.service.vpc in cause.problem


def test_a_subnet_of_another_vpc(stack: Stack) -> None:
    other = stack.aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = stack.aws.ec2.create_subnet(VpcId=other, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1a")
    cause = _refused(stack, subnets=subnet["Subnet"]["SubnetId"])
    assert cause.parameter == "subnets"
    assert other in cause.problem


def test_a_subnet_that_is_not_there(stack: Stack) -> None:
    assert _refused(stack, subnets="subnet-0123456789abcdef0").parameter == "subnets"


def test_two_subnets_in_one_zone(stack: Stack) -> None:
    twin = stack.aws.ec2.create_subnet(
        VpcId=stack.service.vpc, CidrBlock="10.0.77.0/24", AvailabilityZone="us-east-1a"
    )["Subnet"]["SubnetId"]
    cause = _refused(stack, subnets=[*stack.service.subnets, twin])
    assert "are both in zone us-east-1a" in cause.problem


def test_a_zone_that_no_subnet_enables(stack: Stack) -> None:
    cause = _refused(stack, subnets=stack.service.subnets[:1])
    assert cause.parameter == "subnets"
    assert "us-east-1b" in cause.problem


def test_a_security_group_that_an_instance_does_not_have(stack: Stack) -> None:
    other = stack.aws.ec2.create_security_group(GroupName="other", Description="other", VpcId=stack.service.vpc)
    cause = _refused(stack, security_group=other["GroupId"])
    assert cause.parameter == "security_group"
    assert stack.service.security_group in cause.problem


def test_several_security_groups_must_be_told_apart(stack: Stack) -> None:
    other = stack.aws.ec2.create_security_group(GroupName="other", Description="other", VpcId=stack.service.vpc)
    both = [stack.service.security_group, other["GroupId"]]
    for instance in stack.service.instances:
        stack.aws.ec2.modify_instance_attribute(InstanceId=instance, Groups=both)
    cause = _refused(stack)
    assert cause.parameter == "security_group"
    assert other["GroupId"] in cause.problem
    assert stack.up(security_group=other["GroupId"]).finished.worst is None


def test_one_zone_only_and_a_shared_group_are_said_so(stack: Stack) -> None:
    first = stack.service.instances[0]
    found = preflight.check(stack.aws, stack.params(instances=first))
    assert any("Only zone us-east-1a is served" in note for note in found.notes)
    assert any(stack.service.instances[1] in note and "shared with" in note for note in found.notes)
    assert any("V1 (legacy)" in note for note in found.notes)


def test_tags_pick_the_instances(stack: Stack) -> None:
    found = preflight.check(stack.aws, stack.params(instance_tags="Name=practice-service-*"))
    assert isinstance(found, PrivateService)
    assert [instance.id for instance in found.instances] == sorted(stack.service.instances)
    assert {subnet.id for subnet in found.subnets} == set(stack.service.subnets)
