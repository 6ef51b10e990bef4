"""A tidy entrance

The team of the service put a reverse proxy in front of it, on the instances themselves. Their own tests pass, all
targets are healthy. But every call of the API is answered **404**, with the headers of the service's proxy, and the
application's log stays empty.

## Debrief

**What broke.** The proxy on the instances answers only to the Host `orders.example`, and API Gateway sends the load
balancer's name. It looks for a site of that name, finds none, and answers 404 itself.

**How it shows.** 404 on every path, from the service and not from API Gateway (no `x-amzn-ErrorType` header). The
health check passes: it comes with an IP address as its Host, which the proxy's default site answers.

**Finding it fast.** Send the request as it arrives: from a machine in the VPC, `curl -H 'Host: NAME'` once with the
load balancer's name and once with theirs. `runbook trace` names the Host that was sent, at `backend`. `runbook check`
only sees the call fail.

**Preventing it.** Agree on the Host as on the port: it is a part of the interface. A proxy's default site should be the
service, or the health check should send the Host that the callers send.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "backend"
HINTS = (
    "Who answers 404: API Gateway, the application, or something in front of it?",
    "What differs between the health check's request and a caller's? Look at the headers, not at the path.",
    "Which Host does the proxy know (in these drills: runbook practice machines), and which one is it sent?",
)
SYMPTOM = Symptom(
    status=404,
    observation="all targets healthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy"},
)


def sabotage(bench: Bench) -> None:
    bench.machines(virtual_hosts=["orders.example"])


def mismend(bench: Bench) -> None:
    """Teach it to one instance: half of the calls still get nothing."""
    bench.machines(bench.instances[0], virtual_hosts=None)


def mend(bench: Bench) -> None:
    """Let the proxy answer to the load balancer's name as well, on every instance. In these drills: `runbook practice
    machine INSTANCE-ID set virtual_hosts=` (every name), or name both: `virtual_hosts=orders.example,NAME`.
    """
    bench.machines(virtual_hosts=None)
