"""How long until the TUI's first picture, beside an empty Textual app: whole processes in a pseudo-terminal.

Prints medians in milliseconds and the ratio. Both are started in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pty
import select
import signal
import statistics
import struct
import sys
import time
from pathlib import Path

__all__ = ["main", "measure"]

ROOT = Path(__file__).resolve().parent.parent
EMPTY = "from textual.app import App; App().run()"
TUI = """
from runbook.parameters import Parameters
from tui import run_tui
def connect(params):
    import time
    time.sleep(60)
run_tui(connect, Parameters())
"""
# Textual's first frame begins by going to the first cell of the alternate screen.
_ALTERNATE = b"\x1b[?1049h"
_FRAME = b"\x1b[1;1H"
_LIMIT = 60.0


def measure(code: str) -> float:
    """Wall seconds from the start of a Python that runs this code to its first frame."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:  # the child: a terminal of 80 by 24, and nothing else in its way
        os.chdir(ROOT)
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", PYTHONPATH=str(ROOT))
        os.execv(sys.executable, [sys.executable, "-c", code])
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while time.perf_counter() - began < _LIMIT:
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 65536)
                if _FRAME in seen.partition(_ALTERNATE)[2]:
                    return time.perf_counter() - began
        raise TimeoutError(f"no frame within {_LIMIT:.0f} s; it wrote {seen[-200:]!r}")
    finally:
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.close(terminal)
        os.waitpid(pid, 0)


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    measure(EMPTY), measure(TUI)  # the first of each fills the disk cache
    pairs = [(measure(EMPTY), measure(TUI)) for _ in range(rounds)]
    empty, tui = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"first paint, median of {rounds}: empty Textual app {1000 * empty:.0f} ms, TUI {1000 * tui:.0f} ms")
    print(f"ratio {tui / empty:.2f} (at most 1.5 is asked for)")


if __name__ == "__main__":
    main()
