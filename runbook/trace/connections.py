"""The connections behind the VPC link, each judged by the packet filters at both of its ends.

What arrives through a VPC link comes from the load balancer's own private addresses, so the packet filters are judged
for these, and for the pairs of node and target that the load balancer joins (the same zone, or all with cross-zone
load balancing).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runbook.path.addresses import Caller
from runbook.path.balancing import Registered
from runbook.path.packets import EPHEMERAL, Acl, Entry, Rule, admitted
from runbook.trace.model import Finding, Unseen, Weight, known
from runbook.trace.seen import Back, Place
from runbook.trace.wording import listed

__all__ = ["Denial", "Pair", "denials", "entering", "is_slip", "pairs", "unjudged", "weight"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Somebody, and what it sends requests to."""

    source: Caller
    place: Place
    port: int

    def let_in(self, rules: Sequence[Rule], port: int | None = None) -> bool | None:
        """Whether the place's groups let the source in, on this port or another."""
        if not self.place.groups:  # only a Network Load Balancer can be without, and then lets everybody in
            return True
        inbound = [rule for rule in rules if rule.group in self.place.groups and not rule.egress]
        return admitted(inbound, self.source.where, port or self.port, self.source.groups)

    def let_out(self, rules: Sequence[Rule]) -> bool | None:
        """Whether the source's own groups let it out to the place."""
        if not self.source.groups or not self.place.ip:
            return True
        outbound = [rule for rule in rules if rule.group in self.source.groups and rule.egress]
        return admitted(outbound, f"{self.place.ip}/32", self.port, self.place.groups)

    def passes(self, rules: Sequence[Rule]) -> bool | None:
        """Whether the security groups at both ends let it pass."""
        answers = (self.let_in(rules), self.let_out(rules))
        if False in answers:
            return False
        return None if None in answers else True


def pairs(back: Back, *, checks: bool = False) -> list[Pair]:
    """Who the targets see, and each target: the load balancer's nodes, or its callers where these are preserved.

    ``checks``: of health checks, which always come from the nodes.
    """
    if isinstance(back.nodes, Unseen) or isinstance(back.health, Unseen) or isinstance(back.places, Unseen):
        return []
    callers = back.callers if back.preserves_clients and not checks else None
    if isinstance(callers, Unseen):
        return []
    found = []
    # Who leaves gets no requests, but where all do, whoever comes in their place will be let in or not as they are.
    staying = [each for each in back.health if each.state != "draining"] or back.health
    for each in staying:
        place = back.places.get(each.id)
        if place is None:
            continue
        # A port that looks like a slip is blamed on the registration; the filters are judged for the port meant.
        port = place.port if is_slip(back, each) else each.port or place.port
        if callers is not None:
            found += [Pair(caller, place, port) for caller in callers]
            continue
        found += [
            Pair(source, place, port)
            for node in back.nodes
            for source in node.callers
            if back.crosses_zones or not place.zone or node.zone == place.zone
        ]
    return found


def entering(back: Back) -> list[Pair]:
    """Who calls the load balancer, and each of its nodes."""
    if not back.callers or isinstance(back.callers, Unseen) or not back.port:
        return []
    return [
        Pair(caller, Place(back.name, back.port, node.subnet, node.zone, ip, "", back.own_groups), back.port)
        for caller in back.callers
        for node in known(back.nodes)
        for ip in node.ips
    ]


def is_slip(back: Back, each: Registered) -> bool:
    """Whether a target's port looks like a mistake: not the group's, not healthy, and no rule names it."""
    if back.group is None or each.port == back.group.get("Port", 0):
        return False
    if each.state == "healthy" and back.group.get("HealthCheckPort") == "traffic-port":
        return False
    return not any(rule.low == rule.high == each.port and not rule.egress for rule in known(back.rules))


def unjudged(hop: str, what: str, back: Back) -> Finding | None:
    """Why the packet filters cannot be judged, if so; ``what`` of the targets would have been looked at."""
    if back.group is None or isinstance(back.health, Unseen) or not back.health:
        return Finding(hop, Weight.NOT_REACHED, f"There are no targets whose {what} could be looked at.")
    if back.behind is not None:
        return None
    for whose, unseen in (
        ("The link's subnets", back.callers),
        ("The load balancer's addresses", back.nodes),
        ("The targets' machines", back.places),
    ):
        if isinstance(unseen, Unseen):
            return Finding(hop, Weight.UNKNOWN, f"{whose} could not be looked at: {unseen.why}.")
    ids = {each.id: None for each in back.health}
    if not known(back.places).keys() & ids.keys():
        said = f"Trace finds no network interface of {listed(ids)} in the load balancer's VPC."
        return Finding(hop, Weight.UNKNOWN, said)
    return None


def weight(back: Back, blocked: Sequence[Pair], among: Sequence[Pair]) -> Weight:
    """What it means that these pairs are blocked: some requests fail as long as the load balancer tries them."""
    if len(blocked) == len(among):
        return Weight.BREAKS
    states = {each.id: each.state for each in known(back.health)}
    fails_open = "healthy" not in states.values()
    tried = [pair for pair in blocked if fails_open or states.get(pair.place.target) == "healthy"]
    return Weight.MAY_BREAK if tried else Weight.SUSPICIOUS


@dataclass(frozen=True)
class Denial:
    """What a network ACL denies a pair."""

    text: str
    certain: bool
    """Whether the request, or every reply, is denied."""
    acl: Acl
    egress: bool
    other: str
    """The other side's address or range."""
    port: int | None
    """None: replies, to whatever port the client connects from."""
    by: Entry | None
    """The rule that denies it; None when there is none that allows it."""


def denials(pair: Pair, acls: Sequence[Acl]) -> Iterator[Denial]:
    """What the network ACLs deny of a pair's requests and replies."""
    if pair.source.subnet == pair.place.subnet or not pair.place.subnet:
        return
    here, there = f"{pair.place.ip}/32", pair.source.where
    legs = (
        (pair.source.subnet, True, pair.place.ip, here, pair.port),
        (pair.place.subnet, False, pair.source.ip, there, pair.port),
        (pair.place.subnet, True, pair.source.ip, there, None),
        (pair.source.subnet, False, pair.place.ip, here, None),
    )
    for subnet, egress, other, where, port in legs:
        acl = next((each for each in acls if subnet in each.subnets), None)
        if acl is None:
            continue
        passes = acl.allows(other, port, egress=egress) if port else acl.allowed_replies(other, egress=egress)
        if passes is True:
            continue
        entry = acl.decides(other, port or EPHEMERAL[0], egress=egress)
        what = f"port {port}" if port else f"{'some' if passes is None else 'all'} reply ports (1024-65535)"
        by = f" by {entry}" if entry is not None and not entry.allow else ""
        text = (
            f"{acl.id} of {subnet} denies {'outbound' if egress else 'inbound'} TCP {'to' if egress else 'from'} "
            f"{where.removesuffix('/32')}, {what}{by}"
        )
        yield Denial(text, passes is False, acl, egress, where, port, entry)
