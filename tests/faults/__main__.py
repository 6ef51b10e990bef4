"""``python -m tests.faults``: try every position of every row, and print the table."""

from __future__ import annotations

import argparse
import contextlib
import queue
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field

from .row import NotReached, Row, reference
from .rows import ROWS
from .world import Worlds


@dataclass
class Tally:
    """What came of a row."""

    tried: int = 0
    survived: int = 0
    seconds: float = 0.0
    hurt: list[str] = field(default_factory=list)


def main() -> int:
    """Exit 1 when something was hurt."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--every", type=int, default=1, help="try only every n-th position")
    parser.add_argument("--jobs", type=int, default=2, help="accounts side by side (default: 2)")
    options = parser.parse_args()
    rows = [row for row in ROWS if options.only in row.name]
    tallies = {row.name: Tally() for row in rows}
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worlds()) for _ in range(options.jobs)]
        work: queue.SimpleQueue[tuple[Row, object]] = queue.SimpleQueue()
        for setting in dict.fromkeys(row.setting for row in rows):
            reference(workers[0].of(setting))
        for row in rows:
            for position in row.positions(workers[0].of(row.setting))[:: options.every]:
                work.put((row, position))
        threads = [threading.Thread(target=_work, args=(worlds, work, tallies)) for worlds in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(f"\n{'fault':<60} {'tried':>6} {'survived':>9} {'seconds':>8}")
    for row in rows:
        tally = tallies[row.name]
        print(f"{row.name:<60} {tally.tried:>6} {tally.survived:>9} {tally.seconds:>8.0f}")
    tried, survived = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("tried", "survived"))
    print(f"{'all':<60} {tried:>6} {survived:>9} {time.monotonic() - began:>8.0f}")
    return 0 if tried and tried == survived else 1


def _work(worlds: Worlds, work: queue.SimpleQueue[tuple[Row, object]], tallies: dict[str, Tally]) -> None:
    while True:
        try:
            row, position = work.get_nowait()
        except queue.Empty:
            return
        tally, began = tallies[row.name], time.monotonic()
        try:
            row.trial(worlds.of(row.setting), position)
        except NotReached:
            continue
        except Exception as error:
            told = "".join(traceback.format_exception_only(error)).strip()
            tally.hurt.append(f"{position}: {told}")
            print(f"HURT {row.name} at {position}: {told[:3000]}", flush=True)
        else:
            tally.survived += 1
        tally.tried += 1
        tally.seconds += time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
