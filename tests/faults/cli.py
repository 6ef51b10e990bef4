"""The command line in a process of its own, forked from one that has imported everything: a third of the time.

What runs is the console script's own function, with the arguments, directory, environment and files of the new process.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["spawn"]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, f"{__package__}.warm"])


def spawn(
    arguments: Sequence[str], directory: Path, env: Mapping[str, str]
) -> multiprocessing.context.ForkServerProcess:
    """Start it; its output goes to the files ``out`` and ``err`` in its directory."""
    process: Any = _context.Process(target=_main, args=(list(arguments), str(directory), dict(env)), daemon=True)
    process.start()
    return process


def _main(arguments: list[str], directory: str, env: dict[str, str]) -> None:
    os.setsid()
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(env)
    for descriptor, name, flags in ((0, os.devnull, os.O_RDONLY), (1, "out", 0o101), (2, "err", 0o101)):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["runbook", *arguments]

    from runbook.cli import main

    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
