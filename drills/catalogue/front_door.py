"""The front door is shut

A partner calls the bare address of the API, `GET /`, to see whether it lives. Since the clean-up of last night they
get **403** `{"message":"Missing Authentication Token"}` and ask which token is meant. Nobody ever gave them one.
All other paths work.

## Debrief

**What broke.** The method of `/` was deleted. `/{proxy+}` stands for one or more path segments, so it does not match
`/` itself: that needs a method and an integration of its own.

**How it shows.** 403 `Missing Authentication Token` with the header `x-amzn-ErrorType:
MissingAuthenticationTokenException`. The words mislead: it is what API Gateway says to any route that is not deployed.

**Finding it fast.** Call another path: it works, so everything behind the route is fine. Then look at the deployed
routes: `aws apigateway get-export --export-type oas30 ...`, or `runbook trace .../prod/`. `runbook check` shows the
step `any-method` as drifted.

**Preventing it.** Route `/` on purpose (`--route-root`) or tell callers that there is nothing, and call both in the
test after each deployment.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 5
HOP = "route"
HINTS = (
    "Does another path, such as /hello, answer? Then what is behind the API is fine.",
    "API Gateway says Missing Authentication Token for every route it does not know; no token is missing.",
    "/{proxy+} does not match / itself. What does / have?",
)
PARAMETERS = {"route_root": True}
SYMPTOM = Symptom(status=403, path="/")


def sabotage(bench: Bench) -> None:
    bench.aws.apigateway.delete_method(restApiId=bench.api.id, resourceId=bench.api.root_resource, httpMethod="ANY")
    bench.deploy()


def mismend(bench: Bench) -> None:
    """Let API Gateway answer by itself (MOCK): 200, and nothing of the service in it."""
    api, root = bench.api.id, bench.api.root_resource
    gateway = bench.aws.apigateway
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="ANY", authorizationType="NONE")
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="ANY",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 200}'},
    )
    gateway.put_method_response(restApiId=api, resourceId=root, httpMethod="ANY", statusCode="200")
    gateway.put_integration_response(restApiId=api, resourceId=root, httpMethod="ANY", statusCode="200")
    bench.deploy()


def mend(bench: Bench) -> None:
    """Give `/` a method `ANY` again, with an integration over the VPC link to `http://${stageVariables.VPCNLB}/`, and
    deploy. In the runbook: `runbook step any-method do --route-root`, then `integration` and `deployment`.
    """
    bench.up("any-method", "integration", "deployment")


def judge(bench: Bench) -> str | None:
    answer = bench.ask("/", times=1)[0]
    if answer.status_code != 200:
        return f"GET / is answered {answer.status_code}."
    return None if "instance_id" in answer.text else "GET / is not answered by the service."
