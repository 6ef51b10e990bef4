"""Further screens, each reachable by its key, and from the invoke URL's panel when it is about that.

A screen gets the session and asks it for what it needs. To add one, add an entry here; the main screen's bindings,
footer, help and invoke panel follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen

from tui.session import Session

__all__ = ["EXTRAS", "Extra"]


@dataclass(frozen=True, slots=True)
class Extra:
    """A further screen."""

    key: str
    title: str
    tooltip: str
    screen: Callable[[Session], Screen[Any]]
    about_url: bool = False
    """Whether the invoke panel offers it."""
    available: Callable[[Session], bool] = lambda session: not session.running


def _trace(session: Session) -> Screen[Any]:
    from tui.screens.trace import TraceScreen

    return TraceScreen(session)


def _drills(session: Session) -> Screen[Any]:
    from tui.screens.drills import DrillsScreen

    return DrillsScreen(session)


EXTRAS: Mapping[str, Extra] = {
    "trace": Extra("t", "Trace", "Why it answers so: follow the request hop by hop", _trace, about_url=True),
    "drills": Extra("l", "Drills", "Learn: find and mend what a drill broke", _drills),
}
