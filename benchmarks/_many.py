"""Many runs at once in one account, which share its request quotas: ``python -m benchmarks._many [RUNS] [TIME SCALE]``.

Not part of ``make bench``, since it takes minutes. Everything runs in this process, so that at a high time scale what
our own processor needs counts as AWS's time; the figures are upper bounds.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from practice.clock import ScaledClock
from practice.server import serve
from runbook.accounts import Account, Kind, connect
from runbook.engine import run
from runbook.events import Action, CallSent, Outcome, QuotaWaited, RunFinished, StepFinished
from runbook.parameters import validated
from runbook.stacks import stacks
from runbook.trace.links import links
from steps.tracks import TRACKS

PLAN = TRACKS.default.plan


def together(runs: list[tuple[str, Account]], action: Action, scale: float) -> None:
    """Begin a run of each stack at once, and print how they ended."""
    began = time.monotonic()
    counted: Counter[str] = Counter()

    def one(stack: str, account: Account) -> str:
        waited = 0.0
        for event in run(PLAN, account.aws, validated({"stack": stack}), action, defaults=account.defaults):
            if isinstance(event, CallSent):
                counted["requests"] += 1
                counted["polls"] += event.poll
            if isinstance(event, StepFinished) and event.outcome is Outcome.FAILED:
                print(f"{stack} {event.step}: {event.reason[:300]}", flush=True)
            if isinstance(event, QuotaWaited):
                counted["waits for a quota"] += 1
                waited += event.pause
        counted["longest wait for a quota, s"] = max(counted["longest wait for a quota, s"], round(waited))
        worst = event.worst if isinstance(event, RunFinished) else None
        return worst.value if worst else "succeeded"

    with ThreadPoolExecutor(max_workers=len(runs)) as pool:
        ended = Counter(future.result() for future in [pool.submit(one, *each) for each in runs])
    wall = time.monotonic() - began
    print(f"{len(runs)} × {action.value}: {dict(ended)}, {wall * scale:.0f} AWS seconds; {dict(counted)}", flush=True)


def main() -> None:
    """Print how many runs at once fare, and what it takes to list what they made."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    with serve(clock=ScaledClock(scale)) as account:
        runs = [
            (f"s{number}", connect(Kind.PRACTICE, validated({}), endpoint_url=account.url)) for number in range(count)
        ]
        together(runs, Action.UP, scale)
        together(runs, Action.CHECK, scale)
        aws = runs[0][1].aws
        for name, look in (("list", lambda: len(stacks(aws))), ("links", lambda: len(links(aws)))):
            began = time.monotonic()
            print(f"{name}: {look()} found in {(time.monotonic() - began) * scale:.0f} AWS seconds", flush=True)
        together(runs, Action.DOWN, scale)


if __name__ == "__main__":
    main()
