"""An exam: several drills in a row, and its report as Markdown and HTML."""

from __future__ import annotations

import json
import os
import random
import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from drills.model import Course
from drills.session import Exam, Record, Result
from drills.tools import PRICES, price_in_words
from runbook import present
from runbook.errors import BadInput
from runbook.report.markdown import escaped

__all__ = ["choose", "clock", "html", "markdown", "record_in", "writable", "write"]


def choose(course: Course, count: int, seed: int | None, level: str | None = None) -> tuple[str, ...]:
    """So many drills by chance, the easy ones first; the same for the same seed. Raises :class:`BadInput`."""
    among = course.of_level(level)
    if not 1 <= count <= len(among):
        raise BadInput("count", f"an exam has 1 to {len(among)} {f'{level} ' if level else ''}drills, not {count}.")
    chosen = random.Random(seed).sample(among, count)
    return tuple(drill.id for drill in sorted(chosen, key=lambda drill: drill.level))


_MARKDOWN = """\
# Drill exam: {{ md(trainee) }}

{{ exam.started.strftime("%Y-%m-%d %H:%M") }} UTC · **{{ points }} of {{ worth }} points ({{ percent }} %)** · \
{{ solved }} of {{ exam.drills | length }} solved · {{ clock(seconds) }}
{%- if exam.seed is not none %} · seed {{ exam.seed }}{% endif %}{% if exam.closed_book %} · closed book{% endif %}
{%- if not exam.over %} · not over yet{% endif %}

| # | drill | hop | result | points | time | hints | refused verifies |
| --- | --- | --- | --- | --- | --- | --- | --- |
{% for row in rows -%}
| {{ loop.index }} | {{ md(row.title) }} | {{ md(row.hop) }} | {{ row.said }} | {{ row.points }}/{{ row.worth }} \
| {{ row.time }} | {{ row.hints }} | {{ row.refused }} |
{% endfor %}
{% if exam.results %}| drill | hop answered | cause answered | tools used |
| --- | --- | --- | --- |
{% for row in rows if row.time -%}
| {{ md(row.title) }} | {{ md(row.hop_answered) }} | {{ md(row.cause_answered) }} | {{ md(row.tools) }} |
{% endfor %}
{% endif %}{{ points_from }}
"""

_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drill exam: {{ trainee }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; min-width: 60rem; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; }
td:nth-child(2) { min-width: 12rem; }
td:nth-child(n+6), code { white-space: nowrap; }
td:nth-child(5) { min-width: 16rem; }
.scrolls { overflow-x: auto; }
h1 { overflow-wrap: anywhere; }
progress { width: 12rem; max-width: 100%; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
</style>
</head>
<body>
<h1>Drill exam: {{ trainee }}</h1>
<p>{{ exam.started.strftime("%Y-%m-%d %H:%M") }} UTC
{%- if exam.seed is not none %} · seed {{ exam.seed }}{% endif %}{% if exam.closed_book %} · closed book{% endif %}
{%- if not exam.over %} · not over yet{% endif %}</p>
<p><progress max="{{ worth }}" value="{{ points }}"></progress>
<strong>{{ points }} of {{ worth }} points ({{ percent }} %)</strong> ·
{{ solved }} of {{ exam.drills | length }} solved · {{ clock(seconds) }}</p>
<div class="scrolls" tabindex="0" role="region" aria-label="Drills">
<table>
<thead><tr><th>#</th><th>drill</th><th>hop</th><th>hop answered</th><th>cause answered</th><th>result</th>
<th>points</th><th>time</th><th>hints</th><th>tools used</th><th>refused verifies</th></tr></thead>
<tbody>
{%- for row in rows %}
<tr><td>{{ loop.index }}</td><td>{{ row.title }}</td><td><code>{{ row.hop }}</code></td><td>{{ row.hop_answered }}</td>
<td>{{ row.cause_answered }}</td><td>{{ row.said }}</td><td>{{ row.points }}/{{ row.worth }}</td><td>{{ row.time }}</td>
<td>{{ row.hints }}</td><td>{{ row.tools }}</td><td>{{ row.refused }}</td></tr>
{%- endfor %}
</tbody>
</table>
</div>
<p>{{ points_from }}</p>
<script type="application/json" id="exam">{{ record }}</script>
</body>
</html>
"""


def clock(seconds: float) -> str:
    """A duration as a stopwatch shows it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


@dataclass(frozen=True, slots=True)
class _Row:
    """One drill of the exam, as the report shows it."""

    title: str
    hop: str
    worth: int
    said: str
    points: int = 0
    time: str = ""
    hints: str = ""
    refused: str = ""
    tools: str = ""
    hop_answered: str = ""
    cause_answered: str = ""

    @classmethod
    def of(cls, name: str, result: Result | None, course: Course) -> _Row:
        """A drill that the course no longer has is told by what the record says of it."""
        drill = course.get(name)
        title, hop = (drill.title, drill.hop) if drill else (name, "")
        worth = result.worth if result else drill.worth if drill else 0
        if result is None:
            return cls(title, hop, worth, "not done")
        said = "solved" if result.solved else "given up"
        return cls(
            title,
            hop,
            worth,
            said,
            result.points,
            clock(result.seconds),
            str(result.hints),
            str(result.refused),
            ", ".join(result.tools) or "none",
            _answered(result.hop, right=result.hop_right),
            _answered(result.cause, right=result.cause_right),
        )


def _answered(given: str | None, *, right: bool | None) -> str:
    if right is None:  # in a record from before the question
        return ""
    return "not answered" if given is None else f"{'right' if right else 'wrong'}: {given}"


_POINTS_FROM = (
    "Of a drill's points, the repair gives a fifth, and the right hop and the right cause two fifths each. "
    "A hint costs a fifth; refused verifies cost nothing. "
)


def markdown(name: str, exam: Exam, course: Course) -> str:
    """The report of this trainee's exam as Markdown."""
    return _rendered(_MARKDOWN, name, exam, course, escape=False)


def html(name: str, exam: Exam, course: Course) -> str:
    """The report of this trainee's exam as one HTML page that needs nothing else."""
    return _rendered(_HTML, name, exam, course, escape=True)


def writable(where: Path) -> None:
    """Make the report's directory, before an hour of work depends on it. Raises :class:`BadInput`."""
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput("out", f"{where} cannot be made: {error.strerror}.") from None
    if not os.access(where, os.W_OK):
        raise BadInput("out", f"{where} cannot be written.")


def write(name: str, exam: Exam, course: Course, where: Path) -> tuple[Path, Path]:
    """Write both next to each other: the Markdown file and the HTML file. Raises :class:`BadInput`."""
    stem = f"exam-{name.replace(' ', '-')}-{exam.started:%Y%m%dT%H%M%SZ}"
    paths = where / f"{stem}.md", where / f"{stem}.html"
    writable(where)
    try:
        for path, text in zip(paths, (markdown(name, exam, course), html(name, exam, course)), strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            "out",
            f"{where} cannot be written: {error.strerror}.",
            "The results are kept; write it elsewhere: runbook drill exam --report --out DIR",
        ) from None
    return paths


def _rendered(template: str, name: str, exam: Exam, course: Course, *, escape: bool) -> str:
    results = [*exam.results, *[None] * (len(exam.drills) - len(exam.results))]
    rows = [_Row.of(drill, result, course) for drill, result in zip(exam.drills, results, strict=True)]
    worth, points = sum(row.worth for row in rows), sum(row.points for row in rows)
    environment = Environment(autoescape=escape, keep_trailing_newline=True)
    text = environment.from_string(template).render(
        trainee=name,
        exam=exam,
        rows=rows,
        points=points,
        worth=worth,
        percent=100 * points // worth if worth else 0,
        solved=sum(result.solved for result in exam.results),
        seconds=sum(result.seconds for result in exam.results),
        clock=clock,
        md=escaped,
        points_from=_POINTS_FROM + _tools(exam),
        record=_record(name, exam),
    )
    return present.safe(text)


_RECORD = re.compile(r'<script type="application/json" id="exam">(.*?)</script>', re.DOTALL)


def _record(name: str, exam: Exam) -> Markup:
    """The exam for programs: in HTML, where no text of it can end the element that it is in."""
    text = json.dumps({"trainee": name, "exam": exam.model_dump(mode="python")}, default=str)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def record_in(page: str) -> Record:
    """The record that an HTML report holds. Raises :class:`ValueError` when it holds none."""
    if (found := _RECORD.search(page)) is None:
        raise ValueError("this is no report of an exam")
    return Record.model_validate_json(found[1])


def _tools(exam: Exam) -> str:
    if exam.closed_book:
        return "The book was closed: up, step, down, rollback and trace were refused."
    return f"Tools cost as well: {', '.join(f'{tool} {price_in_words(tool)}' for tool in PRICES)}."
