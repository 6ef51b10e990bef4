"""A fact as it is shown, whether it comes from a run that goes on or from the log of one that is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook import present
from runbook.present import Table, words
from runbook.redaction import redacted

__all__ = ["Shape", "text"]


@dataclass(frozen=True, slots=True)
class Shape:
    """Single values, tables and notes; all of them texts, without credentials."""

    fields: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of_fact(cls, fact: object) -> Shape:
        """The shape of a fact of a step."""
        return cls(
            fields=tuple(redacted(pair) for pair in present.fields(fact)),
            tables=tuple(
                Table(table.title, table.columns, tuple(redacted(row) for row in table.rows))
                for table in present.tables(fact)
            ),
            notes=tuple(redacted(note) for note in present.notes(fact)),
        )

    @classmethod
    def of_json(cls, fact: object) -> Shape:
        """The shape of a fact as a log has it."""
        if not isinstance(fact, Mapping):
            return cls()
        fields: list[tuple[str, str]] = []
        tables: list[Table] = []
        for name, value in fact.items():
            if name == "notes" or name == "tags":  # tags are on everything, and are told once
                continue
            if _rows(value):
                columns = list(dict.fromkeys(key for row in value for key in row))
                rows = tuple(tuple(text(row.get(key)) for key in columns) for row in value)
                tables.append(Table(words(name), tuple(words(str(key)) for key in columns), rows))
            elif isinstance(value, Mapping):
                fields += cls.of_json(value).fields
            elif told := text(value):
                fields.append((words(str(name)), told))
        notes = fact.get("notes") or ()
        return cls(tuple(fields), tuple(tables), tuple(str(note) for note in notes))


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def text(value: object) -> str:
    """A value of a log, as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={text(item)}" for key, item in value.items())
    return "" if value is None else str(value)
