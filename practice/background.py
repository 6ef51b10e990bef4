"""One practice account a user, in the background: started when first needed, found by its runtime file.

The account itself holds a lock from its first moment to its last, so there is never a second one, whatever becomes of
the commands that start it: a command that is interrupted or killed leaves an account that comes up, or none, and the
next command finds the one or starts another. The runtime file says where it is; only an answer from there says that
this is still true (a reboot, or another process on its port, leaves the file stale).
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

import private_files
from practice import tokens

__all__ = [
    "ALREADY_RUNS",
    "HOME_VARIABLE",
    "AlreadyRunsError",
    "Status",
    "ensure",
    "home",
    "only_one",
    "published",
    "status",
    "stop",
]

HOME_VARIABLE: Final = "RUNBOOK_PRACTICE_HOME"
IDLE_SECONDS: Final = 3600.0
"""Wall seconds without a request after which the account ends."""

ALREADY_RUNS: Final = 75
"""Exit code of an account that gives way to the one that holds the lock."""

_START_SECONDS = 60.0
_ANSWER_SECONDS = 5.0
_LOOK_AGAIN = 0.02
# A command that looks whether the lock is held holds it itself for a moment.
_LOCK_SECONDS = 1.0


class AlreadyRunsError(Exception):
    """Another process is the background account."""


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
    return Path(override) if override else private_files.state_directory() / "practice"


# --- for commands -----------------------------------------------------------------------------------------------------


def ensure(time_scale: float = 60.0) -> str:
    """The URL of the user's background account, which is started when there is none.

    An account that runs already keeps its time scale. Raise OSError when its directory cannot be used, and
    RuntimeError, with the end of its log, when it does not come up.
    """
    directory = home().absolute()
    private_files.make_directory(directory)
    child: subprocess.Popen[bytes] | None = None
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = status()
        if found is not None:
            return found.url
        if child is None:
            # Another command's may be coming up, or one may be ending.
            child = None if _is_held(directory) else _spawn(directory, time_scale)
        elif (code := child.poll()) == ALREADY_RUNS:
            child = None
        elif code is not None:
            break
        time.sleep(_LOOK_AGAIN)
    log = directory / "account.log"
    raise RuntimeError(f"the practice account did not start; the end of {log}:\n{_end_of(log)}")


def status() -> Status | None:
    """The background account, if it answers and is the one that the runtime file speaks of.

    Raise OSError when others can write into the directory, and so have it say what they like.
    """
    try:
        private_files.check_directory(home())
    except FileNotFoundError:
        return None
    written = _read(_runtime_file())
    try:
        url, pid, token = str(written["url"]), int(written["pid"]), str(written["token"])
    except (KeyError, TypeError, ValueError):
        return None
    description = _describe(url)
    if description is None or description.get("id") != tokens.id_of(token):
        return None
    return Status(url, pid, description, token)


def stop() -> bool:
    """End the background account, also one that is coming up; whether there was one. Raise RuntimeError if it stays."""
    deadline = time.monotonic() + _START_SECONDS
    while (found := status()) is None:
        if not home().exists() or not _is_held(home()):
            return False
        if time.monotonic() > deadline:
            raise RuntimeError("the practice account neither answers nor ends")
        time.sleep(_LOOK_AGAIN)
    request = urllib.request.Request(f"{found.url}/_practice/stop", method="POST", headers={tokens.HEADER: found.token})
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):
        pass
    while _describe(found.url) is not None or _is_held(home()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the practice account (process {found.pid}) does not end")
        time.sleep(_LOOK_AGAIN)
    return True


def _spawn(directory: Path, time_scale: float) -> subprocess.Popen[bytes]:
    output = private_files.overwrite(directory / "account.log")
    try:
        return subprocess.Popen(
            [
                sys.executable,
                # No directory that it happens to be in is a place to import from.
                "-P",
                "-m",
                "practice",
                f"--time-scale={time_scale}",
                f"--idle={IDLE_SECONDS}",
                f"--runtime-file={directory / _runtime_file().name}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=Path(sys.executable).anchor,
            # Its own session: it outlives the command that started it, and that command's terminal.
            start_new_session=True,
            env=_environment(),
        )
    finally:
        os.close(output)


def _environment() -> dict[str, str]:
    """The user's environment without a way to real credentials, and with the way to this package."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    package = str(Path(__file__).resolve().parent.parent)
    # It has another working directory: what was named from this one is still meant, and an empty entry never is.
    given = [str(Path(entry).absolute()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    environment["PYTHONPATH"] = os.pathsep.join([package, *given])
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


def _end_of(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-2000:]
    except OSError as error:
        return f"({error.strerror})"


# --- for the account --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def only_one(runtime_file: Path) -> Iterator[None]:
    """Within the block, this process is the account of the runtime file. Raise AlreadyRunsError when another is."""
    private_files.make_directory(runtime_file.parent)
    with _lock(runtime_file, wait=_LOCK_SECONDS):
        yield


@contextlib.contextmanager
def published(runtime_file: Path, url: str, token: str) -> Iterator[None]:
    """Within the block, the runtime file says where this account is. Raise OSError if others could write it."""
    private_files.make_directory(runtime_file.parent)
    write_runtime_file(runtime_file, url, token)
    try:
        yield
    finally:
        # Whoever holds the lock is alone here; without it the file may be another's.
        if _read(runtime_file).get("token") == token:
            with contextlib.suppress(FileNotFoundError):
                runtime_file.unlink()


def write_runtime_file(path: Path, url: str, token: str) -> None:
    """Say where the account is: readable by the user only, whole or not at all."""
    private_files.replace(path, json.dumps({"url": url, "pid": os.getpid(), "token": token}))


# --- files ------------------------------------------------------------------------------------------------------------


def _runtime_file() -> Path:
    return home() / "account.json"


def _read(runtime_file: Path) -> dict[str, Any]:
    try:
        written = json.loads(runtime_file.read_text())
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def _is_held(directory: Path) -> bool:
    """Whether an account runs, comes up or ends."""
    try:
        with _lock(directory / _runtime_file().name, wait=0):
            return False
    except AlreadyRunsError:
        return True


@contextlib.contextmanager
def _lock(runtime_file: Path, *, wait: float) -> Iterator[None]:
    """The system drops it when the process that holds it dies, however that comes."""
    from filelock import FileLock, Timeout  # only where an account starts or ends: it costs a tenth of a second

    lock = FileLock(runtime_file.with_suffix(".lock"), mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=wait, poll_interval=_LOOK_AGAIN)
    except Timeout:
        raise AlreadyRunsError(f"another practice account holds {lock.lock_file}") from None
    try:
        yield
    finally:
        lock.release()
