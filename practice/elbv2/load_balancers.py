"""Load balancers: their life, and their interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.subnets import Subnet
from moto.ec2.utils import random_eip_association_id
from moto.elbv2.models import AvailabilityZone, FakeLoadBalancer
from typing_extensions import override

from practice import durations
from practice.clock import current
from practice.ec2.interfaces import ServiceInterface
from practice.ec2.models import EC2Backend

__all__ = ["HOSTED_ZONES", "ApplicationLoadBalancer", "LoadBalancer", "NetworkLoadBalancer", "Node"]

# D: AWS General Reference, "Elastic Load Balancing endpoints": Route 53 hosted zone ids of Network Load Balancers.
HOSTED_ZONES = {
    "us-east-1": "Z26RNL4JYFTOTI",
    "us-east-2": "ZLMOA37VPKANP",
    "us-west-1": "Z24FKFUX50B4VW",
    "us-west-2": "Z18D5FSROUN65G",
    "eu-west-1": "Z2IFOLAFXWLO4F",
    "eu-central-1": "Z3F0SRJ5LGBH90",
}


@dataclass
class Node:
    """The load balancer in one zone: the subnet it is in, the address set aside, and the interface once it is there."""

    subnet: Subnet
    private_ip: str
    interface: ServiceInterface | None = None

    @property
    def zone(self) -> str:
        """The Availability Zone."""
        return self.subnet.availability_zone


class _Zone(AvailabilityZone):
    """One entry of AvailabilityZones, with the address where one was asked for."""

    def __init__(self, subnet: Subnet, addresses: list[dict[str, str]]) -> None:
        super().__init__(subnet)
        self.load_balancer_addresses = addresses


class LoadBalancer(FakeLoadBalancer):
    """A load balancer: provisioning, then active; one interface in each of its subnets."""

    KIND: ClassVar[str]
    """``network`` or ``application``."""
    MARK: ClassVar[str]
    """What its ARN and its interfaces' descriptions say: ``net`` or ``app``."""
    DEFAULT_ATTRIBUTES: ClassVar[dict[str, str]]
    """The attributes it has and their defaults (D: ELBv2 API reference, LoadBalancerAttribute)."""

    def __init__(self, ec2: EC2Backend, **kwargs: Any):
        super().__init__(state="provisioning", loadbalancer_type=self.KIND, **kwargs)
        self.ec2 = ec2
        self.created_at = current().time()
        self.created_time = iso_8601_datetime_with_milliseconds(current().now())
        self.active_at = self.created_at + durations.LOAD_BALANCER_PROVISIONING
        self.attrs = dict(self.DEFAULT_ATTRIBUTES)
        self.nodes: list[Node] = []
        for subnet in self.subnets:
            self.add_node(subnet)

    @property
    def load_balancer_id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rsplit("/", 1)[1]

    @property
    def is_active(self) -> bool:
        """Whether it has been provisioned."""
        return current().time() >= self.active_at

    @property
    @override
    def load_balancer_state(self) -> dict[str, str]:
        return {"Code": "active" if self.is_active else "provisioning"}

    @override
    def activate(self) -> None:
        """Moto makes a load balancer active when it is looked at; ours is when its time has come."""

    @property
    def cross_zone(self) -> bool:
        """Whether its nodes send traffic to other zones, where the target group does not say otherwise."""
        return self.attrs["load_balancing.cross_zone.enabled"] == "true"

    def address_for(self, subnet: Subnet) -> str:
        """Set an address aside in a subnet."""
        holder: Any = self
        return subnet.get_available_subnet_ip(holder)

    def add_node(self, subnet: Subnet) -> None:
        """Join a subnet; the interface comes when the load balancer is active."""
        self.nodes.append(Node(subnet, self.address_for(subnet)))

    def remove_node(self, node: Node) -> None:
        """Leave a subnet."""
        self.nodes.remove(node)
        if node.interface is not None:
            self.ec2.release_service_interface(node.interface)
        else:
            node.subnet.del_subnet_ip(node.private_ip)

    def set_subnets(self, wanted: list[Subnet]) -> None:
        """Leave the subnets that are not wanted, join those that are new."""
        ids = {subnet.id for subnet in wanted}
        for node in list(self.nodes):
            if node.subnet.id not in ids:
                self.remove_node(node)
        present = {node.subnet.id for node in self.nodes}
        for subnet in wanted:
            if subnet.id not in present:
                self.add_node(subnet)
        self.subnets = wanted

    def set_security_groups(self, group_ids: list[str]) -> None:
        """Replace the security groups, of the interfaces too."""
        self.security_groups = group_ids
        groups = [group for group_id in group_ids if (group := self.ec2.get_security_group_from_id(group_id))]
        for node in self.nodes:
            if node.interface is not None:
                node.interface.set_groups(groups)

    def settle(self) -> None:
        """Let the interfaces appear that are due."""
        if not self.is_active:
            return
        for node in self.nodes:
            if node.interface is None:
                node.interface = self.ec2.create_load_balancer_interface(
                    node.subnet,
                    node.private_ip,
                    f"ELB {self.MARK}/{self.name}/{self.load_balancer_id}",
                    self.security_groups,
                    kind=self.KIND,
                )

    def release(self) -> None:
        """Give up all interfaces and addresses."""
        for node in list(self.nodes):
            self.remove_node(node)


class ApplicationLoadBalancer(LoadBalancer):
    """An Application Load Balancer."""

    KIND = "application"
    MARK = "app"
    DEFAULT_ATTRIBUTES: ClassVar[dict[str, str]] = {
        "access_logs.s3.enabled": "false",
        "access_logs.s3.bucket": "",
        "access_logs.s3.prefix": "",
        "client_keep_alive.seconds": "3600",
        "connection_logs.s3.enabled": "false",
        "connection_logs.s3.bucket": "",
        "connection_logs.s3.prefix": "",
        "deletion_protection.enabled": "false",
        "idle_timeout.timeout_seconds": "60",
        "load_balancing.cross_zone.enabled": "true",
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "false",
        "routing.http.preserve_host_header.enabled": "false",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
        "routing.http.xff_client_port.enabled": "false",
        "routing.http.xff_header_processing.mode": "append",
        "routing.http2.enabled": "true",
        "waf.fail_open.enabled": "false",
        "zonal_shift.config.enabled": "false",
    }


class NetworkLoadBalancer(LoadBalancer):
    """A Network Load Balancer."""

    KIND = "network"
    MARK = "net"
    DEFAULT_ATTRIBUTES: ClassVar[dict[str, str]] = {
        "access_logs.s3.enabled": "false",
        "access_logs.s3.bucket": "",
        "access_logs.s3.prefix": "",
        "deletion_protection.enabled": "false",
        "dns_record.client_routing_policy": "any_availability_zone",
        "ipv6.deny_all_igw_traffic": "false",
        "load_balancing.cross_zone.enabled": "false",
        "zonal_shift.config.enabled": "false",
        "secondary_ips.auto_assigned.per_subnet": "0",
    }

    def __init__(
        self,
        ec2: EC2Backend,
        *,
        fixed_ips: dict[str, str],
        elastic_ips: dict[str, ElasticAddress],
        enforce_on_private_link: str | None,
        **kwargs: Any,
    ):
        self.fixed_ips = fixed_ips
        self.elastic_ips = elastic_ips
        super().__init__(ec2, **kwargs)
        self.canonical_hosted_zone_id = HOSTED_ZONES.get(ec2.region_name, "Z26RNL4JYFTOTI")
        self.attrs["ipv6.deny_all_igw_traffic"] = "true" if self.scheme == "internal" else "false"
        # Shown only by load balancers with security groups; "on" is their default (D: ELBv2 API reference).
        self.enforce_security_group_inbound_rules_on_private_link_traffic = enforce_on_private_link

    @property
    @override
    def availability_zones(self) -> list[AvailabilityZone]:
        return [
            _Zone(node.subnet, [address] if (address := self._address_asked_for(node)) else []) for node in self.nodes
        ]

    def _address_asked_for(self, node: Node) -> dict[str, str]:
        """What AvailabilityZones says of a node whose address was chosen (D: LoadBalancerAddress)."""
        address = {"PrivateIPv4Address": node.private_ip} if node.subnet.id in self.fixed_ips else {}
        if elastic := self.elastic_ips.get(node.subnet.id):
            address |= {"AllocationId": str(elastic.allocation_id), "IpAddress": elastic.public_ip}
        return address

    @override
    def settle(self) -> None:
        super().settle()
        for node in self.nodes:
            elastic: Any = self.elastic_ips.get(node.subnet.id)  # moto's own annotation knows only None
            if elastic is not None and elastic.eni is None and node.interface is not None:
                elastic.eni = node.interface
                elastic.association_id = random_eip_association_id()

    @override
    def remove_node(self, node: Node) -> None:
        if elastic := self.elastic_ips.pop(node.subnet.id, None):
            elastic.eni = elastic.association_id = None
        super().remove_node(node)

    @override
    def address_for(self, subnet: Subnet) -> str:
        fixed = self.fixed_ips.get(subnet.id)
        if fixed is None:
            return super().address_for(subnet)
        holder: Any = self
        subnet.request_ip(fixed, holder)
        return fixed
