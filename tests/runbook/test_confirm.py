"""On AWS nothing is changed before the account was shown and confirmed."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from practice import ACCOUNT_ID, CREDENTIALS
from practice.server import Account
from runbook.cli import app
from tests.hiding import Hiding
from tests.stack import Stack

RUNBOOK = Path(sys.executable).with_name("runbook")
ID = "--expect-account"


@pytest.fixture
def aws(practice_account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hiding]:
    """An account that costs, as far as the runbook can tell."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "RUNBOOK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("RUNBOOK_ACCOUNT", "aws")
    monkeypatch.setenv("RUNBOOK_REGION", practice_account.region)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CREDENTIALS.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secret_access_key)
    monkeypatch.setenv("COLUMNS", "200")
    with Hiding(practice_account.url).serving() as hiding:
        monkeypatch.setenv("AWS_ENDPOINT_URL", hiding.url)
        yield hiding


@pytest.fixture
def instances(practice_account: Account) -> str:
    from practice import seed

    found = seed.defaults(practice_account.region)
    assert found is not None
    return ",".join(found.instances)


def call(*words: str) -> Result:
    """In this process, where nobody can be asked."""
    return CliRunner().invoke(app, list(words))


def at_a_terminal(typed: str, *words: str) -> tuple[int, str]:
    """In a process of its own, with a person who types at a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([RUNBOOK, *words], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # the terminal's other end is closed
        pass
    os.close(ours)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")


def interrupted_at(question: bytes, *words: str) -> int:
    """The exit code of a process at whose question a person presses Ctrl-C until it ends.

    One that comes after the question is shown and before its answer is read waits in Python for the next key; people
    are not that fast, tests are.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen([RUNBOOK, *words], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown, pressed = b"", False
    with contextlib.suppress(OSError):  # the terminal's other end is closed
        while True:
            silent = not select.select([ours], [], [], 5)[0]
            if not silent:
                shown += os.read(ours, 4096)
            if question in shown and (silent or not pressed):
                process.send_signal(signal.SIGINT)
                pressed = True
    os.close(ours)
    return process.wait(timeout=60)


def a_part_of(name: str, stack: Stack, **tags: str) -> str:
    """A target group that carries a stack's tag; its ARN."""
    given = {"runbook:stack": name, **tags}
    group: Any = {"Name": f"{name}-targets", "Protocol": "TCP", "Port": 80, "VpcId": stack.service.vpc}
    made = stack.aws.elbv2.create_target_group(
        **group, Tags=[{"Key": key, "Value": value} for key, value in given.items()]
    )
    return made["TargetGroups"][0]["TargetGroupArn"]


def test_ctrl_c_at_the_question_is_told_as_everywhere(aws: Hiding, instances: str, stack: Stack) -> None:
    a_part_of("asked", stack)
    assert interrupted_at(b"Go on?", "down", "--stack", "asked") == 130


def test_ctrl_c_ends_the_question_before_a_step(aws: Hiding, instances: str, stack: Stack) -> None:
    before = stack.inventory()
    words = ("up", "--step-by-step", "--yes", ID, ACCOUNT_ID, "--instances", instances)

    assert interrupted_at(b"Do it?", *words) == 130
    assert stack.inventory() == before


def test_who_declines_is_told_that_nothing_was_changed(aws: Hiding, instances: str, stack: Stack) -> None:
    a_part_of("asked", stack)
    code, shown = at_a_terminal("n\n", "down", "--stack", "asked")
    assert code == 1
    assert shown.endswith("Nothing was changed.\n")


CHANGING = [["up"], ["down"], ["step", "target-group", "do"], ["step", "target-group", "undo"], ["rollback"]]


@pytest.mark.parametrize("command", CHANGING, ids=" ".join)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([ID, "111122223333", "--yes"], "not 111122223333"),
        (["--yes"], "is needed with --yes on AWS"),
        ([], "nobody can be asked here"),
        (["--json"], "nobody can be asked here"),
    ],
    ids=["another account", "no account", "no terminal", "JSON"],
)
def test_without_a_confirmation_nothing_is_changed(
    aws: Hiding, command: list[str], options: list[str], said: str
) -> None:
    ended = call(*command, *options)

    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: --expect-account: ")
    assert said in ended.stderr
    assert aws.written == []


def test_who_declines_changes_nothing_and_saw_what_it_was_about(
    aws: Hiding, practice_account: Account, instances: str
) -> None:
    code, shown = at_a_terminal("n\n", "up", "--instances", instances)

    assert code == 1
    for words in (
        f"Account  {practice_account.account_id}",
        "Caller   arn:aws:iam:",
        "Region   us-east-1",
        "+ create       target-group",
        "11 to add, 1 known only then",
        "takes about 6 minutes",
        "costs about 0.0225 USD an hour",
        "Go on?",
    ):
        assert words in shown
    assert aws.written == []


def test_who_declines_a_down_removes_nothing_and_saw_what_it_was_about(aws: Hiding, stack: Stack) -> None:
    arn = a_part_of("live", stack)

    code, shown = at_a_terminal("n\n", "down", "--stack", "live")

    assert code == 1
    assert "All of stack live will be removed" in shown
    assert f"target group  live-targets  {arn.split(':', 5)[-1]}" in shown
    assert aws.written == []


@pytest.mark.parametrize("words", [("down",), ("step", "listener", "undo")])
def test_nobody_is_asked_where_there_is_nothing_to_remove(aws: Hiding, stack: Stack, words: tuple[str, ...]) -> None:
    a_part_of("other", stack)

    code, shown = at_a_terminal("", *words, "--stack", "othr")

    assert "of stack othr exists in us-east-1." in shown
    assert "Go on?" not in shown
    assert "other" in shown.partition("othr exists")[2]
    assert code == 3
    assert aws.written == []


def test_expired_stacks_are_named_before_they_go(aws: Hiding, stack: Stack) -> None:
    a_part_of("old", stack, ttl="2020-01-01")

    code, shown = at_a_terminal("n\n", "down", "--all-expired")

    assert code == 1
    assert "past its ttl 2020-01-01 since 2020-01-01 00:00 UTC" in shown
    assert call("down", "--all-expired", "--yes").exit_code == 2
    assert aws.written == []


def test_the_account_that_was_expected_is_worked_on(aws: Hiding, practice_account: Account, instances: str) -> None:
    confirmed = ["--yes", ID, practice_account.account_id]

    done = call("step", "target-group", "do", "--instances", instances, *confirmed)
    assert done.exit_code == 0, done.output
    assert aws.written == ["CreateTargetGroup", "AddTags", "RemoveTags"]  # the tags: that a run is under way

    assert call("step", "target-group", "undo", *confirmed).exit_code == 0
    assert aws.written[3:] == ["AddTags", "DeleteTargetGroup"]


def test_looking_needs_no_confirmation(aws: Hiding, instances: str) -> None:
    assert call("check", "--instances", instances).exit_code == 3
    assert call("plan", "--instances", instances).exit_code == 0
    assert aws.written == []


def test_on_aws_instances_must_be_named(aws: Hiding) -> None:
    ended = call("check")

    assert ended.exit_code == 2
    assert "--instances (or RUNBOOK_INSTANCES): no instances are given." in ended.stderr
