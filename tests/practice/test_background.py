from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from practice import background


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
