"""The command line in a process of its own, forked from one that has imported everything: a third of the time.

What runs is the console script's own function, with the arguments, directory, environment and files of the new process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

__all__ = ["CommandLine", "spawn"]

multiprocessing.get_context("forkserver").set_forkserver_preload([__name__, f"{__package__}.warm"])
_asking = threading.RLock()


class CommandLine(ForkServerProcess):
    """A process that tells its exit code whoever asks.

    Whenever a process is started, multiprocessing asks all others whether they have ended, from whatever thread; how
    one has ended can be read but once, and who reads second is told 255.
    """

    def start(self) -> None:
        """Start it."""
        with _asking:
            super().start()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, for so many seconds at most."""
        connection.wait([self.sentinel], timeout)
        with _asking:
            super().join(0)

    def is_alive(self) -> bool:
        """Whether it still runs."""
        with _asking:
            return super().is_alive()

    @property
    def exitcode(self) -> int | None:
        """As it ended; None while it runs."""
        with _asking:
            return super().exitcode


def spawn(
    arguments: Sequence[str],
    directory: Path,
    env: Mapping[str, str],
    *,
    terminal: str | None = None,
    before: Callable[[], None] | None = None,
) -> CommandLine:
    """Start it; its output goes to a terminal, or to the files ``out`` and ``err`` in its directory, and what is in a
    file ``in`` there is typed.

    ``before`` is called in the new process, to make its machine a worse one.
    """
    given = (list(arguments), str(directory), dict(env), terminal, before)
    process = CommandLine(target=_main, args=given, daemon=True)
    process.start()
    return process


def _main(
    arguments: list[str], directory: str, env: dict[str, str], terminal: str | None, before: Callable[[], None] | None
) -> None:
    os.setsid()
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(env)
    new = os.O_WRONLY | os.O_CREAT
    files = (
        ((0, "in" if Path("in").exists() else os.devnull, os.O_RDONLY), (1, "out", new), (2, "err", new))
        if terminal is None
        else ((0, terminal, os.O_RDWR), (1, terminal, os.O_RDWR), (2, terminal, os.O_RDWR))
    )
    for descriptor, name, flags in files:  # the first terminal that a session opens is its own
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.argv = ["runbook", *arguments]

    from runbook.cli import main

    if before is not None:
        before()
    try:
        main()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # a terminal that was closed
                stream.flush()
