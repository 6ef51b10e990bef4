"""Ctrl-C, a closed terminal and a kill end the waiting, not the call in flight."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from runbook.control import Control

__all__ = ["stopping"]

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def stopping(control: Control) -> Iterator[None]:
    """Turn the first signal into a stop of the run; a second one ends the process as it always would."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        restore()
        control.stop()

    before = {number: signal.signal(number, stop) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        yield
    finally:
        restore()
