"""What the notebook's cells show: HTML where it can be drawn, the same as plain text where it cannot.

Whatever comes from AWS or a backend is escaped by the templates, what a terminal would obey in it is made visible, and
credentials are taken out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from runbook import present
from runbook.events import Action, Outcome, RunFinished, StepFinished, Waited
from runbook.outcome import Change, Difference
from runbook.picture import Light, Row, Station, drawn, plain
from runbook.redaction import redacted
from runbook.report import Record, characters, htmlpage, told
from runbook.report.drawing import render
from runbook.report.shape import Shape
from runbook.run_state import RunState

__all__ = ["Ending", "Greeting", "PathView", "RecordView", "StepView", "Working", "ending", "seen"]


_PATH_WIDTH, _PATH_HEIGHT = 146, 9
# Legible on white and on black.
_PATH_COLOURS = {
    Light.DARK: "#8a8a8a",
    Light.BUSY: "#1e88e5",
    Light.LIT: "#2e9e4f",
    Light.MISSING: "#c77700",
    Light.WRONG: "#c77700",
    Light.UNKNOWN: "#a05bc0",
    Light.BROKEN: "#e53935",
}


@dataclass(frozen=True)
class _Shown:
    """Something with two faces; Jupyter asks for both and keeps them in the notebook."""

    def _html(self) -> str:
        raise NotImplementedError

    def _lines(self) -> Iterable[str]:
        raise NotImplementedError

    def _text(self) -> str:
        return present.safe("\n".join(self._lines()))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": self._text()}

    def __repr__(self) -> str:
        return self._text()


@dataclass(frozen=True, repr=False)
class Greeting(_Shown):
    """Where the run works and what it is about to do."""

    rows: tuple[tuple[str, str], ...]

    def _html(self) -> str:
        return render("cell_fields.html", rows=self.rows)

    def _lines(self) -> Iterable[str]:
        yield _columns(self.rows)


@dataclass(frozen=True, repr=False)
class PathView(_Shown):
    """The path of a request, drawn: what works of it so far is lit."""

    stations: tuple[Station, ...]

    def _html(self) -> str:
        return render("cell_path.html", rows=self._rows(), colours=_PATH_COLOURS)

    def _lines(self) -> Iterable[str]:
        yield plain(self._rows())

    def _rows(self) -> list[Row]:
        return drawn(self.stations, _PATH_WIDTH, _PATH_HEIGHT)


@dataclass(frozen=True, repr=False)
class Working(_Shown):
    """What is going on while a cell waits for its step."""

    doing: str
    waits: tuple[Waited, ...] = ()
    pace: float = 1.0
    """Wall seconds that an AWS second takes."""

    def _lines(self) -> Iterable[str]:
        yield self.doing
        yield from (waiting(event, self.pace) for event in self.waits)

    def _html(self) -> str:
        return render("cell_working.html", lines=tuple(self._lines()))


@dataclass(frozen=True, repr=False)
class StepView(_Shown):
    """How a step ended: its outcome, what was not as it should be, and what is there now."""

    outcome: Outcome
    change: Change
    duration: float
    reason: str
    differences: tuple[Difference, ...]
    shape: Shape
    looked_again: str = ""
    """When, for a cell that was run once more."""
    advice: str = ""
    """How this face mends it."""

    @property
    def headline(self) -> str:
        """The outcome in a line."""
        took = "" if self.outcome in (Outcome.BLOCKED, Outcome.UNKNOWN) else f" in {present.seconds(self.duration)}"
        again = f" (looked at again at {self.looked_again})" if self.looked_again else ""
        return f"{present.SYMBOLS[self.outcome]} {ended(self.outcome, self.change)}{took}{again}"

    @property
    def open(self) -> tuple[Difference, ...]:
        """The differences that are left; of those that were repaired the result tells."""
        return () if self.outcome is Outcome.DONE else self.differences

    def _html(self) -> str:
        return render(
            "cell_step.html", view=self, shape=self.shape, failed=self.outcome in (Outcome.FAILED, Outcome.STOPPED)
        )

    def _lines(self) -> Iterable[str]:
        yield f"{self.headline}{'; ' if self.reason else ''}{self.reason}"
        if self.advice:
            yield self.advice
        yield from (f"  {difference}" for difference in self.open if str(difference) not in self.reason)
        yield from _shape(self.shape)


@dataclass(frozen=True, repr=False)
class Ending(_Shown):
    """How the run ended; the invoke URL last."""

    verdict: str
    well: bool
    steps: tuple[tuple[str, str, str], ...]
    log: str
    invocation: tuple[tuple[str, str], ...] = ()
    url: str = ""
    notes: tuple[str, ...] = field(default=())

    def _html(self) -> str:
        return render("cell_ending.html", view=self)

    def _lines(self) -> Iterable[str]:
        yield from (self.verdict, _columns([("step", "outcome", "took"), *self.steps]), self.log, *self.notes)
        if self.url:
            yield from ("", _columns(self.invocation), f"Invoke URL  {self.url}")


@dataclass(frozen=True, repr=False)
class RecordView(_Shown):
    """The record of the run: who, where and when, the path, the timeline, every AWS request with its id."""

    record: Record

    def _html(self) -> str:
        return htmlpage.cell(self.record)

    def _lines(self) -> Iterable[str]:
        yield f"{told.verdict(self.record)}\n"
        yield f"{_columns(told.header(self.record))}\n"
        for lines in (characters.path(self.record), characters.timeline(self.record)):
            yield from (line.rstrip() for line in lines)
            yield ""
        yield _columns(told.requests(self.record))


def ended(outcome: Outcome, change: Change) -> str:
    """How a step ended, in a word; a step that was as it should be has ended well."""
    return outcome.value if outcome is Outcome.OK else present.result(outcome, change)


def seen(event: StepFinished, advice: str, *, again: bool = False) -> StepView:
    """The view of a step that ended."""
    return StepView(
        looked_again=f"{event.at:%H:%M:%S} UTC" if again else "",
        outcome=event.outcome,
        change=event.change,
        duration=event.duration,
        reason=redacted(event.reason),
        differences=tuple(
            Difference(*redacted((item.what, item.found, item.wanted)), item.replaces) for item in event.differences
        ),
        shape=Shape.of_fact(event.fact),
        advice=advice,
    )


def ending(finished: RunFinished, titles: dict[str, str], run: RunState, log: str, *, verdict: str) -> Ending:
    """The view of a run that ended."""
    by_id = {step.id: step.finished for step in run.steps.values() if step.finished}
    invoked = by_id.get("invoke")
    fields = dict(present.fields(invoked.fact)) if invoked else {}
    if "latency" in fields:
        fields["latency"] += " ms"
    notes = (
        [note for fact in run.facts.values() for note in present.notes(fact)] if finished.action is Action.UP else []
    )
    return Ending(
        verdict=redacted(verdict),
        well=finished.worst is None,
        steps=tuple(
            (
                titles.get(name, name).partition(":")[0],
                f"{present.SYMBOLS[outcome]} {ended(outcome, by_id[name].change if name in by_id else Change.NONE)}",
                present.seconds(by_id[name].duration) if name in by_id else "",
            )
            for name, outcome in finished.outcomes.items()
        ),
        log=log,
        invocation=tuple(
            (name, redacted(fields[name])) for name in ("status", "latency", "served by") if name in fields
        ),
        url=redacted(fields.get("URL", "")),
        notes=tuple(map(redacted, notes)),
    )


def waiting(event: Waited, pace: float = 1.0) -> str:
    """What AWS is being waited for, in a line. Its times are AWS's."""
    return f"waiting for {event.what} ({present.so_far(redacted(event.state), event.elapsed, event.usual, pace)})"


def _shape(shape: Shape) -> Iterable[str]:
    if shape.fields:
        yield _columns(shape.fields)
    for table in shape.tables:
        yield f"\n{table.title}"
        yield _columns([table.columns, *table.rows])
    for note in shape.notes:
        yield f"note: {note}"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns; a text of several lines goes on in its column's first place."""
    if not rows:
        return ""
    widths = [max(len(_one_line(row[place])) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(_one_line(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
