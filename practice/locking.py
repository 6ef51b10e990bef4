"""One control-plane call at a time, and nobody waits for a backend while holding the turn.

moto's state is plain dictionaries that its own code walks while other threads may write: without a lock, concurrent
clients get "dictionary changed size during iteration". Every control-plane call therefore takes the turn; whoever
must wait for a socket gives it back meanwhile (``unlocked``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["locked", "unlocked"]


class _Holder(threading.local):
    depth = 0


_lock = threading.Lock()
_holder = _Holder()


@contextmanager
def locked() -> Iterator[None]:
    """Hold the turn; a thread that has it already keeps it."""
    if _holder.depth == 0:
        _lock.acquire()
    _holder.depth += 1
    try:
        yield
    finally:
        _holder.depth -= 1
        if _holder.depth == 0:
            _lock.release()


@contextmanager
def unlocked() -> Iterator[None]:
    """Give the turn back while waiting for something slow. What was read before may be stale afterwards."""
    depth, _holder.depth = _holder.depth, 0
    if depth:
        _lock.release()
    try:
        yield
    finally:
        if depth:
            _lock.acquire()
        _holder.depth = depth
