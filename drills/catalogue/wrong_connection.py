"""You have the wrong number

A second load balancer with a VPC link of its own is being built for the next release; nothing is behind it yet. This
morning its link's id was "entered where it belongs". Since then every call is answered **500** `{"message":"Internal
server error"}`.

## Debrief

**What broke.** The stage variable `VPCLINK` holds the id of another link. The link is available, and it leads to a
load balancer that nothing listens on.

**How it shows.** 500 on every path, while all that one looks at first is in order: the link is `AVAILABLE`, the targets
are healthy. It is another link, and other targets.

**Finding it fast.** Begin with what the stage really uses and follow the ids, instead of looking at what has the right
name: `aws apigateway get-stage --query variables`, then `get-vpc-link` with that id, then the load balancer it names.
`VPCNLB` should be that load balancer's DNS name; here the two variables disagree, and `runbook trace` says so
(`stage-variables`). `runbook links` shows which link is used by which stage. `runbook check` shows the step
`stage-variables` as drifted.

**Preventing it.** Set both variables in one place from the same load balancer, and call the stage after a change.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 12
HOP = "stage-variables"
HINTS = (
    "The targets are healthy. Are they the ones that this request would get to?",
    "Follow the ids from the stage on: its variables, the link, the link's load balancer.",
    "VPCLINK and VPCNLB should be about the same load balancer.",
)
SYMPTOM = Symptom(
    status=500,
    observation="the link that is used is AVAILABLE",
    seen=lambda bench: bench.variables["VPCLINK"] != bench.link.id,
)


def sabotage(bench: Bench) -> None:
    other = bench.another_balancer("next")
    bench.set_variable("VPCLINK", bench.another_link("next", other["LoadBalancerArn"]).id)


def mismend(bench: Bench) -> None:
    """Let the two variables agree, on the load balancer that nothing is behind."""
    other = bench.aws.elbv2.describe_load_balancers(Names=[f"{bench.params.stack}-next"])["LoadBalancers"][0]
    bench.set_variable("VPCNLB", other["DNSName"])


def mend(bench: Bench) -> None:
    """Set `VPCLINK` to the id of the link on the load balancer that the service is behind, and see that `VPCNLB` is
    that load balancer's DNS name: `aws apigateway update-stage ... --patch-operations
    op=replace,path=/variables/VPCLINK,value=LINK_ID`.
    """
    bench.set_variable("VPCLINK", bench.link.id)
    bench.set_variable("VPCNLB", bench.balancer.dns_name)
