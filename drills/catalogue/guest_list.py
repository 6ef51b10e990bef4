"""Patch night

The instances were patched last night: taken out of service, updated, started again. The operating team says that they
run, and that the service answers on each of them. Callers of the API get nothing but **500**
`{"message":"Internal server error"}`.

## Debrief

**What broke.** The instances were deregistered for the patching and never registered again. The target group is empty,
so the load balancer has nobody to give a connection to.

**How it shows.** 500 on every path. Nothing is unhealthy, because there is nothing to be unhealthy: an alarm on
`UnHealthyHostCount` stays silent. Only `HealthyHostCount` at zero would tell.

**Finding it fast.** `aws elbv2 describe-target-health --target-group-arn ...` answers an empty list. `runbook trace`
says so under `targets`. `runbook check` shows the step `targets` as missing.

**Preventing it.** Let the script that takes an instance out also bring it back, and wait until it is healthy before it
goes on to the next. Set the alarm on too few healthy targets, not on unhealthy ones.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 6
HOP = "targets"
HINTS = (
    "The service answers on the instances. Does the load balancer know that they are there?",
    "aws elbv2 describe-target-health with the target group's ARN.",
    "The target group is empty. Register the instances, and wait until they are healthy.",
)
SYMPTOM = Symptom(status=500, observation="no target at all", seen=lambda bench: not bench.targets)


def sabotage(bench: Bench) -> None:
    bench.deregister()


def mismend(bench: Bench) -> None:
    """Register one and be content that the API answers."""
    bench.register(only=bench.instances[:1])


def mend(bench: Bench) -> None:
    """Register all instances: `aws elbv2 register-targets --target-group-arn ... --targets Id=i-... Id=i-...`, and wait
    until they are healthy.
    """
    bench.register()
