"""What EC2 answers about who is where: links, instances, and whoever else has an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runbook.aws import Aws
from runbook.path.addresses import Caller, private_ips
from runbook.path.links import LinkV2
from runbook.trace.seen import Place

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, NetworkInterfaceTypeDef
    from mypy_boto3_elbv2.type_defs import TargetGroupTypeDef

__all__ = ["addressed", "held", "instances", "link_callers"]


def link_callers(aws: Aws, link: LinkV2) -> list[Caller]:
    """A V2 link's interfaces are somewhere in its subnets, with its security groups."""
    found = aws.ec2.describe_subnets(SubnetIds=list(link.subnets))["Subnets"]
    return [Caller(item["CidrBlock"], item["SubnetId"], link.groups) for item in found]


def instances(aws: Aws, ids: Sequence[str], group: TargetGroupTypeDef) -> dict[str, Place]:
    """Where a group's instances are, by id."""
    pages = aws.ec2.get_paginator("describe_instances").paginate(Filters=[{"Name": "instance-id", "Values": list(ids)}])
    items = [
        item for page in pages for reservation in page["Reservations"] for item in reservation.get("Instances", [])
    ]
    return {item["InstanceId"]: _instance(item, group.get("Port", 0)) for item in items}


def _instance(item: InstanceTypeDef, port: int) -> Place:
    interfaces = item.get("NetworkInterfaces", [])
    groups = [group["GroupId"] for each in interfaces[:1] for group in each.get("Groups", [])] or [
        group["GroupId"] for group in item.get("SecurityGroups", [])
    ]
    return Place(
        target=item["InstanceId"],
        port=port,
        subnet=item.get("SubnetId", ""),
        zone=item.get("Placement", {}).get("AvailabilityZone", ""),
        ip=item.get("PrivateIpAddress", ""),
        public_ip=item.get("PublicIpAddress", ""),
        groups=tuple(groups),
        state=item["State"]["Name"],
        instance=item["InstanceId"],
    )


def addressed(aws: Aws, ips: Sequence[str], group: TargetGroupTypeDef) -> dict[str, Place]:
    """Where a group's addresses are, by address."""
    places: dict[str, Place] = {}
    for item in _having(aws, ips):
        if item.get("VpcId") != group.get("VpcId"):
            continue
        for address in item.get("PrivateIpAddresses", []):
            if (ip := address["PrivateIpAddress"]) in ips:
                places[ip] = Place(
                    target=ip,
                    port=group.get("Port", 0),
                    subnet=item["SubnetId"],
                    zone=item["AvailabilityZone"],
                    ip=ip,
                    public_ip=address.get("Association", {}).get("PublicIp", ""),
                    groups=tuple(each["GroupId"] for each in item.get("Groups", [])),
                    instance=item.get("Attachment", {}).get("InstanceId", ""),
                )
    return places


def held(aws: Aws, ips: Sequence[str]) -> frozenset[str]:
    """The addresses of interfaces that have one of these."""
    return frozenset(ip for item in _having(aws, ips) for ip in private_ips(item))


def _having(aws: Aws, ips: Sequence[str]) -> list[NetworkInterfaceTypeDef]:
    return aws.interfaces({"Name": "addresses.private-ip-address", "Values": list(ips)})
