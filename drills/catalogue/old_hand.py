"""One of two

Since the service got its own health page last week, one of its two instances does nothing: every call is answered by
the other one. Its owner is annoyed. "I logged in. It runs, it answers, it is perfectly fine!"

## Debrief

**What broke.** One instance runs an older build that does not have the path of the health check, `/health`. It answers
404 there, so it is unhealthy and gets no requests.

**How it shows.** One target `healthy`, one `unhealthy` with `Target.FailedHealthChecks`. All calls succeed, from one
zone. What its owner calls by hand is another path than the health check's.

**Finding it fast.** Ask each instance what the load balancer asks it: path, port and protocol of
`aws elbv2 describe-target-groups`, the accepted codes in `Matcher`. `runbook trace` shows `health-check` as suspicious.
`runbook check` shows the steps `target-group` and `targets` as drifted.

**Preventing it.** First give every instance the new path, then let the health check ask for it. And do not "mend" such
a check by making it fail everywhere: the load balancer then fails open, and nothing is ever taken out of service.
"""

from __future__ import annotations

from drills.bench import KNOWN_PATHS, Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "health-check"
HINTS = (
    "The load balancer and the owner do not ask the same question. What does the load balancer ask?",
    "aws elbv2 describe-target-groups shows the health check. Ask both instances for its path.",
    "One instance does not know /health. Either it learns it, or the health check asks for a path that both know.",
)
SYMPTOM = Symptom(
    status=200,
    observation="one of two targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy", "unhealthy"},
)


def sabotage(bench: Bench) -> None:
    bench.machines(bench.instances[1], status={**KNOWN_PATHS, "/health": 404})
    bench.check_health("/health")


def mismend(bench: Bench) -> None:
    """Let the check fail on all: the load balancer fails open, and both get requests, healthy or not."""
    bench.check_health("/nothing")


def mend(bench: Bench) -> None:
    """Bring the instance to the same build. In these drills: `runbook practice machine INSTANCE-ID set
    status./health=200`. (Or let the health check ask for `/`: `aws elbv2 modify-target-group --target-group-arn ...
    --health-check-path /`.)
    """
    bench.machines(status=KNOWN_PATHS)
    bench.check_health(bench.params.health_check_path)
