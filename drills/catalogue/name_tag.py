"""The wrong name tag

A new naming scheme was rolled out: services are called by proper names, no longer by the long ones that AWS makes. The
API's stage got its new value as well. Since then every path is answered **404**: `no site of this name here`.

## Debrief

**What broke.** The stage variable `VPCNLB` holds `orders.internal.example`, a name that the service does not go by. The
host of the endpoint URL does *not* decide where a request goes, the VPC link does; it only becomes the `Host` header.

**How it shows.** The request arrives (nobody resolves that name, so it need not even exist), and the service, which
serves its sites by name as most web servers do, has none of this one: 404 from the service on every path. The health
check asks by IP address and stays green.

**Finding it fast.** The 404 is the service's own: no `x-amzn-ErrorType`. Ask what it was asked: path *and* host.
`aws apigateway get-stage --query variables`. `runbook trace` shows `stage-variables` as broken. `runbook check` shows
the step `stage-variables` as drifted.

**Preventing it.** Whoever changes a name has two ends to change: who asks by it, and who answers to it.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "stage-variables"
HINTS = (
    "The request arrives at the service: its own words are in the answer. What does it not like?",
    "By which host name is the service asked? It comes from the endpoint URL, and that from the stage.",
    "VPCNLB should be the load balancer's DNS name; that is the name the service knows.",
)
SYMPTOM = Symptom(status=404)


def sabotage(bench: Bench) -> None:
    bench.machines(virtual_hosts=[bench.balancer.dns_name])
    bench.set_variable("VPCNLB", "orders.internal.example")


def mismend(bench: Bench) -> None:
    """Let the service answer to any name: it does now, and links and redirects it makes carry the wrong one."""
    bench.machines(virtual_hosts=None)


def mend(bench: Bench) -> None:
    """Set `VPCNLB` to the load balancer's DNS name: `aws apigateway update-stage ... --patch-operations
    op=replace,path=/variables/VPCNLB,value=DNS_NAME`.
    """
    bench.set_variable("VPCNLB", bench.balancer.dns_name)
