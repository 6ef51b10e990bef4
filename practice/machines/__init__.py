"""The machines behind the instances: real HTTP servers on the loopback, in a process of their own.

The practice account asks this module where an instance's service can be reached; the process is started when first
needed and ends with ours.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

from practice.locking import unlocked

from .settings import MachineSettings

__all__ = [
    "NO_WAIT_HEADER",
    "Machine",
    "MachineSettings",
    "address",
    "all_machines",
    "configure",
    "forget_ports",
    "get",
    "launch",
    "reset",
    "restart_if_hung",
    "stand_in",
    "stop",
    "use_stand_in",
    "warm_up",
]

NO_WAIT_HEADER = "X-Practice-No-Wait"
"""Asks a machine for its answer without its delay."""


# Wall seconds; a busy machine takes a second or two to start Python.
_ANSWERS_WITHIN = 5.0
_log = logging.getLogger(__name__)

_PROGRAM = Path(__file__).with_name("__main__.py")


class Machine:
    """What we know of one instance's machine."""

    def __init__(self, instance_id: str, zone: str, private_ip: str) -> None:
        self.instance_id, self.zone, self.private_ip = instance_id, zone, private_ip
        self.settings = MachineSettings()
        self.loopback_port: int | None = None
        """Where the service really listens; None until it was asked for, 0 when it does not."""

    def as_json(self) -> dict[str, Any]:
        """The machine as ``/_practice`` shows it."""
        return {
            "instance_id": self.instance_id,
            "zone": self.zone,
            "private_ip": self.private_ip,
            "url": f"http://127.0.0.1:{self.loopback_port}" if self.loopback_port else None,
            "settings": self.settings.model_dump(),
        }


class _Process:
    """The child process and the conversation with it: a JSON object a line, one answer each.

    It answers within milliseconds. One that does not is taken for hung, and another is started in its place.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        with self._lock:
            self._ensure()

    @property
    def is_alive(self) -> bool:
        child = self._child
        return child is not None and child.poll() is None

    def _ensure(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            forget_ports()
            # A pipe as its input: when we die, however, it reads the end and leaves. Started as a file, for as a module
            # it would load this package, and pydantic with it: twice the time.
            self._child = subprocess.Popen(
                [sys.executable, "-P", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
            os.set_blocking(cast("IO[bytes]", self._child.stdin).fileno(), False)
        return self._child

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out an order; once more in another process where this one does not answer."""
        line = json.dumps(order).encode() + b"\n"
        # Nobody else waits for the account meanwhile.
        with unlocked(), self._lock:
            for _ in range(2):
                child = self._ensure()
                try:
                    answer: dict[str, Any] = json.loads(_converse(child, line, time.monotonic() + _ANSWERS_WITHIN))
                except (OSError, ValueError):
                    self._kill()
                else:
                    return answer
        raise BrokenPipeError("the process of the machines does not answer")

    def end(self) -> None:
        with self._lock:
            child = self._child
            if child is None:
                return
            cast("IO[bytes]", child.stdin).close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=2)
            self._kill()

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                cast("IO[bytes]", pipe).close()


def _converse(child: subprocess.Popen[bytes], line: bytes, deadline: float) -> bytes:
    """Write a line and read the one that answers it. Raise TimeoutError when the time is up, or another OSError."""
    to_child, from_child = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
    while line:
        _wait_for(to_child, select.POLLOUT, deadline)
        line = line[to_child.write(line) or 0 :]
    answer = b""
    while not answer.endswith(b"\n"):
        _wait_for(from_child, select.POLLIN, deadline)
        part = from_child.read(1 << 16)
        if not part:
            raise BrokenPipeError("the process of the machines has ended")
        answer += part
    return answer


def _wait_for(pipe: IO[bytes], event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError("the process of the machines does not answer")


_machines: dict[str, Machine] = {}
_process = _Process()
_checking = threading.Lock()
_stand_in: tuple[str, int] | None = None
atexit.register(_process.end)


def restart_if_hung() -> None:
    """Start another process where this one does not answer: a machine of it kept somebody waiting. Returns at once."""
    if _process.is_alive and _checking.acquire(blocking=False):

        def check() -> None:
            try:
                _process.ask({"do": "ping"})
            except OSError:
                _log.warning("the process of the machines cannot be restarted")
            finally:
                _checking.release()

        threading.Thread(target=check, name="machines-check", daemon=True).start()


def warm_up() -> None:
    """Start the process now, so that the first request does not wait for it."""
    _process.start()


def use_stand_in(url: str | None) -> None:
    """Let a service of the user's own answer instead of every machine.

    Raise ValueError when it is not plain HTTP on the loopback: nothing is ever forwarded outside.
    """
    global _stand_in
    if url is None:
        _stand_in = None
        return
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "localhost", "::1"} or parts.path not in {"", "/"}:
        raise ValueError(f"a backend must be http://127.0.0.1:PORT, not {url!r}")
    _stand_in = (parts.hostname, parts.port or 80)


def stand_in() -> tuple[str, int] | None:
    """Host and port of the user's own service, when there is one."""
    return _stand_in


def launch(instance_id: str, zone: str, private_ip: str) -> Machine:
    """Give an instance its machine (it is plugged in when first asked for)."""
    machine = _machines.get(instance_id)
    if machine is None:
        machine = _machines[instance_id] = Machine(instance_id, zone, private_ip)
    return machine


def get(instance_id: str) -> Machine | None:
    """The machine of an instance that is or was running."""
    return _machines.get(instance_id)


def all_machines() -> list[Machine]:
    """Every machine."""
    return list(_machines.values())


def address(machine: Machine) -> tuple[str, int] | None:
    """Where to open a socket to the service; None when it does not listen."""
    if not machine.settings.listening:
        return None
    if _stand_in is not None:
        return _stand_in
    if machine.loopback_port is None or not _process.is_alive:
        _apply(machine)
    return ("127.0.0.1", machine.loopback_port) if machine.loopback_port else None


def configure(machine: Machine, settings: MachineSettings) -> None:
    """Change how the service behaves, at once."""
    machine.settings = settings
    _apply(machine)


def stop(instance_id: str, *, forget: bool = False) -> None:
    """Pull the plug: connections are cut and nothing answers until the instance runs again."""
    machine = _machines.get(instance_id)
    if machine is None:
        return
    if machine.loopback_port and _process.is_alive:
        _process.ask({"do": "remove", "instance_id": instance_id})
    machine.loopback_port = None
    if forget:
        _machines.pop(instance_id, None)


def forget_ports() -> None:
    """Ask anew where each service listens: somebody else has talked to the process meanwhile."""
    for machine in list(_machines.values()):
        machine.loopback_port = None


def reset() -> None:
    """No machines."""
    for instance_id in list(_machines):
        stop(instance_id, forget=True)


def _apply(machine: Machine) -> None:
    answer = _process.ask(
        {
            "do": "configure",
            "instance_id": machine.instance_id,
            "zone": machine.zone,
            "private_ip": machine.private_ip,
            "settings": machine.settings.model_dump(),
        }
    )
    machine.loopback_port = int(answer["port"])
