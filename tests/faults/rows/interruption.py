"""Ctrl-C, a kill, a closed terminal: waits end at once, the call in flight finishes, the log says where it stood."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from runbook.control import Control

from ..disturb import At
from ..proxy import Exchange, Fault, pass_on
from ..row import NotReached, Position, Row, afterwards, begin, each_operation
from ..world import Ended, Running, Setting, World

__all__ = ["HELD", "ROWS", "logged_to_the_end"]

HELD = 0.4
"""Wall seconds that the call in flight is held after the run heard of it: what is sent later was begun after it."""
HEARD = Path("stopped")
"""A file in the run's directory: made when the run heard of the signal, which a busy machine may deliver late."""
AT_ONCE = 3.0
"""Wall seconds within which a process whose wait was ended is gone, also on a busy machine."""
SLOW = Setting(time_scale=60.0)
"""A load balancer takes two wall seconds, and a VPC link two and a half."""

Interrupt = Callable[[Running], None]


def _signal(number: signal.Signals) -> Interrupt:
    return lambda running: running.signal(number)


def _close_terminal(running: Running) -> None:
    assert running.terminal is not None
    running.terminal.close()


INTERRUPTS: dict[str, tuple[Interrupt, int, bool]] = {
    "Ctrl-C": (_signal(signal.SIGINT), 130, False),
    "SIGTERM": (_signal(signal.SIGTERM), 143, False),
    "its terminal closed": (_close_terminal, 129, True),
}
"""What interrupts, the exit code it ends with, and whether a terminal is needed."""


def _leaves_word() -> None:
    """Note when the run hears of a stop. Called in the command line's process."""
    stop = Control.stop

    def heard(control: Control) -> None:
        stop(control)
        with contextlib.suppress(FileExistsError):  # its end is a stop, too
            HEARD.touch(exist_ok=False)

    Control.stop = heard  # type: ignore[method-assign]  # in the process of this one run


def _until_heard(running: Running, limit: float = 30.0) -> float:
    """When the run heard of the signal."""
    word = Path(running.directory.name) / HEARD
    end = time.monotonic() + limit
    while not word.exists():
        assert time.monotonic() < end, "the signal was not heard of"
        time.sleep(0.01)
    return word.stat().st_mtime


def _then(interrupt: Interrupt, running: Future[Running], heard: list[float]) -> Fault:
    """Interrupt while the request is under way, and enter when the run heard of it."""

    def fault(exchange: Exchange) -> None:
        interrupt(running.result(60))
        heard.append(_until_heard(running.result()))
        time.sleep(HELD)
        pass_on(exchange)

    return fault


def logged_to_the_end(ended: Ended) -> None:
    """Every call in the log was answered, and its last line tells how it stood."""
    sent = {event["call"] for event in ended.told("CallSent")}
    answered = {event["call"] for event in ended.told("CallAnswered")}
    assert sent == answered, f"calls without an answer in the log: {sent - answered}"
    assert ended.log[-1]["event"] == "RunFinished", ended.log[-1]


def _in_a_call(world: World, position: Position, *, how: str) -> None:
    command = position.command
    interrupt, code, in_terminal = INTERRUPTS[how]
    begin(world, command)
    running: Future[Running] = Future()
    heard: list[float] = []
    at = At(position.nth, position.chosen, _then(interrupt, running, heard))
    running.set_result(world.start(command, fault=at, terminal=in_terminal, before=_leaves_word))
    ended = running.result().ended()
    world.proxy.drain()
    if not at.happened.is_set():
        raise NotReached
    logged_to_the_end(ended)
    cut_short = "stopped" in ended.log[-1]["outcomes"].values()  # else all steps were done when it came
    assert ended.code == code or (ended.code == 0 and not cut_short), f"exit {ended.code}: {ended.said[-1500:]}"
    assert "Traceback" not in ended.said, ended.said[-1500:]
    reported = [event for event in ended.told("CallAnswered") if event["operation"] == position.operation]
    assert not [event for event in reported if event["error"].endswith("Error")], f"cut off: {reported}"
    # At its end the run itself takes its mark off the stack; steps begin nothing.
    late = [event for event in ended.told("CallSent") if event.get("step") and _at(event) > heard[0] + HELD]
    assert not late, f"begun after the interruption: {late}"
    afterwards(world, command)


def _at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


def _waiting(running: Running, step: str, limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not any(event["event"] == "Waited" and event["step"] == step for event in running.log):
        assert running.process.is_alive(), "it was over before the wait"
        assert time.monotonic() < end, f"{step} never waited"
        time.sleep(0.02)


def _in_a_wait(world: World, position: tuple[str, str], *, how: str) -> None:
    command, step = position
    interrupt, code, in_terminal = INTERRUPTS[how]
    begin(world, command)
    running = world.start(command, terminal=in_terminal)
    _waiting(running, step)
    interrupted = time.monotonic()
    interrupt(running)
    ended = running.ended()
    took = time.monotonic() - interrupted
    assert took < AT_ONCE, f"ended {took:.1f} s after"
    assert ended.code == code, f"exit {ended.code}, not {code}: {ended.said[-1500:]}"
    assert "Traceback" not in ended.said, ended.said[-1500:]
    logged_to_the_end(ended)
    assert ended.log[-1]["outcomes"][step] == "stopped", ended.log[-1]
    afterwards(world, command)


def _twice(world: World, position: Position) -> None:
    """The second Ctrl-C does not wait for the call in flight."""
    command = position.command
    begin(world, command)
    running: Future[Running] = Future()
    gone = threading.Event()

    def twice(exchange: Exchange) -> None:
        running.result(60).signal(signal.SIGINT)
        _until_heard(running.result())  # two signals at once are one
        running.result(60).signal(signal.SIGINT)
        gone.wait(30)
        pass_on(exchange)

    at = At(position.nth, position.chosen, twice)
    running.set_result(world.start(command, fault=at, before=_leaves_word))
    try:
        ended = running.result().ended(timeout=10.0)
    finally:
        gone.set()
    world.proxy.drain()
    if not at.happened.is_set():
        raise NotReached
    assert ended.code == -signal.SIGINT, f"exit {ended.code}: {ended.said[-1500:]}"
    afterwards(world, command)


WAITS = (
    ("up", "load-balancer"),
    ("up", "vpc-link"),
    ("up", "targets"),
    ("down", "vpc-link"),
    ("down", "load-balancer"),
)

ROWS = (
    *(Row(f"{how} during a call", each_operation, partial(_in_a_call, how=how)) for how in INTERRUPTS),
    Row("Ctrl-C twice during a call", each_operation, _twice),
    *(Row(f"{how} in a wait", lambda world: WAITS, partial(_in_a_wait, how=how), SLOW) for how in INTERRUPTS),
)
