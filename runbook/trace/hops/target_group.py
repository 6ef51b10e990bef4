"""The target group: whether the listener forwards to one, and to the right one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from runbook.trace.aim import Aim
from runbook.trace.command import SHOW_GROUPS, cli, forward
from runbook.trace.connections import pairs
from runbook.trace.endpoint import PLAIN
from runbook.trace.model import GATEWAY_FAILS, Finding, Unseen, Weight
from runbook.trace.seen import Back

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetGroupTypeDef

__all__ = ["judge"]


def judge(aim: Aim, back: Back) -> Iterator[Finding]:
    """The group that the listener forwards to."""
    if isinstance(back.target_groups, Unseen):
        yield Finding(
            "target-group", Weight.UNKNOWN, f"The target groups could not be looked at: {back.target_groups.why}."
        )
        return
    if back.group is None:
        followed = back.listener is not None and not back.is_application
        yield Finding(
            "target-group",
            Weight.BREAKS if followed else Weight.NOT_REACHED,
            "The listener forwards to no target group." if followed else "No listener leads to a target group.",
            "Forward to the target group." if followed else "",
            SHOW_GROUPS if followed else "",
            step="listener",
        )
        return
    group = back.group
    name, protocol = group.get("TargetGroupName", ""), str(group.get("Protocol", ""))
    if protocol not in PLAIN and not (aim.endpoint and aim.endpoint.scheme == "https"):
        yield Finding(
            "target-group",
            Weight.BREAKS,
            f"{name} speaks {protocol} with its targets, but plain HTTP is sent.",
            "Forward to a TCP group; a group's protocol cannot be changed.",
            step="target-group",
        )
    attributes = back.group_attributes
    if isinstance(attributes, Unseen):
        yield Finding("target-group", Weight.UNKNOWN, f"Its attributes: {attributes.why}.")
    elif attributes.get("preserve_client_ip.enabled") == "false" and group.get("TargetType") == "instance":
        yield Finding(
            "target-group",
            Weight.SUSPICIOUS,
            f"{name} does not preserve client addresses: whoever reaches the load balancer, link or not, looks like "
            "the load balancer to the instances' security group.",
            "Turn client IP preservation on.",
            cli(
                "elbv2",
                "modify-target-group-attributes",
                target_group_arn=group["TargetGroupArn"],
                attributes="Key=preserve_client_ip.enabled,Value=true",
            ),
        )
    yield from _wrong_group(back, group)
    if back.more_groups:
        yield Finding(
            "target-group",
            Weight.UNKNOWN,
            f"The listener forwards to {back.more_groups} more; trace follows the first.",
        )
    yield Finding(
        "target-group",
        Weight.FACT,
        f"{name}: {protocol} to port {group.get('Port')}, targets of type {group.get('TargetType')}"
        + ("." if back.listener else "; no listener on the port leads there."),
    )


def _wrong_group(back: Back, group: TargetGroupTypeDef) -> Iterator[Finding]:
    """The group's port is one that nothing lets the load balancer in on, while an unused group's port is let in on."""
    if isinstance(back.target_groups, Unseen) or isinstance(back.rules, Unseen) or back.followed is None:
        return
    rules, joined = back.rules, pairs(back)
    if not joined or any(pair.passes(rules) is not False for pair in joined):
        return
    for other in back.target_groups.values():
        port = other.get("Port", 0)
        if (
            not other.get("LoadBalancerArns")
            and other.get("VpcId") == group.get("VpcId")
            and port != group.get("Port")
            and all(replace(pair, port=port).passes(rules) for pair in joined)
        ):
            yield Finding(
                "target-group",
                Weight.MAY_BREAK,
                f"{group.get('TargetGroupName')} sends to port {group.get('Port')}, which the security groups do not "
                f"let the load balancer in on; they do on port {port}, which is that of "
                f"{other.get('TargetGroupName')}, a group that no load balancer uses.",
                f"Forward to {other.get('TargetGroupName')}.",
                forward(back.followed["ListenerArn"], other["TargetGroupArn"]),
                explains=GATEWAY_FAILS,
                step="listener",
            )
            return
