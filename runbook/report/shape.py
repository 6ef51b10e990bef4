"""A fact as it is shown, whether it comes from a run that goes on or from the log of one that is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook import present
from runbook.present import Table
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
        """The shape of a fact of a step, as the step gave it or as a log has it."""
        return cls(
            fields=tuple(redacted(pair) for pair in present.fields(fact)),
            tables=tuple(
                Table(table.title, table.columns, tuple(redacted(row) for row in table.rows))
                for table in present.tables(fact)
            ),
            notes=tuple(redacted(note) for note in present.notes(fact)),
        )


def text(value: object) -> str:
    """A value of a log, as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={text(item)}" for key, item in value.items())
    return "" if value is None else str(value)
