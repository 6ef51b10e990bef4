"""The terminal as every command writes to it: text from outside is text, and the terminal obeys nothing in it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from runbook.present import safe

__all__ = ["counting", "say", "terminal", "watched"]

_UNBOUNDED = 1_000_000  # columns


class _Safe(Console):
    """Only Rich's own control codes are control codes; those in a text are shown."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(safe(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Leave it to the command, which may have a run to end; Rich would exit here."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def terminal(**options: Any) -> Console:
    """A console; strings are no markup there, and numbers and paths in them are not coloured.

    A pipe or a file has no width, whatever ``COLUMNS`` says: nothing is cut or wrapped there.
    """
    console = _Safe(highlight=False, markup=False, emoji=False, **options)
    if not _is_tty(console.file) and "width" not in options:
        console.width = _UNBOUNDED
    return console


def say(text: str, *, err: bool = False) -> None:
    """Write a line that may hold text from outside, as it is: neither wrapped nor coloured."""
    typer.echo(safe(text), err=err)


def watched(console: Console) -> bool:
    """Whether someone watches a screen that can be drawn over; ``FORCE_COLOR`` makes no screen of a pipe."""
    return _is_tty(console.file) and console.is_terminal and not console.is_dumb_terminal


@contextmanager
def counting(what: str, every: float = 30.0) -> Iterator[Callable[[int, int], None]]:
    """Tell on standard error how many of many things were looked at: on a screen at once, else in a line at times."""
    console = terminal(stderr=True)
    if watched(console):
        with console.status(f"looking at {what}") as status:
            yield lambda done, number: status.update(f"looked at {done} of {number} {what}")
        return
    told = time.monotonic()

    def line(done: int, number: int) -> None:
        nonlocal told
        if done < number and time.monotonic() - told >= every:
            told = time.monotonic()
            console.print(f"… looked at {done} of {number} {what}")

    yield line


def _is_tty(file: IO[str]) -> bool:
    try:
        return file.isatty()
    except (AttributeError, ValueError):  # closed
        return False
