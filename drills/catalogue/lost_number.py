"""No connection under this number

Every call is answered **500** since this morning. The change log has one entry: "stage prod: removed variables that
nobody uses".

## Debrief

**What broke.** The stage variable `VPCLINK` is gone. The integration's connection id is `${stageVariables.VPCLINK}`, so
API Gateway has no link to send the request over.

**How it shows.** 500 `Internal server error` on every path, at once. A search for `VPCLINK` in the API finds it only
inside the integration, which is why somebody took it for unused.

**Finding it fast.** List what the integration takes from the stage (`${stageVariables.…}`) and compare it with
`aws apigateway get-stage --query variables`. `runbook trace` names the variable. `runbook check` shows the step
`stage-variables` as drifted.

**Preventing it.** Stage variables are configuration like any other: keep them in code. After a change to a stage,
call it.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "stage-variables"
HINTS = (
    "Nothing was deployed and nothing in the network was changed. What else is a stage made of?",
    "The integration holds ${stageVariables.…} in two places.",
    "VPCLINK should hold the id of the VPC link: aws apigateway get-vpc-links",
)
SYMPTOM = Symptom(status=500)


def sabotage(bench: Bench) -> None:
    bench.set_variable("VPCLINK", None)


def mend(bench: Bench) -> None:
    """Set `VPCLINK` to the link's id: `aws apigateway update-stage ... --patch-operations
    op=replace,path=/variables/VPCLINK,value=LINK_ID`.
    """
    bench.set_variable("VPCLINK", bench.link.id)
