"""A wait for the account's quota shows wherever a run is shown, and is over when the request is answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runbook.accounts import Kind, connect
from runbook.cli.absence import Absence
from runbook.cli.show import show
from runbook.control import Control
from runbook.events import Action, CallAnswered, Event, QuotaWaited
from runbook.notebook.shown import waiting
from runbook.report import html, markdown, read
from steps.tracks import TRACKS
from tests.runbook.test_aws import answer, instead
from tests.runbook.test_report import written
from tests.stack import PLAN, Ended, Stack
from tui.board import Board

WAITED_FOR = "the account's quota: CreateDeployment, 1 request in 5 s"


@pytest.fixture
def throttled(stack: Stack) -> Ended:
    refusals = [answer(429, "TooManyRequestsException") for _ in range(3)]
    with instead(stack, "CreateDeployment", *refusals):
        ended = stack.up()
    assert ended.finished.worst is None
    return ended


def test_the_command_line_says_so(throttled: Ended, stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    account = connect(Kind.PRACTICE, stack.params(), endpoint_url=stack.account.url)
    for as_json in (False, True):
        list(
            show(
                iter(throttled.events),
                TRACKS,
                account,
                Control(),
                Absence(TRACKS, account.aws, "demo"),
                as_json=as_json,
            )
        )
        lines = capsys.readouterr().out.splitlines()
        if as_json:
            waits = [line for line in map(json.loads, lines) if line["event"] == "QuotaWaited"]
            assert [wait["operation"] for wait in waits] == ["CreateDeployment"] * 3
            assert all(wait["pause"] >= 5.0 and wait["quota"] in WAITED_FOR for wait in waits)
        else:
            (line,) = [line for line in lines if WAITED_FOR in line]
            assert line.endswith("(TooManyRequestsException, 0 s so far)")


def test_the_notebook_says_so(throttled: Ended) -> None:
    (first, *_) = throttled.of(QuotaWaited)

    assert waiting(first) == f"waiting for {WAITED_FOR} (TooManyRequestsException, 0 s so far)"


def test_the_tui_says_so_until_the_request_is_answered(throttled: Ended) -> None:
    board = Board(PLAN)
    seen: list[tuple[Event, str]] = []
    for event in throttled.events:
        board.take(event)
        wait = board.steps["deployment"].wait
        seen.append((event, wait.what if wait else ""))

    assert [what for event, what in seen if isinstance(event, QuotaWaited)] == [WAITED_FOR] * 3
    (after,) = [
        what for event, what in seen if isinstance(event, CallAnswered) and event.operation == "CreateDeployment"
    ]
    assert after == ""


def test_the_report_says_how_long(throttled: Ended, tmp_path: Path) -> None:
    record = read(written(throttled, tmp_path, Action.UP))
    waits = throttled.of(QuotaWaited)

    assert record.steps["deployment"].waits[WAITED_FOR].elapsed == pytest.approx(sum(wait.pause for wait in waits))
    for form in (markdown, html):
        assert "quota: CreateDeployment, 1 request in 5 s" in form(record)
