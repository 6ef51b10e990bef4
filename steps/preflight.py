"""Preflight: who am I, and what is to be reached

Looks at everything the other steps build on, and changes nothing: the account and region, the instances, their
VPC, one subnet a zone for the load balancer, and the security group that will let the load balancer in. It warns of
quotas that are full or nearly so, as far as the stack still needs something of them: VPC links, APIs, load balancers,
target groups, rules of the security group.
A wrong or missing parameter ends here, before anything is touched.

**Why.** A target in a zone that the load balancer does not enable is never used; a rule in a group that the
instances do not have lets nobody in. Both look fine in the console.

**A word on the kind of link.** AWS now calls the VPC links of this tutorial *V1 (legacy)*: they point at a Network
Load Balancer. V2 links point at an Application or Network Load Balancer and work with REST APIs too.

**Takes** a second. **Costs** nothing.

**In the console:** EC2 → Instances → the instance → Networking and Security tabs.

```console
$ aws sts get-caller-identity
$ aws ec2 describe-instances --instance-ids i-...
$ aws ec2 describe-subnets --subnet-ids subnet-...
$ aws ec2 describe-security-groups --group-ids sg-...
```
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runbook.aws import Aws, Identity, code_of
from runbook.errors import BadInput
from runbook.parameters import Parameters
from runbook.permissions import CHECK, LOOK_AT_NETWORK
from runbook.picture import Box, Place
from runbook.present import counted
from runbook.record import from_list, record
from steps import _room

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef, NetworkInterfaceTypeDef

READS = ("endpoint_type", "health_check_port", "instance_tags", "instances", "port", "security_group", "subnets", "vpc")
ONLY_LOOKS = True
LEGACY_NOTE = (
    "AWS calls VPC links to a Network Load Balancer V1 (legacy); V2 links also take an Application Load Balancer."
)

# "ELB requires at least 8 free IP addresses in each subnet" (CreateLoadBalancer's InvalidSubnet answer).
FREE_ADDRESSES = 8

MOST_TAGS = 50  # on a resource (tag restrictions of EC2, Elastic Load Balancing and API Gateway)

BOX = Box(Place.INSTANCES, "Service", hops=("network-acl", "backend"))

PERMISSIONS = (
    LOOK_AT_NETWORK.allow(CHECK, actions="ec2:DescribeSubnets ec2:DescribeInstances ec2:DescribeNetworkInterfaces"),
    *_room.PERMISSIONS,
)


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance that serves the API."""

    id: str
    name: str
    zone: str
    subnet: str
    private_ip: str


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet the load balancer gets an address in."""

    id: str
    zone: str
    cidr: str
    free_addresses: int = field(compare=False)
    """Changes with everything else in the subnet."""


@dataclass(frozen=True, slots=True)
class PrivateService:
    """What is to be reached, and where: the instances, their VPC, subnets and security group."""

    identity: Identity
    vpc: str
    subnets: tuple[Subnet, ...]
    instances: tuple[Instance, ...]
    security_group: str
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        zones = ", ".join(subnet.zone for subnet in self.subnets)
        return f"{counted(len(self.instances), 'instance')} in {self.vpc}, {zones}"


def find(aws: Aws, stack: str) -> object:  # noqa: ARG001 (the look-up needs no stack)
    """Who am I; asked early because it needs nothing."""
    return aws.identity()


def check(aws: Aws, params: Parameters) -> PrivateService:
    """Look at all of it. Raises :class:`BadInput` naming the parameter that is wrong."""
    identity = aws.identity()
    _room_for_tags(params)
    found = _instances(aws, params)
    vpc = _vpc(found, params)
    group = _security_group(found, params)
    subnet_ids = params.subnets or _a_subnet_a_zone(found)
    (subnets, users), full = aws.both(
        lambda: aws.both(lambda: _subnets(aws, vpc, subnet_ids), lambda: _users(aws, group)),
        lambda: list(_room.warnings(aws, params, group, addresses=len(subnet_ids))),
    )
    instances = tuple(_instance(item) for item in found)
    zones = {subnet.zone for subnet in subnets}
    if outside := next((instance for instance in instances if instance.zone not in zones), None):
        raise BadInput(
            "subnets",
            f"instance {outside.id} is in zone {outside.zone}, which none of {', '.join(subnet_ids)} is in.",
            "Give one subnet a zone that the instances are in.",
        )
    others = sorted(users - {instance.id for instance in instances})
    return PrivateService(
        identity=identity,
        vpc=vpc,
        subnets=subnets,
        instances=instances,
        security_group=group,
        notes=(LEGACY_NOTE, *_warnings(subnets, group, others), *full),
    )


def do(aws: Aws, params: Parameters) -> PrivateService:
    """Nothing is made here: look again."""
    return check(aws, params)


def undo(aws: Aws, params: Parameters) -> None:
    """Nothing was made here."""


def _warnings(subnets: tuple[Subnet, ...], group: str, others: list[str]) -> Iterable[str]:
    if len(subnets) == 1:
        yield f"Only zone {subnets[0].zone} is served: when it fails, so does the API."
    for subnet in subnets:
        if subnet.free_addresses < FREE_ADDRESSES:
            yield (
                f"Subnet {subnet.id} has {subnet.free_addresses} free addresses; "
                f"a load balancer asks for {FREE_ADDRESSES} when it is created."
            )
    if others:
        shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        yield f"Security group {group} is shared with {shown}: the load balancer is let in there too."


def _room_for_tags(params: Parameters) -> None:
    if (count := len(record(params))) > MOST_TAGS:
        raise BadInput(
            "tags",
            f"with what the stack remembers they make {count} tags; there is room for {MOST_TAGS} on a resource.",
            "Give fewer or shorter ones.",
        )


def _instances(aws: Aws, params: Parameters) -> list[InstanceTypeDef]:
    if params.instances and params.instance_tags:
        raise BadInput("instances", "both ids and tags of instances are given.", "Give one or the other.")
    if params.instances:
        try:
            pages = aws.ec2.get_paginator("describe_instances").paginate(InstanceIds=list(params.instances))
            found = [item for page in pages for group in page["Reservations"] for item in group["Instances"]]
        except ClientError as error:
            if code_of(error).startswith("InvalidInstanceID"):
                message = error.response["Error"]["Message"]
                raise BadInput(
                    "instances", f"{message.rstrip('.')} in {aws.region}.", "Give ids of running instances."
                ) from None
            raise
    elif params.instance_tags:
        filters: list[FilterTypeDef] = [
            {"Name": "instance-state-name", "Values": ["pending", "running"]},
        ]
        filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in params.instance_tags.items()]
        pages = aws.ec2.get_paginator("describe_instances").paginate(Filters=filters)
        found = [item for page in pages for group in page["Reservations"] for item in group["Instances"]]
        if not found:
            wanted = ", ".join(f"{key}={value}" for key, value in params.instance_tags.items())
            raise BadInput("instance_tags", f"no running instance in {aws.region} has the tags {wanted}.")
    else:
        raise BadInput("instances", "no instances are given.", "Name the instances that serve the API.")
    for item in found:
        if (state := item["State"]["Name"]) != "running":
            raise BadInput(
                "instances", f"{item['InstanceId']} is {state}.", "Start it, or give only running instances."
            )
    return sorted(found, key=lambda item: item["InstanceId"])


def _instance(item: InstanceTypeDef) -> Instance:
    return Instance(
        id=item["InstanceId"],
        name=from_list(item.get("Tags", [])).get("Name", ""),
        zone=item["Placement"]["AvailabilityZone"],
        subnet=item["SubnetId"],
        private_ip=item["PrivateIpAddress"],
    )


def _vpc(found: list[InstanceTypeDef], params: Parameters) -> str:
    of_instance = {item["InstanceId"]: item["VpcId"] for item in found}
    vpcs = sorted(set(of_instance.values()))
    vpc = params.vpc or vpcs[0]
    for instance, its_vpc in of_instance.items():
        if its_vpc != vpc:
            problem = f"{instance} is in {its_vpc}, not in {vpc}."
            if params.vpc:
                raise BadInput("vpc", problem, "Give the instances' VPC, or leave it out.")
            raise BadInput("instances", problem, "All instances must be in one VPC.")
    return vpc


def _a_subnet_a_zone(found: list[InstanceTypeDef]) -> tuple[str, ...]:
    by_zone: dict[str, str] = {}
    for item in sorted(found, key=lambda item: item["SubnetId"]):
        by_zone.setdefault(item["Placement"]["AvailabilityZone"], item["SubnetId"])
    return tuple(subnet for _, subnet in sorted(by_zone.items()))


def _subnets(aws: Aws, vpc: str, ids: tuple[str, ...]) -> tuple[Subnet, ...]:
    try:
        found = aws.ec2.describe_subnets(SubnetIds=list(ids))["Subnets"]
    except ClientError as error:
        if code_of(error).startswith("InvalidSubnetID"):
            raise BadInput("subnets", f"{error.response['Error']['Message'].rstrip('.')} in {aws.region}.") from None
        raise
    subnets = tuple(
        Subnet(item["SubnetId"], item["AvailabilityZone"], item["CidrBlock"], item["AvailableIpAddressCount"])
        for item in sorted(found, key=lambda item: item["AvailabilityZone"])
    )
    for item in found:
        if item["VpcId"] != vpc:
            raise BadInput("subnets", f"{item['SubnetId']} is in {item['VpcId']}, the instances are in {vpc}.")
    for first, second in itertools.pairwise(subnets):
        if first.zone == second.zone:
            raise BadInput(
                "subnets",
                f"{first.id} and {second.id} are both in zone {first.zone}.",
                "Give one subnet a zone.",
            )
    if full := next((subnet for subnet in subnets if subnet.free_addresses == 0), None):
        raise BadInput("subnets", f"{full.id} has no free address for the load balancer.")
    return subnets


def _security_group(found: list[InstanceTypeDef], params: Parameters) -> str:
    of_instance = {item["InstanceId"]: {group["GroupId"] for group in item["SecurityGroups"]} for item in found}
    if params.security_group:
        for instance, groups in of_instance.items():
            if params.security_group not in groups:
                raise BadInput(
                    "security_group",
                    f"instance {instance} is not in {params.security_group} but in {', '.join(sorted(groups))}.",
                    "Give a security group that all instances have.",
                )
        return params.security_group
    groups = set().union(*of_instance.values())
    if len(groups) != 1:
        raise BadInput(
            "security_group",
            f"the instances have several: {', '.join(sorted(groups))}.",
            "Name the one that shall let the load balancer in.",
        )
    return str(groups.pop())


def _users(aws: Aws, group: str) -> set[str]:
    """Whatever else has this security group: instance ids, or descriptions of other interfaces."""
    return {_user(item) for item in aws.interfaces({"Name": "group-id", "Values": [group]})}


def _user(item: NetworkInterfaceTypeDef) -> str:
    return item.get("Attachment", {}).get("InstanceId") or item.get("Description") or item["NetworkInterfaceId"]
