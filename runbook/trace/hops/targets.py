"""The targets: whether any are registered, run, and are asked on the right port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runbook.path.balancing import Registered
from runbook.trace.command import SHOW_BALANCERS, cli, lines, shorthand
from runbook.trace.connections import is_slip
from runbook.trace.model import GATEWAY_FAILS, Finding, Unseen, Weight, known
from runbook.trace.seen import Back
from runbook.trace.wording import listed, states

__all__ = ["judge"]

_KINDS = {"instance": "the instances", "ip": "the addresses", "alb": "the Application Load Balancer"}


def judge(back: Back) -> Iterator[Finding]:
    """The targets of the group, apart from what the health checks find."""
    if back.group is None:
        yield Finding("targets", Weight.NOT_REACHED, "There is no target group to look into.")
        return
    health = back.health
    if isinstance(health, Unseen):
        yield Finding("targets", Weight.UNKNOWN, f"The targets could not be looked at: {health.why}.")
        return
    arn, kind = back.group["TargetGroupArn"], back.group.get("TargetType", "instance")
    if not health:
        yield Finding(
            "targets",
            Weight.BREAKS,
            f"{back.group.get('TargetGroupName', '')} has no registered targets.",
            f"Register {_KINDS.get(kind, 'targets')} with it, by aws elbv2 register-targets.",
            SHOW_BALANCERS if kind == "alb" else _show_instances(back),
        )
        return
    if kind == "alb" and back.behind is None:
        yield Finding(
            "targets",
            Weight.BREAKS,
            f"There is no load balancer {listed(health)} any more.",
            "Register the Application Load Balancer that is there.",
            SHOW_BALANCERS,
        )
    stopped = [each for each in health if each.reason == "Target.InvalidState"]
    leaving = [each for each in health if each.state == "draining"]
    coming = [each for each in health if each.state == "initial"]
    if stopped:
        gone = _any_gone(back, stopped)
        yield Finding(
            "targets",
            Weight.BREAKS if len(stopped) == len(health) else Weight.SUSPICIOUS,
            states(stopped),
            "Register other instances in its place." if gone else "Start the instances.",
            _show_instances(back)
            if gone
            else cli("ec2", "start-instances", instance_ids=[_instance(back, each) for each in stopped]),
        )
    if leaving:
        gone = _any_gone(back, leaving)
        yield Finding(
            "targets",
            Weight.BREAKS if len(leaving) == len(health) else Weight.SUSPICIOUS,
            f"Being deregistered: {states(leaving)}",
            "Register other instances in their place." if gone else "Register them again.",
            _show_instances(back)
            if gone
            else cli("elbv2", "register-targets", target_group_arn=arn, targets=[each.named for each in leaving]),
        )
    if coming:
        yield Finding(
            "targets",
            Weight.MAY_BREAK if len(coming) == len(health) else Weight.SUSPICIOUS,
            f"Not checked to the end yet: {states(coming)}",
            "Wait until they are healthy.",
            cli("elbv2", "describe-target-health", target_group_arn=arn),
            explains=GATEWAY_FAILS,
        )
    yield from _wrong_ports(back, health, arn, back.group.get("Port", 0))
    yield from _empty_zones(back, health)
    yield Finding("targets", Weight.FACT, states(health))


def _instance(back: Back, each: Registered) -> str:
    place = known(back.places).get(each.id)
    return (place.instance if place else "") or each.id


def _any_gone(back: Back, targets: Sequence[Registered]) -> bool:
    """Whether there is any that is terminated, or not even to be found any more."""
    places = [known(back.places).get(each.id) for each in targets]
    seen = not isinstance(back.places, Unseen)
    return seen and any(place is None or place.state in ("shutting-down", "terminated") for place in places)


def _show_instances(back: Back) -> str:
    return cli(
        "ec2",
        "describe-instances",
        filters=[shorthand(Name="vpc-id", Values=back.vpc), "Name=instance-state-name,Values=running"],
        query="Reservations[].Instances[].[InstanceId,PrivateIpAddress,Placement.AvailabilityZone]",
    )


def _wrong_ports(back: Back, health: Sequence[Registered], arn: str, port: int) -> Iterator[Finding]:
    """Targets registered on another port than the group's, which no rule was made for."""
    odd = [each for each in health if is_slip(back, each)]
    if not odd:
        return
    right = [shorthand(Id=each, Port=str(port)) for each in dict.fromkeys(each.id for each in odd)]
    yield Finding(
        "targets",
        Weight.MAY_BREAK if len(odd) == len(health) else Weight.SUSPICIOUS,
        f"{listed(odd)} registered on another port than the group's {port}.",
        f"Register them on port {port} instead.",
        lines(
            cli("elbv2", "register-targets", target_group_arn=arn, targets=right),
            cli("elbv2", "deregister-targets", target_group_arn=arn, targets=[each.named for each in odd]),
        ),
        explains=GATEWAY_FAILS,
        otherwise=Weight.FACT,
    )


def _empty_zones(back: Back, health: Sequence[Registered]) -> Iterator[Finding]:
    """Zones that the load balancer is in and no healthy target is."""
    places = known(back.places)
    served = {place.zone for each in health if each.state == "healthy" and (place := places.get(each.id))}
    empty = [zone for zone in back.zones if zone not in served]
    if empty and served and len(back.zones) > 1 and not back.crosses_zones:
        yield Finding(
            "targets",
            Weight.SUSPICIOUS,
            f"No healthy target in {listed(empty)}: that zone's address takes no requests.",
            "Register or mend a target in that zone, or turn on cross-zone load balancing.",
            # Where there are targets, what ails them is said at its own hop.
            ""
            if {place.zone for place in places.values()} >= set(empty)
            else cli(
                "elbv2",
                "modify-load-balancer-attributes",
                load_balancer_arn=back.arn,
                attributes="Key=load_balancing.cross_zone.enabled,Value=true",
            ),
        )
