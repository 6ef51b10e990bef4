"""What the page beside the course tells: a chosen drill, the symptom of the one that runs, the debrief, the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table

from tui.words import text

if TYPE_CHECKING:
    from drills.desk import Briefing, Desk, Ended
    from drills.model import Drill
    from tui.training import Training

__all__ = ["NOT_HERE", "Page", "page"]

NOT_HERE = """\
# Drills

A drill breaks a finished stack in one real way, so that you find it and repair it. That is nothing to do on a real AWS
account: drills run on a practice account only.

Open one beside this with `runbook tui --account practice`, and press `l` there. It needs no AWS account and costs
nothing.
"""
_WELCOME = """\
# Drills

Each drill breaks a finished stack in one real way and shows what an on-call engineer would see. Find the cause, and
repair it in any right way. The repair gives a fifth of the points; the rest is for the answer to which hop breaks it,
and why, which is asked before the repair is judged.

Choose one and press **Enter**, or **n** for the next of the course. A hint costs a fifth of the points; trace and the
steps, which find and repair by themselves, cost points too.
"""


class Page(NamedTuple):
    """A page: its name, the text on top, where to look, and what came later."""

    title: str
    told: str
    briefing: Briefing | None = None
    more: str = ""
    allowed: str = ""
    """Which tools may be used, and what they cost."""

    @property
    def facts(self) -> Table | str:
        """Where to look. The answer is text from outside."""
        return "" if self.briefing is None else _facts(self.briefing, self.allowed)


def page(training: Training, chosen: Drill | None) -> Page:
    """The symptom while a drill runs; what has just ended; else what is known of the chosen drill."""
    briefing, ended, report = training.briefing, training.ended, training.report
    if briefing is not None:
        allowed = training.desk.allowed if training.desk else ""
        return Page("Symptom", _story(briefing), briefing, _more(training), allowed)
    if ended is not None and chosen in (None, ended.drill):
        return Page("Debrief", _debrief(ended), more=report)
    if ended is None and report:
        return Page("Report", report)
    return Page("Drill", _about(training.desk, chosen))


def _about(desk: Desk | None, drill: Drill | None) -> str:
    """A drill that was solved may be read again; of another only what the table says."""
    if drill is None or desk is None:
        return _WELCOME
    best = desk.session.record.best(drill.id)
    about = f"{drill.difficulty.capitalize()}, about {drill.minutes} minutes, {drill.worth} points."
    if best is None:
        return f"# {drill.title}\n\n{about} Press **Enter** to start it.\n\n---\n\n{_WELCOME.partition(chr(10))[2]}"
    from drills.exam import clock

    solved = f"Solved in {clock(best.seconds)} with {best.points} of {best.worth} points."
    return f"# {drill.title}\n\n{about} {solved}\n\n{drill.story}\n\n{drill.debrief}\n\n{_mends(drill)}"


def _story(briefing: Briefing) -> str:
    return f"# {briefing.drill.title}\n\n{briefing.drill.story}"


def _facts(briefing: Briefing, allowed: str) -> Table:
    """Where to look. The answer is text from outside."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value, style in (
        ("URL  y", briefing.call, "underline"),
        ("answer", briefing.answer, "bold"),
        ("stack", briefing.stack, ""),
        ("log in to", briefing.machines, "dim"),
        ("AWS CLI  w", briefing.shell, "dim"),
        ("tools", allowed, "dim"),
    ):
        grid.add_row(text(name, "dim"), text(value, style))
    return grid


def _more(training: Training) -> str:
    """The hints taken, the solution once looked at, the exam's report once asked for."""
    parts = [f"**Hint {number}.** {hint}" for number, hint in enumerate(training.hints, start=1)]
    if training.solution:
        parts.append(f"**What mends it.** {training.solution}")
    if training.report:
        parts.append(training.report)
    return "\n\n".join(parts)


def _debrief(ended: Ended) -> str:
    from drills.exam import clock

    result = ended.result
    assert result is not None  # noqa: S101 (without one there is no debrief)
    said = "Solved" if result.solved else "Over"
    heard = f"{said} in {clock(result.seconds)}: **{result.points} of {result.worth} points**."
    how = "\n".join(f"- {line}" for line in ended.account)
    return f"# {ended.drill.title}\n\n{heard}\n\n{how}\n\n{ended.drill.debrief}\n\n{_mends(ended.drill)}"


def _mends(drill: Drill) -> str:
    return f"**What mends it.** {drill.solution}"
