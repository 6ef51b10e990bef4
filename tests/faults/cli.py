"""The command line in a process of its own, forked from one that has imported everything: a third of the time.

What runs is the console script's own function, with the arguments, directory, environment and files of the new process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

__all__ = ["spawn"]

_context: Any = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, f"{__package__}.warm"])


def spawn(
    arguments: Sequence[str],
    directory: Path,
    env: Mapping[str, str],
    *,
    terminal: str | None = None,
    before: Callable[[], None] | None = None,
) -> ForkServerProcess:
    """Start it; its output goes to a terminal, or to the files ``out`` and ``err`` in its directory, and what is in a
    file ``in`` there is typed.

    ``before`` is called in the new process, to make its machine a worse one.
    """
    given = (list(arguments), str(directory), dict(env), terminal, before)
    process: ForkServerProcess = _context.Process(target=_main, args=given, daemon=True)
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
