"""The report as one HTML file: no script, no network, and all text from outside escaped by the templates."""

from __future__ import annotations

from textwrap import wrap

from runbook import present
from runbook.events import Action, Outcome
from runbook.report import told
from runbook.report.drawing import render
from runbook.report.reading import Record
from runbook.report.shape import Shape

__all__ = ["cell", "html"]

_COLOURS = {
    Outcome.OK: "#2e7d32",
    Outcome.DONE: "#1565c0",
    Outcome.UNDONE: "#1565c0",
    Outcome.MISSING: "#b26a00",
    Outcome.DRIFTED: "#b26a00",
    Outcome.FAILED: "#c62828",
    Outcome.STOPPED: "#c62828",
}
_GREY = "#757575"
_LEGEND = (
    (_COLOURS[Outcome.OK], "up to date"),
    (_COLOURS[Outcome.DONE], "created, updated, replaced or removed in this run"),
    (_COLOURS[Outcome.MISSING], "missing or drifted"),
    (_COLOURS[Outcome.FAILED], "failed or stopped"),
    (_GREY, "unknown, or not reached"),
)
_ROW = 22  # pixels of a row of the timeline
_NAMES = 190
_BAR = 560
_BOX_WIDTH = 430  # a phone shows it at more than four fifths of its size
_BOX_LINE = 18
_BOX_LETTERS = 54  # that fit into a box's line
_BOX_LINES = 3  # of details
_GAP = 18


def html(record: Record) -> str:
    """The report of a run."""
    return (
        render(
            "report.html",
            record=record,
            title=told.headline(record),
            verdict=told.verdict(record),
            header=told.header(record),
            addresses=Shape.of_fact(record.fact("nlb-addresses")),
            picture=_picture(record),
            legend=_LEGEND,
            timeline=_timeline(record),
            steps=[
                {
                    "record": step,
                    "outcome": told.result(step),
                    "colour": _colour(step.outcome),
                    "before": told.before(step),
                    "why": told.why(step),
                    "took": present.seconds(step.duration) if step.outcome else "",
                    "nothing_before": told.nothing_before(step),
                    "shape_before": told.shape_before(step),
                    "shape": Shape.of_fact(step.fact),
                    "waits": [
                        f"Waited {present.seconds(wait.elapsed)} of AWS's time for {wait.what}."
                        for wait in step.waits.values()
                    ],
                }
                for step in record.steps.values()
            ],
            parameters=told.parameters(record),
            requests=told.requests(record),
        )
        + "\n"
    )


def cell(record: Record) -> str:
    """Of the report what a notebook that has shown each step does not show yet, as a fragment of a page."""
    return render(
        "cell_record.html",
        verdict=told.verdict(record),
        header=told.header(record),
        picture=_picture(record),
        legend=_LEGEND,
        timeline=_timeline(record),
        requests=told.requests(record),
    )


def _colour(outcome: Outcome | None) -> str:
    return _COLOURS.get(outcome, _GREY) if outcome else _GREY


def _picture(record: Record) -> dict[str, object]:
    hops = told.path(record)
    boxes: list[dict[str, object]] = []
    y = 0
    for number, hop in enumerate(hops):
        detail = hop.detail or hop.absent
        lines = wrap(detail, _BOX_LETTERS, max_lines=_BOX_LINES, placeholder="…")
        height = _BOX_LINE * (len(lines) + 1) + 8
        boxes.append(
            {
                "y": y,
                "height": height,
                "name": hop.name,
                "detail": detail,
                "lines": lines,
                "colour": _colour(hop.outcome),
                "seen": bool(hop.detail) or (hop.outcome is Outcome.OK and record.action is not Action.DOWN),
                "last": number == len(hops) - 1,
            }
        )
        y += height + _GAP
    return {"boxes": boxes, "width": _BOX_WIDTH, "line": _BOX_LINE, "gap": _GAP, "height": max(0, y - _GAP)}


def _timeline(record: Record) -> dict[str, object]:
    spans = told.timeline(record)
    whole = max((span.ends for span in spans), default=0.0) or 1.0

    def x(seconds: float) -> float:
        return round(_NAMES + _BAR * seconds / whole, 1)

    rows = [
        {
            "y": number * _ROW,
            "name": span.step,
            "x": x(span.begins),
            "width": max(2.0, round(x(span.ends) - x(span.begins), 1)),
            "colour": _colour(span.outcome),
            "took": present.seconds(span.ends - span.begins),
            "changes": [x(at) for at in span.changes],
        }
        for number, span in enumerate(spans)
    ]
    return {
        "rows": rows,
        "row": _ROW,
        "height": (len(spans) + 1) * _ROW,
        "width": _NAMES + _BAR + 90,
        "ticks": [(x(whole * part / 4), present.seconds(whole * part / 4)) for part in range(5)],
        "bottom": len(spans) * _ROW,
    }
