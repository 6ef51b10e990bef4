"""Nobody answers the bell

Last night the platform team brought all load balancers in line with the company's new standards. The dashboards stayed
green: the load balancer is active, every target is healthy. But since then every call of the API is answered **500**
`{"message":"Internal server error"}`.

## Debrief

**What broke.** The listener was moved to port 8080. API Gateway connects to the load balancer on the port of the
integration's endpoint URL, and `http://` without a port means 80. Nothing listens there any more.

**How it shows.** 500 on every path while everything behind the listener is healthy: health checks go from the load
balancer to the targets and never pass the listener, so a green target group says nothing about the way in.

**Finding it fast.** Compare two ports: that of the endpoint URL (`aws apigateway get-integration --query uri`) and that
of `aws elbv2 describe-listeners`. `runbook trace` compares them. `runbook check` shows the step `listener` as drifted.

**Preventing it.** A listener's port is an agreement with whoever calls; change both sides together. Where it must
move, add the second listener first and take the old one away last.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "listener"
HINTS = (
    "Healthy targets only prove the way from the load balancer to the instances. What about the way before it?",
    "On which port does API Gateway knock? The integration's endpoint URL says it.",
    "http:// without a port is port 80. On which port does the load balancer listen?",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets healthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy"},
)
ELSEWHERE = 8080


def sabotage(bench: Bench) -> None:
    bench.aws.elbv2.modify_listener(ListenerArn=bench.listener.arn, Port=ELSEWHERE)


def mismend(bench: Bench) -> None:
    """Let the load balancer in on its new port: the instances are not what cannot be reached."""
    for address in bench.addresses:
        bench.let_in(f"{address}/32", ELSEWHERE)


def mend(bench: Bench) -> None:
    """Listen on port 80 again: `aws elbv2 modify-listener --listener-arn ... --port 80`. (The other way round would do
    too: name port 8080 in the integration's endpoint URL, and deploy.)
    """
    bench.aws.elbv2.modify_listener(ListenerArn=bench.listener.arn, Port=bench.params.port)
    bench.admit()
