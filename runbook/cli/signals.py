"""Ctrl-C, a closed terminal and a kill end the waiting, not the call in flight."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

__all__ = ["STOPPING", "Signalled", "interrupting", "stopping"]

STOPPING = "Stopping: the request under way is let finish. Once more ends it at once."

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@dataclass
class Signalled:
    """Which signal asked for the stop, if one did."""

    number: int = 0

    @property
    def exit_code(self) -> int:
        """As shells tell it: 130 for Ctrl-C, 143 for a kill, 129 for a closed terminal; 0 when there was no signal."""
        return 128 + self.number if self.number else 0


class Stoppable(Protocol):
    """A run's control, or anything else that can be told to stop."""

    def stop(self) -> None:
        """End every wait at once."""


@contextlib.contextmanager
def stopping(control: Stoppable) -> Iterator[Signalled]:
    """Turn the first signal into a stop of the run; a second Ctrl-C or kill ends the process as it always would.

    A terminal that closes may say so twice, and that does not hurry us.
    """
    signalled = Signalled()

    def stop(number: int, _frame: FrameType | None) -> None:
        if not signalled.number:
            signalled.number = number
            control.stop()
            if not sys.stdout.isatty():  # a live picture says it itself
                _say(2, f"{STOPPING}\n")
        elif number != getattr(signal, "SIGHUP", None):
            _say(1, "\x1b[?25h" if sys.stdout.isatty() else "")  # a live picture hides the cursor
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield signalled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def interrupting() -> Iterator[None]:
    """While a person is asked: a signal that stops the run ends the question too, as KeyboardInterrupt."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def interrupt(number: int, frame: FrameType | None) -> None:
        if callable(handler := before[number]):
            handler(number, frame)
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(descriptor: int, text: str) -> None:
    # Not through a stream: the signal may have come while that one was writing.
    with contextlib.suppress(OSError):
        os.write(descriptor, text.encode())
