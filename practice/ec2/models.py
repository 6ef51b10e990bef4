"""The EC2 backend: moto's, with machines behind its instances and AWS's refusals."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.core.parse import default_timestamp_parser as parse_timestamp
from moto.ec2.exceptions import InvalidSecurityGroupRuleIdNotFoundError
from moto.ec2.models import EC2Backend as MotoEC2Backend
from moto.ec2.models.amis import AMIS, Ami
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclAssociation, NetworkAclEntry
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from typing_extensions import override

from . import errors
from . import instances as _instances  # noqa: F401  (binds our Instance in moto)
from .interfaces import NetworkInterface, ServiceInterface

__all__ = ["EC2Backend"]

_LAST_RULE = 32767
"""The entry of a network ACL that denies what no other names."""


class EC2Backend(MotoEC2Backend):
    """One region's EC2."""

    def __init__(self, region_name: str, account_id: str) -> None:
        # moto finds an instance by walking all reservations, which the data plane cannot do while others launch.
        self._instances: dict[str, Instance] = {}
        super().__init__(region_name, account_id)

    # -- interfaces -------------------------------------------------------------------------------------------------

    @override
    def create_network_interface(
        self,
        subnet: Any,
        private_ip_address: Any,
        private_ip_addresses: list[dict[str, Any]] | None = None,
        group_ids: list[str] | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        delete_on_termination: bool | None = False,
        **kwargs: Any,
    ) -> Any:
        if isinstance(subnet, str):
            subnet = self.get_subnet(subnet)
        if group_ids:
            self.describe_security_groups(group_ids=group_ids)  # moto would make those that are not there
        requested = private_ip_address or next(
            (entry["PrivateIpAddress"] for entry in private_ip_addresses or [] if isinstance(entry, dict)), None
        )
        # moto draws a random address that may be taken, and does not keep a requested one from others.
        if requested:
            self._reserve(subnet, requested)
        interface = NetworkInterface(  # type: ignore[abstract]  # CloudFormation's methods: moto leaves them out too
            self,
            subnet,
            requested or subnet.get_available_subnet_ip(None),
            private_ip_addresses,
            group_ids=group_ids,
            description=description,
            tags=tags,
            delete_on_termination=delete_on_termination,
            **kwargs,
        )
        self.enis[interface.id] = interface
        return interface

    def _reserve(self, subnet: Subnet, address: str) -> None:
        """Keep an address for an interface that asks for it. Raise what AWS raises when another interface has it."""
        if any(
            address == entry["PrivateIpAddress"]
            for interface in self.enis.values()
            if interface.subnet.id == subnet.id
            for entry in interface.private_ip_addresses
        ):
            raise errors.address_in_use()
        # An instance's first address is kept by the subnet before its interface is made.
        if address not in subnet._subnet_ips and ipaddress.ip_address(address) in subnet.cidr:
            subnet.request_ip(address, None)  # type: ignore[arg-type]

    def create_load_balancer_interface(
        self, subnet: Subnet, private_ip: str, description: str, group_ids: list[str], *, kind: str
    ) -> ServiceInterface:
        """An interface of a load balancer, with an address that was set aside before."""
        return self._service_interface(
            subnet,
            private_ip,
            description=description,
            group_ids=group_ids,
            # Those of Application Load Balancers are plain ones (D: NetworkInterface, InterfaceType).
            interface_type="network_load_balancer" if kind == "network" else "interface",
            requester_id="amazon-elb",
        )

    def create_link_interface(self, subnet: Subnet, private_ip: str, group_ids: list[str]) -> ServiceInterface:
        """An interface of a VPC link V2: its type is D (NetworkInterface, InterfaceType), its other marks unknown."""
        return self._service_interface(
            subnet,
            private_ip,
            description="",
            group_ids=group_ids,
            interface_type="api_gateway_managed",
            requester_id=None,
        )

    def _service_interface(self, subnet: Subnet, private_ip: str, **marks: Any) -> ServiceInterface:
        interface = ServiceInterface(self, subnet, private_ip, **marks)  # type: ignore[abstract]
        self.enis[interface.id] = interface
        return interface

    def release_service_interface(self, interface: ServiceInterface) -> None:
        """Its service takes an interface away; its address is free again."""
        self.delete_network_interface(interface.id)

    @override
    def delete_network_interface(self, eni_id: str) -> None:
        interface = self.get_network_interface(eni_id)
        super().delete_network_interface(eni_id)
        self.tags.pop(eni_id, None)
        for address in interface.private_ip_addresses:
            interface.subnet.del_subnet_ip(address["PrivateIpAddress"])

    # -- images -----------------------------------------------------------------------------------------------------

    @override
    def _load_amis(self) -> None:
        """Amazon's own general-purpose images. Moto knows 1300 more, and takes most of an account's start for them."""
        for known in AMIS:
            if not known["name"].startswith("amzn"):
                continue
            created = known.get("creation_date")
            image = known | {
                "owner_alias": "amazon",
                "creation_date": parse_timestamp(created) if isinstance(created, str) else created,
            }
            self.amis[known["ami_id"]] = Ami(self, **image)

    # -- instances --------------------------------------------------------------------------------------------------

    @override
    def run_instances(self, *args: Any, **kwargs: Any) -> Reservation:
        reservation = super().run_instances(*args, **kwargs)
        self._instances |= {instance.id: instance for instance in reservation.instances}
        if not kwargs.get("nics"):
            for instance in reservation.instances:
                # An interface that is made at launch goes with its instance, unless the launch says otherwise.
                instance.nics[0].delete_on_termination = True
        return reservation

    @override
    def modify_instance_security_groups(self, instance_id: str, new_group_id_list: list[str]) -> Instance:
        # At least one is needed (D: ModifyInstanceAttribute, Groups); moto comes here for attributes it does not know.
        if new_group_id_list:
            self.describe_security_groups(group_ids=new_group_id_list)
            super().modify_instance_security_groups(instance_id, new_group_id_list)
        return self.get_instance(instance_id)

    @override
    def modify_network_interface_attribute(self, eni_id: str, group_ids: list[str], *args: Any, **kwargs: Any) -> None:
        self.describe_security_groups(group_ids=group_ids)
        super().modify_network_interface_attribute(eni_id, group_ids, *args, **kwargs)

    @override
    def get_instance_by_id(self, instance_id: str) -> Instance | None:
        return self._instances.get(instance_id)

    # -- zones ------------------------------------------------------------------------------------------------------

    @override
    def describe_availability_zones(self, *args: Any, **kwargs: Any) -> list[Zone]:
        zones = super().describe_availability_zones(*args, **kwargs)
        for zone in zones:
            # R localstack test_ec2 test_describe_availability_zones_filters.
            zone.opt_in_status = "opt-in-not-required"  # type: ignore[attr-defined]  # moto leaves these out
            zone.group_name = f"{zone.region_name}-zg-1"  # type: ignore[attr-defined]
            zone.network_border_group = zone.region_name  # type: ignore[attr-defined]
        return zones

    # -- VPCs and subnets -------------------------------------------------------------------------------------------

    def has_internet_gateway(self, vpc_id: str) -> bool:
        """Whether a VPC has a way to the internet."""
        if self.vpcs[vpc_id].is_default:
            # AWS's default VPC comes with one; moto's does not show it.
            return True
        return any(_vpc_of(gateway) == vpc_id for gateway in self.internet_gateways.values())

    @override
    def describe_subnets(self, subnet_ids: list[str] | None = None, filters: Any | None = None) -> list[Subnet]:
        known = {subnet_id for zone in self.subnets.values() for subnet_id in zone}
        for subnet_id in subnet_ids or []:
            if subnet_id not in known:
                raise errors.no_such_subnet(subnet_id)
        return super().describe_subnets(subnet_ids, filters)

    @override
    def delete_subnet(self, subnet_id: str) -> Subnet:
        self.get_subnet(subnet_id)
        if any(interface.subnet.id == subnet_id for interface in self.enis.values()):
            raise errors.has_dependencies("subnet", subnet_id)
        for acl in self.network_acls.values():
            acl._associations = {
                key: association for key, association in acl._associations.items() if association.subnet_id != subnet_id
            }
        self.tags.pop(subnet_id, None)
        return super().delete_subnet(subnet_id)

    @override
    def delete_vpc(self, vpc_id: str) -> VPC:
        self.get_vpc(vpc_id)
        used = (
            any(group.vpc_id == vpc_id and not group.is_default for group in self.describe_security_groups())
            or any(acl.vpc_id == vpc_id and not acl.default for acl in self.network_acls.values())
            or any(_vpc_of(gateway) == vpc_id for gateway in self.internet_gateways.values())
        )
        if used:
            raise errors.has_dependencies("vpc", vpc_id)
        vpc = super().delete_vpc(vpc_id)
        self.tags.pop(vpc_id, None)
        return vpc

    @override
    def get_vpc(self, vpc_id: str) -> VPC:
        if vpc_id not in self.vpcs:
            raise errors.no_such_vpc(vpc_id)
        return super().get_vpc(vpc_id)

    @override
    def describe_vpcs(self, vpc_ids: list[str] | None = None, filters: Any = None) -> list[VPC]:
        for vpc_id in vpc_ids or []:
            self.get_vpc(vpc_id)
        return super().describe_vpcs(vpc_ids, filters)

    # -- security groups --------------------------------------------------------------------------------------------

    @override
    def describe_security_groups(
        self, group_ids: list[str] | None = None, groupnames: list[str] | None = None, filters: Any = None
    ) -> list[SecurityGroup]:
        known = {group_id for groups in self.groups.values() for group_id in groups}
        missing = [group_id for group_id in group_ids or [] if group_id not in known]
        if missing:
            raise errors.no_such_groups(missing)
        return super().describe_security_groups(group_ids, groupnames, filters)

    @override
    def create_security_group(
        self,
        name: str,
        description: str,
        vpc_id: str | None = None,
        tags: dict[str, str] | None = None,
        force: bool = False,
        is_default: bool | None = None,
    ) -> SecurityGroup:
        vpc_id = vpc_id or self.default_vpc.id
        self.get_vpc(vpc_id)
        if not force and any(group.name == name for group in self.groups[vpc_id].values()):
            raise errors.duplicate_group(name, vpc_id)
        return super().create_security_group(name, description, vpc_id, tags, force, is_default)

    @override
    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        group = self.get_security_group_by_name_or_id(group_id or name or "")
        if group is None:
            raise errors.no_such_groups([group_id or name or ""])
        in_use = any(member.id == group.id for interface in self.enis.values() for member in interface.group_set)
        if in_use or any(
            rule.source_group.get("GroupId") == group.id
            for other in self.describe_security_groups()
            if other.id != group.id
            for rule in [*other.ingress_rules, *other.egress_rules]
        ):
            raise errors.group_in_use(group.id)
        super().delete_security_group(group_id=group.id)
        for resource_id in [group.id, *(rule.id for rule in [*group.ingress_rules, *group.egress_rules])]:
            self.tags.pop(resource_id, None)

    def check_new_rules(self, group_id: str, permissions: list[dict[str, Any]], *, egress: bool) -> None:
        """Raise InvalidPermission.Duplicate for a rule that is there already, before any of them is added."""
        group = self.get_security_group_by_name_or_id(group_id)
        if group is None:
            raise errors.no_such_groups([group_id])
        rules: list[SecurityGroupRule] = list(group.egress_rules if egress else group.ingress_rules)
        for permission in permissions:
            for candidate in self._iterate_security_rules(
                permission["ip_protocol"],
                group.group_id,
                permission["from_port"],
                permission["to_port"],
                permission["ip_ranges"],
                self._add_source_group(permission["source_groups"], group.vpc_id),
                permission["prefix_list_ids"],
                is_egress=egress,
            ):
                if any(_same_rule(candidate, rule) for rule in rules):
                    raise errors.duplicate_rule(
                        _peer(candidate), str(candidate.ip_protocol), (candidate.from_port, candidate.to_port)
                    )
                rules.append(candidate)

    @override
    def modify_security_group_rules(self, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        super().modify_security_group_rules(group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, wanted in rules.items():
            rule = group.get_rule(rule_id) if group else None
            if rule is None:
                continue
            # moto changes the source only where it is an IPv4 range.
            if "ReferencedGroupId" in wanted:
                self.describe_security_groups(group_ids=[wanted["ReferencedGroupId"]])
                rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}
            if "CidrIpv6" in wanted:
                rule.ip_range["CidrIpv6"] = wanted["CidrIpv6"]
            if "PrefixListId" in wanted:
                rule.prefix_list_id = wanted["PrefixListId"]

    @override
    def revoke_security_group_ingress(self, *args: Any, **kwargs: Any) -> None:
        self._revoke(super().revoke_security_group_ingress, *args, **kwargs)

    @override
    def revoke_security_group_egress(self, *args: Any, **kwargs: Any) -> None:
        self._revoke(super().revoke_security_group_egress, *args, **kwargs)

    def _revoke(self, revoke: Any, *args: Any, **kwargs: Any) -> None:
        """Revoke, and forget the tags of the rules that went."""
        group = self.get_security_group_by_name_or_id(kwargs.get("group_name_or_id") or args[0])
        before = {rule.id for rule in [*group.ingress_rules, *group.egress_rules]} if group else set()
        for rule_id in kwargs.get("security_rule_ids") or ():
            if group and rule_id not in before:
                raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)
        revoke(*args, **kwargs)
        after = {rule.id for rule in [*group.ingress_rules, *group.egress_rules]} if group else set()
        for rule_id in before - after:
            self.tags.pop(rule_id, None)

    # -- network ACLs -----------------------------------------------------------------------------------------------

    @override
    def get_network_acl(self, network_acl_id: str) -> NetworkAcl:
        if network_acl_id not in self.network_acls:
            raise errors.no_such_network_acl(network_acl_id)
        return super().get_network_acl(network_acl_id)

    @override
    def describe_network_acls(self, network_acl_ids: list[str] | None = None, filters: Any = None) -> list[NetworkAcl]:
        for acl_id in network_acl_ids or []:
            self.get_network_acl(acl_id)
        return super().describe_network_acls(network_acl_ids, filters)

    @override
    def create_network_acl(
        self, vpc_id: str, tags: list[dict[str, str]] | None = None, default: bool = False
    ) -> NetworkAcl:
        acl = super().create_network_acl(vpc_id, tags, default)
        if not default:
            # moto gives these to the default one only; AWS shows each with them (D: CreateNetworkAcl, its example).
            for egress in (True, False):
                self.create_network_acl_entry(
                    acl.id, _LAST_RULE, "-1", "deny", egress, "0.0.0.0/0", None, None, None, None, None
                )
        return acl

    @override
    def delete_network_acl(self, network_acl_id: str) -> NetworkAcl:
        if self.get_network_acl(network_acl_id).default:
            raise errors.default_network_acl(network_acl_id)
        self.tags.pop(network_acl_id, None)
        return super().delete_network_acl(network_acl_id)

    @override
    def delete_network_acl_entry(self, network_acl_id: str, rule_number: int, egress: bool) -> NetworkAclEntry:
        entries = self.get_network_acl(network_acl_id).network_acl_entries
        if not any(entry.egress == egress and entry.rule_number == rule_number for entry in entries):
            raise errors.no_such_entry()
        return super().delete_network_acl_entry(network_acl_id, rule_number, egress)

    @override
    def replace_network_acl_association(self, association_id: str, network_acl_id: str) -> NetworkAclAssociation:
        self.get_network_acl(network_acl_id)
        if not any(association_id in acl._associations for acl in self.network_acls.values()):
            raise errors.no_such_association(association_id)
        return super().replace_network_acl_association(association_id, network_acl_id)


def _vpc_of(gateway: Any) -> str | None:
    """The VPC that an internet gateway is attached to."""
    return gateway.vpc.id if gateway.vpc is not None else None


def _peer(rule: SecurityGroupRule) -> str:
    return rule.cidr_ipv4 or rule.cidr_ipv6 or str(rule.source_group.get("GroupId") or rule.prefix_list_id)


def _same_rule(one: SecurityGroupRule, other: SecurityGroupRule) -> bool:
    """Two rules are one when protocol, ports and peer are; a description makes no difference."""
    return (
        one.ip_protocol == other.ip_protocol
        and (one.ip_protocol == "-1" or (one.from_port, one.to_port) == (other.from_port, other.to_port))
        and _peer(one) == _peer(other)
    )
