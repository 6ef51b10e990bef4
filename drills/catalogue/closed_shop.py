"""The shop moved

"We will have a domain of our own next week", somebody wrote on Friday, and ticked a box in the API's settings to be
prepared. Since Monday's deployment every call of the invoke URL is answered **403** `{"message":"Forbidden"}`. The own
domain does not exist yet.

## Debrief

**What broke.** The API's default endpoint is disabled (`disableExecuteApiEndpoint`). It is the name that every REST API
has from the beginning, `API-ID.execute-api.REGION.amazonaws.com`; with the box ticked only custom domain names answer,
and there are none.

**How it shows.** 403 `Forbidden` on every path and stage, at once; the service hears nothing. It came with a deployment
though no route was changed: the setting is live only after the next one.

**Finding it fast.** `Forbidden` without a word about a token comes from before the routes: the endpoint, the stage's
name, an API key, a web ACL. `aws apigateway get-rest-api --query disableExecuteApiEndpoint`, or `runbook trace`, which
begins with it. `runbook check` only sees the call fail: it leaves this setting to people.

**Preventing it.** Disable the default endpoint last, when the custom domain answers and the access log shows that
nobody uses the old name any more.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "dns-name"
HINTS = (
    "403 Forbidden on every path, whatever you ask for: the request does not even get to the routes.",
    "What is there to be set on the API as a whole? aws apigateway get-rest-api",
    "disableExecuteApiEndpoint closes the invoke URL itself. And when is a change of the API live?",
)
SYMPTOM = Symptom(status=403)


def sabotage(bench: Bench) -> None:
    bench.patch_api("/disableExecuteApiEndpoint", "true")
    bench.deploy()


def mend(bench: Bench) -> None:
    """Enable the endpoint again, and deploy: `aws apigateway update-rest-api --rest-api-id ... --patch-operations
    op=replace,path=/disableExecuteApiEndpoint,value=false`, then `aws apigateway create-deployment`.
    """
    bench.patch_api("/disableExecuteApiEndpoint", "false")
    bench.deploy()
