"""The path and the timeline of a run, drawn in characters; whoever shows the lines escapes them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runbook import present
from runbook.report import told
from runbook.report.reading import Record

__all__ = ["path", "timeline"]

_WIDTH = 48  # characters of the timeline


def path(record: Record) -> Iterable[str]:
    """The way of a request, a hop a line."""
    hops = told.path(record)
    width = max(len(hop.name) for hop in hops)
    for number, hop in enumerate(hops):
        mark = present.SYMBOLS[hop.outcome] if hop.outcome else "·"
        yield _one_line(f"{mark} {hop.name:<{width}}  {hop.detail or f'({hop.absent})'}")
        if number < len(hops) - 1:
            yield "│" if hop.detail else "┆"


def timeline(record: Record) -> Iterable[str]:
    """When each step was under way, a step a line."""
    spans = told.timeline(record)
    if not spans:
        return ["nothing was begun"]
    whole = max(span.ends for span in spans) or 1.0
    name = max(len(span.step) for span in spans)

    def row(span: told.Span) -> str:
        first = min(_WIDTH - 1, int(_WIDTH * span.begins / whole))
        last = max(first + 1, min(_WIDTH, round(_WIDTH * span.ends / whole)))
        bar = " " * first + "█" * (last - first)
        return _one_line(f"{span.step:<{name}}  {bar:<{_WIDTH}}  {present.seconds(span.ends - span.begins):>9}")

    return [*map(row, spans), f"{'':<{name}}  0 s{present.seconds(whole):>{_WIDTH - 3}}"]


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", " ", text)
