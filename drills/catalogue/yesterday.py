"""Back to yesterday

A release went wrong at noon and was rolled back within a minute; everybody was relieved. But since then all paths are
answered **403** `{"message":"Missing Authentication Token"}`, except for `/health`, which the team that rolled back
looked at.

## Debrief

**What broke.** The stage was set back to an older deployment than meant: one from the API's first days, when only
`/health` was routed.

**How it shows.** 403 `Missing Authentication Token`, as for any route that is not deployed, though `/{proxy+}` is there
in the console.

**Finding it fast.** Which deployment does the stage serve, and which others are there? `aws apigateway get-stage
--query deploymentId`, `aws apigateway get-deployments --query 'items[].[id,createdDate,description]'`. `runbook trace`
compares what is deployed with what is configured, and shows `deployment` as broken. `runbook check` shows the step
`deployment` as drifted.

**Preventing it.** Give each deployment a description that says what is in it, and roll back by the id that was noted
before the release. (`runbook rollback` goes by what it noted itself.)
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "deployment"
HINTS = (
    "Compare what the API has, get-resources, with what the stage serves: get-export.",
    "A stage serves one of the API's deployments, and not always the newest.",
    "aws apigateway get-deployments lists them all; the stage's deploymentId can be set to any of them.",
)
SYMPTOM = Symptom(status=403)


def sabotage(bench: Bench) -> None:
    bench.add_resource("health")
    bench.add_method("GET", "/health", bench.endpoint_url.replace("{proxy}", "health"))
    bench.remove_method("ANY", "/{proxy+}")
    first = bench.keep()
    bench.aws.apigateway.delete_resource(restApiId=bench.api.id, resourceId=bench.resource("/health"))
    bench.up("any-method", "integration")
    bench.keep()
    bench.use_deployment(first)


def mend(bench: Bench) -> None:
    """Deploy what is configured (`aws apigateway create-deployment --rest-api-id ... --stage-name prod`), or set the
    stage to the deployment of the last release: `aws apigateway update-stage ... --patch-operations
    op=replace,path=/deploymentId,value=...`.
    """
    bench.deploy()
