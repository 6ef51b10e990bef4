"""Curly braces

After a colleague "tidied up the mappings", every call of the API is answered **500**
`{"message":"Internal server error"}`. The service's own log shows nothing at all, as if nobody had called.

## Debrief

**What broke.** The integration's endpoint URL is `http://.../{proxy}`, but nothing fills `{proxy}` any more: the
mapping `integration.request.path.proxy` ← `method.request.path.proxy` was removed. The braces stay as they are
written, and no URL may hold them.

**How it shows.** 500 at once, on every path, and nothing arrives at the service. In the execution log:
`Illegal character in path`.

**Finding it fast.** A 500 in a few milliseconds means that nothing was waited for: look at the API, not at the network.
`runbook trace`, or `aws apigateway get-integration`: each `{name}` in `uri` needs its line in `requestParameters`.
`runbook check` shows the step `integration` as drifted.

**Preventing it.** The console adds both halves of the mapping by itself; the CLI, SDKs and Terraform do not. Keep the
integration in code, and call a path below `/` after each deployment.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 10
HOP = "integration"
HINTS = (
    "The service's log shows no request: it is not the service. How quickly does the 500 come?",
    "What would API Gateway ask the service for? Look at the integration's endpoint URL.",
    "The endpoint URL holds {proxy}. What is it filled from?",
)
SYMPTOM = Symptom(status=500)

_MAPPING = "/requestParameters/integration.request.path.proxy"


def sabotage(bench: Bench) -> None:
    bench.patch_integration(_MAPPING, None)
    bench.deploy()


def mend(bench: Bench) -> None:
    """Map `integration.request.path.proxy` to `method.request.path.proxy` again, and deploy:
    `aws apigateway update-integration ... --patch-operations
    op=add,path=/requestParameters/integration.request.path.proxy,value=method.request.path.proxy`.
    """
    bench.patch_integration(_MAPPING, "method.request.path.proxy", "add")
    bench.deploy()
