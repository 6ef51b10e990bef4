"""The notebook, made from the steps: what teaches in it is their docstrings, so it cannot tell another story."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from runbook.errors import BadInput, named, reason
from runbook.notebook.options import EXAMPLES, OPTIONS, cell_default
from runbook.parameters import Parameters
from runbook.step import Plan
from runbook.track import Track

__all__ = ["generate", "write"]

# The kernel of the environment that papermill or JupyterLab is started from, whatever it is called elsewhere.
_KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}

_INTRODUCTION = """\
# An API Gateway in front of a private service

Run from top to bottom. ABOUT A step that is done already is only looked
at, so running it again goes on from wherever the last run ended.

```console
$ papermill runbook.ipynb out.ipynb -p stack demo
$ papermill runbook.ipynb out.ipynb -p stack demo -p mode check
$ papermill runbook.ipynb out.ipynb -p stack demo -p mode down
```

Without `account` it works on a practice account on this machine, where nothing costs anything.

<sub>Made from the steps by `runbook notebook`; changes belong there.</sub>"""

_PARAMETERS = """\
## Parameters

What is left at `None` nobody gave: the stack's own value holds if it has one, else the default. Several values are a
list or separated by commas (`"i-0123456789abcdef0,i-0fedcba9876543210"`), tags a mapping or `"team=payments"`."""

_START = """\
## Start

The run goes on in the background and overlaps what can overlap; each section below waits for its own step. The path
of a request, drawn here, is lit as they end."""

_RUN = """\
from runbook.notebook import start

run = start(globals())
run.path()
run"""

_TRACE = """\
## The request, hop by hop

Where a request goes from the URL to the service, as it is deployed now, and which hop breaks it, if one does: with
evidence, and the AWS CLI command that mends it. It only reads, and sends one request. What it says does not end this
notebook; a step that fails shows it too, where there is a stage to send a request to."""

_RECORD = """\
## The record of the run

What is asked afterwards: who did it, in which account and region, the path as the run left it, when each step was under
way, and every AWS request with its request id. It is drawn from the run's own log; `runbook report` makes a page of the
same, with each step before and after. A step that fails shows it in its own section, since the notebook ends there."""

_END = """\
## The invoke URL

How it all ended, and the address at which the API answers."""

_BY_HAND = """\
## Appendix: a step by hand

A step is a module of plain functions: `check` only looks, `do` makes it true, `undo` removes what is ours. Papermill
passes over the next cell; run it yourself."""


def generate(track: Track) -> NotebookNode:
    """The notebook of a track: the same bytes for the same steps."""
    plan = track.plan
    cells = [
        _text("introduction", _INTRODUCTION.replace("ABOUT", track.about)),
        _text("about-parameters", _PARAMETERS),
        _code("parameters", _parameters(track), tags=["parameters"]),
        _text("about-start", _START),
        _code("start", _RUN),
    ]
    for number, step in enumerate(plan.steps, start=1):
        cells += [
            _text(f"about-{step.id}", f"## {number}. {step.title}\n\n{step.explanation}"),
            _code(f"step-{step.id}", f'run.step("{step.id}")'),
        ]
    cells += [
        _text("about-trace", _TRACE),
        _code("trace", "run.trace()"),
        _text("about-record", _RECORD),
        _code("record", "run.record()"),
        _text("about-end", _END),
        _code("end", "run.finish()"),
        _text("about-by-hand", _BY_HAND),
        _code("by-hand", _by_hand(plan), tags=["skip-execution"]),
    ]
    notebook = nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": _KERNEL, "language_info": {"name": "python"}},
            "cells": cells,
        }
    )
    assert isinstance(notebook, NotebookNode)  # noqa: S101 (nbformat tells no types)
    return notebook


def write(path: Path, track: Track, *, force: bool = False) -> bool:
    """Write the notebook of a track; whether there was something to write.

    Raises :class:`BadInput` when the file cannot be written, and when another is there: somebody's edits, or what was
    shown when it was run. ``force`` overwrites it.
    """
    text = as_text(generate(track))
    try:
        there = path.read_bytes() if path.is_file() else None
        if there == text.encode():
            return False
        if there and not force:
            raise BadInput(
                "out",
                f"{named(path)} is there and has been edited, run, or written by another version; it is left as it is.",
                "Name another file, or overwrite it with --force.",
            )
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput("out", f"{named(path)} cannot be written: {reason(error)}.") from None
    return True


def as_text(notebook: NotebookNode) -> str:
    """The file's text."""
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook)
    return f"{text}\n"


def _text(cell: str, source: str) -> dict[str, Any]:
    return {"id": cell, "cell_type": "markdown", "metadata": {}, "source": source}


def _code(cell: str, source: str, tags: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "id": cell,
        "cell_type": "code",
        "metadata": {"tags": list(tags)} if tags else {},
        "execution_count": None,
        "outputs": [],
        "source": source,
    }


def _by_hand(plan: Plan) -> str:
    """The first step, and one that needs just its fact, if there is one."""
    first = plan.steps[0].module
    package, _, name = first.__name__.rpartition(".")
    having = [step for step in plan.steps if [need.fact for need in step.needs["check"]] == [plan.steps[0].gives]]
    if not having:
        return f"from {package} import {name}\n\n{name}.check(run.aws, run.parameters)"
    second = having[0]
    fact = list(inspect.signature(second.module.check).parameters)[2]
    other = second.module.__name__.rpartition(".")[2]
    return (
        f"from {package} import {name}, {other}\n\n"
        f"{fact} = {name}.check(run.aws, run.parameters)\n"
        f"{other}.check(run.aws, run.parameters, {fact})"
    )


def _parameters(track: Track) -> str:
    """One line a parameter, so that papermill can list them (``--help-notebook``)."""
    lines = []
    for name in EXAMPLES:
        if name not in OPTIONS and name not in track.parameters:
            continue
        if name in OPTIONS:
            help_, default = OPTIONS[name].description, None
        else:
            field = Parameters.model_fields[name]
            help_, default = field.description or "", field.default
        help_ = help_.replace("key=value", "key and value")  # papermill lists no line with a second equals sign
        value = track.id if name == "track" and track.id != default else cell_default(name)
        falls_back = value is None and default not in (None, (), {})
        lines.append(f"{name} = {_quoted(value)}  # {help_}" + (f" By default {default}." if falls_back else ""))
    return "\n".join(lines)


def _quoted(value: str | None) -> str:
    return "None" if value is None else f'"{value}"'
