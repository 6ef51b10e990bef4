"""Somebody cut the line

Cost control went through the account and deleted "VPC links that no API refers to": a search for the id had found it in
no API. Every call is answered **500** `{"message":"Internal server error"}`.

## Debrief

**What broke.** The VPC link is gone. It was in use: the integration says `${stageVariables.VPCLINK}`, and the id stands
only in the stage's variable, where nobody searched.

**How it shows.** 500 on every path. The stage's variable holds an id, as always; there is nothing of this id.

**Finding it fast.** `aws apigateway get-vpc-link --vpc-link-id ...` with the id that the stage names: not found.
`runbook trace` shows `vpc-link` as broken. `runbook check` shows the step `vpc-link` as missing, and `runbook links`
would have shown the search's mistake: it resolves the variables.

**Preventing it.** Tag what is in use and by whom. A VPC link costs nothing by the hour, so there is nothing to save.
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
    "Follow the ids from the stage on. Is there something at the end of each?",
    "aws apigateway get-vpc-link with the id in VPCLINK.",
    "Make a new link on the load balancer, wait until it is AVAILABLE, and put its id into the stage's VPCLINK.",
)
SYMPTOM = Symptom(
    status=500,
    observation="no link of the id in VPCLINK",
    seen=lambda bench: links.get(bench.aws, bench.variables["VPCLINK"]) is None,
)


def sabotage(bench: Bench) -> None:
    _links.delete(bench.aws, [bench.link])


def mend(bench: Bench) -> None:
    """Make a link anew and name it on the stage: `aws apigateway create-vpc-link --target-arns ...`, wait until it is
    `AVAILABLE`, then `update-stage` with `VPCLINK`. In the runbook: `runbook up --stack drill`.
    """
    bench.up("vpc-link", "stage-variables")
