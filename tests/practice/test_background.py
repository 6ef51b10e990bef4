from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from practice import background
from practice.server import Account


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(background.HOME_VARIABLE, str(tmp_path))
    yield tmp_path
    background.stop()


def test_nothing_runs_until_it_is_needed() -> None:
    assert background.status() is None
    assert background.stop() is False


def test_two_commands_at_once_share_one_account_that_outlives_them(home: Path) -> None:
    program = [sys.executable, "-c", "from practice import background; print(background.ensure(120))"]
    commands = [subprocess.Popen(program, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    urls = {command.communicate()[0].strip() for command in commands}
    assert len(urls) == 1
    found = background.status()
    assert found is not None
    assert {found.url} == urls
    assert found.description["time_scale"] == 120
    assert background.ensure() == found.url
    assert (home / "account.json").stat().st_mode & 0o077 == 0
    process = psutil.Process(found.pid)
    assert background.stop() is True
    process.wait(timeout=60)
    assert background.status() is None
    assert not (home / "account.json").exists()


def test_a_stale_file_is_not_believed(home: Path, account: object) -> None:
    stale = {"url": "http://127.0.0.1:9", "pid": 1, "token": "x"}
    (home / "account.json").write_text(json.dumps(stale))
    assert background.status() is None
    # Another practice account on the port that the file names is not ours either.
    (home / "account.json").write_text(json.dumps(stale | {"url": account.url}))  # type: ignore[attr-defined]
    assert background.status() is None
    (home / "account.json").write_text("not json")
    assert background.status() is None


def test_a_killed_account_is_started_anew() -> None:
    first = background.ensure()
    found = background.status()
    assert found is not None
    process = psutil.Process(found.pid)
    process.kill()
    process.wait(timeout=60)
    assert background.status() is None
    second = background.ensure()
    assert httpx.get(f"{second}/_practice").json()["practice"] is True
    assert background.status() is not None
    assert first.startswith("http://127.0.0.1:")


# --- one account, whatever interrupts its start -------------------------------------------------------------------

_INTERRUPTED = """
import os, signal, sys

event, nth, number = sys.argv[1], int(sys.argv[2]), signal.Signals[sys.argv[3]]
seen = 0

def hook(name, arguments):
    global seen
    if name == event or (name == "open" and str(arguments[0]).endswith(event)):
        seen += 1
        if seen == nth:
            os.kill(os.getpid(), number)

from practice import background
from practice.server import Account
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.addaudithook(hook)
print(background.ensure())
"""
_POINTS = [
    ("os.chmod", 1),  # the directory is made
    ("fcntl.flock", 1),  # whether the lock is held is looked at
    ("subprocess.Popen", 1),  # the account is about to be started
    ("account.json", 2),  # it has been, and whether it is there is looked at
    ("account.json", 10),  # it comes up
    ("urllib.Request", 1),  # it says where it is
]


def accounts(home: Path) -> list[psutil.Process]:
    """The processes that are a background account of this directory, or would be."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if f"--runtime-file={home / 'account.json'}" in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def only_account(home: Path) -> int:
    """The process of the one account, as soon as those that give way have gone."""
    deadline = time.monotonic() + 30
    while len(found := accounts(home)) > 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    (process,) = found
    return int(process.pid)


@pytest.mark.parametrize("number", ["SIGINT", "SIGKILL"])
@pytest.mark.parametrize(("event", "nth"), _POINTS, ids=[f"{event}-{nth}" for event, nth in _POINTS])
def test_a_command_that_is_interrupted_while_it_starts_the_account_leaves_one_or_none(
    home: Path, event: str, nth: int, number: str
) -> None:
    if event == "os.chmod":
        home.rmdir()
    ended = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, event, str(nth), number], capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0, f"{event} did not come: {ended.stdout}"
    assert len(accounts(home)) <= 1

    url = background.ensure()

    found = background.status()
    assert found is not None
    assert found.url == url
    assert found.pid == only_account(home)


@pytest.mark.parametrize("when", ["holds the lock", "answers", "has said where it is"])
def test_an_account_that_is_killed_while_it_starts_is_followed_by_another(home: Path, when: str) -> None:
    command = subprocess.Popen([sys.executable, "-c", "from practice import background; print(background.ensure())"])
    match when:
        case "holds the lock":
            _until(lambda: (home / "account.lock").exists() and background._is_held(home))
        case "answers":
            _until(lambda: "practice account" in _text(home / "account.log"))
        case _:
            _until(lambda: (home / "account.json").exists())
    for process in accounts(home):
        process.kill()
    command.wait(timeout=60)

    background.ensure()

    found = background.status()
    assert found is not None
    assert found.pid == only_account(home)


def test_a_stop_while_it_starts_ends_it(home: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", "from practice import background; background.ensure()"], stderr=subprocess.DEVNULL
    )
    _until(lambda: accounts(home) != [])
    command.send_signal(signal.SIGSTOP)  # which looks whether the lock is held, and holds it meanwhile
    _until(lambda: background._is_held(home))

    assert background.stop() is True

    command.kill()
    command.wait()
    assert background.status() is None
    _until(lambda: accounts(home) == [])
    assert not (home / "account.json").exists()


def test_a_second_account_gives_way_and_leaves_the_runtime_file(home: Path) -> None:
    background.ensure()
    before = (home / "account.json").read_bytes()

    second = subprocess.run(
        [sys.executable, "-m", "practice", f"--runtime-file={home / 'account.json'}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert second.returncode == background.ALREADY_RUNS
    assert "another practice account" in second.stderr
    assert (home / "account.json").read_bytes() == before


def test_an_account_leaves_a_runtime_file_that_is_not_its_own(home: Path) -> None:
    background.ensure()
    found = background.status()
    assert found is not None
    another = json.dumps({"url": "http://127.0.0.1:9", "pid": 1, "token": "another"})
    (home / "account.json").write_text(another)

    process = psutil.Process(found.pid)
    process.terminate()
    process.wait(timeout=60)

    assert (home / "account.json").read_text() == another


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


# --- its directory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077], ids=oct)
def test_its_directory_and_files_are_the_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    where = tmp_path / "new" / "practice"
    monkeypatch.setenv(background.HOME_VARIABLE, str(where))
    before = os.umask(umask)
    try:
        background.ensure()
    finally:
        os.umask(before)

    modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}

    assert modes.pop("new/practice") == 0o700
    assert set(modes.values()) == {0o600}, modes
    assert {"new/practice/account.json", "new/practice/account.lock", "new/practice/account.log"} <= set(modes)
    background.stop()


def test_nothing_is_imported_from_its_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("practice", "filelock", "moto", "json", "sitecustomize", "usercustomize"):
        (home / f"{name}.py").write_text(f"open({str(home / 'executed')!r}, 'a').write('{name} ')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep)  # an empty entry is the working directory

    background.ensure()

    assert not (home / "executed").exists()


@pytest.mark.parametrize("rights", [0o777, 0o770])
def test_a_directory_that_others_can_write_in_is_not_used(
    home: Path, account: Account, rights: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"url": account.url, "pid": 1, "token": account.token}
    (home / "account.json").write_text(json.dumps(theirs))
    home.chmod(rights)
    monkeypatch.setattr(background, "_spawn", None)

    for use in (background.ensure, background.status, background.stop):
        with pytest.raises(PermissionError, match="other users can write in it"):
            use()

    home.chmod(0o700)


def test_a_log_that_is_a_link_is_not_written_through(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    victim = tmp_path_factory.mktemp("victim") / "precious"
    victim.write_text("precious")
    (home / "account.log").symlink_to(victim)

    with pytest.raises(OSError, match="symbolic links"):
        background.ensure()

    assert victim.read_text() == "precious"


def test_it_ends_when_idle(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "practice", "--idle", "0.2", "--runtime-file", str(home / "account.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "practice account 123456789012" in done.stdout
    assert not (home / "account.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "told twice"),
        (["--backend", "http://example.com"], "127.0.0.1"),
        (["--time-scale", "0"], "above zero"),
    ],
)
def test_bad_options_are_said_in_one_line(arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "practice", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
