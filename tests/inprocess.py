"""The command line in this process: quick enough to be asked hundreds of times."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from typing import Any

import typer.main

from runbook.cli import app

__all__ = ["Ended", "command_names", "runbook"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it wrote."""
        return self.out + self.err


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def command_names() -> set[str]:
    """All commands that the help shows, with those of groups."""

    def below(group: Any, before: str) -> set[str]:
        names: set[str] = set()
        for name in group.list_commands(None):
            command = group.get_command(None, name)
            names |= {f"{before}{name}"} if not command.hidden else set()
            names |= below(command, f"{before}{name} ") if hasattr(command, "list_commands") else set()
        return names

    return below(_command(), "")


def runbook(*words: str, typed: str = "") -> Ended:
    """Run a command. What it raises besides its exit comes up here, as it would be a traceback there."""
    out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(typed)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            _command().main(list(words), prog_name="runbook")
        code: object = 0
    except SystemExit as exit_:
        code = exit_.code
    finally:
        sys.stdin = stdin
    assert isinstance(code, int), code
    return Ended(code, out.getvalue(), err.getvalue())
