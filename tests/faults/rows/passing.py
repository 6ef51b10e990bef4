"""Lost answers, errors and delays in passing: the run itself gets over them, without a request too many."""

from __future__ import annotations

from functools import partial

from ..disturb import At, answers, carried_out_then_reset, late, never_answered, reset_before
from ..proxy import Fault
from ..row import NotReached, Position, Row, begin, reference, requests, succeeded, whole
from ..world import Setting, World

__all__ = ["ROWS"]

ANSWERS_WITHIN = 0.5
"""Wall seconds after which a client gives up here; the product waits for half a minute."""


def impatient() -> None:
    """Make the command line give up early. Called in its process."""
    from runbook import aws

    aws.ANSWERS_WITHIN = ANSWERS_WITHIN


def _passing(
    world: World,
    position: Position,
    *,
    command: str,
    fault: Fault,
    times: int = 1,
    more: int = 25,
    impatiently: bool = False,
) -> None:
    begin(world, command)
    at = At(position.nth, position.chosen, fault, times=times)
    ended = world.run(command, fault=at, before=impatient if impatiently else None)
    if not at.happened.is_set():
        raise NotReached
    succeeded(ended)
    most = len(reference(world).operations(command)) + more  # polls, and looking again
    assert len(world.proxy.counted) <= most, f"{len(world.proxy.counted)} requests, {most} at most"
    whole(world, command)


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

STALE = Setting(time_scale=200.0, eventual=5.0)
"""Slow enough that what was just written does not show when it is asked for next."""


def _rows() -> list[Row]:
    rows = []
    for command in ("up", "down"):
        rows += [
            Row(f"{command}: {name}", requests(command), partial(_passing, command=command, fault=fault))
            for name, fault in FAULTS.items()
        ]
        writes = requests(command, lambda position: position.writes)
        rows += [
            Row(
                f"{command}: no answer ever comes, {'though' if done else 'and nothing was'} carried out",
                writes,
                partial(_passing, command=command, fault=never_answered(carried_out=done), impatiently=True),
            )
            for done in (True, False)
        ]
        rows += [
            Row(
                f"{command}: throttled five times in a row",
                writes,
                partial(_passing, command=command, fault=FAULTS["throttled (429)"], times=5),
            ),
            Row(
                f"{command}: an answer comes late",
                requests(command, lambda position: position.nth == 1),
                partial(_passing, command=command, fault=late(0.5)),
            ),
            Row(
                f"{command}: answer lost after a request is carried out, reads stale",
                writes,
                partial(_passing, command=command, fault=carried_out_then_reset, more=60),
                STALE,
            ),
            Row(
                f"{command}: internal error (500), carried out, reads stale",
                writes,
                partial(
                    _passing, command=command, fault=FAULTS["internal error (500), carried out all the same"], more=60
                ),
                STALE,
            ),
        ]
    return rows


ROWS = tuple(_rows())
