"""The machines behind the instances: real HTTP servers on the loopback, in a process of their own.

The practice account asks this module where an instance's service can be reached; the process is started when first
needed and ends with ours.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

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
    "stand_in",
    "stop",
    "use_stand_in",
    "warm_up",
]

NO_WAIT_HEADER = "X-Practice-No-Wait"
"""Asks a machine for its answer without its delay."""


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
    """The child process and the conversation with it: a JSON object a line, one answer each."""

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
                [sys.executable, "-P", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        return self._child

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            child = self._ensure()
            to_child, from_child = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
            to_child.write(json.dumps(order).encode() + b"\n")
            to_child.flush()
            line = from_child.readline()
        if not line:
            raise BrokenPipeError("the process of the machines has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is None:
            return
        cast("IO[bytes]", child.stdin).close()
        try:
            child.wait(timeout=2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        cast("IO[bytes]", child.stdout).close()


_machines: dict[str, Machine] = {}
_process = _Process()
_stand_in: tuple[str, int] | None = None
atexit.register(_process.end)


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
        del _machines[instance_id]


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
