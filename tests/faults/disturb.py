"""The faults: what happens to a request on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .proxy import Exchange, Fault, Response, pass_on

__all__ = ["Once", "answers", "carried_out_then_reset", "kills", "reset_before"]


@dataclass
class Once:
    """Do something to the n-th request (that ``chosen`` chooses), and let all others pass."""

    number: int
    fault: Fault
    chosen: Callable[[Exchange], bool] = lambda exchange: True
    happened: threading.Event = field(default_factory=threading.Event)
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    times: int = 1
    """How many in a row, from the n-th on."""

    def __call__(self, exchange: Exchange) -> None:
        if self.chosen(exchange):
            with self.lock:
                self.seen += 1
                hit = self.number <= self.seen < self.number + self.times
            if hit:
                self.happened.set()
                self.fault(exchange)
                return
        pass_on(exchange)


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


def answers(status: int, code: str, message: str, *, carried_out: bool = False) -> Fault:
    """An error instead of the answer; the request was carried out all the same, or not."""

    def fault(exchange: Exchange) -> None:
        if carried_out:
            exchange.forward()
        exchange.answer(Response.error(exchange, status, code, message))

    return fault
