"""The network ACLs: whether those of both subnets let requests and replies pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runbook.path.packets import EPHEMERAL
from runbook.trace.command import cli, lines, shorthand
from runbook.trace.connections import Denial, denials, entering, pairs, unjudged, weight
from runbook.trace.model import GATEWAY_FAILS, Finding, Unseen, Weight
from runbook.trace.seen import Back

__all__ = ["judge"]

_LAST_NUMBER = 32766  # of a rule (CreateNetworkAclEntry)


def judge(back: Back) -> Iterator[Finding]:
    """The network ACLs of all subnets that the request crosses."""
    if (why := unjudged("network-acl", "subnets", back)) is not None:
        yield why
        return
    acls = back.acls
    if isinstance(acls, Unseen):
        yield Finding("network-acl", Weight.UNKNOWN, f"The network ACLs could not be looked at: {acls.why}.")
        return
    # Who calls the load balancer and who calls the targets come one after the other: either being shut out is enough.
    stages = [[pair for pair in stage if pair.place.subnet] for stage in (pairs(back), entering(back))]
    crossing = [pair for stage in stages for pair in stage]
    if not crossing:
        if back.behind is None:
            yield Finding("network-acl", Weight.UNKNOWN, "The targets' subnets are not known to trace.")
        return
    denied = {pair: list(denials(pair, acls)) for pair in crossing}
    dead = [pair for pair in crossing if any(each.certain for each in denied[pair])]
    hurt = [pair for pair in crossing if denied[pair] and pair not in dead]
    shut = any(stage and set(stage) <= set(dead) for stage in stages)
    for some, meaning in (
        (dead, Weight.BREAKS if shut else weight(back, dead, crossing)),
        (hurt, Weight.MAY_BREAK),
    ):
        if some:
            those = [each for pair in some for each in denied[pair]]
            yield Finding(
                "network-acl",
                meaning,
                f"{'; '.join(dict.fromkeys(each.text for each in those))}.",
                "Allow it both ways: network ACLs do not remember connections, so replies need ports 1024-65535.",
                _allowing(those),
                explains=GATEWAY_FAILS,
                step="",
            )
    if not dead and not hurt:
        yield Finding(
            "network-acl",
            Weight.FACT,
            "They let requests and replies pass."
            if any(pair.source.subnet != pair.place.subnet for pair in crossing)
            else "Load balancer and targets share their subnets: nothing is judged inside one.",
        )


def _allowing(denied: Sequence[Denial]) -> str:
    """Allow each by a rule before the one that denies it; where there is no number left, in its place."""
    commands: dict[tuple[str, bool, str, int | None], str] = {}
    taken = {
        (each.acl.id, each.egress): {entry.number for entry in each.acl.entries if entry.egress == each.egress}
        for each in denied
    }
    for each in denied:
        key = (each.acl.id, each.egress, each.other, each.port)
        if key in commands:
            continue
        used = taken[each.acl.id, each.egress]
        below = range(each.by.number - 1 if each.by else _LAST_NUMBER, 0, -1)
        number = next((number for number in below if number not in used), None)
        low, high = (each.port, each.port) if each.port else EPHEMERAL
        command = cli(
            "ec2",
            "replace-network-acl-entry" if number is None else "create-network-acl-entry",
            network_acl_id=each.acl.id,
            rule_number=number or (each.by.number if each.by else 1),
            protocol="tcp",
            rule_action="allow",
            cidr_block=each.other,
            port_range=shorthand(From=str(low), To=str(high)),
            egress=each.egress,
            ingress=not each.egress,
        )
        used.add(number or 0)
        commands[key] = command
    return lines(*commands.values())
