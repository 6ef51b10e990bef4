"""The same page everywhere

No alarm rings: every call is answered **200**. But the support line does: whatever customers ask the API for, they get
the start page. It began when a colleague "took the curly braces out of the URL, they looked like a mistake".

## Debrief

**What broke.** The integration's endpoint URL ends after the host: `http://.../` instead of `http://.../{proxy}`. So
every path becomes `/`.

**How it shows.** 200 with the wrong content. A monitor that looks at statuses sees nothing; load balancer and targets
carry what they are given.

**Finding it fast.** The service tells what it was asked for: in its log, or here in its body (`path`). Compare it with
what was called. Then follow the path through API Gateway: what `/{proxy+}` takes in, the method declares
(`method.request.path.proxy`), the mapping carries over, and the endpoint URL uses. `runbook trace` shows `integration`
as suspicious, since a service might be meant to be asked so. `runbook check` shows the step `integration` as drifted.

**Preventing it.** Let the test after a deployment look for a word of the page it asked for.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "integration"
HINTS = (
    "The status is right and the content is not. What does the service say it was asked for?",
    "Call two different paths and compare. Where does the path get lost?",
    "Look at the integration's uri. What /{proxy+} takes in must be handed on.",
)
SYMPTOM = Symptom(
    status=200,
    observation="the service is asked for / whatever is called",
    seen=lambda bench: {answer.json()["path"] for answer in bench.ask()} == {"/"},
)


def sabotage(bench: Bench) -> None:
    bench.point_at(bench.endpoint_url.replace("{proxy}", ""))
    bench.deploy()


def mismend(bench: Bench) -> None:
    """Point it at the one path that was complained about: all others get that page now."""
    bench.point_at(bench.endpoint_url.replace("{proxy}", "hello"))
    bench.deploy()


def mend(bench: Bench) -> None:
    """End the endpoint URL in `{proxy}` again, and deploy: `aws apigateway update-integration ... --patch-operations
    'op=replace,path=/uri,value="http://${stageVariables.VPCNLB}/{proxy}"'`.
    """
    bench.up("integration", "deployment")
