"""Who says so?

Callers report **503** on every call. The service's team looks at the load balancer, sees only healthy targets, and
hands the ticket over: "must be the gateway, please check". The gateway's team hands it back.

## Debrief

**What broke.** The service itself answers 503 on its real paths. Its health check asks for `/` only, which still
answers 200.

**How it shows.** API Gateway passes on what the service answers. An error of its own has the header
`x-amzn-ErrorType` and a body `{"message": ...}`; an answer of the service has neither, but the service's own body, and
its `Date`, `Server` and `Connection` headers come back as `x-amzn-Remapped-...`.

**Finding it fast.** `curl -i` and read the headers before asking anybody. `runbook trace` says who answered.
`runbook check` only sees the call fail.

**Preventing it.** A health check that only proves that a web server runs is no use to an on-call engineer, and one that
asks every dependency takes all instances out at once. Check what this instance alone is responsible for; alarm on
the API's `5XXError` besides.
"""

from __future__ import annotations

from drills.bench import KNOWN_PATHS, Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 8
HOP = "backend"
HINTS = (
    "An error has a sender. Look at the headers and the body of the answer.",
    "API Gateway's own errors have an x-amzn-ErrorType header. This answer has none.",
    "It is the service, on every instance. What does it do differently for the health check's path?",
)
SYMPTOM = Symptom(
    status=503,
    observation="all targets healthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy"},
)


def sabotage(bench: Bench) -> None:
    bench.machines(status={"/": 200, "*": 503})


def mismend(bench: Bench) -> None:
    """Mend one instance: the alarm on "all calls fail" ends, and half of them still do."""
    bench.machines(bench.instances[0], status=KNOWN_PATHS)


def mend(bench: Bench) -> None:
    """Repair the service on every instance. In these drills: `runbook practice machine INSTANCE-ID set
    'status={"/": 200, "/health": 200, "/hello": 200, "*": 404}'`.
    """
    bench.machines(status=KNOWN_PATHS)
