"""One log, read back: every front end shows of it what it showed of the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runbook.accounts import Account, Kind
from runbook.cli.absence import Absence
from runbook.cli.show import show
from runbook.control import Control
from runbook.ending import result
from runbook.events import Event, Outcome, from_json
from runbook.notebook.shown import ending
from runbook.report import markdown, read
from runbook.run_state import RunState
from steps.tracks import TRACKS
from tests.runbook.test_report import written
from tests.stack import PLAN, Ended, Stack
from tui.board import Board


@pytest.fixture
def ended(stack: Stack) -> Ended:
    return stack.up()


def lines_of_the_cli(events: Sequence[Event], capsys: pytest.CaptureFixture[str]) -> list[str]:
    aws: Any = SimpleNamespace(pace=1.0)
    account = Account(aws, Kind.AWS)
    list(show(iter(events), TRACKS, account, Control(), Absence(TRACKS, aws, "demo"), as_json=False))
    return capsys.readouterr().out.splitlines()


def test_every_front_end_shows_of_a_log_what_it_showed_of_the_run(
    ended: Ended, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = written(ended, tmp_path)
    replayed = [from_json(json.loads(line)) for line in log.read_text().splitlines()]
    live, again = RunState.of(ended.events), RunState.of(replayed)
    assert result(again) == result(live)

    # Without its end, which has more of the facts than their fields.
    assert lines_of_the_cli(replayed[:-1], capsys) == lines_of_the_cli(ended.events[:-1], capsys)
    assert any(result(live).removesuffix(".") in line for line in lines_of_the_cli(ended.events, capsys))

    assert f"**{result(live)}**" in markdown(read(log)).replace("\\", "")

    boards = Board(PLAN), Board(PLAN)
    for board, events in zip(boards, (ended.events, replayed), strict=True):
        for event in events:
            board.take(event)
    for before, after in zip(*boards, strict=True):
        assert (before.outcome, before.reason, before.change) == (after.outcome, after.reason, after.change)
        assert before.changes == after.changes
        assert after.idle
    assert boards[1].first([Outcome.FAILED]) is None
    assert getattr(boards[1].invocation, "url", "") == getattr(boards[0].invocation, "url", None)

    cells = [
        str(ending(run.finished, {}, run, "", verdict=result(run))) for run in (live, again) if run.finished is not None
    ]
    assert cells[0] == cells[1]
    assert cells[0].startswith(result(live))
