"""Everything is down, and it works

The alarm on the load balancer's `UnHealthyHostCount` rings: all targets are unhealthy. Yet customers call and get their
answers. The service's team says that they only renamed a path last week.

## Debrief

**What broke.** The target group's health check asks for a path that the service does not have; it answers 404, so every
target counts as unhealthy. With no healthy target at all a Network Load Balancer *fails open* and sends traffic to all.

**How it shows.** All targets `unhealthy` (`Target.FailedHealthChecks`), and calls work all the same. It stops working
when a single target becomes healthy, or when one really dies: nobody takes it out any more.

**Finding it fast.** `aws elbv2 describe-target-health`, then ask an instance for the health check's path by hand.
`runbook trace` shows `health-check` as suspicious, not broken. `runbook check` shows the steps `target-group` and
`targets` as drifted.

**Preventing it.** Give the service a path that exists only for the health check, and change both sides together.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "health-check"
HINTS = (
    "The service answers. So who says that it is down, and how does it find out?",
    "aws elbv2 describe-target-health gives a reason; describe-target-groups says what is asked.",
    "The service knows the paths /, /health, /hello and /orders. What does the health check ask for?",
)
SYMPTOM = Symptom(
    status=200,
    observation="all targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)


def sabotage(bench: Bench) -> None:
    bench.aws.elbv2.modify_target_group(TargetGroupArn=bench.group.arn, HealthCheckPath="/healthz")


def mend(bench: Bench) -> None:
    """Let the health check ask for a path that the service has: `aws elbv2 modify-target-group --target-group-arn ...
    --health-check-path /`, and wait until the targets are healthy.
    """
    bench.aws.elbv2.modify_target_group(TargetGroupArn=bench.group.arn, HealthCheckPath=bench.params.health_check_path)
