"""The reference page of the event stream, made from its dataclasses: ``python -m docs.make_events``."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from runbook import events

PAGE = Path(__file__).resolve().parent / "events.md"
_WRITTEN_AS = {
    "datetime": "time, ISO 8601 in UTC, to the millisecond",
    "str": "text",
    "float": "number",
    "int": "whole number",
    "bool": "true or false",
    "object": "object with the fields of the step's fact",
    "Any": "any JSON",
    "Parameters": "object, by parameter",
    "BaseException": "name of the exception",
    "Difference": "object (`what`, `found`, `wanted`, `replaces`, `waits`)",
}

_INTRODUCTION = """\
# The event stream

Every front end shows a run from this stream and from nothing else. `--json` prints it, an event per line, and the log
of a run ([evidence](evidence.md)) holds it after a first line `LogOpened`. The order is the order in time; steps
overlap. `RunFinished` is the last event of a run.

The version is {version} (`RunStarted.version`, `LogOpened.format`; an older log without one has version 1). It changes
when a reader of older events would misunderstand newer ones. New events and new fields do not change it, so ignore
those you do not know. A field without a value is left out. `runbook.events.from_json` reads a line back.

A command with `--json` that cannot do what it was asked to (bad input, a refused login) ends with one line
`CommandFailed` on standard output. The sentence is on standard error too, and the exit code is as without `--json`.

This page is made from `runbook/events.py` with `python -m docs.make_events`."""


def page() -> str:
    """The page as it should be."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from _INTRODUCTION.format(version=events.VERSION).splitlines()
    classes = {node.name: node for node in ast.parse(inspect.getsource(events)).body if isinstance(node, ast.ClassDef)}
    kinds = [name for name in classes if _is_event(name)]
    for name in ["Event", *(each for each in kinds if each != "Event")]:
        yield from ("", f"## {name}" if name != "Event" else "## Every event", "")
        yield _text(ast.get_docstring(classes[name]) or "")
        rows = [*_fields(classes[name])]
        parent = next((base.id for base in classes[name].bases if isinstance(base, ast.Name)), "")
        if parent != "Event" and name != "Event":
            yield f" Has the fields of {parent} too."
        if rows:
            yield from ("", "| field | value | |", "| --- | --- | --- |")
            yield from (f"| `{field}` | {kind} | {about} |" for field, kind, about in rows)
    for name in ("Action", "Outcome"):
        yield from ("", f"## {name}", "", _text(ast.get_docstring(classes[name]) or ""), "")
        yield ", ".join(f"`{each.value}`" for each in getattr(events, name)) + "."


def _is_event(name: str) -> bool:
    kind = getattr(events, name)
    return isinstance(kind, type) and issubclass(kind, events.Event)


def _fields(of: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    for node, after in zip(of.body, [*of.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            yield node.target.id, _value(node.annotation), _text(str(said))


def _value(annotation: ast.expr) -> str:
    match annotation:
        case ast.Subscript(value=ast.Name("tuple"), slice=ast.Tuple(elts=[first, *_])):
            return f"list of: {_value(first)}"
        case ast.Subscript(value=ast.Name("dict"), slice=ast.Tuple(elts=[_, value])):
            return f"object, by name: {_value(value)}"
        case ast.BinOp(left=left):
            return _value(left)
        case _:
            name = ast.unparse(annotation)
            return _WRITTEN_AS.get(name, f"a value of {name}")


def _text(docstring: str) -> str:
    plain = " ".join(docstring.split()).replace("``", "`").replace("|", "\\|")
    for role in (":class:", ":func:", ":meth:"):
        plain = plain.replace(role, "")
    return plain


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
