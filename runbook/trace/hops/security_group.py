"""The security groups: whether those of the targets and the load balancer let the request pass, and nobody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from runbook.path.packets import Rule, is_public
from runbook.trace.aim import Aim
from runbook.trace.command import cli, lines
from runbook.trace.connections import Pair, entering, pairs, unjudged, weight
from runbook.trace.model import GATEWAY_FAILS, Finding, Unseen, Weight, known
from runbook.trace.seen import Back
from runbook.trace.wording import listed

__all__ = ["judge"]

_PUBLIC_SHOWN = 3


def judge(aim: Aim, back: Back) -> Iterator[Finding]:
    """The rules of all groups on the way behind the link."""
    if (why := unjudged("security-group", "groups", back)) is not None:
        yield why
        return
    rules = back.rules
    if isinstance(rules, Unseen):
        yield Finding("security-group", Weight.UNKNOWN, f"The rules could not be looked at: {rules.why}.")
        return
    joined, coming = pairs(back), entering(back)
    if back.callers is None:
        yield from _own_groups(aim, back, rules)
    elif coming and (back.own_groups or any(pair.source.groups for pair in coming)):
        yield from _let_in(back, coming, rules)
    if joined:
        yield from _let_in(back, joined, rules)
        yield from _check_port(back, joined, rules)
    yield from _too_wide(back, joined, rules)


def _let_in(back: Back, among: Sequence[Pair], rules: Sequence[Rule]) -> Iterator[Finding]:
    blocked = [pair for pair in among if pair.passes(rules) is False]
    doubtful = [pair for pair in among if pair.passes(rules) is None]
    whose = _whose(back, among)
    if blocked:
        grouped = any(pair.source.groups for pair in blocked)
        yield Finding(
            "security-group",
            weight(back, blocked, among),
            " ".join(_ends(blocked, rules, whose)) + _others_pass(blocked, among) + _on_other_ports(blocked, rules),
            "Let the security groups of who calls in on that port, and out to it."
            if grouped
            else f"Let each of {whose} addresses in on that port, as a /32.",
            lines(*dict.fromkeys(command for pair in blocked for command in _opening(pair, rules))),
            explains=GATEWAY_FAILS,
        )
    if doubtful:
        yield Finding(
            "security-group",
            Weight.UNKNOWN,
            f"Whether {_sources(doubtful)} is let in cannot be told: a rule names a prefix list, which trace does not "
            "look into, or a part of the range only.",
        )
    if passing := [pair for pair in among if pair not in doubtful and not blocked]:
        yield Finding("security-group", Weight.FACT, f"{_sources(passing)} ({whose}) let in on port {_ports(passing)}.")


def _ends(blocked: Sequence[Pair], rules: Sequence[Rule], whose: str) -> Iterator[str]:
    """At which end each is blocked."""
    if kept_out := [pair for pair in blocked if pair.let_in(rules) is False]:
        groups = listed(group for pair in kept_out for group in pair.place.groups)
        yield f"{groups} does not let {_sources(kept_out)} ({whose}) in on port {_ports(kept_out)}."
    if kept_in := [pair for pair in blocked if pair.let_out(rules) is False]:
        groups = listed(group for pair in kept_in for group in pair.source.groups)
        to = listed(pair.place.ip for pair in kept_in)
        yield f"{groups} ({whose}) does not let {_sources(kept_in)} out to {to} on port {_ports(kept_in)}."


def _sources(some: Sequence[Pair]) -> str:
    return listed(pair.source for pair in some)


def _ports(some: Sequence[Pair]) -> str:
    return listed(pair.port for pair in some)


def _whose(back: Back, among: Sequence[Pair]) -> str:
    """Whose the sources' addresses are."""
    if all(pair.source in back.own_callers for pair in among):
        return "the load balancer's"
    return "the Network Load Balancer's" if all(pair.source.where.endswith("/32") for pair in among) else "the link's"


def _others_pass(blocked: Sequence[Pair], among: Sequence[Pair]) -> str:
    others = [pair for pair in among if pair not in blocked]
    return f" Requests through {_sources(others)} pass." if others else ""


def _on_other_ports(blocked: Sequence[Pair], rules: Sequence[Rule]) -> str:
    """The rules that name the load balancer's addresses, on another port."""
    near = [
        rule
        for rule in rules
        if not rule.egress and rule.single and any(rule.source == pair.source.where for pair in blocked)
    ]
    return f" Near misses: {listed(near)}." if near else ""


def _opening(pair: Pair, rules: Sequence[Rule]) -> Iterator[str]:
    """Let the pair through, inbound at the one and outbound at the other, as far as each is closed."""
    if not pair.let_in(rules):
        yield _authorize(pair, pair.port)
    if not pair.let_out(rules):
        yield cli(
            "ec2",
            "authorize-security-group-egress",
            group_id=pair.source.groups[0],
            protocol="tcp",
            port=pair.port,
            cidr=f"{pair.place.ip}/32",
        )


def _authorize(pair: Pair, port: int) -> str:
    source = {"source_group": pair.source.groups[0]} if pair.source.groups else {"cidr": pair.source.where}
    group = pair.place.groups[0]
    return cli("ec2", "authorize-security-group-ingress", group_id=group, protocol="tcp", port=port, **source)


def _check_port(back: Back, joined: Sequence[Pair], rules: Sequence[Rule]) -> Iterator[Finding]:
    """The health check's own port, where that is another."""
    own = str(back.group.get("HealthCheckPort", "traffic-port")) if back.group else "traffic-port"
    if not own.isdecimal():  # traffic-port
        return
    port = int(own)
    blocked = [pair for pair in joined if pair.port != port and pair.let_in(rules, port) is False]
    if blocked:
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"{_sources(blocked)} (the load balancer's) is not let in on port {own}, where the health check asks.",
            "Let the health check in.",
            lines(*dict.fromkeys(_authorize(pair, port) for pair in blocked)),
        )


def _own_groups(aim: Aim, back: Back, rules: Sequence[Rule]) -> Iterator[Finding]:
    """The load balancer's own security groups, which also judge what comes through PrivateLink unless told not to."""
    own = listed(back.own_groups)
    if not own:
        return
    if back.balancer.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on") == "off":
        yield Finding(
            "security-group", Weight.FACT, f"The load balancer's own groups ({own}) do not judge PrivateLink traffic."
        )
        return
    port = aim.endpoint.port if aim.endpoint else 0
    spanning = [rule for rule in rules if rule.group in back.own_groups and not rule.egress and rule.spans(port)]
    mend = cli(
        "elbv2",
        "set-security-groups",
        load_balancer_arn=back.arn,
        security_groups=back.own_groups,
        enforce_security_group_inbound_rules_on_private_link_traffic="off",
    )
    if not spanning:
        yield Finding(
            "security-group",
            Weight.BREAKS,
            f"The load balancer's own groups ({own}) have no rule for port {port}, and they judge what comes "
            "through the link (EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic is on).",
            "Let them not judge PrivateLink traffic, or add a rule for the port.",
            mend,
            step="",
        )
    elif not any(rule.network is not None and rule.network.prefixlen == 0 for rule in spanning):
        yield Finding(
            "security-group",
            Weight.MAY_BREAK,
            "The load balancer's own groups judge what comes through the link, and let in only "
            f"{listed(spanning)}; from which addresses API Gateway comes is not published.",
            "Let them not judge PrivateLink traffic.",
            mend,
            explains=GATEWAY_FAILS,
            otherwise=Weight.UNKNOWN,
            step="",
        )


def _too_wide(back: Back, joined: Sequence[Pair], rules: Sequence[Rule]) -> Iterator[Finding]:
    """Rules that let in more than the load balancer, or what is gone."""
    places = known(back.places).values()
    ports = {pair.port for pair in joined} or {place.port for place in places}
    groups = {group for place in places for group in place.groups}
    inbound = [
        rule for rule in rules if rule.group in groups and not rule.egress and any(rule.spans(port) for port in ports)
    ]
    public = [rule for rule in inbound if is_public(rule)]
    if public:
        reachable = listed(place.target for place in places if place.public_ip and back.reaches_internet(place.subnet))
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"The internet is let in: {listed(public[:_PUBLIC_SHOWN])}."
            + (
                f" {reachable} has a public address and a route to it: the gateway can be gone round now."
                if reachable
                else " Only the lack of a public address or route still keeps it out."
            ),
            "Take these rules away.",
            _revoke(public),
        )
    if any(not pair.source.where.endswith("/32") for pair in joined):
        return  # a link's addresses are not known one by one, so a range is all that can be let in
    own = back.own_ips
    wide = [
        rule
        for rule in inbound
        if rule not in public
        and rule.network is not None
        and rule.network.num_addresses > 1
        and any(ipaddress.ip_address(ip) in rule.network for ip in own)
    ]
    if wide:
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"Wider than the load balancer's addresses: {listed(wide)}.",
            "Let in only the load balancer's addresses, each as a /32, and take the wide rule away.",
            _revoke(wide),
        )
    if isinstance(back.addresses, Unseen) or not own:
        return
    held = own | back.addresses
    stale = [rule for rule in inbound if rule.single and rule.single not in held]
    if stale:
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"For addresses that nothing has any more: {listed(stale)}; the load balancer's are {listed(sorted(own))}.",
            "Take the stale rules away: whoever gets such an address next is let in.",
            _revoke(stale),
        )


def _revoke(rules: Sequence[Rule]) -> str:
    return lines(
        *(
            cli("ec2", "revoke-security-group-ingress", group_id=rule.group, security_group_rule_ids=rule.id)
            for rule in rules
        )
    )
