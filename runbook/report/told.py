"""What both kinds of report tell, in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runbook import ending, present
from runbook.events import Outcome
from runbook.outcome import Change
from runbook.picture import of_steps
from runbook.report.reading import Record, StepRecord
from runbook.report.shape import Shape, text
from runbook.run_state import WELL
from steps.tracks import TRACKS

__all__ = [
    "Hop",
    "Span",
    "before",
    "header",
    "headline",
    "nothing_before",
    "path",
    "requests",
    "result",
    "shape_before",
    "timeline",
    "verdict",
    "why",
]


def headline(record: Record) -> str:
    """What the report is of."""
    return f"{record.action.value} of stack {record.stack}"


def verdict(record: Record) -> str:
    """How it ended, in a sentence."""
    if not record.complete:
        return "The log breaks off: the run was killed, or its log could not be written any more."
    if record.error:
        return f"The run could not go on: {record.error}"
    open_ = [step for step in record.steps.values() if step.outcome not in WELL]
    if open_:
        named = ", ".join(f"{step.id} ({step.outcome.value if step.outcome else 'not ended'})" for step in open_)
        steps = present.counted(len(record.steps), "step is", "steps are")
        return f"{len(open_)} of {steps} not up to date: {named}."
    return ending.result(record.run)


def header(record: Record) -> list[tuple[str, str]]:
    """Who, where, what, when."""
    kind = {"practice": f"practice account at {record.endpoint_url}", "aws": "AWS"}.get(record.kind, record.kind)
    took = present.seconds(record.duration) if record.complete else ""
    rows = [
        ("account", " ".join(filter(None, (record.account, f"({kind})" if kind else "")))),
        ("who", record.caller),
        ("region", record.region),
        ("stack", record.stack),
        ("action", record.action.value),
        ("began", _stamp(record.began)),
        ("ended", _stamp(record.ended)),
        ("took", took),
        ("AWS requests", f"{len(record.calls)}, of them {sum(call.writes for call in record.calls)} that change"),
        *(("note", note) for note in record.notes),
        ("written by", " ".join(filter(None, (record.program, f"({record.face})" if record.face else "")))),
        ("log", record.source),
    ]
    return [(name, value) for name, value in rows if value]


def parameters(record: Record) -> list[tuple[str, str]]:
    """What was given, or remembered, or not empty by default."""
    return [(name, text(value)) for name, value in record.parameters.items() if value and text(value)]


def before(step: StepRecord) -> str:
    """How a step stood before anything was done. On the way down nothing is checked; what was removed was there."""
    if step.before is None:
        seen = {Outcome.UNDONE: "there", Outcome.OK: step.reason}.get(step.outcome, "") if step.outcome else ""
        return seen or "not looked at"
    return f"{step.before.value}: {step.before_reason}" if step.before_reason else step.before.value


def why(step: StepRecord) -> str:
    """A step's result or reason; in a log of a former version, that of what was done is how it was before."""
    former = step.change is None and step.outcome is Outcome.DONE
    return f"before: {step.reason}" if step.reason and former else step.reason


def result(step: StepRecord) -> str:
    """How a step ended, in a word or two."""
    if step.outcome is None:
        return "not ended"
    word = (
        step.outcome.value if step.outcome is Outcome.OK else present.result(step.outcome, step.change or Change.NONE)
    )
    return f"{present.SYMBOLS[step.outcome]} {word}"


@dataclass(frozen=True, slots=True)
class Hop:
    """One box of the drawn path."""

    step: str
    name: str
    detail: str
    absent: str
    """Why there is no detail; empty where there is one."""
    outcome: Outcome | None


def path(record: Record) -> list[Hop]:
    """The way of a request, from the internet to an instance, as far as this run saw it."""
    boxes = TRACKS.boxes(record.parameters.get("track", TRACKS.default.id), record.steps)
    stations = of_steps(boxes, {}, {step: record.fact(step) for step in boxes})
    return [
        Hop(part.id, part.name, detail, "" if detail else _absent(found), found.outcome if found else None)
        for station in stations
        for part in station.parts
        for found, detail in [(record.steps.get(part.id), ", ".join(part.details))]
    ]


def _absent(step: StepRecord | None) -> str:
    if step is None or step.outcome is None:
        return "not seen"
    outcome = "" if step.outcome is Outcome.OK else present.result(step.outcome, step.change or Change.NONE)
    return ": ".join(filter(None, (outcome, step.reason))) or "not seen"


@dataclass(frozen=True, slots=True)
class Span:
    """One row of the timeline; both ends in seconds since the run began."""

    step: str
    begins: float
    ends: float
    outcome: Outcome | None
    changes: tuple[float, ...]
    """When a request that changes something was answered."""


def timeline(record: Record) -> list[Span]:
    """When each step was under way, in the order of its beginning."""
    if record.began is None:
        return []
    began, last = record.began, record.ended or record.began
    spans = [
        Span(
            step.id,
            _since(began, step.began),
            _since(began, step.ended or last),
            step.outcome,
            tuple(_since(began, call.at) for call in step.writes),
        )
        for step in record.steps.values()
        if step.began is not None
    ]
    return sorted(spans, key=lambda span: span.begins)


def requests(record: Record) -> list[tuple[str, ...]]:
    """Every AWS request in the order of its answer; the first row names the columns."""
    return [
        ("at", "step", "operation", "kind", "took", "answer", "request id"),
        *(
            (
                f"{call.at:%H:%M:%S}",
                call.step,
                call.operation,
                "change" if call.writes else "read",
                f"{1000 * call.duration:.0f} ms",
                call.error or "ok",
                call.request_id,
            )
            for call in record.calls
        ),
    ]


def shape_before(step: StepRecord) -> Shape:
    """What was there before, where something else is there now."""
    return Shape.of_fact(step.fact_before) if step.fact_before != step.fact else Shape()


def nothing_before(step: StepRecord) -> str:
    """That nothing was there before, where something is there now; empty otherwise."""
    if step.before is not Outcome.MISSING or step.fact_before is not None or step.fact is None:
        return ""
    return f"nothing was there{f' ({step.before_reason})' if step.before_reason else ''}."


def _since(began: datetime, at: datetime | None) -> float:
    return max(0.0, (at - began).total_seconds()) if at else 0.0


def _stamp(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
