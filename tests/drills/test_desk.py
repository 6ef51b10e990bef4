"""What a desk tells of a drill, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from drills.catalogue import COURSE
from drills.desk import Briefing, Desk, Ended, _answer
from drills.model import Course, Symptom
from drills.session import Session
from runbook.errors import BadInput, Stopped

DRILL, OTHER = Course.of(COURSE).drills[:2]


def briefing(symptom: Symptom) -> Briefing:
    return Briefing(replace(DRILL, symptom=symptom), 1, "http://127.0.0.1:1/x", "500", "drill", "eu-west-1", "http://h")


def answers(symptom: Symptom, *statuses: int) -> str:
    def ask(path: str, times: int, method: str) -> list[httpx.Response]:
        assert (path, method) == (symptom.path, symptom.method)
        return [httpx.Response(status, text=f"body {status}") for status in statuses][:times]

    bench: Any = SimpleNamespace(ask=ask)
    return _answer(bench, replace(DRILL, symptom=symptom))


def test_a_get_is_told_by_its_url_and_anything_else_with_its_method() -> None:
    assert briefing(Symptom()).call == "http://127.0.0.1:1/x"
    assert briefing(Symptom(method="POST")).call == "POST http://127.0.0.1:1/x"


def test_a_shell_is_pointed_at_the_practice_account_and_at_no_other() -> None:
    exported = dict(word.split("=", 1) for word in briefing(Symptom()).shell.split()[1:])
    assert exported["AWS_ENDPOINT_URL"] == "http://h"
    assert exported["AWS_REGION"] == exported["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= set(exported)


def test_the_answer_is_the_symptoms_and_says_how_often() -> None:
    assert answers(Symptom(403), 403, 200) == "403 body 403"
    assert answers(Symptom(500, only_some=True), 200, 500, 200, 500) == "500 body 500 (2 of 4 calls)"


def test_a_symptom_that_has_gone_again_is_told_by_what_came() -> None:
    assert answers(Symptom(500), 200) == "200 body 200"


def test_a_long_answer_is_cut() -> None:
    def ask(path: str, times: int, method: str) -> list[httpx.Response]:
        return [httpx.Response(500, text="x" * 5000)]

    bench: Any = SimpleNamespace(ask=ask)
    assert len(_answer(bench, replace(DRILL, symptom=Symptom(500)))) < 300


class Elsewhere:
    """Another command on the same record, while this one is at work."""

    def __init__(self, where: Path) -> None:
        self.desk = Desk(Session("anna", where=where), course=Course((DRILL, OTHER)))
        self.desk.session.prepare(DRILL, stack="s", region="r", endpoint="e", token=None)
        self.desk.session.start("http://127.0.0.1:1/x", "500")
        self.desk.session.reply(DRILL.hop, DRILL.cause)
        self.here = Desk(Session("anna", where=where), course=self.desk.course)

    def meanwhile(self, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Desk], object]) -> None:
        bench = SimpleNamespace(params=SimpleNamespace(test_path="/hello"), known="")
        monkeypatch.setattr(Desk, "_bench_of_running", lambda _desk: bench)
        monkeypatch.setattr(Desk, "is_there", lambda _desk: True)
        monkeypatch.setattr("drills.desk.judge", lambda *_: happens(self.desk) and None)
        monkeypatch.setattr("drills.training.reset", lambda *_: happens(self.desk))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path)


def test_a_hint_taken_while_it_is_judged_costs_its_points(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.meanwhile(monkeypatch, lambda desk: desk.session.hint(DRILL))
    ended = elsewhere.here.verify()
    assert isinstance(ended, Ended)
    assert ended.result is not None
    assert ended.result.points == DRILL.points(1)


def test_a_drill_that_was_ended_while_it_is_judged_is_not_ended_twice(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(desk: Desk) -> None:
        desk.session.drop()
        desk.session.prepare(OTHER, stack="s", region="r", endpoint="e", token=None)
        desk.session.start("u", "a")

    elsewhere.meanwhile(monkeypatch, another)
    with pytest.raises(BadInput, match="was ended meanwhile"):
        elsewhere.here.verify()
    assert elsewhere.here.session.record.results == ()


def test_a_reset_that_is_stopped_half_way_gives_no_points(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_desk: Desk) -> None:
        raise Stopped

    elsewhere.meanwhile(monkeypatch, stopped)
    with pytest.raises(Stopped):
        elsewhere.here.give_up()
    elsewhere.meanwhile(monkeypatch, lambda _desk: None)
    ended = elsewhere.here.verify()
    assert isinstance(ended, Ended)
    assert ended.result is not None
    assert (ended.result.solved, ended.result.points) == (False, 0)
