"""It takes its time

Since the service's database was moved, every call of the API ends in **504**
`{"message":"Endpoint request timed out"}`. All targets are healthy. The database team says that their queries "take a
little longer at the moment, half a minute or so".

## Debrief

**What broke.** The service answers, but later than the integration waits: 29 seconds at most, unless the account's
quota was raised.

**How it shows.** 504 after the same time on every call, while the service works on, finishes, and answers nobody.
Callers who try again make it worse. The health check asks for a path that needs no database, so all targets stay
healthy.

**Finding it fast.** Take the time. A 504 from API Gateway after exactly the integration's timeout is a slow backend; a
500 within milliseconds never got there. `IntegrationLatency` in CloudWatch shows it growing before it breaks.
`runbook trace` gives `backend`, with the time taken. `runbook check` only sees the call fail.

**Preventing it.** Give the service a timeout of its own, shorter than the integration's, and let it answer 503 with a
reason. What takes half a minute belongs behind a queue. Alarm on latency well below the limit.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 8
HOP = "backend"
HINTS = (
    "What is different between a 500 and a 504? Measure how long the answer takes.",
    "API Gateway waits as long as the integration says, at most 29 seconds. Who needs longer?",
    "It is the service, on every instance: in these drills, look at delay in runbook practice machines.",
)
SYMPTOM = Symptom(
    status=504,
    observation="all targets healthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy"},
)
LONGER_THAN_ANY_TIMEOUT = 31.0  # wall seconds: a machine's delays are never scaled


def sabotage(bench: Bench) -> None:
    bench.machines(delay={"/": 0.0, "*": LONGER_THAN_ANY_TIMEOUT})


def mismend(bench: Bench) -> None:
    """Hurry one instance up: half of the calls still wait in vain."""
    bench.machines(bench.instances[0], delay={})


def mend(bench: Bench) -> None:
    """Make the service faster, on every instance. In these drills, for each: `runbook practice machine INSTANCE-ID set
    delay=`.
    """
    bench.machines(delay={})
