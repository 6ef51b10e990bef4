"""The later waves: the load balancer that the way leads to, its targets, where these are, and what may pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from runbook.path.addresses import Caller, nodes
from runbook.path.balancing import Registered, attributes, group_attributes, health, listeners, target_groups
from runbook.path.filters import acls, internet, rules
from runbook.trace.aim import Aim
from runbook.trace.model import Unseen, known
from runbook.trace.seen import Back, Front
from runbook.trace.survey.addresses import addressed, held, instances, link_callers
from runbook.trace.survey.asking import Asking, if_there

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef, LoadBalancerTypeDef, TargetGroupTypeDef

__all__ = ["look_behind"]


def look_behind(ask: Asking, front: Front, aim: Aim, balancer: LoadBalancerTypeDef) -> Back:
    """Ask for the load balancer that the way leads to, and everything behind it."""
    link = aim.link_v2
    callers = (
        ask("ec2:DescribeSubnets", if_there(partial(link_callers, ask.aws, link), "InvalidSubnetID.NotFound"))
        if link
        else None
    )
    back = _balancer(ask, balancer, aim.endpoint.port if aim.endpoint else 0)
    if callers is not None:
        back = replace(back, callers=callers.result() or [])
    elif aim.integration and aim.integration.target:
        back = replace(back, callers=Unseen("there is no such link"))
    return _beyond(ask, front, back)


def _balancer(ask: Asking, balancer: LoadBalancerTypeDef, port: int) -> Back:
    """A load balancer with what is its own."""
    aws, arn, vpc = ask.aws, balancer["LoadBalancerArn"], balancer.get("VpcId", "")
    own_listeners = ask("elasticloadbalancing:DescribeListeners", partial(listeners, aws, arn))
    # An Application Load Balancer's own attributes decide nothing here: it always crosses zones.
    own_attributes = (
        None
        if balancer.get("Type") == "application"
        else ask("elasticloadbalancing:DescribeLoadBalancerAttributes", partial(attributes, aws, arn))
    )
    own_nodes = ask("ec2:DescribeNetworkInterfaces", partial(nodes, aws, arn))
    groups = ask("elasticloadbalancing:DescribeTargetGroups", partial(target_groups, aws))
    of_vpc = ask("ec2:DescribeNetworkAcls", partial(acls, aws, vpc))
    routes = ask("ec2:DescribeRouteTables", partial(internet, aws, vpc))
    return _forwarding(
        Back(
            balancer=balancer,
            listeners=own_listeners.result(),
            attributes=own_attributes.result() if own_attributes else {},
            nodes=own_nodes.result(),
            target_groups=groups.result(),
            acls=of_vpc.result(),
            internet=routes.result(),
            port=port,
        )
    )


def _forwarding(back: Back) -> Back:
    """With the listener on the port, else the only one, and the group it forwards to."""
    back = replace(back, listener=next((each for each in known(back.listeners) if each.get("Port") == back.port), None))
    if isinstance(back.listeners, Unseen) or isinstance(back.target_groups, Unseen):
        return back
    if back.followed is not None:
        arns = _forwarded_to(back.followed)
    else:
        # Gone on with the one group it can only be, so that what hides behind the lack of a listener is told too.
        common = {tuple(_forwarded_to(each)) for each in back.listeners} or {(back.unused_group,)}
        arns = [*common.pop()] if len(common) == 1 else []
    groups = [back.target_groups[arn] for arn in dict.fromkeys(arns) if arn in back.target_groups]
    return replace(back, group=groups[0] if groups else None, more_groups=max(0, len(groups) - 1))


def _forwarded_to(listener: ListenerTypeDef) -> list[str]:
    """The groups of its default action."""
    return [
        arn
        for action in listener.get("DefaultActions", [])
        for arn in (
            [each.get("TargetGroupArn", "") for each in action.get("ForwardConfig", {}).get("TargetGroups", [])]
            or [action.get("TargetGroupArn", "")]
        )
        if arn
    ]


def _beyond(ask: Asking, front: Front, back: Back) -> Back:
    """With its targets, where these are, and what may pass between them."""
    group = back.group
    if group is None:
        return back
    aws, arn = ask.aws, group["TargetGroupArn"]
    own = ask("elasticloadbalancing:DescribeTargetGroupAttributes", partial(group_attributes, aws, arn))
    registered = ask("elasticloadbalancing:DescribeTargetHealth", partial(health, aws, arn))
    back = replace(back, group_attributes=own.result(), health=registered.result())
    if isinstance(back.health, Unseen):
        return back
    if not back.health:
        return replace(back, idle=_idle(ask, back, group))
    ids = sorted({each.id for each in back.health})
    match group.get("TargetType", "instance"):
        case "alb":
            back = replace(back, behind=_behind(ask, front, back, back.health, ids[0]))
        case "instance":
            back = replace(back, places=ask("ec2:DescribeInstances", partial(instances, aws, ids, group)).result())
        case _:
            places = ask("ec2:DescribeNetworkInterfaces", partial(addressed, aws, ids, group))
            back = replace(back, places=places.result())
    return _filters(ask, back)


def _idle(ask: Asking, back: Back, empty: TargetGroupTypeDef) -> TargetGroupTypeDef | None:
    """A group with targets that nobody uses: where the listener should perhaps point."""
    candidates = [
        group
        for group in known(back.target_groups).values()
        if not group.get("LoadBalancerArns")
        and group.get("VpcId") == empty.get("VpcId")
        and group.get("Protocol") == empty.get("Protocol")
    ][:2]
    asked = [
        ask("elasticloadbalancing:DescribeTargetHealth", partial(health, ask.aws, group["TargetGroupArn"]))
        for group in candidates
    ]
    return next((group for group, found in zip(candidates, asked, strict=True) if known(found.result())), None)


def _behind(ask: Asking, front: Front, back: Back, registered: Sequence[Registered], arn: str) -> Back | None:
    """An Application Load Balancer as target: all of it is looked at, one level deep."""
    balancer = known(front.balancers).get(arn)
    if balancer is None or back.inner:
        return None
    callers: Sequence[Caller] | Unseen
    if back.callers is not None and back.preserves_clients:
        callers = back.callers
    else:
        callers = back.nodes if isinstance(back.nodes, Unseen) else back.own_callers
    port = next(each.port or back.port for each in registered if each.id == arn)
    return _beyond(ask, front, replace(_balancer(ask, balancer, port), callers=callers, inner=True))


def _filters(ask: Asking, back: Back) -> Back:
    """With the rules of all that have security groups, and which of the addresses that these name are anybody's."""
    callers = [] if back.callers is None else known(back.callers)
    of_callers = {group for caller in callers for group in caller.groups}
    of_targets = {group for place in known(back.places).values() for group in place.groups}
    groups = sorted(of_targets | {*back.own_groups} | of_callers)
    if not groups:
        return back
    back = replace(back, rules=ask("ec2:DescribeSecurityGroupRules", partial(rules, ask.aws, groups)).result())
    single = {rule.single for rule in known(back.rules) if rule.single and not rule.egress}
    others = sorted(single - back.own_ips)
    if not others:
        return back
    return replace(back, addresses=ask("ec2:DescribeNetworkInterfaces", partial(held, ask.aws, others)).result())
