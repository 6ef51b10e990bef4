"""The report as Markdown, for a ticket or a pull request. All text from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from runbook import present
from runbook.report import characters, told
from runbook.report.reading import Record, StepRecord
from runbook.report.shape import Shape

__all__ = ["escaped", "markdown"]


def markdown(record: Record) -> str:
    """The report of a run."""
    return present.safe("\n".join(_lines(record)).rstrip()) + "\n"


def _lines(record: Record) -> Iterable[str]:
    yield f"# {escaped(told.headline(record))}"
    yield ""
    yield f"**{escaped(told.verdict(record))}**"
    yield ""
    yield from _table(("", ""), told.header(record))
    if record.invoke_url:
        yield f"**Invoke URL:** {_code(record.invoke_url)}"
        yield ""
    yield from _section("Path", _fenced(characters.path(record)))
    addresses = Shape.of_fact(record.fact("nlb-addresses"))
    if addresses.tables:
        yield from _section("NLB IP lookup", _tables(addresses))
    yield from _section("Steps", _overview(record))
    yield from _section("Timeline", _fenced(characters.timeline(record)))
    yield "## Step by step"
    yield ""
    for step in record.steps.values():
        yield from _step(step)
    yield from _section("Parameters", _table(("parameter", "value"), told.parameters(record)))
    columns, *calls = told.requests(record)
    yield from _section("AWS requests", _table(columns, calls))


def _section(title: str, body: Iterable[str]) -> Iterable[str]:
    yield f"## {title}"
    yield ""
    yield from body


def _overview(record: Record) -> Iterable[str]:
    rows = [
        (step.id, told.before(step), _outcome(step), present.seconds(step.duration) if step.outcome else "")
        for step in record.steps.values()
    ]
    return _table(("step", "before", "after", "took"), rows)


def _step(step: StepRecord) -> Iterable[str]:
    yield f"### {escaped(step.title)}"
    yield ""
    yield f"{_outcome(step)}{f' — {escaped(why)}' if (why := told.why(step)) else ''}"
    yield ""
    if step.differences:
        rows = [(item.what, item.found or "not set", item.wanted or "not set") for item in step.differences]
        yield from _table(("what", "was", "should be"), rows)
    nothing = told.nothing_before(step)
    if nothing:
        yield f"Before: {escaped(nothing)}"
        yield ""
    previous = told.shape_before(step)
    if previous.fields or previous.tables:
        yield "Before:"
        yield ""
        yield from _shape(previous)
    now = Shape.of_fact(step.fact)
    if now.fields or now.tables or now.notes:
        if nothing or previous.fields or previous.tables:
            yield "After:"
            yield ""
        yield from _shape(now)
    for wait in step.waits.values():
        yield f"Waited {present.seconds(wait.elapsed)} of AWS's time for {escaped(wait.what)}."
        yield ""


def _shape(shape: Shape) -> Iterable[str]:
    if shape.fields:
        yield from _table(("", ""), shape.fields)
    yield from _tables(shape)
    for note in shape.notes:
        yield f"> {escaped(note)}"
        yield ""


def _tables(shape: Shape) -> Iterable[str]:
    for table in shape.tables:
        yield from _table(table.columns, table.rows)


def _outcome(step: StepRecord) -> str:
    return told.result(step)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    if not rows:
        return
    yield f"| {' | '.join(map(escaped, columns))} |"
    yield f"|{'|'.join(' --- ' for _ in columns)}|"
    for row in rows:
        yield f"| {' | '.join(map(escaped, row))} |"
    yield ""


def _fenced(lines: Iterable[str]) -> Iterable[str]:
    text = list(lines)
    # A fence that no line of the text can end.
    longest = max((len(run) for line in text for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from text
    yield fence
    yield ""


def escaped(text: str) -> str:
    """Text that Markdown, and the HTML that Markdown allows, take for text."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$^=-])", _entity, _one_line(text))


def _entity(match: re.Match[str]) -> str:
    character = match.group()
    # Hyphens and the like are markup only at a line's beginning or doubled, and ids are full of them.
    if character in "-+=#()!.^$":
        return character
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(character, f"\\{character}")


def _code(text: str) -> str:
    return f"`{_one_line(text).replace('`', '')}`"


def _one_line(text: str) -> str:
    return " ".join(text.split())
