"""What AWS does not create idempotently is looked for when an answer is lost, on an Aws that is never asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from runbook.control import Control
from runbook.creating import create_once, seen
from runbook.errors import Stopped, TookTooLong
from runbook.events import Waited
from tests.runbook.toys import Offline


class Counting(Control):
    """Counts the wall seconds that it was told to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def wait(self, seconds: float) -> None:
        self.go_on()
        self.waited += seconds


def answered(status: int) -> ClientError:
    error = {"Error": {"Code": "X", "Message": "x"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, "CreateVpcLink")  # type: ignore[arg-type]


def closed() -> ConnectionClosedError:
    return ConnectionClosedError(endpoint_url="http://x")


class Shop:
    """Where things are made: what each creation ends with, and after how many looks what was made shows."""

    def __init__(self, *ends: Exception | None, shows_after: int | None = None) -> None:
        self.aws = Offline()
        self.control = Counting()
        self.aws.control = self.control
        self.ends = list(ends)
        self.shows_after = shows_after
        self.created = 0
        self.looks = 0

    def create(self) -> str:
        self.created += 1
        if end := self.ends.pop(0):
            raise end
        return f"made {self.created}"

    def look(self) -> str | None:
        self.looks += 1
        return "found" if self.shows_after is not None and self.looks > self.shows_after else None

    def once(self) -> str:
        return create_once(self.aws, self.create, self.look, what="VPC link")


def test_an_answer_is_believed_without_a_look() -> None:
    shop = Shop(None)

    assert shop.once() == "made 1"
    assert (shop.looks, shop.control.waited) == (0, 0)


LOST = [closed, lambda: ReadTimeoutError(endpoint_url="http://x"), lambda: answered(500), lambda: answered(503)]


@pytest.mark.parametrize("lost", LOST, ids=["closed", "timeout", "500", "503"])
@pytest.mark.parametrize("shows_after", [0, 1, 10])
def test_what_was_made_though_its_answer_was_lost_is_found(lost: Callable[[], Exception], shows_after: int) -> None:
    shop = Shop(lost(), shows_after=shows_after)

    assert shop.once() == "found"
    assert (shop.created, shop.looks) == (1, shows_after + 1)


@pytest.mark.parametrize("lost", LOST, ids=["closed", "timeout", "500", "503"])
def test_what_was_not_made_is_made_after_twenty_seconds_of_looking(lost: Callable[[], Exception]) -> None:
    shop = Shop(lost(), None)

    assert shop.once() == "made 2"
    assert shop.control.waited == 20.0


def test_the_third_lost_answer_is_raised_but_only_after_a_look() -> None:
    last = closed()
    shop = Shop(closed(), answered(500), last)

    with pytest.raises(ConnectionClosedError) as raised:
        shop.once()

    assert raised.value is last
    assert shop.created == 3
    assert shop.control.waited == 60.0


def test_what_the_third_made_is_found_after_all() -> None:
    shop = Shop(closed(), closed(), closed(), shows_after=25)  # eleven looks after each

    assert shop.once() == "found"
    assert shop.created == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429])
def test_a_refusal_is_raised_at_once(status: int) -> None:
    shop = Shop(answered(status))

    with pytest.raises(ClientError):
        shop.once()

    assert (shop.created, shop.looks) == (1, 0)


def test_a_look_that_fails_ends_it_so_that_no_second_one_is_made_blindly() -> None:
    shop = Shop(closed(), None)

    def look() -> str | None:
        raise answered(403)

    with pytest.raises(ClientError):
        create_once(shop.aws, shop.create, look, what="VPC link")
    assert shop.created == 1


def test_a_stop_while_looking_makes_no_second_one() -> None:
    shop = Shop(closed(), None)

    def look() -> str | None:
        shop.control.stop()
        return None

    with pytest.raises(Stopped):
        create_once(shop.aws, shop.create, look, what="VPC link")
    assert shop.created == 1


def test_seen_waits_until_reads_show_it_and_says_what_for() -> None:
    shop = Shop(shows_after=3)
    told: list[object] = []

    with shop.aws.observed(told.append, shop.control):
        assert seen(shop.aws, shop.look, what="the listener") == "found"

    assert [event.what for event in told if isinstance(event, Waited)] == ["the listener to show"] * 3
    assert shop.control.waited == 6.0


def test_what_never_shows_is_not_waited_for_longer_than_a_minute() -> None:
    shop = Shop()

    with pytest.raises(TookTooLong, match="waited 60 s for the listener to show"):
        seen(shop.aws, shop.look, what="the listener")
    assert shop.control.waited == 60.0
