"""Which drills an exam has, and its report."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills import exam
from drills.catalogue import COURSE
from drills.model import Course
from drills.session import Exam, Result
from runbook.errors import BadInput

ALL = Course.of(COURSE)
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> | `x` **[y](z)** &lt;b&gt; ~~s~~"
UNSEEN = "\r\n# a\r# b\x1b[31m\x85\u2028# c\u202e\x9b31m\ud800"


def result(drill: str, *, points: int, worth: int, solved: bool = True) -> Result:
    return Result(
        drill=drill, started=STARTED, seconds=65.0, hints=1, refused=2, solved=solved, points=points, worth=worth
    )


def test_the_same_seed_gives_the_same_exam_easy_drills_first() -> None:
    chosen = exam.choose(ALL, 4, 7)
    assert chosen == exam.choose(ALL, 4, 7)
    assert len(set(chosen)) == 4
    levels = [ALL[name].level for name in chosen]
    assert levels == sorted(levels)
    assert any(exam.choose(ALL, 4, seed) != chosen for seed in range(20))


def test_an_exam_of_one_level() -> None:
    assert {ALL[name].difficulty for name in exam.choose(ALL, 3, 7, "medium")} == {"medium"}


@pytest.mark.parametrize("count", [0, -1, len(ALL.drills) + 1])
def test_an_exam_of_a_number_that_the_course_does_not_have(count: int) -> None:
    with pytest.raises(BadInput, match=f"1 to {len(ALL.drills)} drills"):
        exam.choose(ALL, count, None)


def test_the_report_tells_what_was_done_and_counts_what_was_not() -> None:
    first, second, third = ALL.drills[:3]
    done = (
        result(first.id, points=80, worth=first.worth),
        result(second.id, points=0, worth=second.worth, solved=False),
    )
    sat = Exam(drills=(first.id, second.id, third.id), started=STARTED, seed=7, results=done)
    worth = first.worth + second.worth + third.worth
    text = exam.markdown("anna", sat, ALL)
    assert f"**80 of {worth} points ({8000 // worth} %)**" in text
    assert "1 of 3 solved" in text
    assert "2:10" in text
    assert "not over yet" in text
    assert re.findall(r"solved \||given up \||not done \|", text) == ["solved |", "given up |", "not done |"]
    page = exam.html("anna", sat, ALL)
    assert f"80 of {worth} points" in page
    assert "not over yet" not in exam.html("anna", sat.model_copy(update={"ended": True}), ALL)


def test_markup_in_the_report_is_text() -> None:
    drill = replace(ALL.drills[0], title=HOSTILE)
    sat = Exam(drills=(drill.id, HOSTILE), started=STARTED, ended=True)  # the second is in no course any more
    page = exam.html(HOSTILE, sat, Course((drill,)))
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 4
    text = exam.markdown(HOSTILE, sat, Course((drill,)))
    for mark in ("<script>", "**[y](z)**", "`x`", "&lt;b", "~~s~~"):
        assert mark not in text
    rows = [line for line in text.splitlines() if line.startswith(("| 1", "| 2"))]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [9, 9]


def test_what_steers_a_terminal_or_begins_a_line_in_the_report_is_shown() -> None:
    sat = Exam(drills=(UNSEEN,), started=STARTED, ended=True)
    text, page = exam.markdown(UNSEEN, sat, ALL), exam.html(UNSEEN, sat, ALL)
    for told in (text, page):
        assert not {"\r", "\x1b", "\x85", "\u2028", "\u202e", "\x9b", "\ud800"} & set(told)
    assert [line for line in text.splitlines() if line.startswith("#")] == [text.splitlines()[0]]


def test_an_exam_of_nothing_that_is_known_is_no_error() -> None:
    assert "0 of 0 points (0 %)" in exam.markdown("anna", Exam(drills=("gone",), started=STARTED, ended=True), ALL)


def test_the_files_are_named_after_trainee_and_time(tmp_path: Path) -> None:
    sat = Exam(drills=(ALL.drills[0].id,), started=STARTED, ended=True)
    paths = exam.write("anna b", sat, ALL, tmp_path / "new")
    assert [path.name for path in paths] == [f"exam-anna-b-20260102T030405Z.{kind}" for kind in ("md", "html")]
    assert paths[1].read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be made"):
        exam.writable(tmp_path / "file")
    sat = Exam(drills=(ALL.drills[0].id,), started=STARTED, ended=True)
    (tmp_path / "exam-anna-20260102T030405Z.md").mkdir()
    with pytest.raises(BadInput, match="The results are kept"):
        exam.write("anna", sat, ALL, tmp_path)
