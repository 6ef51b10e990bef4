"""Two operators at once: two command lines, each behind a proxy of its own, on one account."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.meeting import CREATIONS, DELETIONS, NOT_IDEMPOTENT, After, Meeting

from ..proxy import Exchange, Fault, Proxy, pass_on
from ..row import Position, Row, begin, requests, succeeded, whole
from ..world import Ended, Running, Setting, World

__all__ = ["ROWS"]

UNHURRIED = Setting(time_scale=400.0)
"""A mark is believed for four hours, which are to be longer than a test takes."""
EVENTUAL = Setting(eventual=20.0)

_BEFORE_THE_MARK = ("CreateTargetGroup", "AddTags")
_PATIENCE = 30.0  # wall seconds


@dataclass(frozen=True)
class Together:
    """Both are about to send these at the same moment; or the first does so only when the second has its answer."""

    command: str
    operations: tuple[str, ...]
    kind: type[Meeting]

    def __str__(self) -> str:
        named = self.operations[0] if len(self.operations) == 1 else "all changes"
        return f"{self.command} {named} {'after the other' if self.kind is After else 'at once'}"


def _together(world: World) -> Sequence[Together]:
    return [
        Together(command, which, kind)
        for command, operations in (("up", CREATIONS), ("down", DELETIONS))
        for which in (operations, *((operation,) for operation in operations))
        for kind in (Meeting, After)
        # What is made under a name of its own exists once, whatever reads show.
        if not world.setting.eventual or which == operations or {*which} <= NOT_IDEMPOTENT
    ]


def _meeting(meeting: Meeting, who: int) -> Fault:
    def fault(exchange: Exchange) -> None:
        meeting.before(who, exchange.operation)
        pass_on(exchange)
        meeting.after(who, exchange.operation)

    return fault


def _both(world: World, position: Together) -> None:
    begin(world, position.command)
    meeting = position.kind(*position.operations)

    def ended(who: int, running: Running) -> Ended:
        try:
            return running.ended()
        finally:
            meeting.ended(who)

    with Proxy(world.account_url).serving() as other, ThreadPoolExecutor(2) as pool:
        other.arm(_meeting(meeting, 1))
        second = world.start(position.command, "--endpoint-url", other.url)
        first = world.start(position.command, fault=_meeting(meeting, 0))
        for done in pool.map(ended, (0, 1), (first, second)):
            succeeded(done)
        world.proxy.drain()
        other.drain()
    whole(world, position.command)


def _later_is_told(world: World, position: Position) -> None:
    """The first is held before one of its changes; the second, which does the opposite, comes meanwhile."""
    begin(world, position.command)
    marked, there, go_on = threading.Event(), threading.Event(), threading.Event()

    def hold(exchange: Exchange) -> None:
        if position.chosen(exchange) and not there.is_set():
            there.set()
            go_on.wait(_PATIENCE)
        pass_on(exchange)
        if exchange.operation == "AddTags":
            marked.set()

    opposite = "down" if position.command == "up" else "up"
    with Proxy(world.account_url).serving() as other:
        first = world.start(position.command, fault=hold)
        try:
            assert there.wait(_PATIENCE), f"not held: {world.proxy.counted}"
            assert marked.wait(_PATIENCE), "not marked"
            told = world.start(opposite, "--endpoint-url", other.url, fault=hold).ended()
            written = [operation for operation in other.counted if not operation.startswith(("Get", "Describe"))]
        finally:
            go_on.set()
        succeeded(first.ended())
        world.proxy.drain()
    assert told.code == 1, f"exit {told.code}: {told.said}"
    assert f"{position.command.capitalize()} of stack demo was begun at " in told.said
    assert "run again with force" in told.said
    assert written == []
    whole(world, position.command)


def _held(position: Position) -> bool:
    return position.writes and position.nth == 1 and position.operation not in _BEFORE_THE_MARK


ROWS = (
    Row("two at once, the same command", _together, _both, UNHURRIED),
    Row("two at once, the same command, reads stale for 20 s", _together, _both, EVENTUAL),
    Row("two at once, up against down", requests(_held), _later_is_told, UNHURRIED),
)
