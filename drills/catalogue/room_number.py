"""By the book

A new colleague set up the load balancing again, "by the book" and from memory. Load balancer, listener and target
group look right to everybody. Callers get **500** `{"message":"Internal server error"}`, and all targets are unhealthy.

## Debrief

**What broke.** The instances are registered on port 8080. The service listens on 80. The port in the target group's own
settings is only the default for new targets: each target carries its own port, and that is the one that counts.

**How it shows.** All targets `unhealthy` with `Target.FailedHealthChecks`, which is all that AWS says about it: a
refused connection, a packet that is filtered and a wrong path look the same there.

**Finding it fast.** `aws elbv2 describe-target-health` shows `Target.Port`; compare it with the group's `Port` and with
what the service listens on. `runbook trace` names it under `targets`. `runbook check` shows the step `targets` as
drifted.

**Preventing it.** Leave the port out when registering, so that the group's counts. If two versions run side by side on
one instance, give each its own target group.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "targets"
HINTS = (
    "All targets fail the same check. What exactly does the load balancer ask them, and where?",
    "Compare the ports: the listener's, the target group's, the service's, and one more.",
    "describe-target-health shows the port of each target. It need not be the group's.",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)
ELSEWHERE = 8080


def sabotage(bench: Bench) -> None:
    bench.deregister()
    bench.register(ELSEWHERE)


def mismend(bench: Bench) -> None:
    """Let the load balancer in on that port: nothing listens there."""
    for address in bench.addresses:
        bench.let_in(f"{address}/32", ELSEWHERE)


def mend(bench: Bench) -> None:
    """Register the instances on port 80 and take the others out: `aws elbv2 register-targets --target-group-arn ...
    --targets Id=i-...,Port=80`, then `deregister-targets ... --targets Id=i-...,Port=8080`.
    """
    bench.register()
    bench.deregister(but_port=bench.params.port)
    bench.admit()
