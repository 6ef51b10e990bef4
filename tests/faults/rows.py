"""The table's rows: each a fault, the positions it is tried at, and what must hold afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from .disturb import Once, answers, carried_out_then_reset, kills, reset_before
from .inventory import Inventory, normalised
from .proxy import Fault
from .world import Ended, World

__all__ = ["ROWS", "NotReached", "Row"]


class NotReached(Exception):
    """The run was over before this position: polls come and go. It counts as not tried."""


@dataclass(frozen=True)
class Row:
    """A fault, the positions to try it at, and the trial: it raises AssertionError when something was hurt."""

    name: str
    positions: Callable[[World], Iterable[object]]
    trial: Callable[[World, object], None]


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


_reference: dict[str, Reference] = {}


def reference(world: World) -> Reference:
    """Looked at once."""
    if "it" not in _reference:
        world.begin()
        _succeeded(world.run("up"))
        up, stack = tuple(world.proxy.counted), normalised(world.stock())
        _succeeded(world.run("down"))
        assert world.is_empty, "an undisturbed down leaves something"
        _reference["it"] = Reference(stack, up, tuple(world.proxy.counted))
    return _reference["it"]


def _succeeded(ended: Ended) -> None:
    assert ended.code == 0, f"exit {ended.code}: {ended.said[-1500:]}"


def _same_stack(world: World) -> None:
    found, wanted = normalised(world.stock()), reference(world).stack
    for kind in wanted:
        more = [item for item in found[kind] if item not in wanted[kind]]
        less = [item for item in wanted[kind] if item not in found[kind]]
        assert found[kind] == wanted[kind], f"{kind}: {more} instead of {less}"


def _begin(world: World, command: str) -> None:
    world.begin()
    if command == "down":
        world.bring_up()


def _afterwards(world: World, command: str) -> None:
    """The same command again, elsewhere: the same stack as ever; then down: nothing."""
    _succeeded(world.run(command))
    if command == "up":
        _same_stack(world)
        _succeeded(world.run("down"))
    assert world.is_empty, f"left behind: {_more(world)}"


def _more(world: World) -> dict[str, list[object]]:
    found = world.stock()
    return {kind: [item for item in found[kind] if item not in world.seed[kind]] for kind in found}


def _positions(command: str, world: World) -> Iterable[object]:
    return range(1, len(reference(world).operations(command)) + 1)


# --- death --------------------------------------------------------------------------------------------------------


def _killed(world: World, position: object, *, command: str, after: bool) -> None:
    assert isinstance(position, int)
    _begin(world, command)
    running: list[Callable[[], None]] = []
    once = Once(position, kills(lambda: running[0](), after=after))
    process = world.start(command, fault=once)
    running.append(process.kill)
    ended = process.ended()
    world.proxy.drain()
    if not once.happened.is_set():
        raise NotReached
    assert ended.code == -9, f"not killed: exit {ended.code}"
    _afterwards(world, command)


# --- lost answers, errors in passing ------------------------------------------------------------------------------


def _passing(world: World, position: object, *, command: str, fault: Fault, times: int = 1) -> None:
    """The run itself gets over it, without a request too many."""
    assert isinstance(position, int)
    _begin(world, command)
    once = Once(position, fault, times=times)
    ended = world.run(command, fault=once)
    if not once.happened.is_set():
        raise NotReached
    _succeeded(ended)
    most = len(reference(world).operations(command)) + 25  # polls, and looking again
    assert len(world.proxy.counted) <= most, f"{len(world.proxy.counted)} requests"
    if command == "up":
        _same_stack(world)
        _succeeded(world.run("down"))
    assert world.is_empty, f"left behind: {_more(world)}"


TOO_MANY = answers(429, "TooManyRequestsException", "Too Many Requests")
INTERNAL = answers(500, "InternalFailure", "An internal error occurred")
INTERNAL_BUT_DONE = answers(500, "InternalFailure", "An internal error occurred", carried_out=True)
UNAVAILABLE = answers(503, "ServiceUnavailable", "Service Unavailable")


def _rows() -> Iterable[Row]:
    for command in ("up", "down"):
        positions = partial(_positions, command)
        for after in (False, True):
            name = f"{command} killed {'after' if after else 'before'} a request"
            yield Row(name, positions, partial(_killed, command=command, after=after))
        for name, fault in (
            ("connection lost before a request is heard", reset_before),
            ("answer lost after a request is carried out", carried_out_then_reset),
            ("throttled (429)", TOO_MANY),
            ("internal error (500)", INTERNAL),
            ("internal error (500), carried out all the same", INTERNAL_BUT_DONE),
            ("service unavailable (503)", UNAVAILABLE),
        ):
            yield Row(f"{command}: {name}", positions, partial(_passing, command=command, fault=fault))


ROWS = tuple(_rows())
