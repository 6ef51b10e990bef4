"""The network between a load balancer's node and a machine, judged packet filter by packet filter.

The same judge decides target health and every request of the data plane, so that what is unhealthy is also
unreachable, and for the same reason.
"""

from __future__ import annotations

import ipaddress
import itertools
import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from practice import machines
from practice.elbv2.forwarding import Asked, own_page

if TYPE_CHECKING:
    from practice.ec2.interfaces import NetworkInterface
    from practice.elbv2.load_balancers import LoadBalancer, Node
    from practice.elbv2.models import ELBv2Backend
    from practice.elbv2.target_groups import Registration, TargetGroup

__all__ = ["PRIVATE_LINK", "Answered", "Asked", "Backend", "Source", "Unreachable", "connect", "enter", "reach"]

# D: "Network ACLs" of the Network Load Balancer guide: replies go to the ports a client connects from, 1024-65535.
_EPHEMERAL_PORTS = (1024, 65535)

# A plain random number is all that is wanted here.
_random = random.Random()
_turn = itertools.count()
# Of its own, or else what came in by one zone's node would always go to the same target.
_way_in = itertools.count()


@dataclass(frozen=True)
class Source:
    """Who connects to the load balancer. No address: a client that comes through PrivateLink (a VPC link V1)."""

    ip: str | None = None
    groups: frozenset[str] = frozenset()
    """The security groups of its interface."""
    subnet: Any = None
    """The subnet it is in, where that is one of the account's."""

    @classmethod
    def of(cls, node: Node) -> Source:
        """A load balancer's node, on its way to a target."""
        groups = node.interface.group_set if node.interface is not None else []
        return cls(node.private_ip, frozenset(group.id for group in groups), node.subnet)

    @classmethod
    def at(cls, interface: NetworkInterface) -> Source:
        """Whoever is behind an interface of the account's."""
        groups = frozenset(group.id for group in interface.group_set)
        return cls(interface.private_ip_address, groups, interface.subnet)


PRIVATE_LINK = Source()


@dataclass(frozen=True)
class Backend:
    """Where the connection ends: the socket to open, and the way it took."""

    host: str
    port: int
    instance_id: str | None
    zone: str | None
    node_ip: str
    forwarded: tuple[tuple[str, str], ...] = ()
    """Headers that an Application Load Balancer on the way adds."""


@dataclass(frozen=True)
class Answered:
    """An Application Load Balancer answers in its own name; why, and the hop that makes it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    reason: str
    hop: str

    @classmethod
    def with_page(cls, status: int, reason: str, hop: str) -> Answered:
        """One of its error pages (D: "Troubleshoot your Application Load Balancers" says which for what)."""
        headers, body = own_page(status)
        return cls(status, tuple(headers), body, reason, hop)


@dataclass(frozen=True)
class Unreachable:
    """Why no connection comes about, in plain words, and the hop that breaks it."""

    reason: str
    hop: str


def connect(
    account_id: str,
    region: str,
    load_balancer_arn: str,
    port: int,
    *,
    source: Source = PRIVATE_LINK,
    asked: Asked = Asked("GET", "", "/"),  # noqa: B008 (frozen)
) -> Backend | Answered | Unreachable:
    """Connect to a load balancer as a new flow does: a node, then a target, then the packet filters.

    ``asked`` is the HTTP request, which Application Load Balancers read. Holds no lock and opens no socket, except to
    make good a health check that is due.
    """
    from practice.elbv2.load_balancers import NetworkLoadBalancer
    from practice.elbv2.models import elbv2_backends

    backend = cast("ELBv2Backend", elbv2_backends[account_id][region])
    balancer = backend.load_balancer(load_balancer_arn)
    if balancer is None:
        return Unreachable(f"there is no load balancer {load_balancer_arn}", "load-balancer")
    if not isinstance(balancer, NetworkLoadBalancer):
        return enter(backend, balancer, port, source, asked)
    listener = _admitting(backend, balancer, port, source, {"TCP", "TCP_UDP"})
    if isinstance(listener, Unreachable):
        return listener
    group = backend.group_of(listener)
    if group is None:
        return Unreachable(f"the listener on port {port} forwards to no target group", "target-group")
    chosen = _choose(backend, balancer, group)
    if isinstance(chosen, Unreachable):
        return chosen
    node, registration = chosen
    preserved = source.subnet is not None and group.preserves_clients
    if group.target_type != "alb":
        client = source if preserved else None
        return reach(backend, node, registration, registration.port, client=client)
    application = backend.load_balancer(registration.target_id)
    if application is None:
        return Unreachable(f"load balancer {registration.target_id} is gone", "targets")
    reached = enter(backend, application, registration.port, source if preserved else Source.of(node), asked)
    if isinstance(reached, Unreachable) and reached.hop in {"load-balancer", "listener"}:
        return Unreachable(reached.reason, "targets")
    return reached


def enter(
    backend: ELBv2Backend, balancer: LoadBalancer, port: int, source: Source, asked: Asked
) -> Backend | Answered | Unreachable:
    """Send a request to an Application Load Balancer."""
    from practice.elbv2 import forwarding

    listener = _admitting(backend, balancer, port, source, {"HTTP"})
    if isinstance(listener, Unreachable):
        return listener
    action = forwarding.action_for(listener, asked)
    if action is None or action.type not in {"forward", "fixed-response"}:
        what = "a condition of a rule" if action is None else f"an action of type {action.type}"
        return Unreachable(f"the practice account does not carry out {what} of {balancer.name}", "listener")
    if action.type == "fixed-response":
        status, headers, body = forwarding.fixed_response(action)
        return Answered(status, tuple(headers), body, f"{balancer.name} answers {status} by its rules", "listener")
    arns = backend._get_target_group_arns_from(action_data=action.data)
    group = next((backend.target_groups[arn] for arn in arns if arn in backend.target_groups), None)
    if group is None:
        return Answered.with_page(503, f"{balancer.name} forwards to no target group", "target-group")
    chosen = _choose(backend, balancer, group)
    if isinstance(chosen, Unreachable):
        return Answered.with_page(503, chosen.reason, chosen.hop)
    node, registration = chosen
    reached = reach(backend, node, registration, registration.port)
    if isinstance(reached, Unreachable):
        # Refused where nothing listens; a packet filter lets it wait in vain.
        return Answered.with_page(502 if reached.hop == "backend" else 504, reached.reason, reached.hop)
    added = (("X-Forwarded-For", source.ip or ""), ("X-Forwarded-Port", str(port)), ("X-Forwarded-Proto", "http"))
    return replace(reached, forwarded=added)


def _admitting(backend: ELBv2Backend, balancer: LoadBalancer, port: int, source: Source, spoken: set[str]) -> Any:
    """The listener on a port, or what keeps the source from it."""
    listener = _listener(backend, balancer, port, spoken)
    if isinstance(listener, Unreachable):
        return listener
    return (
        _judge_balancer(backend, balancer, port, source) or _judge_way_in(backend, balancer, port, source) or listener
    )


def _listener(backend: ELBv2Backend, balancer: LoadBalancer, port: int, spoken: set[str]) -> Any:
    """The listener on a port, or why there is none to speak to."""
    if not balancer.is_active:
        return Unreachable(f"load balancer {balancer.name} is still provisioning", "load-balancer")
    listener = backend.listener_on(balancer, port)
    if listener is None:
        return Unreachable(f"load balancer {balancer.name} has no listener on port {port}", "listener")
    if listener.protocol not in spoken:
        only = " and ".join(sorted(spoken - {"TCP_UDP"}))
        return Unreachable(
            f"the listener on port {port} speaks {listener.protocol}, the practice account only {only}", "listener"
        )
    return listener


def _choose(
    backend: ELBv2Backend, balancer: LoadBalancer, group: TargetGroup
) -> tuple[Node, Registration] | Unreachable:
    """A node, and a target that it sends the flow to."""
    from practice.elbv2 import health

    health.refresh(backend, group)
    balancers = [balancer]
    usable = [
        registration
        for registration in list(group.registrations.values())
        if backend.why_not_checked(registration, balancers) is None
    ]
    if not usable:
        return Unreachable(f"target group {group.name} has no target that can be used", "targets")
    choices: list[tuple[Node, list[Registration]]] = []
    open_choices: list[tuple[Node, list[Registration]]] = []
    for node in list(balancer.nodes):
        own = [each for each in usable if node in backend.nodes_for(balancer, group, each)]
        healthy = [
            each for each in own if (view := each.views.get(node.subnet.id)) is not None and view.state == "healthy"
        ]
        if healthy:
            choices.append((node, healthy))
        if own:
            open_choices.append((node, own))
    # D: when no target is healthy, the load balancer fails open: it sends traffic to all.
    candidates = choices or open_choices
    if not candidates:
        return Unreachable(f"no target of {group.name} is in a zone of load balancer {balancer.name}", "targets")
    turn = next(_turn)
    node, targets = candidates[turn % len(candidates)]
    return node, targets[turn // len(candidates) % len(targets)]


def reach(
    backend: ELBv2Backend, node: Node, registration: Registration, port: int, *, client: Source | None = None
) -> Backend | Unreachable:
    """The last leg: from a node's address to a port of a target, which sees the client's where that is preserved."""
    ec2 = backend.ec2_backend
    if registration.instance_id is None:
        return Unreachable(f"nothing in the account has the address {registration.private_ip}", "backend")
    instance = ec2.get_instance_by_id(registration.instance_id)
    if instance is None or instance.state != "running":
        state = instance.state if instance else "gone"
        return Unreachable(f"instance {registration.instance_id} is {state}", "backend")
    interface = instance.nics[0]
    target_ip = interface.private_ip_address or ""
    balancer_groups = node.interface.group_set if node.interface is not None else []
    groups = list(interface.group_set)
    ingress = [rule for group in groups for rule in group.ingress_rules]
    seen = client or Source.of(node)
    if not _rules_allow(ingress, seen.ip, port, seen.groups):
        names = ", ".join(sorted(group.id for group in groups)) or "none"
        return Unreachable(
            f"no rule of the security groups of {instance.id} ({names}) lets {seen.ip} in on port {port}",
            "security-group",
        )
    if balancer_groups:
        egress = [rule for group in balancer_groups for rule in group.egress_rules]
        if not _rules_allow(egress, target_ip, port, {group.id for group in groups}):
            return Unreachable(
                f"no rule of the load balancer's security groups lets it out to {target_ip} on port {port}",
                "security-group",
            )
    own_subnet, own_ip = (node.subnet, node.private_ip) if client is None else (client.subnet, client.ip or "")
    blocked = _judge_network_acls(ec2, own_subnet, own_ip, interface.subnet, target_ip, port)
    if blocked is not None:
        return blocked
    machine = machines.get(instance.id)
    if machine is None or not machine.settings.listening or machine.settings.port != port:
        return Unreachable(f"nothing listens on port {port} of {instance.id}", "backend")
    address = machines.address(machine)
    if address is None:
        return Unreachable(f"nothing listens on port {port} of {instance.id}", "backend")
    return Backend(address[0], address[1], instance.id, instance.availability_zone, node.private_ip)


def _judge_balancer(backend: ELBv2Backend, balancer: LoadBalancer, port: int, source: Source) -> Unreachable | None:
    """The load balancer's own security groups."""
    if not balancer.security_groups:
        return None
    enforced = getattr(balancer, "enforce_security_group_inbound_rules_on_private_link_traffic", "on")
    if source.ip is None and enforced == "off":
        return None
    groups = [backend.ec2_backend.get_security_group_from_id(group_id) for group_id in balancer.security_groups]
    rules = [rule for group in groups if group is not None for rule in group.ingress_rules]
    # The addresses that API Gateway's own network uses are not published, so only a rule for every address is
    # certain to let them in.
    if not _rules_allow(rules, source.ip, port, source.groups):
        who = source.ip or "API Gateway (through PrivateLink)"
        names = ", ".join(balancer.security_groups)
        return Unreachable(
            f"no rule of the load balancer's security groups ({names}) lets {who} in on port {port}",
            "security-group",
        )
    return None


def _judge_way_in(backend: ELBv2Backend, balancer: LoadBalancer, port: int, source: Source) -> Unreachable | None:
    """From an interface of the account's to one of the load balancer's nodes: its groups' outbound rules, and ACLs."""
    if source.subnet is None or source.ip is None:
        return None
    node = list(balancer.nodes)[next(_way_in) % len(balancer.nodes)]
    ec2 = backend.ec2_backend
    groups = [group for group_id in source.groups if (group := ec2.get_security_group_from_id(group_id))]
    egress = [rule for group in groups for rule in group.egress_rules]
    if groups and not _rules_allow(egress, node.private_ip, port, set(balancer.security_groups)):
        names = ", ".join(sorted(source.groups))
        return Unreachable(
            f"no rule of {names} lets {source.ip} out to {node.private_ip} on port {port}", "security-group"
        )
    return _judge_network_acls(ec2, source.subnet, source.ip, node.subnet, node.private_ip, port)


def _rules_allow(rules: Iterable[Any], ip: str | None, port: int, groups: Collection[str]) -> bool:
    """Whether a rule covers TCP on a port with the other side at ``ip`` (None: any address there is) or in a group."""
    for rule in rules:
        if rule.ip_protocol != "-1" and not (
            rule.ip_protocol == "tcp" and int(rule.from_port) <= port <= int(rule.to_port)
        ):
            continue
        if rule.cidr_ipv4 and _covers(rule.cidr_ipv4, ip):
            return True
        if rule.source_group and rule.source_group.get("GroupId") in groups:
            return True
    return False


@lru_cache(maxsize=4096)
def _network(cidr: str) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(cidr, strict=False)


@lru_cache(maxsize=4096)
def _covers(cidr: str, ip: str | None) -> bool:
    network = _network(cidr)
    return network.prefixlen == 0 if ip is None else ipaddress.IPv4Address(ip) in network


def _judge_network_acls(
    ec2: Any, own_subnet: Any, own_ip: str, target_subnet: Any, target_ip: str, port: int
) -> Unreachable | None:
    """The network ACLs on the way there and back: stateless, and only where a packet leaves or enters a subnet."""
    if own_subnet.id == target_subnet.id:
        return None
    reply = _random.randint(*_EPHEMERAL_PORTS)
    legs = (
        (own_subnet, True, target_ip, port, "outbound"),
        (target_subnet, False, own_ip, port, "inbound"),
        (target_subnet, True, own_ip, reply, "outbound"),
        (own_subnet, False, target_ip, reply, "inbound"),
    )
    for subnet, egress, other, on, direction in legs:
        acl = _network_acl_of(ec2, subnet.id)
        if acl is not None and not _acl_allows(acl, egress, other, on):
            return Unreachable(
                f"network ACL {acl.id} of {subnet.id} denies {direction} TCP port {on} "
                f"{'to' if egress else 'from'} {other}",
                "network-acl",
            )
    return None


def _network_acl_of(ec2: Any, subnet_id: str) -> Any:
    for acl in list(ec2.network_acls.values()):
        if any(association.subnet_id == subnet_id for association in list(acl._associations.values())):
            return acl
    return None


def _acl_allows(acl: Any, egress: bool, ip: str, port: int) -> bool:
    """The first rule, in order of number, that matches decides."""
    entries = [entry for entry in list(acl.network_acl_entries) if _truth(entry.egress) == egress]
    for entry in sorted(entries, key=lambda entry: int(entry.rule_number)):
        if str(entry.protocol) not in {"-1", "6"} or not entry.cidr_block or not _covers(entry.cidr_block, ip):
            continue
        low, high = entry.port_range_from, entry.port_range_to
        if str(entry.protocol) == "-1" or low is None or int(low) <= port <= int(high):
            return bool(entry.rule_action == "allow")
    return False


def _truth(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
