"""No patience

"Users should not wait": since the last tuning `GET /hello` is answered **504** `{"message":"Endpoint request timed
out"}`, every time, and very quickly. Other paths work. The service's log shows the requests, each answered 200, a
little later.

## Debrief

**What broke.** The integration's timeout is 50 milliseconds, the least that API Gateway takes, and this path of the
service needs about three times as long. API Gateway hangs up, and the service computes an answer that nobody hears.

**How it shows.** 504 after a time that is always the same, and short. When a service hangs, the 504 comes after the
default of 29 seconds. The service's own log says 200: it does not learn that nobody waited.

**Finding it fast.** Measure how long the 504 takes; that is the timeout in force. `aws apigateway get-integration
--query timeoutInMillis`. `runbook trace` shows `integration` as broken. `runbook check` only sees the call fail: a
timeout that somebody chose is left as it is.

**Preventing it.** A timeout is for the worst answer that is still wanted, with room above it, never for the usual one.
Alarm on the integration's latency long before it reaches the timeout.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "integration"
HINTS = (
    "How long does the 504 take? Time it several times.",
    "Who decides how long API Gateway waits for the service? aws apigateway get-integration",
    "timeoutInMillis is 50. How long does the service take for /hello, and how long may it take on a bad day?",
)
SYMPTOM = Symptom(status=504)
TAKES = 0.15  # wall seconds; a machine's delays are never scaled, nor are an integration's first two seconds
LEAST = 1000  # milliseconds, several times what the service takes


def sabotage(bench: Bench) -> None:
    bench.machines(delay={"/hello": TAKES})
    bench.patch_integration("/timeoutInMillis", "50")
    bench.deploy()


def mismend(bench: Bench) -> None:
    """Make this path faster: the next one that needs a moment is cut off as well."""
    bench.machines(delay={})


def mend(bench: Bench) -> None:
    """Let API Gateway wait as long as an answer may take, and deploy: `aws apigateway update-integration ...
    --patch-operations op=replace,path=/timeoutInMillis,value=29000`.
    """
    bench.patch_integration("/timeoutInMillis", "29000")
    bench.deploy()


def judge(bench: Bench) -> str | None:
    timeouts = [called.get("timeoutInMillis", 29000) for called in bench.integrations]
    return "A path that takes a moment longer would be cut off again." if min(timeouts) < LEAST else None
