"""The private service behind a drill's stack, in a VPC of its own.

So whatever a drill or a trainee does to the network, the instances or a load balancer concerns nobody else in the
account; and everything found in this VPC is the drill's to take away. The load balancer has subnets of its own, apart
from the instances', as is usual on AWS: network ACLs judge only what crosses from one subnet into another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.errors import CannotContinue
from runbook.record import as_list, from_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

    from runbook.aws import Aws

__all__ = ["ALIVE", "Service", "begun", "ensure", "find"]

DRILL = "runbook:drill"
"""The tag of what is here; its value is the stack the service is for."""

ALIVE: FilterTypeDef = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
"""Instances that are not terminated."""

VPC_CIDR = "10.20.0.0/16"
ZONES = ("a", "b")
_BALANCER_SUBNETS = {"a": "10.20.1.0/24", "b": "10.20.2.0/24"}
_SERVICE_SUBNETS = {"a": "10.20.11.0/24", "b": "10.20.12.0/24"}


@dataclass(frozen=True, slots=True)
class Service:
    """Where the private service is."""

    vpc: str
    balancer_subnets: tuple[str, ...]
    """For the load balancer, one a zone."""
    instance_subnets: tuple[str, ...]
    """Where the instances are, one a zone."""
    security_group: str
    """The instances'."""
    instances: tuple[str, ...]
    """One a zone."""


def begun(aws: Aws, stack: str) -> bool:
    """Whether there is a service for this stack, or a part of one."""
    return _Parts(aws, stack).vpc is not None


def find(aws: Aws, stack: str) -> Service | None:
    """The service for this stack; None when there is none, or not all of it."""
    found = _Parts(aws, stack)
    vpc = found.vpc
    subnets = found.subnets if vpc else {}
    instances = found.instances if vpc else {}
    group = found.security_group if vpc else None
    wanted = [f"{use}-{zone}" for use in ("balancer", "service") for zone in ZONES]
    if not vpc or not group or set(wanted) - set(subnets) or set(ZONES) - set(instances):
        return None
    balancer, service = (tuple(subnets[f"{use}-{zone}"] for zone in ZONES) for use in ("balancer", "service"))
    return Service(vpc, balancer, service, group, tuple(instances[zone] for zone in ZONES))


def ensure(aws: Aws, stack: str) -> Service:
    """The service for this stack, with what is missing of it made. The instances may still be starting.

    Raises :class:`CannotContinue`.
    """
    if found := find(aws, stack):
        return found
    parts = _Parts(aws, stack)
    vpc = parts.vpc or parts.make_vpc()
    group = parts.security_group or parts.make_security_group(vpc)
    subnets = parts.subnets
    names = [item["ZoneName"] for item in aws.ec2.describe_availability_zones()["AvailabilityZones"]]
    for zone, name in zip(ZONES, names, strict=False):
        for use, cidrs in (("balancer", _BALANCER_SUBNETS), ("service", _SERVICE_SUBNETS)):
            key = f"{use}-{zone}"
            if key not in subnets:
                subnets[key] = parts.make_subnet(vpc, key, cidrs[zone], name)
        if zone not in parts.instances:
            parts.make_instance(zone, subnets[f"service-{zone}"], group)
    if made := find(aws, stack):
        return made
    raise CannotContinue(f"The service for stack {stack} was made but does not show. Start again.")


class _Parts:
    """The parts of one stack's service, found by their tags."""

    def __init__(self, aws: Aws, stack: str) -> None:
        self.aws, self.stack = aws, stack

    @property
    def _tagged(self) -> FilterTypeDef:
        return {"Name": f"tag:{DRILL}", "Values": [self.stack]}

    def _tags(self, kind: str, name: str) -> Any:
        return [{"ResourceType": kind, "Tags": as_list({DRILL: self.stack, "Name": f"{self.stack}-{name}"})}]

    def _name(self, tags: Any) -> str:
        return from_list(tags).get("Name", "").removeprefix(f"{self.stack}-")

    @property
    def vpc(self) -> str | None:
        pages = self.aws.ec2.get_paginator("describe_vpcs").paginate(Filters=[self._tagged])
        return next((item["VpcId"] for page in pages for item in page["Vpcs"]), None)

    @property
    def security_group(self) -> str | None:
        pages = self.aws.ec2.get_paginator("describe_security_groups").paginate(Filters=[self._tagged])
        return next((item["GroupId"] for page in pages for item in page["SecurityGroups"]), None)

    @property
    def subnets(self) -> dict[str, str]:
        """By their names: ``balancer-a``."""
        pages = self.aws.ec2.get_paginator("describe_subnets").paginate(Filters=[self._tagged])
        return {self._name(item["Tags"]): item["SubnetId"] for page in pages for item in page["Subnets"]}

    @property
    def instances(self) -> Mapping[str, str]:
        """By their zones; without those that are terminated."""
        pages = self.aws.ec2.get_paginator("describe_instances").paginate(Filters=[self._tagged, ALIVE])
        return {
            self._name(item["Tags"]).removeprefix("service-"): item["InstanceId"]
            for page in pages
            for each in page["Reservations"]
            for item in each["Instances"]
        }

    def make_vpc(self) -> str:
        made = self.aws.ec2.create_vpc(CidrBlock=VPC_CIDR, TagSpecifications=self._tags("vpc", "vpc"))
        return made["Vpc"]["VpcId"]

    def make_security_group(self, vpc: str) -> str:
        return self.aws.ec2.create_security_group(
            GroupName=f"{self.stack}-service",
            Description="The service of a drill: only its load balancer is let in",
            VpcId=vpc,
            TagSpecifications=self._tags("security-group", "service"),
        )["GroupId"]

    def make_subnet(self, vpc: str, name: str, cidr: str, zone: str) -> str:
        made = self.aws.ec2.create_subnet(
            VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=self._tags("subnet", name)
        )
        return made["Subnet"]["SubnetId"]

    def make_instance(self, zone: str, subnet: str, group: str) -> None:
        self.aws.ec2.run_instances(
            ImageId=self._image(),
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=[group],
            TagSpecifications=self._tags("instance", f"service-{zone}"),
        )

    def _image(self) -> str:
        """An Amazon Linux image of the region: any does, since a practice account's machines run none."""
        pages = self.aws.ec2.get_paginator("describe_images").paginate(
            Owners=["amazon"], Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-2.*"]}]
        )
        return next(item["ImageId"] for page in pages for item in page["Images"])
