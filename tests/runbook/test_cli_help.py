"""Help and completion: quick, in groups, with examples that hold; and a shell that never hangs on Tab."""

from __future__ import annotations

import itertools
import os
import shlex
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from practice.clock import ScaledClock
from practice.server import serve
from runbook.cli import app, completing
from runbook.cli.commands import COMMANDS
from runbook.cli.examples import EXAMPLES
from tests.faults.cli import spawn
from tests.inprocess import command_names, runbook
from tests.runbook.test_import_hygiene import loaded_by
from tests.stack import PLAN

Complete = Callable[..., list[str]]


def test_help_loads_nothing_but_the_parser() -> None:
    loaded = loaded_by(
        "import sys; sys.argv = ['runbook', '--help']\n"
        "from runbook.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
    )
    assert "typer" in loaded
    assert loaded & {"pydantic", "rich", "boto3", "botocore", "httpx", "textual", "drills", "steps"} == set()


@pytest.mark.parametrize("name", sorted(command_names()))
def test_help_names_no_types_and_has_examples(name: str) -> None:
    ended = runbook(*name.split(), "--help")
    assert ended.code == 0
    assert "<bool>" not in ended.out
    assert "<str>" not in ended.out
    assert "Examples:" in ended.out


@pytest.mark.parametrize("line", sorted({*itertools.chain(*EXAMPLES.values())}))
def test_an_example_is_a_command_that_there_is(line: str) -> None:
    word, *words = shlex.split(line)
    assert word == "runbook"
    command = typer.main.get_command(app)
    context = command.make_context("runbook", words)
    while hasattr(command, "resolve_command") and (rest := [*context._protected_args, *context.args]):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


def test_examples_are_of_commands() -> None:
    assert set(EXAMPLES) == command_names()


def test_commands_are_in_groups_and_a_misspelt_one_is_told_the_likest() -> None:
    shown = runbook("--help").out
    assert all(f"\n{entry.group}:\n" in shown for entry in COMMANDS.values())
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    ended = runbook("chekc")
    assert ended.code == 2
    assert "Did you mean check?" in ended.err


@pytest.fixture
def complete(tmp_path: Path) -> Complete:
    """What bash is offered."""
    numbers = itertools.count()

    def offered(line: str, before: Callable[[], None] | None = None, **environment: str) -> list[str]:
        directory = tmp_path / f"tab-{next(numbers)}"
        directory.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
        asked = {"_RUNBOOK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        homes = {"RUNBOOK_HOME": str(tmp_path), "RUNBOOK_PRACTICE_HOME": str(tmp_path / "practice")}
        process = spawn([], directory, {**kept, **homes, **asked, **environment}, before=before)
        process.join(60)
        assert process.exitcode == 0
        assert (directory / "err").read_text() == ""
        return (directory / "out").read_text().split()

    return offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("runbook ch", ["check"]),
        ("runbook drill so", ["solution"]),
        ("runbook drill start coin", ["coin-toss"]),
        ("runbook drill start --level ", ["easy", "medium", "hard"]),
        ("runbook step ", list(PLAN.ids)),
        ("runbook step vpc-link ", ["check", "do", "undo"]),
        ("runbook up --account ", ["practice", "aws"]),
        ("runbook up --endpoint-type E", ["EDGE"]),
        ("runbook up --health-check-i", ["--health-check-interval"]),
        ("runbook policy roll", ["rollback"]),
    ],
)
def test_words_are_completed(complete: Complete, line: str, offered: list[str]) -> None:
    assert complete(line) == offered


def test_stacks_are_those_of_earlier_runs_and_nothing_is_started(complete: Complete, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for stack in ("web", "web", "orders"):
        (tmp_path / f"runs/20260102T030405Z-{stack}-up-{os.urandom(2).hex()}.jsonl").touch()
    for command in ("down --stack", "trace", "check --stack"):
        assert complete(f"runbook {command} ") == ["orders", "web"]
    assert complete("runbook report w") == ["web"]
    assert not (tmp_path / "practice").exists()


def test_stacks_are_those_of_a_practice_account_that_runs(complete: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(clock=ScaledClock(2000)) as account:
        monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
        assert runbook("step", "target-group", "do", "--stack", "fresh").code == 0
        assert complete("runbook down --stack f", before=_patient, AWS_ENDPOINT_URL=account.url) == ["fresh"]


def test_an_account_that_does_not_answer_holds_up_nothing(complete: Complete, silent: str) -> None:
    assert complete("runbook down --stack ", before=_impatient, AWS_ENDPOINT_URL=silent) == []


def _patient() -> None:
    completing.WITHIN = 50.0


def _impatient() -> None:
    completing.WITHIN = 0.1


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of something that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
