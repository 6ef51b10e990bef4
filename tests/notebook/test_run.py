"""``runbook notebook --run``: papermill with the exit codes of the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from practice.server import Account
from runbook.notebook import executing, running
from runbook.notebook.running import BadNotebookParameter, NotUpToDate, RunbookStopped, start
from tests.notebook.conftest import Papermill


@pytest.mark.timeout(600)
def test_the_executed_notebook_exits_as_the_command_line_does(fast: Account, papermill: Papermill) -> None:
    """One story of the codes 3 and 2; that of 1 and 0 need no notebook (below)."""

    def run(*parameters: str) -> subprocess.CompletedProcess[str]:
        given = [word for each in (f"endpoint_url={fast.url}", *parameters) for word in ("-p", each)]
        return subprocess.run(
            [sys.executable, "-m", "runbook", "notebook", "--run", *given],
            cwd=papermill.directory, env=papermill.environment, capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip

    missing = run("mode=check", "stack=007")
    assert missing.returncode == 3, missing.stderr
    assert "007-targets" in missing.stderr
    assert missing.stderr.splitlines()[-1] == (
        "something is missing or drifted (exit code 3); the executed notebook is out.ipynb"
    )
    assert (papermill.directory / "runbook.ipynb").is_file()
    assert "NotUpToDate" in (papermill.directory / "out.ipynb").read_text()

    wrong = run("mode=chek")
    assert wrong.returncode == 2, wrong.stderr
    assert "error: mode: 'chek' is none of up, check, down." in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["mdoe=check"], "-p: unknown parameter 'mdoe'."),
        (["stack"], "-p: 'stack' is not NAME=VALUE."),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_before_anything_runs(
    given: list[str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(executing.BadInput) as caught:
        executing.checked(tmp_path / "runbook.ipynb", tmp_path / "out.ipynb", given)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("out", ["runbook.ipynb", "nowhere/out.ipynb", "."])
def test_an_output_that_cannot_be_written_is_refused(out: str, tmp_path: Path) -> None:
    with pytest.raises(executing.BadInput, match="out: "):
        executing.checked(tmp_path / "runbook.ipynb", tmp_path / out, [])


def test_values_are_as_they_were_typed(tmp_path: Path) -> None:
    given = ["stack=007", "tags=a=b,c=d", "test_path="]
    parameters = executing.checked(tmp_path / "runbook.ipynb", tmp_path / "out.ipynb", given)
    assert parameters == {"stack": "007", "tags": "a=b,c=d", "test_path": ""}


def test_each_code_belongs_to_an_error_of_the_notebook() -> None:
    assert set(executing.CODES) == {BadNotebookParameter.__name__, NotUpToDate.__name__}
    assert all(issubclass(getattr(running, name), RunbookStopped) for name in executing.CODES)


def test_credentials_that_are_not_there_are_neither_drift_nor_bad_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(RunbookStopped) as caught:
        start({"account": "aws", "region": "us-east-1", "mode": "check", "expect_account": "123456789012"})
    assert type(caught.value).__name__ not in executing.CODES
