"""Members only

A project prepares to sell access to the API by the call. Since its last release all customers are answered **403**
`{"message":"Forbidden"}`. They have no contract yet, and nobody has ever given them anything to show.

## Debrief

**What broke.** The method asks for an API key (`apiKeyRequired`), and callers send none.

**How it shows.** 403 `Forbidden`: the same status and the same words as for a wrong stage or a disabled endpoint. The
service hears nothing.

**Finding it fast.** `aws apigateway get-method --query apiKeyRequired`, and `runbook trace`, whose hop `access` says
what a method asks for before it lets anybody pass. `runbook check` only sees the call fail: who may call is left to
people.

**Preventing it.** Turn such a thing on for a new stage or path, give out the keys, and only then turn it on for those
who are there. A call without any credentials belongs in the test after each deployment.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "access"
HINTS = (
    "The service's log shows nothing. Which door does a request pass before it is even routed to the service?",
    "The stage is there and the endpoint is enabled. What does the method ask its callers for?",
    "aws apigateway get-method: apiKeyRequired. Your customers have no key, and shall not need one.",
)
SYMPTOM = Symptom(status=403)


def sabotage(bench: Bench) -> None:
    bench.patch_method("/apiKeyRequired", "true")
    bench.deploy()


def mend(bench: Bench) -> None:
    """Let the method ask for no API key, and deploy: `aws apigateway update-method ... --http-method ANY
    --patch-operations op=replace,path=/apiKeyRequired,value=false`, then `aws apigateway create-deployment`.
    """
    bench.patch_method("/apiKeyRequired", "false")
    bench.deploy()
