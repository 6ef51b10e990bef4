"""``runbook practice machines`` and ``machine``: the instances of a practice account, seen and changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from practice.clock import ManualClock
from practice.server import serve
from runbook.cli import app
from runbook.errors import BadInput
from runbook.machines import changed

Machine = Callable[..., Result]
NOW = {"listening": True, "port": 80, "status": {"*": 503, "/health": 404}, "delay": {}, "virtual_hosts": None}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(clock=ManualClock(), quotas=False, token="machines") as account:
        yield account.url


@pytest.fixture
def practice(url: str, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    def typed(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["practice", *words])
        assert result.exit_code == code, (words, result.output, result.exception)
        if code == 2:
            assert len(result.stderr.strip().splitlines()) == 1
        return result

    return typed


def test_a_machine_is_listed_stopped_started_and_set(practice: Machine) -> None:
    first, second = json.loads(practice("machines", "--json").stdout)
    name = first["instance_id"]
    listed = practice("machines").stdout
    assert name in listed
    assert second["instance_id"] in listed
    assert "not listening" in practice("machine", name, "stop").stdout
    assert "port 80" in practice("machine", name, "start").stdout
    set_ = practice("machine", name, "set", "port=8080", "status./health=404", "delay=0.5", "virtual_hosts=a.b, c.d")
    assert "port 8080" in set_.stdout
    (now,) = json.loads(practice("machine", name, "--json").stdout)
    assert now["settings"] == {
        "listening": True,
        "port": 8080,
        "status": {"/health": 404},
        "delay": {"*": 0.5},
        "virtual_hosts": ["a.b", "c.d"],
    }
    practice("machine", name, "set", "status=", "delay=", "virtual_hosts=", "port=80")
    assert json.loads(practice("machines", "--json").stdout)[0]["settings"] == first["settings"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["i-none"], "there is no instance 'i-none' here. Instances: i-"),
        (["ID", "set"], "set needs one. For example: set status./health=200"),
        (["ID", "stop", "port=1"], "KEY=VALUE goes with set"),
        (["ID", "set", "ports=1"], "'ports=1' is not of the form KEY=VALUE. Settings: listening, port, status or"),
        (["ID", "set", "port./x=1"], "'port./x=1' is not of the form KEY=VALUE"),
        (["ID", "set", "status.=1"], "'status.=1' is not of the form KEY=VALUE"),
        (["ID", "set", "port"], "'port' is not of the form KEY=VALUE"),
        (["ID", "set", "port=0"], "error: set: port: "),
        (["ID", "set", "port="], "error: set: port: "),
        (["ID", "set", "status./x=99"], "error: set: status: "),
        (["ID", "set", "delay=slow"], "error: set: delay: "),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(practice: Machine, words: list[str], said: str) -> None:
    before = practice("machines", "--json").stdout
    name = json.loads(before)[0]["instance_id"]
    assert said in practice("machine", *[name if word == "ID" else word for word in words], code=2).stderr
    assert practice("machines", "--json").stdout == before


def test_nothing_is_started_to_list_its_machines(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("RUNBOOK_PRACTICE_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["practice", "machines"])
    assert (result.exit_code, result.stderr) == (1, "no practice account runs in the background\n")


def test_assignments_change_what_they_name_and_no_more() -> None:
    assert changed(NOW, ["status./health=200"]) == {"status": {"*": 503, "/health": 200}}
    assert changed(NOW, ["status./health="]) == {"status": {"*": 503}}
    assert changed(NOW, ["status=200", "status./a=404"]) == {"status": {"*": 200, "/a": 404}}
    assert changed(NOW, ['status={"/": 200}', "listening=false"]) == {"status": {"/": 200}, "listening": False}
    with pytest.raises(BadInput):
        changed(NOW, ["=1"])
