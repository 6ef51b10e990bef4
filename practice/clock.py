"""The one clock of the practice account.

Everything that takes time in AWS (a load balancer's provisioning, a health check's interval, a request quota) is
computed from this clock when it is read: nothing ticks, no thread waits. So a test moves the clock by hand and an
operator lets it run sixty times as fast as the wall clock.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "ManualClock", "ScaledClock", "current", "use"]


class Clock(Protocol):
    """Tells AWS time: seconds since the epoch, as AWS would have it."""

    @property
    def scale(self) -> float | None:
        """AWS seconds a wall second; None when only a hand moves the clock."""
        ...

    def time(self) -> float:
        """AWS seconds since the epoch."""
        ...

    def now(self) -> datetime:
        """The same, as an aware UTC datetime."""
        ...


class ScaledClock:
    """Starts at the real present and runs ``scale`` AWS seconds a wall second (1 is real time)."""

    def __init__(self, scale: float = 60.0) -> None:
        """Raise ValueError when ``scale`` is not above zero."""
        if not scale > 0:
            raise ValueError(f"time scale must be above zero, not {scale!r}")
        self._scale = float(scale)
        self._start = time.time()
        # The monotonic clock counts, so that a change of the machine's date moves no state.
        self._origin = time.monotonic()

    @property
    def scale(self) -> float:
        """AWS seconds a wall second."""
        return self._scale

    def time(self) -> float:
        """AWS seconds since the epoch."""
        return self._start + (time.monotonic() - self._origin) * self._scale

    def now(self) -> datetime:
        """The same, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.time(), UTC)


class ManualClock:
    """Stands still until ``advance`` moves it."""

    scale: float | None = None

    def __init__(self, start: float | datetime | None = None) -> None:
        """``start`` is AWS seconds since the epoch or an aware datetime; the real present when left out."""
        if isinstance(start, datetime):
            start = start.timestamp()
        self._time = time.time() if start is None else float(start)
        self._lock = threading.Lock()

    def time(self) -> float:
        """AWS seconds since the epoch."""
        return self._time

    def now(self) -> datetime:
        """The same, as an aware UTC datetime."""
        return datetime.fromtimestamp(self._time, UTC)

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds`` of AWS time. Raise ValueError for a negative number: AWS's time never goes back."""
        if seconds < 0:
            raise ValueError("the clock does not go back")
        with self._lock:
            self._time += seconds


_current: Clock = ScaledClock()


def current() -> Clock:
    """The clock of this process."""
    return _current


def use(clock: Clock) -> Clock:
    """Make ``clock`` the clock of this process and answer the one it replaces."""
    global _current
    previous, _current = _current, clock
    return previous
