"""The load balancer: whether it is there and active, for whom, and in which zones."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.trace.aim import Aim
from runbook.trace.command import SHOW_BALANCERS, cli, shorthand
from runbook.trace.model import Finding, Unseen, Weight, known
from runbook.trace.seen import Back, Place
from runbook.trace.way import Way
from runbook.trace.wording import listed

__all__ = ["judge", "missing"]


def missing(way: Way) -> Finding:
    """Why there is no load balancer to look at."""
    front, aim, called = way.front, way.aim, way.aim.integration
    if called is not None and not called.private:
        weight, why = Weight.UNKNOWN, "The integration goes through no VPC link."
    elif isinstance(front.balancers, Unseen):
        weight, why = Weight.UNKNOWN, f"The load balancers could not be looked at: {front.balancers.why}."
    elif isinstance(front.links, Unseen):
        weight, why = Weight.UNKNOWN, f"The VPC links could not be looked at: {front.links.why}."
    elif isinstance(front.deployed, Unseen) and called is None:
        weight, why = Weight.UNKNOWN, f"What is deployed could not be looked at: {front.deployed.why}."
    elif arn := (called.target if called else "") or (aim.link.targets[0] if aim.link and aim.link.targets else ""):
        return Finding(
            "load-balancer",
            Weight.BREAKS,
            f"The link points at {arn}, which is not there any more.",
            "Make the load balancer anew and a new link on it: a link's target cannot be changed.",
            SHOW_BALANCERS,
        )
    else:
        weight, why = Weight.NOT_REACHED, "Nothing tells which load balancer it would be."
    return Finding("load-balancer", weight, why)


def judge(aim: Aim, back: Back) -> Iterator[Finding]:
    """Its state, its scheme and its zones."""
    balancer, arn, name, zones = back.balancer, back.arn, back.name, back.zones
    state = balancer.get("State", {}).get("Code", "")
    if state == "active_impaired":
        yield Finding(
            "load-balancer", Weight.SUSPICIOUS, f"{name} is active_impaired: it cannot scale as it needs.", step=""
        )
    elif state != "active":
        reason = balancer.get("State", {}).get("Reason", "")
        yield Finding(
            "load-balancer",
            Weight.BREAKS,
            f"{name} is {state}{f': {reason}' if reason else ''}.",
            "Wait until it is active, which takes two to three minutes; a failed one must be made anew.",
            cli("elbv2", "wait", "load-balancer-available", load_balancer_arns=arn),
        )
    if balancer.get("Scheme") != "internal":
        yield Finding(
            "load-balancer",
            Weight.SUSPICIOUS,
            f"{name} is {balancer.get('Scheme')}: anybody on the internet can reach it and go round the gateway.",
            "Replace it by an internal one; the scheme cannot be changed.",
            cli(
                "elbv2",
                "create-load-balancer",
                name=f"{name[:23]}-internal",
                type=str(balancer.get("Type", "network")),
                scheme="internal",
                subnets=back.subnets,
            ),
        )
    outside = _outside(back)
    if len(zones) == 1:
        yield Finding(
            "load-balancer",
            Weight.SUSPICIOUS,
            f"{name} is in one zone only ({zones[0]}): it goes when that zone does.",
            "Enable a subnet of a second zone.",
            # Where targets are in another zone, that zone is what to enable.
            "" if outside else _show_subnets(back.vpc),
        )
    if outside:
        all_out = len(outside) == len(known(back.health))
        yield Finding(
            "load-balancer",
            Weight.BREAKS if all_out else Weight.SUSPICIOUS,
            f"{'All targets are' if all_out else listed(place.target for place in outside) + ' is'} in a zone that the "
            f"load balancer does not enable ({listed(place.zone for place in outside)}), so no request gets there.",
            "Enable a subnet of that zone.",
            cli(
                "elbv2",
                "set-subnets",
                load_balancer_arn=arn,
                subnets=[*back.subnets, *dict.fromkeys(place.subnet for place in outside)],
            ),
        )
    found = " (found by the endpoint URL's host, as the link does not tell)" if aim.balancer_by_host else ""
    yield Finding(
        "load-balancer",
        Weight.FACT,
        f"{name} is {state}, {balancer.get('Scheme')}, in {', '.join(zones)}{found}.",
    )


def _show_subnets(vpc: str) -> str:
    return cli(
        "ec2",
        "describe-subnets",
        filters=shorthand(Name="vpc-id", Values=vpc),
        query="Subnets[].[SubnetId,AvailabilityZone,CidrBlock]",
    )


def _outside(back: Back) -> list[Place]:
    """The targets in zones that the load balancer is not in."""
    return [
        place
        for each in known(back.health)
        if each.reason == "Target.NotInUse"
        and (place := known(back.places).get(each.id))
        and place.zone
        and place.zone not in back.zones
    ]
