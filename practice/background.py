"""One practice account a user, in the background: started when first needed, found by its runtime file.

The file says where it is; only an answer from there says that it is still true (a reboot, or another process on
its port, leaves the file stale). A lock file makes two commands that start at once share one account.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from practice import tokens

__all__ = ["HOME_VARIABLE", "Status", "ensure", "home", "status", "stop"]

HOME_VARIABLE: Final = "RUNBOOK_PRACTICE_HOME"
IDLE_SECONDS: Final = 3600.0
"""Wall seconds without a request after which the account ends."""

_START_SECONDS = 60.0
_ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Status:
    """A background account that runs."""

    url: str
    pid: int
    description: dict[str, Any]
    """What ``GET /_practice`` answered."""
    token: str


def home() -> Path:
    """The directory of the runtime file, the lock and the log."""
    override = os.environ.get(HOME_VARIABLE)
    return Path(override) if override else Path(platformdirs.user_state_dir("apigw-vpc-runbook")) / "practice"


def ensure(time_scale: float = 60.0) -> str:
    """The URL of the user's background account, which is started when there is none.

    An account that runs already keeps its time scale. Raise RuntimeError, with the end of its log, when it does not
    come up.
    """
    found = status()
    if found is not None:
        return found.url
    with _lock():
        found = status()
        if found is not None:
            return found.url
        return _start(time_scale)


def status() -> Status | None:
    """The background account, if it answers and is the one that the runtime file speaks of."""
    try:
        written = json.loads(_runtime_file().read_text())
        url, pid, token = str(written["url"]), int(written["pid"]), str(written["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    description = _describe(url)
    if description is None or description.get("id") != tokens.id_of(token):
        return None
    return Status(url, pid, description, token)


def stop() -> bool:
    """End the background account; whether there was one."""
    found = status()
    if found is None:
        return False
    request = urllib.request.Request(f"{found.url}/_practice/stop", method="POST", headers={tokens.HEADER: found.token})
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):
        pass
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and _describe(found.url) is not None:
        time.sleep(0.02)
    with contextlib.suppress(OSError):
        _runtime_file().unlink()
    return True


def _runtime_file() -> Path:
    return home() / "account.json"


def write_runtime_file(path: Path, url: str, token: str) -> None:
    """Say where the account is: readable by the user only, whole or not at all."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url, "pid": os.getpid(), "token": token}, file)
    new.replace(path)


def _start(time_scale: float) -> str:
    directory = home()
    runtime_file = _runtime_file()
    with contextlib.suppress(FileNotFoundError):
        runtime_file.unlink()
    log = directory / "account.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "practice",
                f"--time-scale={time_scale}",
                f"--idle={IDLE_SECONDS}",
                f"--runtime-file={runtime_file}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            # Its own session: it outlives the command that started it, and that command's terminal.
            start_new_session=True,
            env=_environment(),
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = status()
        if found is not None:
            return found.url
        if child.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"the practice account did not start; the end of {log}:\n{log.read_text()[-2000:]}")


def _environment() -> dict[str, str]:
    """The user's environment without a way to real credentials, and with the way to this package."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    package = str(Path(__file__).resolve().parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    return environment


def _describe(url: str) -> dict[str, Any] | None:
    try:
        # The address comes from our own runtime file; no proxy has a say in a loopback call.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/_practice", timeout=_ANSWER_SECONDS) as answer:
            description = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None
    return description if isinstance(description, dict) and description.get("practice") is True else None


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """Held by the one command that starts the account; the system drops it when that command dies."""
    directory = home()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "account.lock").open("a") as file:
        try:
            import fcntl
        except ImportError:  # pragma: no cover - not on Windows, where two starts at once may race
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
