"""Killed right before and after each change of an ``up --replace``; then the same command again, from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import httpx

from ..inventory import Inventory, normalised
from ..row import Position, Row, is_empty, same_stack, succeeded
from ..world import World
from .death import killed

__all__ = ["ROWS"]


@dataclass(frozen=True)
class Replacement:
    """Something that AWS cannot change in place."""

    of: str
    given: Callable[[World], Mapping[str, str]]
    """The parameters that a finished stack is given."""
    service_port: int = 80
    """Where the service listens by then."""

    def stands(self, world: World) -> None:
        """The account with the finished stack."""
        world.begin()
        world.bring_up()
        for instance in world.practice["defaults"]["instances"]:
            machine = f"{world.account_url}/_practice/machines/{instance}"
            settings = {"port": self.service_port}
            httpx.patch(machine, json=settings, headers=world.control_headers, trust_env=False).raise_for_status()


REPLACEMENTS = (
    Replacement("target group", lambda world: {"port": "8080"}, service_port=8080),
    # A zone cannot be taken from a load balancer that a VPC link uses.
    Replacement(
        "load balancer", lambda world: {name: world.practice["defaults"][name][0] for name in ("instances", "subnets")}
    ),
)


@dataclass(frozen=True)
class Undisturbed:
    """A replacement that nobody disturbs."""

    changes: tuple[Position, ...]
    stack: Inventory


_known: dict[Replacement, Undisturbed] = {}


def _undisturbed(world: World, replacement: Replacement) -> Undisturbed:
    if replacement not in _known:
        replacement.stands(world)
        sent = Counter(world.bring_up(**replacement.given(world), replace=True))
        changes = tuple(
            position
            for operation, count in sent.items()
            for nth in range(count)
            if (position := Position("up", operation, nth + 1)).writes
        )
        _known[replacement] = Undisturbed(changes, normalised(world.stock()))
    return _known[replacement]


def _positions(world: World, replacement: Replacement) -> tuple[Position, ...]:
    return _undisturbed(world, replacement).changes


def _trial(world: World, position: Position, *, replacement: Replacement, after: bool) -> None:
    wanted = _undisturbed(world, replacement).stack
    replacement.stands(world)
    options = (word for name, value in replacement.given(world).items() for word in (f"--{name}", value))
    command = ("up", "--replace", *options)
    killed(world, position, *command, after=after)
    succeeded(world.run(*command))
    try:
        same_stack(world, wanted)
    except AssertionError:
        _known.pop(replacement, None)  # the second try compares with a run of its own
        raise
    world.take_down()
    is_empty(world)


ROWS = tuple(
    Row(
        f"killed {'after' if after else 'before'} a change that replaces a {replacement.of}",
        partial(_positions, replacement=replacement),
        partial(_trial, replacement=replacement, after=after),
    )
    for replacement in REPLACEMENTS
    for after in (False, True)
)
