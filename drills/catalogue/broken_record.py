"""Like a broken record

Since the mappings were "written out properly", every path of the API is answered **404**. It is not API Gateway that
says so, it is the service: it knows the paths very well, it says, but that is not what it is asked for.

## Debrief

**What broke.** `{proxy}` in the endpoint URL is filled from `'proxy'`, in single quotes: a literal. A mapping is either
a reference to the request, `method.request.path.proxy`, or a fixed value in quotes, and this one became the latter.
Every request asks the service for `/proxy`.

**How it shows.** 404 from the service on every path: no header `x-amzn-ErrorType`, and the service's own body, which
says what it was asked for.

**Finding it fast.** First: who answers? What API Gateway itself answers carries `x-amzn-ErrorType`. Then compare the
path that was called with the path in the service's log. `aws apigateway get-integration --query requestParameters`, or
`runbook trace`, which shows `integration` as broken. `runbook check` shows the step `integration` as drifted.

**Preventing it.** A test after each deployment should look at the answer, not only at its status, and call two paths.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from steps.any_method import PATH_PARAMETER
from steps.integration import MAPPED_PATH

LEVEL = 1
MINUTES = 8
HOP = "integration"
HINTS = (
    "Who answers 404, API Gateway or the service? The answer's headers and body tell.",
    "Which path does the service say it was asked for? Try a second one.",
    "{proxy} in the endpoint URL is filled from requestParameters. Quotes around a value make it a literal.",
)
SYMPTOM = Symptom(status=404)


def _map(bench: Bench, value: str) -> None:
    bench.patch_integration(f"/requestParameters/{MAPPED_PATH}", value)
    bench.deploy()


def sabotage(bench: Bench) -> None:
    _map(bench, "'proxy'")


def mismend(bench: Bench) -> None:
    """Write the path of one's own test there: that one works now, whatever one asks for."""
    _map(bench, "'hello'")


def mend(bench: Bench) -> None:
    """Map the path parameter, without quotes, and deploy: `aws apigateway update-integration ... --patch-operations
    op=replace,path=/requestParameters/integration.request.path.proxy,value=method.request.path.proxy`.
    """
    _map(bench, PATH_PARAMETER)
