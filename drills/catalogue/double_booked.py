"""Double booked

The old VPC link had no proper description, so a colleague made a new one on the same load balancer and pointed the
stage at it. Making it had raised no error. Every call is answered **500** `{"message":"Internal server error"}` now.

## Debrief

**What broke.** The new link is `FAILED`: a Network Load Balancer serves one VPC link (one VPC endpoint service) and has
one already. `CreateVpcLink` answers at once, and only minutes later the link turns out to have failed.

**How it shows.** 500 on every path. The link is there, with the right name and the right target; only its status says
more, and its `statusMessage` why.

**Finding it fast.** `aws apigateway get-vpc-links --query 'items[].[id,name,status,statusMessage]'`, and which of them
the stage names. `runbook trace` shows `vpc-link` as broken, with AWS's message. `runbook check` shows the step
`stage-variables` as drifted: it knows which link is the right one.

**Preventing it.** Wait until a link is `AVAILABLE` before anything is pointed at it. A link's description can be
changed in place (`update-vpc-link`); to replace a link the old one has to go first, or the new one gets a load
balancer of its own.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from runbook.path import links
from steps import _links

LEVEL = 2
MINUTES = 12
HOP = "vpc-link"
HINTS = (
    "Creating something on AWS and its being ready are two things. How does the link stand?",
    "aws apigateway get-vpc-links: status and statusMessage of each.",
    "A load balancer takes one link. The one that was there first is still good.",
)
SYMPTOM = Symptom(status=500)


def sabotage(bench: Bench) -> None:
    second = bench.another_link("link-new", bench.balancer.arn)
    bench.set_variable("VPCLINK", second.id)


def mend(bench: Bench) -> None:
    """Point the stage at the link that is available, and delete the failed one: `aws apigateway update-stage ...
    --patch-operations op=replace,path=/variables/VPCLINK,value=LINK_ID`, `aws apigateway delete-vpc-link`.
    """
    failed = bench.variables["VPCLINK"]
    bench.set_variable("VPCLINK", bench.link.id)
    if failed != bench.link.id:
        _links.delete(bench.aws, [link for link in [links.get(bench.aws, failed)] if link])
