"""The course as Markdown pages for ``docs/drills``: an index, and a page a drill to read afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drills.model import Course, Drill
from runbook import present
from runbook.errors import BadInput

__all__ = ["INDEX", "pages", "write"]

INDEX = "README.md"

_INTRODUCTION = """\
# The course

{count} drills, in the order of a request's path: from the URL over the stage, the link and the load balancer to the
service; the last four need all of it. Whoever has done them in order has met every part once, and seen it break.
Together they take about {hours} hours.

```console
$ runbook drill start {first:<12} # brings a stack up on the practice account, breaks it, and shows what is seen
$ runbook drill verify             # asks which hop breaks it and why, then judges the repair: any right one counts
$ runbook drill list               # the course, and your points
```

The right hop and the right cause give two fifths of the points each, the repair one fifth. A hint costs a fifth, the
solution everything. You may use whatever you like: the AWS CLI, boto3, `curl` and `runbook check` are free;
`runbook trace` costs two fifths of the points, because it names the hop, and `up`, `step`, `down` and `rollback` cost a
fifth each, because they repair by themselves. With `--closed-book` all five are refused on the drill's stack, in the
TUI and the notebook as well. What runs on an instance is changed with `runbook practice machine ID`. In the TUI the
course is behind the key `l`. For a class there is a [guide for the instructor](../instructor.md).

**What follows tells causes.** The column *verdict* is the hop that [`runbook trace`](../trace.md) names; *(suspicious)*
where requests are answered all the same. Each page tells the debrief and the solution: do the drill first.

| # | drill | level | minutes | symptom | verdict |
| --- | --- | --- | --- | --- | --- |
"""
_NOTE = "*This page tells cause and solution. It is for reading after the drill.*"


def pages(course: Course) -> dict[str, str]:
    """Every page of the course, by file name."""
    told = {INDEX: _index(course)}
    for place, drill in enumerate(course.drills):
        before = course.drills[place - 1] if place else None
        after = course.drills[place + 1] if place + 1 < len(course.drills) else None
        told[_file(drill)] = _page(course, drill, before, after)
    return {name: present.safe(text) for name, text in told.items()}


def write(course: Course, where: Path) -> list[Path]:
    """Write the pages, and take away those of drills that are no more. Raises :class:`BadInput`."""
    told = pages(course)
    try:
        where.mkdir(parents=True, exist_ok=True)
        for name, text in told.items():
            (where / name).write_text(text, encoding="utf-8")
        for stale in where.glob("*.md"):
            if stale.name not in told:
                stale.unlink()
    except OSError as error:
        raise BadInput("out", f"{where} cannot be written: {error.strerror}.") from None
    return [where / name for name in told]


def _file(drill: Drill) -> str:
    return f"{drill.id}.md"


def _index(course: Course) -> str:
    hours = round(sum(drill.minutes for drill in course.drills) / 60)
    text = _INTRODUCTION.format(count=len(course.drills), hours=hours, first=course.drills[0].id)
    return text + "".join(f"| {' | '.join(_row(course, drill))} |\n" for drill in course.drills)


def _row(course: Course, drill: Drill) -> Iterator[str]:
    symptom = str(drill.symptom).replace("|", "\\|")
    suspicion = "" if drill.symptom.status >= 400 else " (suspicious)"
    yield str(course.number(drill))
    yield f"[{drill.title}]({_file(drill)}) `{drill.id}`"
    yield drill.difficulty
    yield str(drill.minutes)
    yield symptom
    yield f"`{drill.hop}`{suspicion}"


def _page(course: Course, drill: Drill, before: Drill | None, after: Drill | None) -> str:
    way = [
        f"[← {before.title}]({_file(before)})" if before else "",
        f"[The course]({INDEX})",
        f"[{after.title} →]({_file(after)})" if after else "",
    ]
    hints = "\n".join(f"{number}. {hint}" for number, hint in enumerate(drill.hints, start=1))
    level = drill.difficulty.capitalize()
    parts = [
        f"# {course.number(drill)}. {drill.title}",
        f"{level} · about {drill.minutes} minutes · {drill.worth} points · `runbook drill start {drill.id}`",
        _NOTE,
        "## Symptom",
        drill.story,
        "## Hints",
        hints,
        "## Debrief",
        drill.debrief,
        "## What mends it",
        drill.solution,
        "---",
        " · ".join(part for part in way if part),
    ]
    return "\n\n".join(parts) + "\n"
