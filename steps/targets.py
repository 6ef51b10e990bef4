"""Targets: the instances join the group, and must be healthy

Registers the instances with the target group and waits until each passes its health check.

**Why.** Only healthy targets get requests. When all are unhealthy the load balancer *fails open* and sends to
all of them, so that a wrong health check can hide for long.

**When it stays unhealthy**, in the order of likelihood: the security group does not let the load balancer's addresses
in; the health check's path answers with a status that does not count as healthy (200 to 399, unless somebody set
others); nothing listens on the port; a network ACL is in between.

**Takes** about half a minute: registration, then two health checks in a row. **Costs** nothing.

**In the console:** EC2 → Target Groups → the group → Targets → Register targets.

```console
$ aws elbv2 register-targets --target-group-arn arn:... --targets Id=i-... Id=i-...
$ aws elbv2 describe-target-health --target-group-arn arn:...
```
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook.aws import Aws
from runbook.errors import CannotContinue
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.path import balancing
from runbook.permissions import CHECK, LOOK_AT_LOAD_BALANCING, UP
from runbook.picture import Box, Place
from runbook.record import is_ours
from runbook.removing import Resource, unless_gone
from steps import target_group
from steps._tags import CHANGE_OUR_LOAD_BALANCING
from steps.listener import Listener
from steps.preflight import PrivateService
from steps.security_group_ingress import Ingress
from steps.target_group import TargetGroup

READS = ("health_check_interval", "port")
PART_OF = TargetGroup
BOX = Box(Place.INSTANCES, "Targets", ("{instance}", "{state}"), each="targets", hops=("targets",))
HOPS = {"targets": "target .*registered$"}

TAKES = 40.0  # AWS seconds from registration to healthy with two checks ten seconds apart

# What to do about the reasons AWS gives (TargetHealth in the ELBv2 API reference).
_HELP = {
    "Target.FailedHealthChecks": "nothing answers on the health check's port (look at the security group's rules, at "
    "network ACLs, and whether the service listens), or its path answers with a status that does not count "
    "as healthy (200 to 399, unless somebody set others)",
    "Target.Timeout": "no answer in time: look at the security group's rules, at network ACLs, and at the service",
    "Target.ResponseCodeMismatch": "the health check's path answers with a status that does not count as healthy "
    "(200 to 399, unless somebody set others)",
    "Target.NotInUse": "no listener forwards to the group, or the load balancer does not serve its zone",
    "Target.InvalidState": "the instance is stopped or terminated",
    "Target.IpUnusable": "the address cannot be used as a target",
}

PERMISSIONS = (
    LOOK_AT_LOAD_BALANCING.allow(CHECK, actions="elasticloadbalancing:DescribeTargetHealth"),
    CHANGE_OUR_LOAD_BALANCING.allow(
        UP, actions="elasticloadbalancing:RegisterTargets elasticloadbalancing:DeregisterTargets"
    ),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One registered instance and what the load balancer thinks of it."""

    instance: str
    port: int
    state: str
    """As AWS has it (``initial``, ``healthy``, ``unhealthy``, ...); ``unknown`` where it does not say."""
    reason: str = ""
    description: str = ""

    @property
    def remark(self) -> str:
        """Why it is not healthy, in AWS's words and ours."""
        said = " ".join(part for part in (self.reason, f"({self.description})" if self.description else "") if part)
        help_ = _HELP.get(self.reason, "")
        return ": ".join(part for part in (said, help_) if part)


@dataclass(frozen=True, slots=True)
class Targets:
    """The registered instances."""

    targets: tuple[Target, ...]

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return ", ".join(f"{target.instance} {target.state}" for target in self.targets)


def find(aws: Aws, stack: str) -> list[Target]:
    """The targets registered with the stack's target group."""
    group = target_group.find(aws, stack)
    return _targets(aws, group.arn) if group else []


def check(
    aws: Aws, params: Parameters, service: PrivateService, group: TargetGroup
) -> Targets | Missing | Drifted[Targets]:
    """Whether the instances, and only they, are registered on the traffic port and healthy."""
    found = _targets(aws, group.arn)
    wanted = {(instance.id, params.port) for instance in service.instances}
    registered = {(target.instance, target.port): target for target in found if target.state != "draining"}
    if not registered:
        return Missing(f"no instance is registered with {group.name}")
    differences = (
        *(
            Difference(f"target {name} on port {port}", "", "registered")
            for name, port in sorted(wanted - {*registered})
        ),
        *(
            Difference(f"target {name} on port {port}", "registered", "")
            for name, port in sorted({*registered} - wanted)
        ),
        *(
            Difference(f"health of {key[0]}", _health(target), "healthy", waits=True)
            for key, target in sorted(registered.items())
            if key in wanted and target.state != "healthy"
        ),
    )
    targets = Targets(tuple(found))
    return Drifted(targets, differences) if differences else targets


def do(
    aws: Aws,
    params: Parameters,
    service: PrivateService,
    group: TargetGroup,
    listener: Listener,
    ingress: Ingress,
) -> Targets:
    """Register what is not registered, take out what does not belong, wait until all are healthy.

    The listener and the ingress rules come first: without them no target becomes healthy.
    Raises :class:`CannotContinue` with AWS's reason when a target stays unhealthy.
    """
    del listener, ingress
    wanted = {(instance.id, params.port) for instance in service.instances}
    registered = {(item.instance, item.port) for item in _targets(aws, group.arn) if item.state != "draining"}
    if absent := sorted(wanted - registered):
        aws.elbv2.register_targets(
            TargetGroupArn=group.arn, Targets=[{"Id": name, "Port": port} for name, port in absent]
        )
    if surplus := sorted(registered - wanted):
        aws.elbv2.deregister_targets(
            TargetGroupArn=group.arn, Targets=[{"Id": name, "Port": port} for name, port in surplus]
        )
    return _healthy(aws, params, group, wanted, just_registered=bool(absent))


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The targets of the stack's target group, as its members; the instances stay."""
    _, targets = _registered(aws, params.stack)
    return [Resource("target", f"{item.instance}:{item.port}") for item in targets]


def undo(aws: Aws, params: Parameters) -> None:
    """Take all targets out of our target group."""
    found, targets = _registered(aws, params.stack)
    if found is not None and targets:
        with unless_gone():
            aws.elbv2.deregister_targets(
                TargetGroupArn=found.arn,
                Targets=[{"Id": item.instance, "Port": item.port} for item in targets],
            )


def _registered(aws: Aws, stack: str) -> tuple[TargetGroup | None, list[Target]]:
    """The stack's target group, and its targets that are not on their way out."""
    group = target_group.find(aws, stack)
    if group is None or not is_ours(group.tags, stack):
        return None, []
    with unless_gone():
        return group, [target for target in _targets(aws, group.arn) if target.state != "draining"]
    return None, []


def _healthy(
    aws: Aws, params: Parameters, group: TargetGroup, wanted: set[tuple[str, int]], *, just_registered: bool
) -> Targets:
    # After the ingress rules are new, one failed check may still be the past speaking. Three rounds are not.
    patience = 3.0 * params.health_check_interval + 30.0
    every = 5.0
    unhealthy_for = 0.0
    found: list[Target] = []

    def ready() -> Targets | None:
        nonlocal found, unhealthy_for
        found = [target for target in _targets(aws, group.arn) if (target.instance, target.port) in wanted]
        if len(found) == len(wanted) and all(target.state == "healthy" for target in found):
            return Targets(tuple(found))
        bad = [target for target in found if target.state in ("unhealthy", "unused", "unavailable")]
        unhealthy_for = unhealthy_for + every if bad else 0.0
        if unhealthy_for > patience:
            raise CannotContinue(
                "; ".join(f"{target.instance} is {target.state}: {target.remark}" for target in bad)
                + f". Health check: GET {group.health_check_path} on port {group.health_check_port}."
            )
        return None

    return aws.wait_until(
        ready,
        what="the targets to become healthy",
        state=lambda: ", ".join(f"{target.instance} {_health(target)}" for target in found),
        usual=max(TAKES, 4.0 * params.health_check_interval),
        every=every,
        at_once=not just_registered,
        steady=True,
    )


def _health(target: Target) -> str:
    return f"{target.state} ({target.reason})" if target.reason else target.state


def _targets(aws: Aws, group_arn: str) -> list[Target]:
    return sorted(
        (
            Target(each.id, each.port, each.state or "unknown", each.reason, each.description)
            for each in balancing.health(aws, group_arn)
        ),
        key=lambda target: (target.instance, target.port),
    )
