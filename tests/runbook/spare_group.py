"""Spare group: a security group that nothing uses

A step as somebody would add one: this module and one entry in the list of steps, and no other line.

**Takes** a moment. **Costs** nothing.

**In the console:** EC2 → Security Groups → Create security group.

```console
$ aws ec2 create-security-group --group-name demo-spare --description spare --vpc-id vpc-...
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.aws import Aws
from runbook.operations import Operation
from runbook.outcome import Missing
from runbook.parameters import Parameters
from runbook.parts import Counting, Part, Tagged
from runbook.permissions import CHECK, DOWN, LIST, LOOK_AT_NETWORK, UP, Scope, Statement
from runbook.picture import Box, Place
from runbook.quotas import RequestQuota
from runbook.record import STACK, as_list, from_list, stack_tags
from runbook.removing import Resource
from steps.preflight import PrivateService

SLOWLY = RequestQuota("CreateSecurityGroup (spare)", 1, 7.0, shared=False)


def _quota(request: Mapping[str, Any]) -> RequestQuota | None:
    return SLOWLY if request.get("GroupName", "").endswith("-spare") else None


BOX = Box(Place.GROUP, "Spare group", ("{name}", "{id}"))
OUTPUTS = {"spare-group-id": "id"}
OPERATIONS = (Operation("ec2", "CreateSecurityGroup", quota=_quota),)  # its name is unique in a VPC
TOPICS = {"SecurityGroup": ("groups",)}
USD_PER_HOUR = 0.5

_MAKE = Statement("MakeSpareGroup", lambda scope: [scope.arn("ec2", "security-group/*")], Scope.asked)
_DELETE = Statement("DeleteSpareGroup", lambda scope: [scope.arn("ec2", "security-group/*")], Scope.owned)
PERMISSIONS = (
    LOOK_AT_NETWORK.allow(CHECK, DOWN, LIST, actions="ec2:DescribeSecurityGroups"),
    _MAKE.allow(UP, actions="ec2:CreateSecurityGroup"),
    _DELETE.allow(DOWN, actions="ec2:DeleteSecurityGroup"),
)


def _all(aws: Aws, _: Counting) -> Iterator[Tagged]:
    for pages in aws.ec2.get_paginator("describe_security_groups").paginate(
        Filters=[{"Name": "tag-key", "Values": [STACK]}]
    ):
        for group in pages["SecurityGroups"]:
            yield Tagged(from_list(group.get("Tags", [])))


PART = Part("spare group", _all)


@dataclass(frozen=True, slots=True)
class SpareGroup:
    """The group as it is on AWS."""

    id: str
    name: str

    @property
    def summary(self) -> str:
        """In a line, how it is."""
        return f"{self.name} is there"


def find(aws: Aws, stack: str) -> SpareGroup | None:
    """The group of this stack."""
    found = aws.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{stack}-spare"]}])
    return next((SpareGroup(each["GroupId"], each["GroupName"]) for each in found["SecurityGroups"]), None)


def check(aws: Aws, params: Parameters, service: PrivateService) -> SpareGroup | Missing:
    """Whether it is there."""
    del service
    return find(aws, params.stack) or Missing("there is no spare group")


def do(aws: Aws, params: Parameters, service: PrivateService) -> SpareGroup:
    """Make it."""
    if found := find(aws, params.stack):
        return found
    name = f"{params.stack}-spare"
    made = aws.ec2.create_security_group(
        GroupName=name,
        Description="spare",
        VpcId=service.vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": as_list(stack_tags(params))}],  # type: ignore[typeddict-item]
    )
    return SpareGroup(made["GroupId"], name)


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The group, if it is there."""
    found = find(aws, params.stack)
    return [Resource("spare group", found.name, found.id)] if found else []


def undo(aws: Aws, params: Parameters) -> None:
    """Delete it."""
    if found := find(aws, params.stack):
        aws.ec2.delete_security_group(GroupId=found.id)
