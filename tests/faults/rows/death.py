"""Killed right before and right after each request; then the same command again, from elsewhere."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

from ..disturb import At, kills
from ..row import NotReached, Position, Row, afterwards, begin, every_request, requests
from ..world import Running, Setting, World

__all__ = ["ROWS"]


def _killed(world: World, position: Position, *, after: bool) -> None:
    begin(world, position.command)
    running: Future[Running] = Future()
    at = At(position.nth, position.chosen, kills(lambda: running.result(60).kill(), after=after))
    running.set_result(world.start(position.command, fault=at))
    ended = running.result().ended()
    world.proxy.drain()
    if not at.happened.is_set():
        raise NotReached
    assert ended.code == -9, f"not killed: exit {ended.code}"
    afterwards(world, position.command)


NOT_IDEMPOTENT = ("CreateVpcLink", "CreateRestApi", "CreateResource", "CreateDeployment")
STALE = Setting(time_scale=20.0, eventual=20.0)
"""Reads are stale for a wall second: a command that is started at once still sees the past."""

ROWS = (
    Row(
        "killed after a creation, and started again while reads are stale",
        requests(lambda position: position.operation in NOT_IDEMPOTENT),
        partial(_killed, after=True),
        STALE,
    ),
    *(
        Row(f"killed {'after' if after else 'before'} a request", every_request, partial(_killed, after=after))
        for after in (False, True)
    ),
)
