"""``python -m tests.faults``: try every position of every row, and print the table.

A position that is hurt is told at once, and tried once more on a new account: what is hurt again fails, and what is not
is counted in a column of its own, to be looked into. Among thousands of trials on a busy machine one may come to
grief by the machine's doing.
"""

from __future__ import annotations

import argparse
import contextlib
import queue
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass

from .row import NotReached, Row, look
from .rows import ROWS
from .world import USUAL, Worlds


@dataclass
class Tally:
    """What came of a row."""

    left: int
    """Positions that are not tried yet."""
    tried: int = 0
    survived: int = 0
    again: int = 0
    """How many survived only when tried again."""
    seconds: float = 0.0


class Table:
    """The table, which grows as rows end."""

    def __init__(self, rows: dict[Row, list[object]]) -> None:
        self._tallies = {row: Tally(len(positions)) for row, positions in rows.items()}
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._line("fault", "tried", "survived", "2nd try", "seconds")

    def took(self, row: Row, seconds: float, outcome: BaseException | None, *, again: bool) -> None:
        """Enter how a trial ended, or the one that was made ``again``; ``NotReached`` is none."""
        with self._lock:
            tally = self._tallies[row]
            tally.left -= 1
            tally.seconds += seconds
            tally.tried += not isinstance(outcome, NotReached)
            tally.survived += outcome is None
            tally.again += again and outcome is None
            if tally.left == 0:
                self._line(row.name, tally.tried, tally.survived, tally.again, round(tally.seconds))

    def end(self) -> bool:
        """The last line; whether every row was tried, and nothing was hurt."""
        tallies = self._tallies.values()
        tried, survived, again = (
            sum(getattr(tally, name) for tally in tallies) for name in ("tried", "survived", "again")
        )
        self._line("all", tried, survived, again, round(time.monotonic() - self._began))
        return bool(tallies) and tried == survived and all(tally.tried for tally in tallies)

    @staticmethod
    def _line(name: str, *figures: object) -> None:
        print(f"{name:<66}" + "".join(f" {figure:>9}" for figure in figures), flush=True)


def main() -> int:
    """Exit 1 when something was hurt, or could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="rows whose name contains this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try only every n-th position")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="accounts side by side (default: 2)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the accounts end with us
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worlds()) for _ in range(options.jobs)]
        look(workers[0].of(USUAL))
        rows: dict[Row, list[object]] = {
            row: list(row.positions(workers[0].of(row.setting)))[:: options.every]
            for row in ROWS
            if options.only in row.name
        }
        table = Table(rows)
        work: queue.SimpleQueue[tuple[Row, object]] = queue.SimpleQueue()
        for row, positions in rows.items():
            for position in positions:
                work.put((row, position))
        threads = [threading.Thread(target=_work, args=(worlds, work, table), daemon=True) for worlds in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return 0 if table.end() else 1


def _work(worlds: Worlds, work: queue.SimpleQueue[tuple[Row, object]], table: Table) -> None:
    while True:
        try:
            row, position = work.get_nowait()
        except queue.Empty:
            return
        began = time.monotonic()
        outcome = _try(worlds, row, position)
        hurt = not isinstance(outcome, NotReached | None)
        if hurt:
            outcome = _try(worlds, row, position)
        table.took(row, time.monotonic() - began, outcome, again=hurt)


def _try(worlds: Worlds, row: Row, position: object) -> Exception | None:
    try:
        row.trial(worlds.of(row.setting), position)
    except NotReached as not_reached:
        return not_reached
    except Exception as error:
        told = "".join(traceback.format_exception_only(error)).strip()
        print(f"HURT {row.name}, at {position}: {told[:3000]}", flush=True)
        return error
    return None


if __name__ == "__main__":
    sys.exit(main())
