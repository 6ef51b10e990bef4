"""Every other customer

The shop's error rate went from nothing to half, from one minute to the next, and stays there: **503** `{"message":
...}` or 200, like tossing a coin. Both targets are healthy. The last deployment of the API is weeks old.

## Debrief

**What broke.** The service on one of the instances answers 503 on its real paths, and 200 on the path of the health
check. A request is forwarded to an instance whether it can do its work or not, as long as the health check passes.

**How it shows.** About half of the calls fail, and always with the same body, from the service itself. All targets are
`healthy`. From one zone's clients it may look like all or nothing.

**Finding it fast.** Ask several times, and look at who answers: an `instance_id` in the body, a `server` header, or the
service's logs side by side. `runbook trace` shows `backend` as verdict when it meets the failing one; follow it more
than once. `runbook check` only sees the call fail, if it meets it.

**Preventing it.** Let the health check ask for a path that needs what the real paths need: the database, the queue. And
alarm on the share of 5xx for each target, not only on their sum.
"""

from __future__ import annotations

from drills.bench import KNOWN_PATHS, Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 8
HOP = "backend"
HINTS = (
    "Some calls work. What do those that fail have in common, apart from the answer?",
    "Ask a dozen times and note which instance answers (instance_id). Which one never does?",
    "Compare the two instances (in these drills: runbook practice machines), on / and on /hello.",
)
SYMPTOM = Symptom(
    status=503,
    only_some=True,
    observation="all targets healthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy"},
)


def sabotage(bench: Bench) -> None:
    bench.machines(bench.instances[1], status={"/": 200, "*": 503})


def mismend(bench: Bench) -> None:
    """Take the instance out of service: the errors stop, and so does half of the service."""
    bench.deregister(bench.instances[1])


def mend(bench: Bench) -> None:
    """Repair the service on that instance. In these drills: `runbook practice machine INSTANCE-ID set 'status={"/":
    200, "/health": 200, "/hello": 200, "*": 404}'`.
    """
    bench.machines(status=KNOWN_PATHS)
    bench.register()
