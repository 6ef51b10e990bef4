"""One table of a class: what is read, whose row it is, and what a spreadsheet makes of it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from drills import exam as exams
from drills import scores
from drills.catalogue import COURSE
from drills.model import Course
from drills.session import Exam, Record
from drills.session import Result as Kept
from runbook.cli import app

ALL = Course.of(COURSE)
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FIRST, SECOND = ALL.drills[:2]
FROM_BEFORE = """{"trainee": "old", "results": [{"drill": "front-door", "started": "2025-01-02T03:04:05Z",
"seconds": 60.0, "hints": 1, "refused": 0, "solved": true, "points": 80,
"worth": 100}], "exam": null, "running": null}"""


def done(points: int, *, tools: tuple[str, ...] = (), seconds: float = 90.0, solved: bool = True) -> Kept:
    return Kept(
        drill=FIRST.id,
        started=STARTED,
        seconds=seconds,
        hints=1,
        refused=2,
        solved=solved,
        points=points,
        worth=FIRST.worth,
        closed_book=True,
        tools=tools,
        hop=FIRST.hop,
        cause="another",
        hop_right=True,
        cause_right=False,
    )


def sat(*results: Kept, minutes: int = 0, ended: bool = False) -> Exam:
    started = STARTED + timedelta(minutes=minutes)
    drills = (FIRST.id, SECOND.id)
    return Exam(drills=drills, started=started, seed=9, results=results, closed_book=True, ended=ended)


def typed(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["drill", "scores", *words])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_reports_and_records_make_one_row_a_trainee(tmp_path: Path) -> None:
    exams.write("anna", sat(done(60, tools=("trace", "up"))), ALL, tmp_path / "a")
    (tmp_path / "anna.json").write_text(Record(trainee="anna", exam=sat()).model_dump_json())  # the same, earlier
    exams.write("ben", sat(done(80, seconds=30.0), done(0, solved=False)), ALL, tmp_path)
    (tmp_path / "old.json").write_text(FROM_BEFORE)
    old, ben, anna = scores.read(tmp_path, ALL).rows
    assert (ben.trainee, ben.points, ben.worth, ben.solved, ben.drills) == ("ben", 80, 2 * FIRST.worth, 1, 2)
    assert (ben.minutes, ben.hints, ben.refused, ben.ended, ben.closed_book) == (2.0, 2, 4, True, True)
    assert (anna.points, anna.worth, anna.ended, anna.tools) == (60, FIRST.worth + SECOND.worth, False, "trace up")
    assert (anna.hops_right, anna.causes_right, anna.seed) == (1, 0, 9)
    assert (old.trainee, old.exam, old.points, old.solved) == ("old", "", 80, 1)


def test_two_of_the_same_name_are_two(tmp_path: Path) -> None:
    exams.write("user", sat(done(60)), ALL, tmp_path)
    exams.write("user", sat(done(20), minutes=1), ALL, tmp_path)
    assert [row.points for row in scores.read(tmp_path, ALL).rows] == [60, 20]


def test_text_json_and_csv_say_the_same(tmp_path: Path) -> None:
    exams.write("anna", sat(done(60)), ALL, tmp_path)
    (row,) = json.loads(typed(str(tmp_path), "--json").stdout)
    (header, cells) = csv.reader(io.StringIO(typed(str(tmp_path), "--csv").stdout))
    shown = typed(str(tmp_path)).stdout
    assert header == list(row)
    assert (row["trainee"], row["points"], row["seed"]) == ("anna", 60, 9)
    assert cells[header.index("points")] == "60"
    assert cells[header.index("closed_book")] == "yes"
    assert "anna" in shown
    assert "closed book" in shown


def test_what_is_no_record_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    exams.write("anna", sat(done(60)), ALL, tmp_path)
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "page.html").write_bytes(b"\xff<html>")
    result = typed(str(tmp_path), code=3)
    assert "anna" in result.stdout
    assert len(result.stderr.splitlines()) == 2
    assert "notes.json is not a record of drills; it was left out." in result.stderr


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "@SUM(A1)", "-1", "+1"])
def test_a_name_is_no_formula_in_a_spreadsheet(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.json").write_text(Record(trainee=name, exam=sat(done(60))).model_dump_json())
    rows = list(csv.reader(io.StringIO(typed(str(tmp_path), "--csv").stdout)))
    assert rows[1][0] == f"'{name}"


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "a\x1b[31m", "&lt;"])
def test_a_report_holds_any_name_and_gives_it_back(tmp_path: Path, name: str) -> None:
    page = exams.html(name, sat(done(60)), ALL)
    assert page.count("</script>") == 1
    assert "\x1b" not in page
    assert exams.record_in(page).trainee == name
