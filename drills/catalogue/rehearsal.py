"""It works in the console

The service's new version, which wanted its paths below `/v2`, was called off. The API had been changed for it already;
a colleague put that right an hour ago and pressed *Test* in the console: 200, perfect. But customers still get **404**,
from the service.

## Debrief

**What broke.** The integration was mended and not deployed. A stage serves a *deployment*, which is a snapshot; what is
changed afterwards is seen in the console, in the CLI and by *Test*, and by no caller.

**How it shows.** The configuration is right, *Test* works, and callers get what was there before. The service's log
shows how it is asked: `/v2/hello`.

**Finding it fast.** Never compare the symptom with what is configured; ask what is deployed: `aws apigateway
get-export --stage-name prod --export-type oas30 --parameters extensions=apigateway`. `runbook trace` does so, and shows
`deployment` as broken. `runbook check` shows the step `deployment` as drifted.

**Preventing it.** Change the API by one way only, which deploys what it changes. Call the URL after a change; *Test*
proves nothing to a caller.
"""

from __future__ import annotations

from drills.bench import KNOWN_PATHS, Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "deployment"
HINTS = (
    "Who answers 404? Look into the body: which path does the service say it was asked for?",
    "The integration's endpoint URL has no /v2 in it. Then where does it come from?",
    "What callers get is the stage's deployment. When was the last one made, and when was the change?",
)
SYMPTOM = Symptom(status=404)


def sabotage(bench: Bench) -> None:
    right = bench.endpoint_url
    bench.point_at(right.replace("{proxy}", "v2/{proxy}"))
    bench.deploy()
    bench.point_at(right)


def mismend(bench: Bench) -> None:
    """Teach the service the paths that nobody wants: the next deployment of the API breaks it again."""
    bench.machines(status={**KNOWN_PATHS, "/v2/hello": 200})


def mend(bench: Bench) -> None:
    """Deploy what is configured: `aws apigateway create-deployment --rest-api-id ... --stage-name prod`."""
    bench.deploy()
