"""How long an integration may take, on the wall's clock.

An integration's timeout is an AWS interval (50 ms to 29 s), but the backend behind it is a real one that computes in
wall time, and the design says that socket timeouts are never scaled. Both hold: up to `UNSCALED` seconds a timeout
lasts as long as it says, so that no real backend is cut off by the clock's scale; only what exceeds that passes at the
clock's pace, so that the rehearsal of a 29-second timeout takes 2.5 seconds at sixty-fold speed. With `--realtime`, and
under a clock moved by hand, every timeout lasts what it says.
"""

from __future__ import annotations

from typing import Final

from practice import clock

__all__ = ["UNSCALED", "wall_seconds"]

UNSCALED: Final = 2.0
"""Seconds that always pass at the wall's pace."""


def wall_seconds(aws_seconds: float) -> float:
    """How many wall seconds to wait for something that AWS waits `aws_seconds` for. Never more than that."""
    scale = clock.current().scale or 1.0
    if aws_seconds <= UNSCALED or scale <= 1.0:
        return aws_seconds
    return UNSCALED + (aws_seconds - UNSCALED) / scale
