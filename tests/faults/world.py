"""A practice account in a process of its own behind a proxy, and operators who run the real command line against it."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx

from practice.runtime_files import control_headers
from runbook.accounts import Kind, connect
from runbook.aws import Aws
from runbook.engine import run
from runbook.events import Action, CallSent, Event, RunFinished, StepFinished
from runbook.parameters import load
from steps.tracks import TRACKS

from .cli import CommandLine, spawn
from .inventory import Inventory, take_stock
from .proxy import Fault, Proxy, pass_on

__all__ = [
    "PLAN",
    "ROOT",
    "USUAL",
    "Ended",
    "Running",
    "Setting",
    "Terminal",
    "World",
    "Worlds",
    "read_log",
    "served_here",
]

ROOT = Path(__file__).resolve().parents[2]
PLAN = TRACKS.default.plan


@dataclass(frozen=True)
class Setting:
    """A kind of account."""

    time_scale: float = 2000.0
    """AWS seconds a wall second: a load balancer's two minutes are over before the next request arrives."""
    eventual: float = 0.0
    """AWS seconds that reads may be stale for after a write."""

    @property
    def flags(self) -> tuple[str, ...]:
        """The options of ``python -m practice`` for it."""
        return (
            *("--time-scale", str(self.time_scale)),
            *(("--eventual", str(self.eventual)) if self.eventual else ()),
        )


USUAL = Setting()


@dataclass(frozen=True)
class Ended:
    """How a run of the command line ended."""

    code: int
    """Its exit code; of a process that a signal ended, that signal's number below zero."""
    out: str
    err: str
    log: tuple[dict[str, Any], ...]
    """The lines of its event log."""

    @property
    def said(self) -> str:
        """Everything it wrote."""
        return f"{self.out}\n{self.err}"

    def told(self, event: str) -> list[dict[str, Any]]:
        """The events of a kind in its log."""
        return [line for line in self.log if line["event"] == event]


@dataclass
class Terminal:
    """A terminal that somebody looks at, until it is closed."""

    name: str
    master: int
    shown: bytearray = field(default_factory=bytearray)
    open: bool = True

    @classmethod
    def opened(cls) -> Terminal:
        """A new one."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        terminal = cls(os.ttyname(slave), master)
        os.close(slave)
        threading.Thread(target=terminal._look, daemon=True).start()
        return terminal

    def _look(self) -> None:
        while self.open:
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if ready and self.open:
                try:
                    self.shown += os.read(self.master, 65536)
                except OSError:  # nobody has opened it yet, or nobody any more
                    time.sleep(0.02)

    def type(self, keys: str) -> None:
        """Press keys."""
        with contextlib.suppress(OSError):
            os.write(self.master, keys.encode())

    def close(self) -> None:
        """Close it, as a window is closed: everything that runs in it gets SIGHUP."""
        if self.open:
            self.open = False
            os.close(self.master)


@dataclass
class Running:
    """A run of the command line that is under way."""

    process: CommandLine
    directory: tempfile.TemporaryDirectory[str]
    terminal: Terminal | None = None

    def kill(self) -> None:
        """SIGKILL: it has no time for anything."""
        self.process.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process.pid
        os.kill(self.process.pid, number)

    @property
    def log(self) -> tuple[dict[str, Any], ...]:
        """The lines of its event log so far."""
        return read_log(Path(self.directory.name))

    def ended(self, timeout: float = 60.0) -> Ended:
        """Wait for its end."""
        self.process.join(timeout)
        hung = self.process.is_alive()
        if hung:
            self.process.kill()
            self.process.join()
        home = Path(self.directory.name)
        out, err = ((home / name).read_text() if (home / name).exists() else "" for name in ("out", "err"))
        if self.terminal is not None:
            self.terminal.close()
            out = self.terminal.shown.decode(errors="replace")
        ended = Ended(self.process.exitcode or 0, out, err, self.log)
        self.process.close()
        self.directory.cleanup()
        assert not hung, f"still running after {timeout:.0f} s: {ended.said[-1500:]}"
        return ended


def read_log(home: Path) -> tuple[dict[str, Any], ...]:
    """The lines of the event log that a run left in its home; the last may have been cut off by a kill."""
    return tuple(
        json.loads(line)
        for path in sorted((home / "runs").glob("*.jsonl"))
        for line in path.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    )


@dataclass
class World:
    """One account, one proxy, and who works there."""

    account_url: str
    proxy: Proxy
    setting: Setting
    seed: Inventory = field(default_factory=dict)
    practice: Mapping[str, Any] = field(default_factory=dict)
    control_headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def session(self) -> boto3.Session:
        """Somebody who may do everything, and is not disturbed."""
        given = self.practice["credentials"]
        return boto3.Session(given["access_key_id"], given["secret_access_key"], region_name=self.practice["region"])

    @property
    def clients(self) -> dict[str, Any]:
        """Undisturbed clients, by service."""
        return {"ec2": self.aws.ec2, "elbv2": self.aws.elbv2, "apigateway": self.aws.apigateway}

    @property
    def aws(self) -> Aws:
        """The account as the engine sees it, undisturbed."""
        return _connected(self.account_url, self.setting)

    def begin(self) -> None:
        """A new account, an undisturbed network."""
        self.proxy.arm()
        self.proxy.access_key_id = None
        self.proxy.drain()
        control = f"{self.account_url}/_practice"
        self.control_headers = control_headers(httpx.get(control, timeout=30, trust_env=False).json()["id"])
        answer = httpx.post(f"{control}/reset", headers=self.control_headers, timeout=30, trust_env=False)
        self.practice = answer.raise_for_status().json()
        self.seed = self.stock()

    def stock(self) -> Inventory:
        """What is in the account."""
        time.sleep(self.setting.eventual / self.setting.time_scale)  # until no read is stale
        return take_stock(self.clients)

    def start(
        self,
        *command: str,
        fault: Fault = pass_on,
        env: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
        terminal: bool = False,
    ) -> Running:
        """Start the command line as a new operator would: another working directory, another home."""
        directory = tempfile.TemporaryDirectory(prefix="operator-")
        self.proxy.arm(fault)
        arguments = list(command)
        if not {"--endpoint-url", "--help"} & {*command}:
            arguments += ["--endpoint-url", self.proxy.url]
        surroundings = self.surroundings(Path(directory.name)) | dict(env or {})
        screen = Terminal.opened() if terminal else None
        name = screen.name if screen else None
        process = spawn(arguments, Path(directory.name), surroundings, terminal=name, before=before)
        return Running(process, directory, screen)

    @staticmethod
    def surroundings(home: Path) -> dict[str, str]:
        """The environment of an operator who has nothing but this home."""
        return {"PATH": os.environ["PATH"], "HOME": str(home), "RUNBOOK_HOME": str(home), "TERM": "xterm-256color"}

    def run(
        self,
        *command: str,
        fault: Fault = pass_on,
        env: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> Ended:
        """Run the command line to its end."""
        ended = self.start(*command, fault=fault, env=env, before=before).ended()
        self.proxy.drain()
        return ended

    def engine(self, action: Action, **given: Any) -> list[Event]:
        """Run the engine in this process, undisturbed: quicker where the process is not what is tried."""
        defaults = {"instances": tuple(self.practice["defaults"]["instances"])}
        return list(run(PLAN, self.aws, load(given), action, defaults=defaults))

    def bring_up(self, **given: Any) -> tuple[str, ...]:
        """A finished stack, quickly. Answers the requests that were sent."""
        return self._requests(self.engine(Action.UP, **given))

    def take_down(self, **given: Any) -> tuple[str, ...]:
        """The stack away, quickly. Answers the requests that were sent."""
        return self._requests(self.engine(Action.DOWN, **given))

    @staticmethod
    def _requests(events: list[Event]) -> tuple[str, ...]:
        ended = events[-1]
        assert isinstance(ended, RunFinished), ended
        reasons = {event.step: event.reason for event in events if isinstance(event, StepFinished) and event.reason}
        assert ended.worst is None, f"{ended.outcomes} {ended.error} {reasons}"
        return tuple(event.operation for event in events if isinstance(event, CallSent))


@functools.cache
def _connected(url: str, setting: Setting) -> Aws:
    """Clients are made once for an address and a pace: that takes longer than a run."""
    del setting
    return connect(Kind.PRACTICE, load({}), endpoint_url=url).aws


@contextlib.contextmanager
def served_here(setting: Setting, port: int) -> Iterator[World]:
    """An account in this process, which begins sooner than one of its own; one at a time."""
    from practice.clock import ScaledClock
    from practice.server import serve

    with (
        serve(port, clock=ScaledClock(setting.time_scale), eventual=setting.eventual) as account,
        Proxy(account.url).serving() as proxy,
    ):
        here = World(account.url, proxy, setting)
        here.begin()
        yield here


@contextlib.contextmanager
def _served(setting: Setting) -> Iterator[World]:
    command = [sys.executable, "-m", "practice", "--port", "0", *setting.flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            greeting = process.stdout.readline()
            found = re.search(r"http://\S+", greeting)
            if found is None:
                raise RuntimeError(f"the practice account did not start: {greeting!r}")
            with Proxy(found[0]).serving() as proxy:
                here = World(found[0], proxy, setting)
                here.begin()
                yield here
        finally:
            process.terminate()


class Worlds(contextlib.ExitStack):
    """Accounts to work on one after the other: one of each kind, served when it is first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._served: dict[Setting, World] = {}

    def of(self, setting: Setting) -> World:
        """The account of this kind."""
        if setting not in self._served:
            self._served[setting] = self.enter_context(_served(setting))
        return self._served[setting]
