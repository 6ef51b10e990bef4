"""Creating what AWS does not create idempotently, without ever making a second one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

from runbook.aws import LOST, Aws
from runbook.errors import TookTooLong

__all__ = ["create_once", "seen", "shown"]

T = TypeVar("T")

# How long a creation may take to show in reads before we take it that it was not carried out. AWS gives no bound.
_SHOWS_WITHIN = 20.0
_TRIES = 3


def create_once(aws: Aws, create: Callable[[], T], look: Callable[[], T | None], *, what: str) -> T:
    """Create something; when the answer is lost, look whether it was made before creating it again.

    ``look`` answers what was made, or None. Raises what ``create`` raises, after the third lost answer too.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return create()
        except LOST as error:
            lost: Exception = error
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            lost = error
        try:
            # A wait asks AWS anew each time; a mere look would be answered with what was seen before.
            return aws.wait_until(
                look, what=f"the {what} to show, if it was made", usual=2.0, every=2.0, limit=_SHOWS_WITHIN
            )
        except TookTooLong:
            if attempt == _TRIES:
                raise lost from None
    raise AssertionError(what)  # pragma: no cover


def shown(aws: Aws, look: Callable[[], T | None], *, what: str) -> T | None:
    """What was just made, as soon as reads show it; None when they do not, because another run has deleted it.

    Before that nothing can be said of what else there is: reads that do not show this may not show that either.
    """
    try:
        return aws.wait_until(look, what=f"{what} to show", usual=2.0, every=2.0, limit=_SHOWS_WITHIN)
    except TookTooLong:
        return None


def seen(aws: Aws, look: Callable[[], T | None], *, what: str) -> T:
    """What was just made or changed, as soon as reads show it."""
    return aws.wait_until(look, what=f"{what} to show", usual=2.0, every=2.0, limit=60.0)
