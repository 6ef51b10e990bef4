"""In the shop window

The API works. But the monthly audit of what the company shows to the internet has this service on its list, and not
under the API's name. Nobody remembers publishing anything else. Close it; some minutes of downtime are granted.

## Debrief

**What broke.** The load balancer in front of the instances is internet-facing: its name resolves to public addresses,
and whoever finds it can send to it, past the API Gateway, its authorisation and its throttling.

**How it shows.** It does not, in the API: the VPC link works with either kind. Only the scheme
tells. That the instances' security group drops what clients send with their own addresses is the last line that holds,
and only as long as client addresses are preserved.

**Finding it fast.** `aws elbv2 describe-load-balancers --query 'LoadBalancers[].[LoadBalancerName,Scheme]'`.
`runbook trace` shows `load-balancer` as suspicious. `runbook check` shows the step `load-balancer` as drifted.

**Preventing it.** `internet-facing` is the default of `create-load-balancer`, so name the scheme each time. It cannot
be changed later. The replacement has an order: the link goes first, because AWS refuses to delete a load balancer
that a link uses; then the load balancer, with its listener; then all of it anew, with the stage variables, and with
rules for the new addresses.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from drills.network import open_vpc, replace_balancer

LEVEL = 3
MINUTES = 20
HOP = "load-balancer"
HINTS = (
    "Which load balancer in front of this service can be reached from the internet? Look at the scheme.",
    "The scheme of a load balancer cannot be changed. It has to be made anew, and something holds it.",
    "First the link, then the load balancer, then all of it anew. runbook up --replace knows the order.",
)
SYMPTOM = Symptom(
    status=200,
    observation="the load balancer is internet-facing",
    seen=lambda bench: bench.balancer.scheme == "internet-facing",
)


def sabotage(bench: Bench) -> None:
    open_vpc(bench)
    replace_balancer(bench, Scheme="internet-facing")
    bench.up("security-group-ingress", "targets")


def mend(bench: Bench) -> None:
    """Replace it by an internal one: delete the VPC link and wait until it is gone, delete the load balancer, create it
    with `--scheme internal`, then listener, link and stage variables, and let the new addresses in. In the runbook:
    `runbook up --stack drill --replace`.
    """
    bench.up(replace=True)
