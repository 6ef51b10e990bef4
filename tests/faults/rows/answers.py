"""Lost answers and errors in passing: the run itself gets over them, without a request too many."""

from __future__ import annotations

from functools import partial

from ..disturb import Once, answers, carried_out_then_reset, reset_before
from ..proxy import Fault
from ..row import NotReached, Position, Row, begin, is_empty, reference, requests, same_stack, succeeded
from ..world import World

__all__ = ["ROWS"]


def _passing(world: World, position: Position, *, command: str, fault: Fault) -> None:
    begin(world, command)
    once = Once(position.nth, fault, chosen=position.chosen)
    ended = world.run(command, fault=once)
    if not once.happened.is_set():
        raise NotReached
    succeeded(ended)
    most = len(reference(world).operations(command)) + 25  # polls, and looking again
    assert len(world.proxy.counted) <= most, f"{len(world.proxy.counted)} requests"
    if command == "up":
        same_stack(world)
        succeeded(world.run("down"))
    is_empty(world)


FAULTS: dict[str, Fault] = {
    "connection lost before a request is heard": reset_before,
    "answer lost after a request is carried out": carried_out_then_reset,
    "throttled (429)": answers(429, "TooManyRequestsException", "Too Many Requests"),
    "internal error (500)": answers(500, "InternalFailure", "An internal error occurred"),
    "internal error (500), carried out all the same": answers(
        500, "InternalFailure", "An internal error occurred", carried_out=True
    ),
    "service unavailable (503)": answers(503, "ServiceUnavailable", "Service Unavailable"),
}

ROWS = tuple(
    Row(
        f"{command}: {name}",
        requests(command),
        partial(_passing, command=command, fault=fault),
    )
    for command in ("up", "down")
    for name, fault in FAULTS.items()
)
