"""An exam: several drills in a row, and its report as Markdown and HTML."""

from __future__ import annotations

import random
from pathlib import Path

from jinja2 import Environment

from drills.model import Course
from drills.session import Exam, Record
from runbook.errors import BadInput

__all__ = ["choose", "html", "markdown", "write"]


def choose(course: Course, count: int, seed: int | None) -> tuple[str, ...]:
    """So many drills by chance, the easy ones first; the same for the same seed. Raises :class:`BadInput`."""
    if not 1 <= count <= len(course.drills):
        raise BadInput("count", f"an exam has 1 to {len(course.drills)} drills, not {count}.")
    chosen = random.Random(seed).sample(course.drills, count)
    return tuple(drill.id for drill in sorted(chosen, key=lambda drill: drill.level))


_MARKDOWN = """\
# Drill exam: {{ trainee }}

{{ exam.started.strftime("%Y-%m-%d %H:%M") }} UTC · {{ points }} of {{ worth }} points
({{ percent }} %) · {{ solved }} of {{ exam.drills | length }} solved · {{ clock(seconds) }}
{%- if exam.seed is not none %} · seed {{ exam.seed }}{% endif %}

| # | drill | hop | result | points | time | hints | refused verifies |
| --- | --- | --- | --- | --- | --- | --- | --- |
{% for drill, result in rows -%}
| {{ loop.index }} | {{ drill.title }} | `{{ drill.hop }}` | {{ said(result) }} \
| {{ result.points if result else 0 }}/{{ drill.worth }} | {{ clock(result.seconds) if result else "" }} \
| {{ result.hints if result else "" }} | {{ result.refused if result else "" }} |
{% endfor %}"""

_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drill exam: {{ trainee }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; }
progress { width: 12rem; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
</style>
</head>
<body>
<h1>Drill exam: {{ trainee }}</h1>
<p>{{ exam.started.strftime("%Y-%m-%d %H:%M") }} UTC
{%- if exam.seed is not none %} · seed {{ exam.seed }}{% endif %}</p>
<p><progress max="{{ worth }}" value="{{ points }}"></progress>
<strong>{{ points }} of {{ worth }} points ({{ percent }} %)</strong> ·
{{ solved }} of {{ exam.drills | length }} solved · {{ clock(seconds) }}</p>
<table>
<thead><tr><th>#</th><th>drill</th><th>hop</th><th>result</th><th>points</th><th>time</th><th>hints</th>
<th>refused verifies</th></tr></thead>
<tbody>
{%- for drill, result in rows %}
<tr><td>{{ loop.index }}</td><td>{{ drill.title }}</td><td><code>{{ drill.hop }}</code></td><td>{{ said(result) }}</td>
<td>{{ result.points if result else 0 }}/{{ drill.worth }}</td><td>{{ clock(result.seconds) if result else "" }}</td>
<td>{{ result.hints if result else "" }}</td><td>{{ result.refused if result else "" }}</td></tr>
{%- endfor %}
</tbody>
</table>
</body>
</html>
"""


def clock(seconds: float) -> str:
    """A duration as a stopwatch shows it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def markdown(record: Record, exam: Exam, course: Course) -> str:
    """The report as Markdown."""
    escaped = record.model_copy(update={"trainee": record.trainee.replace("_", r"\_")})
    return _rendered(_MARKDOWN, escaped, exam, course, escape=False)


def html(record: Record, exam: Exam, course: Course) -> str:
    """The report as one HTML page that needs nothing else."""
    return _rendered(_HTML, record, exam, course, escape=True)


def write(record: Record, exam: Exam, course: Course, where: Path) -> tuple[Path, Path]:
    """Write both next to each other: the Markdown file and the HTML file."""
    name = f"exam-{record.trainee.replace(' ', '-')}-{exam.started:%Y%m%dT%H%M%SZ}"
    paths = where / f"{name}.md", where / f"{name}.html"
    try:
        where.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, (markdown(record, exam, course), html(record, exam, course)), strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput("out", f"{where} cannot be written: {error.strerror}.") from None
    return paths


def _rendered(template: str, record: Record, exam: Exam, course: Course, *, escape: bool) -> str:
    drills = [course[name] for name in exam.drills]
    results = [*exam.results, *[None] * (len(drills) - len(exam.results))]
    worth = sum(drill.worth for drill in drills)
    points = sum(result.points for result in exam.results)
    environment = Environment(autoescape=escape, keep_trailing_newline=True)
    return environment.from_string(template).render(
        trainee=record.trainee,
        exam=exam,
        rows=list(zip(drills, results, strict=True)),
        points=points,
        worth=worth,
        percent=100 * points // worth,
        solved=sum(result.solved for result in exam.results),
        seconds=sum(result.seconds for result in exam.results),
        clock=clock,
        said=lambda result: "not reached" if result is None else "solved" if result.solved else "given up",
    )
