"""What a desk tells of a drill, whoever asks."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx

from drills.catalogue import COURSE
from drills.desk import Briefing, _answer
from drills.model import Course, Symptom

DRILL = Course.of(COURSE).drills[0]


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
