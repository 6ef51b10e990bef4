"""The token that nobody lost

Every path of the API is answered **403** `{"message":"Missing Authentication Token"}` since the security team's
hardening. A colleague has had that before: "That is the route, it is always the route." But the route is deployed, and
the customers' programs do send the requests they have always sent.

## Debrief

**What broke.** The method's authorization is `AWS_IAM`: API Gateway now wants each request signed with AWS credentials
(Signature Version 4). The customers have none.

**How it shows.** 403 `Missing Authentication Token`, word for word what an unknown route gets. Here, for once, the
words mean what they say.

**Finding it fast.** Two causes, one message: look which it is. The route is in the export of the stage; so look at the
method: `aws apigateway get-method --query authorizationType`. `runbook trace` shows `route` as ok and `access` as
broken. `runbook check` only sees the call fail: an authorizer that somebody put in front is left as it is.

**Preventing it.** Whether an API is public is a decision, and belongs into code and into a test: one call without
credentials, with the status that it should get.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "access"
HINTS = (
    "These words have two causes. Is the route deployed? Look at the stage's export.",
    "The route is there. Then a token is missing indeed: who asks for one?",
    "aws apigateway get-method: authorizationType. The API is meant to be public.",
)
SYMPTOM = Symptom(status=403)


def sabotage(bench: Bench) -> None:
    bench.patch_method("/authorizationType", "AWS_IAM")
    bench.deploy()


def mend(bench: Bench) -> None:
    """Let the method ask for no authorization, and deploy: `aws apigateway update-method ... --http-method ANY
    --patch-operations op=replace,path=/authorizationType,value=NONE`, then `aws apigateway create-deployment`.
    """
    bench.patch_method("/authorizationType", "NONE")
    bench.deploy()
