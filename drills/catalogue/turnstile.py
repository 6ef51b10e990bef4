"""The turnstile is locked

After last week's flood somebody "put a limit on the stage, to be safe". Since then the monitoring gets **429**
`{"message":"Too Many Requests"}`, at every single request, and there is one a minute.

## Debrief

**What broke.** The stage's throttling lets nothing through: its rate or burst is 0. 0 does not mean "no limit", it
means none. A limit is a bucket: `burst` is how many requests may come at once, `rate` how many a second fill it again.

**How it shows.** 429 at once, at any load. With limits that are merely too low only some requests fail, and more of
them the busier it is.

**Finding it fast.** 429 comes from three places: the method settings of the stage, a usage plan (only with an API key),
and the account's limit for the region. `aws apigateway get-stage --query methodSettings`; `runbook trace` shows `stage`
as broken. `runbook check` only sees the call fail: limits are left to people.

**Preventing it.** Choose limits from the traffic that is normal, several times its peak, and alarm on the count of 429.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "stage"
HINTS = (
    "One request a minute cannot be too many, unless the limit is very low indeed.",
    "Where are limits set? On the account, on a usage plan, and on the stage: aws apigateway get-stage",
    "methodSettings of */*: throttlingRateLimit and throttlingBurstLimit.",
)
SYMPTOM = Symptom(status=429)


def _limit(bench: Bench, rate: int, burst: int) -> None:
    bench.patch_stage("/*/*/throttling/rateLimit", str(rate))
    bench.patch_stage("/*/*/throttling/burstLimit", str(burst))


def sabotage(bench: Bench) -> None:
    _limit(bench, 0, 0)


def mismend(bench: Bench) -> None:
    """Raise the limit until one's own request passes: two callers at once are too many for it."""
    _limit(bench, 1, 1)


def mend(bench: Bench) -> None:
    """Raise the limits to something that holds back a flood and no customer: `aws apigateway update-stage ...
    --patch-operations op=replace,path='/*/*/throttling/rateLimit',value=100
    op=replace,path='/*/*/throttling/burstLimit',value=50`. A stage's settings are live without a deployment.
    """
    _limit(bench, 100, 50)
