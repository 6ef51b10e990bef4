"""Killed right before and right after each request; then the same command again, from elsewhere, or all of it away."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from ..disturb import At, kills
from ..row import NotReached, Position, Row, afterwards, begin, every_request, is_empty, requests, succeeded
from ..world import Running, Setting, World

__all__ = ["ROWS", "killed"]


def killed(world: World, position: Position, *command: str, after: bool) -> None:
    """Run a command that is killed at the position. Raises :class:`NotReached` when it was done before."""
    running: Future[Running] = Future()
    at = At(position.nth, position.chosen, kills(lambda: running.result(60).kill(), after=after))
    running.set_result(world.start(*command, fault=at))
    ended = running.result().ended()
    world.proxy.drain()
    if not at.happened.is_set():
        raise NotReached
    assert ended.code == -9, f"not killed: exit {ended.code}"


def _killed(world: World, position: Position, *, after: bool, then: Callable[[World, str], None] = afterwards) -> None:
    begin(world, position.command)
    killed(world, position, position.command, after=after)
    then(world, position.command)


def _taken_down(world: World, command: str) -> None:
    """Somebody who knows that it has died has no use for what there is of it."""
    succeeded(world.run("down", "--force"))
    is_empty(world)


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
    Row(
        "killed after a change, and taken down at once",
        requests(lambda position: position.writes, "up"),
        partial(_killed, after=True, then=_taken_down),
    ),
    *(
        Row(f"killed {'after' if after else 'before'} a request", every_request, partial(_killed, after=after))
        for after in (False, True)
    ),
)
