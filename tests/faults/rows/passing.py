"""Lost answers, errors and delays in passing: the run itself gets over them, without a request too many."""

from __future__ import annotations

from functools import partial

from ..disturb import At, answers, answers_by_service, carried_out_then_reset, late, never_answered, reset_before
from ..proxy import Fault
from ..row import (
    NotReached,
    Position,
    Row,
    begin,
    each_operation,
    every_change,
    every_request,
    reference,
    succeeded,
    whole,
)
from ..world import Setting, World

__all__ = ["ROWS", "TOO_MANY"]

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
    fault: Fault,
    times: int = 1,
    more: int = 25,
    impatiently: bool = False,
) -> None:
    command = position.command
    begin(world, command)
    at = At(position.nth, position.chosen, fault, times=times)
    ended = world.run(command, fault=at, before=impatient if impatiently else None)
    if not at.happened.is_set():
        raise NotReached
    succeeded(ended)
    most = len(reference().operations(command)) + more  # polls, and looking again
    assert len(world.proxy.counted) <= most, f"{len(world.proxy.counted)} requests, {most} at most"
    whole(world, command)


TOO_MANY = answers_by_service(
    {
        "sts": (400, "Throttling", "Rate exceeded"),
        "elbv2": (400, "Throttling", "Rate exceeded"),
        "ec2": (503, "RequestLimitExceeded", "Request limit exceeded."),
        "apigateway": (429, "TooManyRequestsException", "Too Many Requests"),
    }
)
"""As each service says it (aws/aws-sdk-go-v2#2481, spinnaker/spinnaker#3466, cloudfoundry/bosh-aws-cpi-release#61)."""
INTERNAL_BUT_DONE = answers(500, "InternalFailure", "An internal error occurred", carried_out=True)
FAULTS: dict[str, Fault] = {
    "connection lost before a request is heard": reset_before,
    "answer lost after a request is carried out": carried_out_then_reset,
    "throttled": TOO_MANY,
    "internal error (500)": answers(500, "InternalFailure", "An internal error occurred"),
    "internal error (500), though carried out": INTERNAL_BUT_DONE,
    "service unavailable (503)": answers(503, "ServiceUnavailable", "Service Unavailable"),
}

POLLS = 100
"""More requests than usual where waits take longer: at that pace an undisturbed ``up`` polls so often."""
STALE = Setting(time_scale=200.0, eventual=5.0)
"""Slow enough that what was just written does not show when it is asked for next."""


ROWS = (
    *(Row(name, every_request, partial(_passing, fault=fault)) for name, fault in FAULTS.items()),
    Row(
        "no answer ever comes, though it was carried out",
        every_change,
        partial(_passing, fault=never_answered(carried_out=True), impatiently=True),
    ),
    Row(
        "no answer ever comes, and nothing was carried out",
        every_change,
        partial(_passing, fault=never_answered(carried_out=False), impatiently=True),
    ),
    Row("throttled five times in a row", every_change, partial(_passing, fault=TOO_MANY, times=5)),
    Row("an answer comes late", each_operation, partial(_passing, fault=late(0.5))),
    Row(
        "answer lost, though carried out, and reads are stale",
        every_change,
        partial(_passing, fault=carried_out_then_reset, more=POLLS),
        STALE,
    ),
    Row(
        "internal error (500), though carried out, and reads are stale",
        every_change,
        partial(_passing, fault=INTERNAL_BUT_DONE, more=POLLS),
        STALE,
    ),
)
