"""The back entrance

The service's team tried something on port 8081 and "took it back everywhere". Their service answers, the load balancer
is fine, all targets are healthy. Yet every call of the API is answered **500** `{"message":"Internal server error"}`.

## Debrief

**What broke.** The integration's endpoint URL names port 8081, where the load balancer has no listener. The link leads
to the load balancer; which of its listeners is asked is decided by the port of the endpoint URL, and without one by its
scheme: 80 for `http`.

**How it shows.** 500 on every path. Everything behind the load balancer is healthy, because health checks do not come
through a listener.

**Finding it fast.** Two numbers must agree: the port in the endpoint URL and the listener's. `aws apigateway
get-integration --query uri` and `aws elbv2 describe-listeners`. `runbook trace` names the hop where they part.
`runbook check` shows the step `integration` as drifted.

**Preventing it.** Name a port in one place and derive the others from it, as the runbook does from its parameter
`port`.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "integration"
HINTS = (
    "All targets are healthy: from the load balancer on the way is free. And the way to the load balancer?",
    "API Gateway opens a connection to the load balancer, on a port. Which?",
    "Compare the integration's uri with aws elbv2 describe-listeners.",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets healthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy"},
)


def sabotage(bench: Bench) -> None:
    bench.point_at(bench.endpoint_url.replace("/{proxy}", ":8081/{proxy}"))
    bench.deploy()


def mend(bench: Bench) -> None:
    """Take the port out of the endpoint URL, and deploy: `aws apigateway update-integration ... --patch-operations
    'op=replace,path=/uri,value="http://${stageVariables.VPCNLB}/{proxy}"'`. (A second listener on 8081 would do as
    well.)
    """
    bench.up("integration", "deployment")
