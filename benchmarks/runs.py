"""``check`` and ``up``: AWS requests, and how long they take.

``check`` of a finished stack is measured with 100 ms added to each request; ``up`` from nothing at a time scale at
which AWS's durations, not our processor, decide.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter

from practice import durations
from practice.clock import ScaledClock
from practice.server import serve
from runbook.accounts import Kind, connect
from runbook.engine import run
from runbook.events import Action, CallAnswered, CallSent, Outcome, RunFinished
from runbook.parameters import load
from steps.tracks import TRACKS

ADDED = 0.1  # seconds
SCALE = 10.0
ROUNDS = 5


def main() -> None:
    """Print the figures of ``up`` and ``check``."""
    plan = TRACKS
    params = load({})
    with serve(clock=ScaledClock(SCALE)) as account:
        here = connect(Kind.PRACTICE, params, endpoint_url=account.url)
        began = time.monotonic()
        events = list(run(plan, here.aws, params, Action.UP, defaults=here.defaults))
        wall = (time.monotonic() - began) * SCALE
        ended = events[-1]
        if not isinstance(ended, RunFinished) or ended.worst is not None:
            raise SystemExit(f"up did not get there: {ended}")
        sent = [event for event in events if isinstance(event, CallSent)]
        polls = [event for event in sent if event.poll]
        looks = {(event.step, event.operation) for event in polls}
        aws = durations.LOAD_BALANCER_PROVISIONING + durations.VPC_LINK_PROVISIONING
        print(f"up from nothing     {len(sent) - len(polls)} AWS requests besides {len(polls)} polls (at most 40)")
        print(f"                    {len(looks)} of the polls are a step's first look at what it has just made")
        print(
            f"                    {wall:.0f} AWS seconds; NLB + VPC link provisioning {aws:.0f}: "
            f"ratio {wall / aws:.3f} (at most 1.15)"
        )

    with serve(clock=ScaledClock(600.0)) as account:
        here = connect(Kind.PRACTICE, params, endpoint_url=account.url)
        list(run(plan, here.aws, params, Action.UP, defaults=here.defaults))
        figures: list[float] = []
        counted: Counter[str] = Counter()
        for _ in range(ROUNDS):
            here = connect(Kind.PRACTICE, params, endpoint_url=account.url)
            for client in (here.aws.ec2, here.aws.elbv2, here.aws.apigateway, here.aws.sts):  # start-up
                client.meta.events.register("before-send", lambda **_: time.sleep(ADDED))
            began = time.monotonic()
            events = list(run(plan, here.aws, params, Action.CHECK, defaults=here.defaults))
            figures.append(time.monotonic() - began)
            ended = events[-1]
            if not isinstance(ended, RunFinished) or set(ended.outcomes.values()) != {Outcome.OK}:
                raise SystemExit(f"check did not find it finished: {ended}")
            counted = Counter(event.operation for event in events if isinstance(event, CallAnswered))
        print(f"check when finished {sum(counted.values())} AWS requests (at most 21)")
        print(
            f"                    {statistics.median(figures):.2f} s median of {ROUNDS} with 100 ms added to each "
            f"(at most 0.8); {min(figures):.2f} to {max(figures):.2f}"
        )


if __name__ == "__main__":
    main()
