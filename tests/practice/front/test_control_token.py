"""What changes the account by ``/_practice`` needs its token, which the account itself shows to nobody."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from practice import runtime_files, tokens
from runbook.accounts import Kind, connect
from runbook.cli import app
from runbook.errors import BadInput
from runbook.parameters import Parameters

from .conftest import Wire

CHANGES = (
    ("POST", "/reset"),
    ("POST", "/stop"),
    ("PUT", "/regions/eu-west-1"),
    ("PUT", "/machines/{machine}"),
    ("PATCH", "/machines/{machine}"),
    ("DELETE", "/machines/{machine}"),
    ("POST", "/anything"),
)


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("token", [None, "", "0" * 32, "id", "Bearer", "\xff"])
def test_no_change_without_the_token(wire: Wire, method: str, path: str, token: str | None) -> None:
    before = wire.about()
    target = "/_practice" + path.format(machine=before["machines"][0]["instance_id"])
    headers = {} if token is None else {tokens.HEADER: before["id"] if token == "id" else token}
    answer = wire.ask(method, target, headers, b'{"port": 9}')
    assert answer.status == 403
    assert tokens.HEADER in json.loads(answer.body)["message"]
    assert wire.about()["machines"] == before["machines"]
    assert not wire.account.stop_requested.is_set()
    assert wire.ask("GET", "/_practice/regions/eu-west-1").status == 404


def test_nothing_that_anybody_may_read_holds_the_token(wire: Wire) -> None:
    machine = wire.about()["machines"][0]["instance_id"]
    for path in ("", "/machines", f"/machines/{machine}", "/regions/us-east-1", "/logs/a/b", "/none"):
        assert wire.account.token.encode() not in wire.ask("GET", f"/_practice{path}").body
    assert wire.about()["id"] == tokens.id_of(wire.account.token) != wire.account.token


def test_the_token_of_an_account_in_the_foreground_is_in_a_file_of_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_PRACTICE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(tokens.VARIABLE, raising=False)
    command = [sys.executable, "-m", "practice", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            said = httpx.get(f"{url}/_practice").json()
            (file,) = (tmp_path / "home" / "accounts").iterdir()
            assert process.stdout.readline().endswith(f"{file}\n")
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert httpx.post(f"{url}/_practice/stop").status_code == 403
            printed = CliRunner().invoke(app, ["practice", "token", "--endpoint-url", url])
            assert tokens.id_of(printed.stdout.strip()) == said["id"]
            account = connect(Kind.PRACTICE, Parameters(region="eu-west-1"), endpoint_url=url)
            assert account.control_headers == runtime_files.control_headers(said["id"])
            assert httpx.post(f"{url}/_practice/stop", headers=dict(account.control_headers)).status_code == 200
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    assert not file.exists()


def test_an_account_of_another_user_is_used_as_it_is(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_here", {})
    account = connect(Kind.PRACTICE, Parameters(), endpoint_url=wire.account.url)
    assert account.control_headers == {}
    with pytest.raises(BadInput, match=r"another user.*RUNBOOK_PRACTICE_TOKEN"):
        connect(Kind.PRACTICE, Parameters(region="eu-west-1"), endpoint_url=wire.account.url)
    monkeypatch.setenv(tokens.VARIABLE, wire.account.token)
    assert connect(Kind.PRACTICE, Parameters(), endpoint_url=wire.account.url).control_headers


@pytest.mark.parametrize("shown", ["", "../../account", "x" * 32, "../" + "0" * 32, "0" * 31, "0" * 33, "0" * 32])
def test_an_id_from_outside_names_no_other_file(shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_PRACTICE_HOME", str(tmp_path))
    (tmp_path / "account.json").write_text('{"token": "secret"}')
    assert runtime_files.token_for(shown) is None
    assert runtime_files.token_for(tokens.id_of("secret")) == "secret"
