"""A row of the table: a fault, the positions it is tried at, and what must hold afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .inventory import Inventory, normalised
from .proxy import Exchange
from .world import USUAL, Ended, Setting, World

__all__ = [
    "NotReached",
    "Position",
    "Row",
    "afterwards",
    "begin",
    "cut_short",
    "each_operation",
    "every_change",
    "every_request",
    "is_empty",
    "look",
    "reference",
    "requests",
    "same_stack",
    "succeeded",
    "whole",
]


class NotReached(Exception):
    """The run was over before this position: polls come and go. It counts as not tried."""


@dataclass(frozen=True)
class Row:
    """A fault, the positions to try it at, and the trial: it raises AssertionError when something was hurt."""

    name: str
    positions: Callable[[World], Sequence[object]]
    trial: Callable[[World, Any], None]
    setting: Setting = USUAL
    """The account it is tried on."""


@dataclass(frozen=True)
class Position:
    """A request of a run: the n-th of its operation, counted from 1.

    Steps overlap, so that a number among all requests would be another one each time.
    """

    command: str
    """``up`` or ``down``."""
    operation: str
    nth: int

    def __str__(self) -> str:
        return f"{self.command} {self.operation} {self.nth}"

    def chosen(self, exchange: Exchange) -> bool:
        """Whether a request is one of this operation's."""
        return exchange.operation == self.operation

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return not self.operation.startswith(("Get", "Describe", "List"))


# --- what an undisturbed run does, and leaves ---------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """An undisturbed ``up`` and ``down``."""

    stack: Inventory
    up: tuple[str, ...]
    down: tuple[str, ...]

    def operations(self, command: str) -> tuple[str, ...]:
        """The requests of a command, in the order of their arrival."""
        return self.up if command == "up" else self.down


_known: list[Reference] = []


def look(world: World) -> None:
    """Look what an undisturbed run does. Must come before any row."""
    if not _known:
        world.begin()
        up = world.bring_up()
        stack = normalised(world.stock())
        down = world.take_down()
        is_empty(world)
        _known.append(Reference(stack, up, down))


def reference() -> Reference:
    """What :func:`look` saw."""
    return _known[0]


def requests(which: Callable[[Position], bool], *commands: str) -> Callable[[World], list[Position]]:
    """The positions of some requests, of these commands or of both."""

    def positions(world: World) -> list[Position]:
        return [
            position
            for command in commands or ("up", "down")
            for operation, count in Counter(reference().operations(command)).items()
            for nth in range(count)
            if which(position := Position(command, operation, nth + 1))
        ]

    return positions


every_request = requests(lambda position: True)
every_change = requests(lambda position: position.writes)
each_operation = requests(lambda position: position.nth == 1)


# --- what must hold -----------------------------------------------------------------------------------------------


def begin(world: World, command: str) -> None:
    """The account as a command is to find it: new, or with a finished stack to take down."""
    world.begin()
    if command == "down":
        world.bring_up()


def succeeded(ended: Ended) -> None:
    """The command did what it was asked."""
    assert ended.code == 0, f"exit {ended.code}: {ended.said[-1500:]}"


def cut_short(ended: Ended) -> bool:
    """Whether the command says with its exit code that it did not get to its end, and says so rightly.

    A fault that begins when all steps are done finds only the run's mark to be taken off the stack: that one ages.
    """
    done = {"ok", "done", "undone"}
    all_done = bool(finished := ended.told("RunFinished")) and set(finished[-1]["outcomes"].values()) <= done
    assert ended.code == (0 if all_done else 1), f"exit {ended.code}: {ended.said[-1500:]}"
    assert "Traceback" not in ended.said, ended.said[-1500:]
    return not all_done


def same_stack(world: World, wanted: Inventory | None = None) -> None:
    """The account holds what an undisturbed run makes, or what is wanted, and nothing else."""
    found, wanted = normalised(world.stock()), wanted or reference().stack
    for kind in wanted:
        more = [item for item in found[kind] if item not in wanted[kind]]
        less = [item for item in wanted[kind] if item not in found[kind]]
        if len(more) == len(less) == 1:  # one thing that is not as wanted: what of it
            (one,), (other,) = more, less
            more = [{key: value for key, value in one.items() if value != other.get(key)}]
            less = [{key: value for key, value in other.items() if value != one.get(key)}]
        assert found[kind] == wanted[kind], f"{kind}: {more} instead of {less}"


def is_empty(world: World) -> None:
    """The account holds what it began with, and nothing else."""
    found = world.stock()
    more = {kind: left for kind in found if (left := [item for item in found[kind] if item not in world.seed[kind]])}
    assert not more, f"left behind: {more}"
    assert found == world.seed, "something that was there before is gone"


def whole(world: World, command: str) -> None:
    """What the command was to do is done: the same stack as ever, which a ``down`` takes away; or nothing is left."""
    if command == "up":
        same_stack(world)
        world.take_down()
    is_empty(world)


def afterwards(world: World, command: str) -> None:
    """The same command again, elsewhere, and what it was to do is done."""
    succeeded(world.run(command))
    whole(world, command)
