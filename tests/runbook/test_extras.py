"""What each extra is for: the light install suffices on AWS, and what is not installed is named in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from practice.clock import ScaledClock
from practice.server import serve
from runbook import extras
from runbook.cli import app
from tests import distributions as distribution
from tests.runbook.light import distributions, missing

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_light_install_runs_a_stack_from_plan_to_down(tmp_path: Path) -> None:
    commands = (
        "plan", "up", "check", "output invoke-url", "trace demo", "report", "report --out out.html", "list", "links",
        "policy check", "rollback --help", "drill --help", "down",
    )  # fmt: skip
    with serve(clock=ScaledClock(1800)) as account:
        words = [word for command in commands for word in ("--", *command.split())]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
        own = {"RUNBOOK_HOME": str(tmp_path), "AWS_ENDPOINT_URL": account.url, "PYTHONPATH": str(ROOT)}
        ended = subprocess.run(
            [sys.executable, "-m", "tests.runbook.light", "", *words],
            cwd=tmp_path, env=kept | own, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Invoke URL" in ended.stdout
    assert (tmp_path / "out.html").stat().st_size > 10_000


def test_the_light_install_lacks_what_the_extras_bring() -> None:
    light = missing([])
    assert {"moto", "textual", "papermill", "IPython", "click", "filelock", "flask", "cheroot", "jsonschema"} <= light
    assert not {"boto3", "typer", "rich", "jinja2"} & light
    for extra, (package, _) in extras.EXTRAS.items():
        assert package in distributions([extra])
        assert package not in missing([extra])


@pytest.mark.parametrize(
    ("extra", "modules"),
    [
        (
            "practice",
            "practice.server, practice.dataplane.application, runbook.accounts, drills.desk, drills.catalogue",
        ),
        ("tui", "tui.app, runbook.accounts"),
        ("notebook", "runbook.notebook.running, runbook.notebook.executing, runbook.notebook.generating, papermill"),
    ],
)
def test_each_extra_suffices_by_itself(extra: str, modules: str) -> None:
    statement = f"from tests.runbook.light import hide; hide(['{extra}']); import {modules}"
    ended = subprocess.run([sys.executable, "-c", statement], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr


def test_a_file_that_a_distribution_lacks_is_seen() -> None:
    project = {"README.md", "docs/new.md", "runbook/new.py"}
    assert distribution.wrong_in_sdist({*project, "PKG-INFO"}, project) == []
    assert distribution.wrong_in_sdist({"README.md", "runbook/new.py"}, project) == ["sdist lacks docs/new.md"]
    assert distribution.wrong_in_wheel({"runbook/new.py", "x.dist-info/METADATA"}, project) == []
    assert distribution.wrong_in_wheel({"docs/new.md"}, project) == [
        "wheel lacks runbook/new.py",
        "wheel has docs/new.md",
    ]


def test_all_is_every_extra_that_a_command_needs() -> None:
    named = PROJECT["optional-dependencies"]["all"][0].partition("[")[2].strip("]").split(",")
    assert sorted(named) == sorted(extras.EXTRAS)


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("up", "practice"),
        ("check --stack demo", "practice"),
        ("practice --port 0", "practice"),
        ("practice status", "practice"),
        ("practice stop", "practice"),
        ("drill list", "practice"),
        ("drill start 1", "practice"),
        ("tui", "tui"),
        ("notebook", "notebook"),
        ("notebook --run", "notebook"),
    ],
)
def test_a_command_names_the_extra_that_it_lacks(
    command: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, (package, what) in extras.EXTRAS.items():
        monkeypatch.setitem(extras.EXTRAS, name, (f"{package}_that_is_not_there", what))  # type: ignore[misc]
    with pytest.raises(SystemExit) as ended:
        app(command.split())
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert f"python -m pip install 'apigw-vpc-runbook[{extra}]'" in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
