"""The hops of a request, in the order in which it passes them: each module judges one, and knows no other.

Up to the VPC link they are judged by where a configuration sends the request (:class:`~runbook.trace.way.Way`). It is
what is deployed that is judged; what is configured is compared with it, and judged in the same way to tell whether a
deployment would mend it. Behind the link they are judged for each load balancer on the way
(:class:`~runbook.trace.seen.Back`). What is the backend's is told last, since that hangs on the answer and the verdict.

Where two ends disagree, the hop that comes later sees it, and may put it down to the earlier one: the listener to the
endpoint URL's port, the VPC link to the id that a stage variable holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from runbook.answers import Incomplete
from runbook.trace.hops import (
    access,
    deployment,
    dns_name,
    health_check,
    integration,
    listener,
    load_balancer,
    method,
    network_acl,
    route,
    security_group,
    stage,
    stage_variables,
    target_group,
    targets,
    vpc_link,
)
from runbook.trace.model import HOPS, Finding, Weight
from runbook.trace.seen import Back
from runbook.trace.way import Way

__all__ = ["judge_gateway", "judge_network", "judge_route"]


def judge_gateway(way: Way) -> Iterator[Finding]:
    """What does not depend on which configuration is looked at: the URL, the stage, the deployment."""
    yield from _complete("dns-name", dns_name.judge(way))
    yield from _complete("access", access.judge_web_acl(way))
    yield from _complete("stage", stage.judge(way))
    yield from _complete("deployment", deployment.judge(way))


def judge_route(way: Way) -> Iterator[Finding]:
    """Who may call, and where this configuration sends the request, up to the VPC link."""
    yield from _complete("access", access.judge(way))
    yield from _complete("route", route.judge(way))
    yield from _complete("method", method.judge(way))
    yield from _complete("integration", integration.judge(way))
    yield from _complete("stage-variables", stage_variables.judge(way))
    yield from _complete("vpc-link", vpc_link.judge(way))


def judge_network(way: Way, back: Back | None) -> Iterator[Finding]:
    """Everything behind the link."""
    if back is None:
        missing = load_balancer.missing(way)
        yield missing
        if missing.weight is Weight.BREAKS:
            missing = Finding("", Weight.NOT_REACHED, "There is no load balancer.")
        yield from (replace(missing, hop=hop) for hop in HOPS[HOPS.index("listener") : HOPS.index("backend")])
        return
    yield from _level(way, back)
    if back.behind is not None:
        # What reaches it is plain HTTP on the port that it is registered with.
        aim = way.aim
        endpoint = replace(aim.endpoint, scheme="http", port=back.behind.port) if aim.endpoint else None
        inner = replace(way, aim=replace(aim, endpoint=endpoint, balancer_by_host=False))
        for each in _level(inner, back.behind):
            yield replace(each, evidence=f"Behind it, {back.behind.name}: {each.evidence}", step="")


def _level(way: Way, back: Back) -> Iterator[Finding]:
    """One load balancer and its targets."""
    yield from _complete("load-balancer", load_balancer.judge(way.aim, back))
    yield from _complete("listener", listener.judge(way, back))
    yield from _complete("target-group", target_group.judge(way.aim, back))
    yield from _complete("targets", targets.judge(back))
    yield from _complete("health-check", health_check.judge(way.aim, back))
    yield from _complete("security-group", security_group.judge(way.aim, back))
    yield from _complete("network-acl", network_acl.judge(back))


def _complete(hop: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings; and, where AWS's answers lack something that the hop goes by, what that is."""
    try:
        yield from findings
    except Incomplete as error:
        yield Finding(hop, Weight.UNKNOWN, str(error))
