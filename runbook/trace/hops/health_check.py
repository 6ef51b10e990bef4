"""The health check: what it asks, and whether the targets pass it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from runbook.path.balancing import Registered
from runbook.trace.aim import Aim
from runbook.trace.command import cli
from runbook.trace.connections import denials, pairs
from runbook.trace.endpoint import PLAIN
from runbook.trace.model import Finding, Unseen, Weight
from runbook.trace.seen import Back
from runbook.trace.wording import states

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetGroupTypeDef

__all__ = ["judge"]

_USUAL_MATCHER = "200-399"  # of Network Load Balancers' target groups (CreateTargetGroup, Matcher)


def judge(aim: Aim, back: Back) -> Iterator[Finding]:
    """The group's check and its results."""
    group = back.group
    if group is None:
        yield Finding("health-check", Weight.NOT_REACHED, "There is no target group.")
        return
    path, port = group.get("HealthCheckPath"), group.get("HealthCheckPort", "traffic-port")
    said = (
        f"{group.get('HealthCheckProtocol')}{f' {path}' if path else ''} on "
        f"{'the traffic port' if port == 'traffic-port' else f'port {port}'}"
    )
    if isinstance(back.health, Unseen):
        yield Finding("health-check", Weight.UNKNOWN, f"{said}; its results: {back.health.why}.")
        return
    healthy = [each for each in back.health if each.state == "healthy"]
    unhealthy = [each for each in back.health if each.state == "unhealthy"]
    if unhealthy:
        fails = f"{said} fails: {states(unhealthy)}"
        if not healthy:
            fails += " As no target is healthy, the load balancer fails open: it sends requests to all of them."
        if _filtered(back, unhealthy):
            yield Finding(
                "health-check", Weight.SUSPICIOUS, f"{fails} The packet filters keep the check out too.", step=""
            )
        else:
            yield Finding(
                "health-check",
                Weight.SUSPICIOUS,
                fails,
                "See what the service answers to the check there: elsewhere it passes."
                if healthy
                else "See what the service answers to the check; if it works by hand, the check's path, port or "
                "protocol is not the service's.",
                "" if healthy else _usual_check(aim, group),
            )
    checked = len(healthy) + len(unhealthy)
    yield Finding("health-check", Weight.FACT, f"{said}: {len(healthy)} of {checked} healthy.")


def _filtered(back: Back, unhealthy: Sequence[Registered]) -> bool:
    """Whether security groups or network ACLs explain every failing check."""
    if isinstance(back.rules, Unseen) or isinstance(back.acls, Unseen):
        return False
    rules, acls = back.rules, back.acls
    # One node that is kept out is enough for a check that fails.
    kept_out = {
        pair.place.target
        for pair in pairs(back, checks=True)
        if pair.passes(rules) is False or any(each.certain for each in denials(pair, acls))
    }
    return {each.id for each in unhealthy} <= kept_out


def _usual_check(aim: Aim, group: TargetGroupTypeDef) -> str:
    """Undo what is unusual about the check; if nothing is, ask for the path that is traced."""
    usual: dict[str, str] = {}
    if group.get("HealthCheckPort", "traffic-port") != "traffic-port":
        usual["health_check_port"] = "traffic-port"
    if group.get("HealthCheckProtocol") == "HTTPS" and group.get("Protocol") in PLAIN:
        usual["health_check_protocol"] = "HTTP"
    if group.get("Matcher", {}).get("HttpCode", _USUAL_MATCHER) not in (_USUAL_MATCHER, "200"):
        usual["matcher"] = f"HttpCode={_USUAL_MATCHER}"
    if not usual and group.get("HealthCheckPath") and aim.endpoint is not None:
        usual["health_check_path"] = aim.endpoint.path
    return cli("elbv2", "modify-target-group", target_group_arn=group["TargetGroupArn"], **usual) if usual else ""
