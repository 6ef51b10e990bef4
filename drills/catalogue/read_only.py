"""Look, but do not touch

Customers can read their orders as always. But nobody can place one: `POST /orders` is answered **403**
`{"message":"Missing Authentication Token"}` since the API was "reduced to what is really used", by the access log of a
Sunday.

## Debrief

**What broke.** The method `ANY` of `/{proxy+}` was replaced by `GET`. `ANY` stands for every verb; each other method is
for one.

**How it shows.** The same path works with one verb and not with another. API Gateway does not say `405`: to it a verb
that has no method is one more route that it does not know, so it is 403 `Missing Authentication Token`.

**Finding it fast.** Call the path with another verb: if that works, all that is behind the method works too. `aws
apigateway get-resources --embed methods`, or `runbook trace URL --method POST`, whose hop `method` is broken.
`runbook check` shows the step `any-method` as missing.

**Preventing it.** What a log of one quiet day does not show is not unused. Test writing as well as reading.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "method"
HINTS = (
    "GET on the same path works. So what does the path have to do with it?",
    "Which verbs does the route take? aws apigateway get-resources --embed methods",
    "There is a method GET and no other. Put ANY back, with its path parameter and its integration, and deploy.",
)
SYMPTOM = Symptom(status=403, path="/orders", method="POST")


def sabotage(bench: Bench) -> None:
    _instead(bench, "ANY", "GET")


def mismend(bench: Bench) -> None:
    """Add the one verb that was complained about: the next to call is somebody who wants to delete."""
    bench.add_method("POST", "/{proxy+}", bench.endpoint_url)
    bench.deploy()


def mend(bench: Bench) -> None:
    """Put the method `ANY` back and deploy. In the runbook: `runbook step any-method do`, then `integration` and
    `deployment`. By hand: `put-method --http-method ANY --request-parameters method.request.path.proxy=true`,
    `put-integration` as it was for GET, `create-deployment`.
    """
    bench.up("any-method", "integration")
    for verb in ("GET", "POST"):
        bench.remove_method(verb, "/{proxy+}")
    bench.deploy()


def _instead(bench: Bench, old: str, new: str) -> None:
    bench.add_method(new, "/{proxy+}", bench.endpoint_url)
    bench.remove_method(old, "/{proxy+}")
    bench.deploy()
