"""A practice account in a process of its own behind a proxy, and operators who run the real command line against it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from runbook.accounts import Kind, connect
from runbook.aws import Aws
from runbook.engine import run
from runbook.events import Action, Event, RunFinished
from runbook.parameters import Parameters, load
from runbook.step import Plan
from steps import READING_ORDER

from .cli import spawn
from .inventory import Inventory, take_stock
from .proxy import Fault, Proxy, pass_on

__all__ = ["USUAL", "Ended", "Running", "Setting", "World", "Worlds"]

ROOT = Path(__file__).resolve().parents[2]
PLAN = Plan.of(READING_ORDER)


@dataclass(frozen=True)
class Setting:
    """A kind of account: how fast its clock runs, and the options of ``python -m practice`` it is served with."""

    time_scale: float = 2000.0
    """AWS seconds a wall second: a load balancer's two minutes are over before the next request arrives."""
    flags: tuple[str, ...] = ()


USUAL = Setting()


@dataclass(frozen=True)
class Ended:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it wrote."""
        return f"{self.out}\n{self.err}"


@dataclass
class Running:
    """A run of the command line that is under way."""

    process: ForkServerProcess
    directory: tempfile.TemporaryDirectory[str]

    def kill(self) -> None:
        """SIGKILL: it has no time for anything."""
        self.process.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process.pid
        os.kill(self.process.pid, number)

    def ended(self, timeout: float = 60.0) -> Ended:
        """Wait for its end."""
        self.process.join(timeout)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        home = Path(self.directory.name)
        out, err = ((home / name).read_text() if (home / name).exists() else "" for name in ("out", "err"))
        ended = Ended(self.process.exitcode or 0, out, err)
        self.process.close()
        self.directory.cleanup()
        return ended


@dataclass
class World:
    """One account, one proxy, and who works there."""

    account_url: str
    proxy: Proxy
    setting: Setting
    seed: Inventory = field(default_factory=dict)
    practice: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def session(self) -> boto3.Session:
        """Somebody who may do everything, and is not disturbed."""
        given = self.practice["credentials"]
        return boto3.Session(given["access_key_id"], given["secret_access_key"], region_name=self.practice["region"])

    @cached_property
    def clients(self) -> dict[str, Any]:
        """Undisturbed clients, by service."""
        config = Config(retries={"total_max_attempts": 6, "mode": "standard"})
        return {
            name: self.session.client(name, endpoint_url=self.account_url, config=config)  # type: ignore[call-overload]
            for name in ("ec2", "elbv2", "apigateway", "iam")
        }

    def begin(self) -> None:
        """A new account, an undisturbed network."""
        self.proxy.arm()
        self.proxy.access_key_id = None
        self.proxy.drain()
        answer = httpx.post(f"{self.account_url}/_practice/reset", timeout=30, trust_env=False)
        self.practice = answer.raise_for_status().json()
        self.seed = self.stock()

    def stock(self) -> Inventory:
        """What is in the account."""
        return take_stock(self.clients)

    def start(self, *command: str, fault: Fault = pass_on, env: Mapping[str, str] | None = None) -> Running:
        """Start the command line as a new operator would: another working directory, another home."""
        directory = tempfile.TemporaryDirectory(prefix="operator-")
        home = Path(directory.name)
        self.proxy.arm(fault)
        where = [] if command[:1] == ("--help",) else ["--endpoint-url", self.proxy.url]
        arguments = [*command, *where]
        process = spawn(arguments, home, {"PATH": os.environ["PATH"], "HOME": str(home), **(env or {})})
        return Running(process, directory)

    def run(self, *command: str, fault: Fault = pass_on, env: Mapping[str, str] | None = None) -> Ended:
        """Run the command line to its end."""
        ended = self.start(*command, fault=fault, env=env).ended()
        self.proxy.drain()
        return ended

    def aws(self, params: Parameters | None = None, *, disturbed: bool = False) -> tuple[Aws, Mapping[str, Any]]:
        """The account as the engine sees it, and its defaults."""
        url = self.proxy.url if disturbed else self.account_url
        account = connect(Kind.PRACTICE, params or load({}), endpoint_url=url)
        return account.aws, account.defaults

    def engine(self, action: Action, *, disturbed: bool = False, **given: Any) -> list[Event]:
        """Run the engine in this process: quicker where the process is not what is tried."""
        params = load(given)
        aws, defaults = self.aws(params, disturbed=disturbed)
        return list(run(PLAN, aws, params, action, defaults=defaults))

    def bring_up(self, **given: Any) -> None:
        """A finished stack, quickly."""
        ended = self.engine(Action.UP, **given)[-1]
        assert isinstance(ended, RunFinished), ended
        assert ended.worst is None, ended


@contextlib.contextmanager
def _served(setting: Setting) -> Iterator[World]:
    command = [sys.executable, "-m", "practice", "--port", "0", "--time-scale", str(setting.time_scale), *setting.flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            greeting = process.stdout.readline()
            found = re.search(r"http://\S+", greeting)
            if found is None:
                raise RuntimeError(f"the practice account did not start: {greeting!r}")
            with Proxy(found[0]).serving() as proxy:
                yield World(found[0], proxy, setting)
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
