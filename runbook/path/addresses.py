"""The private addresses that load balancers and others have, by their network interfaces."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef

__all__ = ["Caller", "Node", "description", "nodes", "private_ips"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who connects, as packet filters see it."""

    where: str
    """A range of addresses (CIDR); a single one ends in /32."""
    subnet: str
    groups: tuple[str, ...] = ()

    @property
    def ip(self) -> str:
        """One of its addresses, to stand for all."""
        network = ipaddress.ip_network(self.where)
        # The first four of a subnet are AWS's own.
        return str(network.network_address + (4 if network.num_addresses > 4 else 0))

    def __str__(self) -> str:
        return self.where.removesuffix("/32")


@dataclass(frozen=True, slots=True)
class Node:
    """A load balancer in one subnet."""

    interface: str
    subnet: str
    zone: str
    ips: tuple[str, ...]
    """Its private addresses, the primary one first."""
    groups: tuple[str, ...]

    @property
    def callers(self) -> list[Caller]:
        """The node, on its way to a target."""
        return [Caller(f"{ip}/32", self.subnet, self.groups) for ip in self.ips]


def description(balancer: str) -> str:
    """How AWS describes the network interfaces of a load balancer, by its ARN: ``ELB net/NAME/ID``."""
    return f"ELB {balancer.partition(':loadbalancer/')[2]}"


def nodes(aws: Aws, balancer: str) -> list[Node]:
    """A load balancer's, by its ARN; those on their way out too."""
    return [
        Node(
            interface=item.get("NetworkInterfaceId", ""),
            subnet=item.get("SubnetId", ""),
            zone=item.get("AvailabilityZone", ""),
            ips=private_ips(item),
            groups=tuple(group["GroupId"] for group in item.get("Groups", []) if "GroupId" in group),
        )
        for item in aws.interfaces({"Name": "description", "Values": [description(balancer)]})
    ]


def private_ips(item: NetworkInterfaceTypeDef) -> tuple[str, ...]:
    """All private IPv4 addresses of an interface, the primary one first.

    A Network Load Balancer's interface has several where ``secondary_ips.auto_assigned.per_subnet`` is not 0.
    """
    every = (each.get("PrivateIpAddress") for each in item.get("PrivateIpAddresses", []))
    return tuple(dict.fromkeys(ip for ip in (item.get("PrivateIpAddress"), *every) if ip))
