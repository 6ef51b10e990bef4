"""The faults: what happens to a request on its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .proxy import Exchange, Fault, Response, pass_on

__all__ = [
    "At",
    "answers",
    "answers_by_service",
    "carried_out_then_reset",
    "kills",
    "late",
    "never_answered",
    "reset_before",
]


@dataclass
class At:
    """Do something to the n-th request that ``chosen`` chooses, and let all others pass."""

    nth: int
    chosen: Callable[[Exchange], bool]
    fault: Fault
    times: float = 1
    """To how many of the chosen in a row."""
    onwards: bool = False
    """To every request from then on, whichever it is."""
    happened: threading.Event = field(default_factory=threading.Event)
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, exchange: Exchange) -> None:
        with self.lock:
            chosen = self.chosen(exchange)
            self.seen += chosen
            hit = (chosen and self.nth <= self.seen < self.nth + self.times) or (
                self.onwards and self.happened.is_set()
            )
            if hit:
                self.happened.set()
        (self.fault if hit else pass_on)(exchange)


def kills(kill: Callable[[], None], *, after: bool) -> Fault:
    """Kill the client: before the account hears of the request, or after it was carried out."""

    def fault(exchange: Exchange) -> None:
        if after:
            exchange.forward()
        kill()
        exchange.reset()

    return fault


def reset_before(exchange: Exchange) -> None:
    """The connection breaks before the account hears of the request."""
    exchange.reset()


def carried_out_then_reset(exchange: Exchange) -> None:
    """The request is carried out, and the connection breaks before the answer is back."""
    exchange.forward()
    exchange.reset()


def never_answered(*, carried_out: bool) -> Fault:
    """No answer comes, until the client has had enough."""

    def fault(exchange: Exchange) -> None:
        if carried_out:
            exchange.forward()
        exchange.wait_until_given_up()

    return fault


def late(seconds: float) -> Fault:
    """The answer takes so many wall seconds."""

    def fault(exchange: Exchange) -> None:
        response = exchange.forward()
        time.sleep(seconds)
        exchange.answer(response)

    return fault


def answers(status: int, code: str, message: str, *, carried_out: bool = False) -> Fault:
    """An error instead of the answer; the request was carried out all the same, or not."""

    def fault(exchange: Exchange) -> None:
        if carried_out:
            exchange.forward()
        exchange.answer(Response.error(exchange, status, code, message))

    return fault


def answers_by_service(errors: Mapping[str, tuple[int, str, str]]) -> Fault:
    """Status, code and message as each service words it."""

    def fault(exchange: Exchange) -> None:
        exchange.answer(Response.error(exchange, *errors[exchange.service]))

    return fault
