"""The terminal as every command writes to it: text from outside is text, and the terminal obeys nothing in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from runbook.present import safe

__all__ = ["terminal"]


class _Safe(Console):
    """Only Rich's own control codes are control codes; those in a text are shown."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(safe(segment.text), segment.style)


def terminal(**options: Any) -> Console:
    """A console; strings are no markup there, and numbers and paths in them are not coloured."""
    return _Safe(highlight=False, markup=False, emoji=False, **options)
