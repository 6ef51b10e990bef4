"""Heads or tails

Every other call fails with **500** `{"message":"Internal server error"}`, the next one is fine. Retrying helps, so
nobody called for a week. The two teams that were asked each found something odd: the health alarm has been ringing
for ages ("it always does, ignore it"), and somebody tidied up the firewall rules lately.

## Debrief

**What broke.** The rule for one of the load balancer's two addresses is gone, and a health check that fails everywhere
hides it. One zone's instance cannot be reached. And as the health check asks for a path that the service does not have,
all targets count as unhealthy: the load balancer fails open, does not know the one from the other, and goes on sending
requests to both.

**How it shows.** Half of the calls fail, as the load balancer's nodes take turns. With a health check that worked, the
unreachable target would be taken out within half a minute, and nobody would have noticed an error.

**Finding it fast.** Call a dozen times and count; look who answers when it works. If failure goes by zone, compare what
differs between zones. `runbook trace` sends a real request each time: repeat it until it meets a failing one.
`runbook check` shows the steps `target-group`, `targets` and `security-group-ingress` as drifted.

**Preventing it.** An alarm that always rings is no alarm. Mend it or remove it on the first day, because what it would
have told you is exactly what you need on the day that something else breaks.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 3
MINUTES = 20
HOP = "security-group"
HINTS = (
    "Which instance never answers? And why does the load balancer not stop asking it?",
    "When no target is healthy, the load balancer tries them all. So there are two things to mend.",
    "Compare the load balancer's addresses with the rules, and the health check's path with what the service knows.",
)
SYMPTOM = Symptom(
    status=500,
    only_some=True,
    observation="all targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)


def sabotage(bench: Bench) -> None:
    bench.check_health("/healthz")
    address = bench.addresses[0]
    bench.shut_out([rule for rule in bench.rules() if rule.get("CidrIpv4") == f"{address}/32"])


def mismend(bench: Bench) -> None:
    """Mend the health check only: all calls are answered then, and half of the service idles."""
    bench.check_health(bench.params.health_check_path)


def mend(bench: Bench) -> None:
    """Let in the missing address (`aws ec2 authorize-security-group-ingress --group-id ... --protocol tcp --port 80
    --cidr ADDRESS/32`), and let the health check ask for a path that the service has (`aws elbv2 modify-target-group
    --target-group-arn ... --health-check-path /`). Wait until both targets are healthy.
    """
    bench.admit()
    bench.check_health(bench.params.health_check_path)
