"""AWS, or the way to it, is gone for longer than a run tries: it ends with a sentence, without a storm, and resumes."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from ..disturb import At, answers, reset_before
from ..proxy import Fault
from ..row import NotReached, Position, Row, afterwards, begin, cut_short, each_operation, reference, succeeded, whole
from ..world import World
from .passing import TOO_MANY

__all__ = ["ROWS"]

TRIES = 4
"""How often a request is sent at most when it is not answered, or with a 5xx."""
THROTTLE_TRIES = 8
SIDE_BY_SIDE = 20
"""Steps, and looks ahead, that may be asking at once."""


def _gone(world: World, position: Position, *, fault: Fault, tries: int) -> None:
    command = position.command
    begin(world, command)
    at = At(position.nth, position.chosen, fault, onwards=True)
    ended = world.run(command, fault=at)
    if not at.happened.is_set():
        raise NotReached
    cut_short(ended)
    most = len(reference().operations(command)) + SIDE_BY_SIDE * tries
    assert len(world.proxy.counted) <= most, f"{len(world.proxy.counted)} requests, {most} at most"
    afterwards(world, command)


class NoNames:
    """From the n-th on, no name (or the n-th only) can be resolved. What resolves names is glibc; so it answers."""

    def __init__(self, first: int, last: float) -> None:
        self.first, self.last = first, last

    def __call__(self) -> None:
        """Called in the command line's process."""
        known, asked = socket.getaddrinfo, 0

        def getaddrinfo(host: Any, *given: Any, **named: Any) -> Any:
            nonlocal asked
            if host == "localhost":
                asked += 1
                if self.first <= asked <= self.last:
                    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return known(host, *given, **named)

        socket.getaddrinfo = getaddrinfo


def _named(world: World) -> str:
    return world.proxy.url.replace("127.0.0.1", "localhost")


def _unresolved(world: World, position: Position, *, for_good: bool) -> None:
    command, nth = position.command, position.nth
    begin(world, command)
    names = NoNames(nth, math.inf if for_good else nth)
    ended = world.run(command, "--endpoint-url", _named(world), before=names)
    if for_good:
        assert ended.code != 0, "did not need the name"
        assert "Traceback" not in ended.said, ended.said[-1500:]
        assert "localhost" in ended.said, ended.said[-1500:]
        most = len(reference().operations(command)) + SIDE_BY_SIDE * TRIES
        assert len(world.proxy.counted) <= most, f"{len(world.proxy.counted)} requests, {most} at most"
        afterwards(world, command)
    else:
        succeeded(ended)
        whole(world, command)


def _look_ups(first: int, last: int) -> Callable[[World], list[Position]]:
    return lambda world: [
        Position(command, "a name's look-up", nth) for command in ("up", "down") for nth in range(first, last + 1)
    ]


FAULTS: dict[str, tuple[Fault, int]] = {
    "AWS answers 503 from here on": (answers(503, "ServiceUnavailable", "Service Unavailable"), TRIES),
    "AWS throttles from here on": (TOO_MANY, THROTTLE_TRIES),
    "the network is gone from here on": (reset_before, TRIES),
}

ROWS = (
    *(Row(name, each_operation, partial(_gone, fault=fault, tries=tries)) for name, (fault, tries) in FAULTS.items()),
    Row("names are not resolved, once", _look_ups(2, 7), partial(_unresolved, for_good=False)),
    Row("names are not resolved from here on", _look_ups(1, 4), partial(_unresolved, for_good=True)),
)
