"""How long until the TUI's first picture, beside an empty Textual app: whole processes in a pseudo-terminal.

Prints medians in milliseconds and ratios, for the TUI as a program opens it that has read its parameters (so the
empty app's process has loaded the parameters' model too), and for the whole command ``runbook tui`` beside a bare
empty app. All are started in turn, so that a busy machine slows all of them.
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
WITH_PARAMETERS = f"from runbook.parameters import Parameters; Parameters(); {EMPTY}"
COMMAND = """
import sys
sys.argv = ["runbook", "tui", "--endpoint-url", "http://127.0.0.1:9"]
from runbook.cli import main
main()
"""
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
    programs = (EMPTY, WITH_PARAMETERS, TUI, COMMAND)
    for program in programs:
        measure(program)  # the first of each fills the disk cache
    times = [[measure(program) for program in programs] for _ in range(rounds)]
    empty, prepared, tui, command = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    print(f"first paint, median of {rounds} (at most 1.5 times an empty Textual app is asked for)")
    for what, took, beside, baseline in (
        ("TUI, parameters read", tui, "empty app, likewise", prepared),
        ("command runbook tui", command, "empty app, bare", empty),
    ):
        print(f"  {what:<21}{took:6.0f} ms   {beside:<20}{baseline:6.0f} ms   ratio {took / baseline:.2f}")


if __name__ == "__main__":
    main()
