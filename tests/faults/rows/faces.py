"""The other faces end in mid-run: papermill, its kernel, the TUI. The command line takes over."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import product
from pathlib import Path

import psutil

from ..disturb import At
from ..proxy import Exchange, pass_on
from ..row import NotReached, Position, Row, afterwards, begin
from ..world import ROOT, Ended, Running, World, read_log
from .interruption import HELD, logged_to_the_end

__all__ = ["ROWS"]


PAPERMILL = Path(sys.executable).with_name("papermill")


PAPERMILL = Path(sys.executable).with_name("papermill")


# --- papermill ----------------------------------------------------------------------------------------------------


def _kernel(papermill: psutil.Process) -> psutil.Process:
    (kernel,) = (child for child in papermill.children() if any("ipykernel" in word for word in child.cmdline()))
    return kernel


def _papermill(world: World, position: tuple[str, str]) -> None:
    who, operation = position
    kernel_only = who == "kernel"
    begin(world, "up")
    with tempfile.TemporaryDirectory(prefix="operator-") as directory:
        home = Path(directory)
        began: list[psutil.Process] = []

        def kill(exchange: Exchange) -> None:
            exchange.forward()
            parent = psutil.Process(process.pid)
            began.append(_kernel(parent))
            (began[0] if kernel_only else parent).kill()
            exchange.reset()

        at = At(1, Position("up", operation, 1).chosen, kill)
        world.proxy.arm(at)
        process = subprocess.Popen(
            [
                PAPERMILL,
                "--no-progress-bar",
                ROOT / "runbook.ipynb",
                "out.ipynb",
                "-p",
                "endpoint_url",
                world.proxy.url,
            ],
            cwd=home,
            env=world.surroundings(home) | {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_PATH": ""},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, said = process.communicate(timeout=120)
        assert at.happened.is_set(), said[-1500:]
        failed = process.returncode > 0 if kernel_only else process.returncode == -signal.SIGKILL
        assert failed, f"{process.returncode}: {said[-1500:]}"
        _gone, still = psutil.wait_procs(began, timeout=30)  # a kernel ends when papermill is gone
        for kernel in still:
            kernel.kill()
        assert not still, "the kernel outlives papermill"
        ended = read_log(home)[-1]["event"] == "RunFinished"
        assert not (kernel_only and ended), "the log says that the run has ended"  # one without papermill may get there
    world.proxy.drain()
    afterwards(world, "up")


# --- the TUI ------------------------------------------------------------------------------------------------------


def _quit(running: Running) -> None:
    assert running.terminal
    running.terminal.type("q")


def _close(running: Running) -> None:
    assert running.terminal
    running.terminal.close()


def _tui(world: World, position: tuple[str, str]) -> None:
    how, operation = position
    end, code = ENDS[how]
    begin(world, "up")
    running: Future[Running] = Future()

    def ends(exchange: Exchange) -> None:
        end(running.result(60))
        time.sleep(HELD)
        pass_on(exchange)

    at = At(1, Position("up", operation, 1).chosen, ends)
    running.set_result(world.start("tui", fault=at, terminal=True))
    ended = _driven(running.result())
    world.proxy.drain()
    if not at.happened.is_set():
        raise NotReached
    assert ended.code == code, f"exit {ended.code}, not {code}: {ended.said[-1500:]}"
    assert "Traceback" not in ended.said, ended.said[-1500:]
    if code != -signal.SIGKILL:
        logged_to_the_end(ended)
    assert ended.log[0]["face"] == "tui"
    afterwards(world, "up")


def _driven(running: Running) -> Ended:
    """Ask for ``up`` as soon as the TUI listens."""
    assert running.terminal
    limit = time.monotonic() + 60
    while running.process.is_alive() and not running.log and time.monotonic() < limit:
        running.terminal.type("u")
        time.sleep(0.2)
    return running.ended()


ENDS: dict[str, tuple[Callable[[Running], None], int]] = {
    "quit": (_quit, 1),
    "killed": (lambda running: running.kill(), -signal.SIGKILL),
    "SIGTERM": (lambda running: running.signal(signal.SIGTERM), 143),
    "terminal closed": (_close, 129),
}

ROWS = (
    Row(
        "papermill, or its kernel, killed in mid-run",
        lambda world: list(product(("papermill", "kernel"), ("CreateVpcLink", "CreateRestApi"))),
        _papermill,
    ),
    Row(
        "the TUI quit, killed, or its terminal closed, in mid-run",
        lambda world: list(product(ENDS, ("CreateLoadBalancer", "CreateVpcLink", "PutMethod"))),
        _tui,
    ),
)
