"""What a person wants to see of a step's fact at the end of a run."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Closing"]


@dataclass(frozen=True, slots=True)
class Closing:
    """A title, the tables of the fact below it, and lines about the fact."""

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    """Each a label and the attribute of the fact that is shown beside it; the first is what the run was for."""
