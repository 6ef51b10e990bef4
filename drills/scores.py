"""One table of a class: a row a trainee, from their records and from the exams that they handed in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from drills.exam import record_in
from drills.model import Course
from drills.session import Record, Result
from runbook.errors import BadInput, named, reason

__all__ = ["Read", "Row", "as_csv", "cells", "read"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True, slots=True)
class Row:
    """How a trainee did: in the last exam, or else in the course, the best of each drill."""

    trainee: str
    exam: str
    """When the exam began; empty for the course."""
    seed: int | None
    closed_book: bool
    drills: int
    """Of the exam, or those of the course that were solved."""
    solved: int
    points: int
    worth: int
    """The most that was to be had, also in the drills of the exam that are not done."""
    hops_right: int
    causes_right: int
    hints: int
    refused: int
    tools: str
    minutes: float
    ended: bool
    """Whether the exam is over; the course never is."""

    @classmethod
    def of(cls, record: Record, course: Course) -> Row:
        """The row of a record."""
        exam = record.exam
        results = exam.results if exam else _best(record)
        undone = [course.get(name) for name in exam.drills[len(results) :]] if exam else []
        return cls(
            trainee=record.trainee,
            exam=f"{exam.started:%Y-%m-%d %H:%M}" if exam else "",
            seed=exam.seed if exam else None,
            closed_book=exam.closed_book if exam else bool(results) and all(each.closed_book for each in results),
            drills=len(exam.drills) if exam else len(results),
            solved=sum(each.solved for each in results),
            points=sum(each.points for each in results),
            worth=sum(each.worth for each in [*results, *undone] if each),
            hops_right=sum(bool(each.hop_right) for each in results),
            causes_right=sum(bool(each.cause_right) for each in results),
            hints=sum(each.hints for each in results),
            refused=sum(each.refused for each in results),
            tools=" ".join(dict.fromkeys(tool for each in results for tool in each.tools)),
            minutes=round(sum(each.seconds for each in results) / 60, 1),
            ended=exam.over if exam else False,
        )


@dataclass(frozen=True, slots=True)
class Read:
    """What a directory holds."""

    rows: tuple[Row, ...]
    """The best first."""
    unreadable: tuple[Path, ...]
    """Files that are not records."""


def read(where: Path, course: Course) -> Read:
    """Read the records and exams in a directory and below. Raises :class:`BadInput` when there is none to be read."""
    if not where.is_dir():
        raise BadInput("scores", f"{named(where)} is not a directory.", "Collect the exam-*.html reports in one.")
    kept: dict[tuple[str, str], Record] = {}
    unreadable: list[Path] = []
    for path in sorted(path for path in where.rglob("*") if path.suffix in (".html", ".json")):
        try:
            text = path.read_text(encoding="utf-8")
            record = record_in(text) if path.suffix == ".html" else Record.model_validate_json(text)
        except OSError as error:
            raise BadInput("scores", f"{named(path)} cannot be read: {reason(error)}.") from None
        except ValueError:  # pydantic's too, and that of text that is none
            unreadable.append(path)
            continue
        # The record and the exam of one trainee are the same exam twice; two of the same name are not.
        key = (record.trainee, record.exam.started.isoformat() if record.exam else str(path))
        known = kept.get(key)
        if known is None or _results(record) > _results(known):
            kept[key] = record
    if not kept:
        raise BadInput("scores", f"{named(where)} holds no record of drills.", "Collect the exam-*.html reports in it.")
    found = [Row.of(record, course) for record in kept.values()]
    rows = sorted(found, key=lambda row: (-row.points, row.minutes, row.trainee))
    return Read(tuple(rows), tuple(unreadable))


def _results(record: Record) -> int:
    return len(record.exam.results) if record.exam else 0


def _best(record: Record) -> list[Result]:
    found = (record.best(drill) for drill in dict.fromkeys(each.drill for each in record.results))
    return [result for result in found if result]


def cells(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """The table as text, its header first."""
    header = tuple(field.name for field in fields(Row))
    return [header, *(tuple(map(_text, astuple(row))) for row in rows)]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)  # an exam by chance has no seed


def as_csv(rows: Iterable[Row]) -> str:
    """The table for a spreadsheet, which is to take no name for a formula."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in cells(rows)
    )
    return out.getvalue()
