"""Packet filters: which packets the security groups and network ACLs let through.

A rule says yes, no, or cannot be told (None): the addresses of a prefix list are not looked up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.record import STACK, from_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkAclTypeDef, SecurityGroupRuleTypeDef

__all__ = ["EPHEMERAL", "Acl", "Entry", "Rule", "admitted", "is_public"]

# Replies go to the port a client connects from: 1024-65535 ("Network ACLs", Network Load Balancer guide).
EPHEMERAL = (1024, 65535)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a security group."""

    id: str
    group: str
    egress: bool
    source: str
    """The other side: a CIDR range, or the id of a security group or prefix list."""
    protocol: str
    low: int
    high: int
    stack: str = ""
    """The stack whose tag it carries; empty for none."""

    @classmethod
    def of(cls, item: SecurityGroupRuleTypeDef) -> Rule:
        """Read what DescribeSecurityGroupRules answers."""
        return cls(
            id=item["SecurityGroupRuleId"],
            group=item["GroupId"],
            egress=item["IsEgress"],
            source=item.get("CidrIpv4")
            or item.get("CidrIpv6")
            or item.get("ReferencedGroupInfo", {}).get("GroupId", "")
            or item.get("PrefixListId", ""),
            protocol=item["IpProtocol"],
            low=item.get("FromPort", -1),
            high=item.get("ToPort", -1),
            stack=from_list(item.get("Tags", [])).get(STACK, ""),
        )

    def spans(self, port: int) -> bool:
        """Whether it is about TCP on this port."""
        return self.protocol == "-1" or (self.protocol in ("tcp", "6") and self.low <= port <= self.high)

    @property
    def ports(self) -> str:
        """The ports as people write them."""
        if self.protocol == "-1" or (self.low, self.high) == (0, 65535):
            return "all ports"
        return f"port {self.low}" if self.low == self.high else f"ports {self.low}-{self.high}"

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
        """The range of the other side; None for a group or a list."""
        try:
            return ipaddress.ip_network(self.source, strict=False)
        except ValueError:
            return None

    @property
    def single(self) -> str:
        """The other side's address, where it is a single one; else empty."""
        network = self.network
        return str(network.network_address) if network is not None and network.num_addresses == 1 else ""

    def admits(self, where: str, port: int, groups: Collection[str] = ()) -> bool | None:
        """Whether it lets TCP pass with the other side at this address or in this range, or in one of these groups.

        None when it lets a part of the range pass, or that hangs on a prefix list.
        """
        if not self.spans(port):
            return False
        if self.source.startswith("pl-"):
            return None
        if self.network is None:
            return self.source in groups
        other = ipaddress.ip_network(where)
        if isinstance(other, ipaddress.IPv6Network) or isinstance(self.network, ipaddress.IPv6Network):
            return other == self.network
        if other.subnet_of(self.network):
            return True
        return None if other.overlaps(self.network) else False

    def __str__(self) -> str:
        return f"{self.id} ({self.source}, {self.protocol if self.protocol != '-1' else 'any protocol'}, {self.ports})"


def admitted(rules: Iterable[Rule], where: str, port: int, groups: Collection[str] = ()) -> bool | None:
    """Whether any rule lets it pass; None when that cannot be told."""
    answers = {rule.admits(where, port, groups) for rule in rules}
    if True in answers:
        return True
    return None if None in answers else False


def is_public(rule: Rule) -> bool:
    """Whether it lets in addresses of the internet: some that IANA's registries of special addresses do not set apart.

    Carrier-grade NAT (RFC 6598, 100.64.0.0/10) and ranges for documentation (RFC 5737, 3849) are set apart too.
    """
    network = rule.network
    return network is not None and network.is_global and not network.is_multicast


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule of a network ACL."""

    number: int
    egress: bool
    allow: bool
    protocol: str
    cidr: str
    low: int
    high: int

    def covers(self, ip: str, port: int) -> bool:
        """Whether it is about TCP with this address on this port."""
        if self.protocol not in ("-1", "6") or not self.cidr:
            return False
        if not (self.protocol == "-1" or self.low <= port <= self.high):
            return False
        return ipaddress.ip_address(ip) in ipaddress.ip_network(self.cidr, strict=False)

    def __str__(self) -> str:
        ports = "all ports" if self.protocol == "-1" else f"ports {self.low}-{self.high}"
        return (
            f"rule {self.number} ({'outbound' if self.egress else 'inbound'} "
            f"{'allow' if self.allow else 'deny'} {self.cidr} {ports})"
        )


@dataclass(frozen=True, slots=True)
class Acl:
    """A network ACL: stateless, the first rule in order of number decides, nothing that no rule names passes."""

    id: str
    subnets: frozenset[str]
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, item: NetworkAclTypeDef) -> Acl:
        """Read what DescribeNetworkAcls answers."""
        entries = [
            Entry(
                number=entry["RuleNumber"],
                egress=entry["Egress"],
                allow=entry["RuleAction"] == "allow",
                protocol=str(entry["Protocol"]),
                cidr=entry.get("CidrBlock", ""),
                low=entry.get("PortRange", {}).get("From", 0),
                high=entry.get("PortRange", {}).get("To", 65535),
            )
            for entry in item["Entries"]
        ]
        return cls(
            id=item["NetworkAclId"],
            subnets=frozenset(each["SubnetId"] for each in item["Associations"]),
            entries=tuple(sorted(entries, key=lambda entry: entry.number)),
        )

    def decides(self, ip: str, port: int, *, egress: bool) -> Entry | None:
        """The rule that decides on a packet; None when no rule is about it."""
        return next((entry for entry in self.entries if entry.egress == egress and entry.covers(ip, port)), None)

    def allows(self, ip: str, port: int, *, egress: bool) -> bool:
        """Whether TCP with this address on this port passes."""
        entry = self.decides(ip, port, egress=egress)
        return entry is not None and entry.allow

    def allowed_replies(self, ip: str, *, egress: bool) -> bool | None:
        """Whether replies pass on all ephemeral ports (True), on none (False) or on some only (None)."""
        low, high = EPHEMERAL
        # Only where some rule's range begins or ends can the answer change.
        edges = {low, high}
        for entry in self.entries:
            edges |= {edge for edge in (entry.low, entry.low - 1, entry.high, entry.high + 1) if low <= edge <= high}
        answers = {self.allows(ip, port, egress=egress) for port in edges}
        return answers.pop() if len(answers) == 1 else None
