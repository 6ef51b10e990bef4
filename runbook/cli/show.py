"""A run on the terminal: live where there is one, plain lines elsewhere, JSON lines for programs.

Whatever comes from AWS or a backend is put into :class:`rich.text.Text`, so it is never markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table as RichTable
from rich.text import Text

from runbook import ending, present
from runbook.cli.absence import Absence
from runbook.cli.console import terminal, watched
from runbook.cli.signals import STOPPING, interrupting
from runbook.cli.streams import encodable
from runbook.control import Control
from runbook.errors import BadInput
from runbook.events import (
    Action,
    ApprovalAsked,
    Event,
    Noted,
    Outcome,
    RunFinished,
    RunStarted,
    StepFinished,
    Waited,
    to_json,
)
from runbook.outcome import Change
from runbook.redaction import redacted, secrets_of
from runbook.run_state import TO_DO, WELL, RunState

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.aws import Aws
    from runbook.removal import Removals
    from runbook.stacks import Stack
    from runbook.step import Plan
    from runbook.track import Tracks

__all__ = ["announce", "announce_expired", "announce_removal", "moment", "show"]

_STYLES = {
    Outcome.OK: "green",
    Outcome.DONE: "bold green",
    Outcome.UNDONE: "bold green",
    Outcome.MISSING: "yellow",
    Outcome.DRIFTED: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.STOPPED: "red",
}
_CHANGE_STYLES = {
    Change.CREATE: "green",
    Change.UPDATE: "yellow",
    Change.REPLACE: "bold red",
    Change.AFTER: "cyan",
}
_STILL_WAITING = timedelta(seconds=30)
"""How often a log is told that a wait goes on: a build that is silent for longer looks hung, and some CI ends it."""
_VERBS = {Action.CHECK: "checking", Action.DO: "doing", Action.UNDO: "undoing"}


def show(
    events: Iterator[Event],
    tracks: Tracks,
    account: Account,
    control: Control,
    absence: Absence,
    *,
    as_json: bool,
    as_plan: bool = False,
    only: str | None = None,
) -> Iterator[Event]:
    """Pass the events on, showing each as it comes."""
    if as_json:
        yield from _as_json(events, control, secrets_of(account.aws.session))
        return
    console = terminal()
    screen = _Screen(console, tracks, account, absence, as_plan=as_plan, only=only)
    if watched(console):
        yield from _live(events, screen, control)
    else:
        yield from _lines(events, screen, control)


def _as_json(events: Iterator[Event], control: Control, secrets: Callable[[], Collection[str]]) -> Iterator[Event]:
    for event in events:
        sys.stdout.write(json.dumps(redacted(to_json(event), secrets())) + "\n")
        sys.stdout.flush()
        if isinstance(event, ApprovalAsked):
            _ask(event, control, None)
        yield event


def _lines(events: Iterator[Event], screen: _Screen, control: Control) -> Iterator[Event]:
    told: dict[str, datetime] = {}
    for event in events:
        screen.run.apply(event)
        match event:
            case RunStarted():
                screen.console.print(screen.header(), soft_wrap=True)
            case Waited(what=what) if what not in told or event.at - told[what] >= _STILL_WAITING:
                told[what] = event.at
                line = f"… {event.at.astimezone(UTC):%H:%M:%SZ} waiting for {_waiting(event, screen.pace)}"
                screen.console.print(Text(line, style="dim"), soft_wrap=True)
            case Noted():
                screen.console.print(_note(event), soft_wrap=True)
            case ApprovalAsked():
                _ask(event, control, screen)
            case StepFinished():
                for finished in screen.next_lines(event):
                    screen.console.print(screen.line(finished), soft_wrap=True)
            case RunFinished():
                for held in screen.held_back(event):
                    screen.console.print(screen.line(held), soft_wrap=True)
                screen.console.print(screen.summary(event), soft_wrap=True)
        yield event


def _live(events: Iterator[Event], screen: _Screen, control: Control) -> Iterator[Event]:
    def picture() -> RenderableType:
        return Group(screen.render(), Text(STOPPING, style="yellow")) if control.stopped else screen.render()

    def live() -> Live:
        # Taken away before each question, or every question would leave a copy of the table above it.
        return Live(get_renderable=picture, console=screen.console, refresh_per_second=8, transient=True)

    table = live()
    table.start(refresh=True)
    try:
        for event in events:
            screen.run.apply(event)
            if isinstance(event, ApprovalAsked):
                table.stop()
                _ask(event, control, screen)
                table = live()
                table.start(refresh=True)
            yield event
    finally:
        table.transient = False
        table.stop()
    for noted in screen.run.notes:
        screen.console.print(_note(noted))
    if screen.run.finished is not None:
        screen.console.print(screen.summary(screen.run.finished))


def _ask(event: ApprovalAsked, control: Control, screen: _Screen | None) -> None:
    assert event.step is not None  # noqa: S101 (only steps ask)
    if control.stopped:  # several steps may have asked before the answer to the first
        return
    words, detail = present.plan_words(event.outcome, event.reason, event.differences)
    title = screen.plan[event.step].title if screen else event.step
    typer.echo(present.safe(f"\n{title}\n  {words}: {_hanging(detail)}"), err=True)
    try:
        with interrupting():
            approved = typer.confirm("  Do it?", default=True, err=True)
    except (typer.Abort, EOFError, KeyboardInterrupt):
        control.stop()
        return
    (control.approve if approved else control.skip)(event.step)


@dataclass
class _Screen:
    """What is known so far, and how it looks."""

    console: Console
    tracks: Tracks
    account: Account
    absence: Absence
    as_plan: bool
    only: str | None
    run: RunState = field(default_factory=RunState)
    told: int = 0
    """How many steps, in reading order, were told."""
    held: list[StepFinished] = field(default_factory=list)
    """On the way down, what found nothing before anything was removed: the stack may not be there at all."""
    spinners: dict[str, Spinner] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The steps of the stack's track, which is known once the run has started."""
        track = self.tracks[self.run.started.parameters.track] if self.run.started else self.tracks.default
        return track.plan

    @property
    def pace(self) -> float:
        return self.account.aws.pace

    def shows(self, name: str | None) -> bool:
        return self.only is None or name == self.only or self.run.outcome_of(name or "") not in (None, *WELL)

    def next_lines(self, event: StepFinished) -> Iterator[StepFinished]:
        """What can be told now: a look in reading order, a change as it happens."""
        assert self.run.started is not None  # noqa: S101
        if self.run.action is not Action.CHECK:
            # What waits for a failed step is counted at the end.
            told = [event] if self.shows(event.step) and event.outcome is not Outcome.BLOCKED else []
            self.held += told
            if self.run.action is not Action.DOWN or event.outcome is not Outcome.OK or not self.holds_back:
                yield from self.release()
            return
        for step in list(self.run.steps.values())[self.told :]:
            if step.finished is None:
                return
            self.told += 1
            if self.shows(step.id):
                yield step.finished

    @property
    def holds_back(self) -> bool:
        """Whether nothing of the stack was seen yet."""
        return all(step.outcome in (None, Outcome.OK) for step in self.run.steps.values())

    def release(self) -> Iterator[StepFinished]:
        """What was held back."""
        held, self.held = self.held, []
        yield from held

    def held_back(self, event: RunFinished) -> Iterator[StepFinished]:
        """At the end, what was held back, unless there is no such stack: that is said instead."""
        return iter(()) if self.absence.after(event) else self.release()

    def header(self) -> Text:
        started = self.run.started
        assert started is not None  # noqa: S101
        where = f"practice account at {self.account.endpoint_url}" if not self.account.costs else "AWS"
        doing = "plan" if self.as_plan else started.action.value
        return Text.assemble((doing, "bold"), f" stack {started.parameters.stack} in {started.region} on ", where)

    def line(self, event: StepFinished) -> Text:
        name = event.step or ""
        if self._as_planned(event):
            planned, style = self._plan_line(event), _CHANGE_STYLES.get(event.change, "dim")
            head = Text.assemble((f"{planned.sign:>3}", style), f" {name:<23} ", (f"{planned.word:<12}", style), "  ")
            return head.append(f"\n{' ' * head.cell_len}".join(map(_hanging, planned.details)))
        words, detail = self._words(event)
        return Text.assemble(
            (present.SYMBOLS[event.outcome], _STYLES.get(event.outcome, "dim")),
            f" {name:<23} ",
            (f"{words:<14}", _STYLES.get(event.outcome, "dim")),
            f"{'' if event.outcome in _INSTANT else present.seconds(event.duration):>12}",
            f"  {_hanging(detail)}" if detail else "",
        )

    def spinner(self, name: str, text: Text | str = "") -> Spinner:
        kind = "dots" if encodable("⠋", self.console.file) else "line"
        return self.spinners.setdefault(name, Spinner(kind, text))

    def render(self) -> RenderableType:
        """The live picture."""
        finished = self.run.finished
        if finished and finished.action is Action.DOWN and self.absence.after(finished):
            return self.header()
        if self.run.started is None:
            return self.spinner("", Text("looking …"))
        grid = RichTable.grid(padding=(0, 2))
        grid.add_column(width=3 if self.as_plan else 1, justify="right" if self.as_plan else "left")
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        steps = list(self.run.steps.values())
        for step in steps[::-1] if self.run.action is Action.DOWN else steps:
            name = step.id
            if event := step.finished:
                words, detail = self._words(event)
                style = _STYLES.get(event.outcome, "dim")
                sign = present.SYMBOLS[event.outcome]
                took = "" if event.outcome in _INSTANT else present.seconds(event.duration)
                if self._as_planned(event):
                    planned = self._plan_line(event)
                    sign, words, detail, took = planned.sign, planned.word, "\n".join(planned.details), ""
                    style = _CHANGE_STYLES.get(event.change, "dim")
                grid.add_row(Text(sign, style), name, Text(words, style), took, Text(detail))
            elif (acting := step.acting) is not None:  # read once: the thread that draws is not the one that is told
                detail = f"waiting for {_waiting(wait, self.pace)}" if (wait := step.wait) else ""
                grid.add_row(self.spinner(name), name, Text(_VERBS[acting], "cyan"), "", Text(detail, "cyan"))
            else:
                grid.add_row(Text("·", "dim"), Text(name, "dim"), "", "", "")
        return Group(self.header(), grid)

    def summary(self, event: RunFinished) -> RenderableType:
        """What a person wants to know at the end."""
        parts: list[RenderableType] = []
        facts, planned = self.run.facts, self.run.planned
        said: list[str] = []
        for name in facts if self.only is None else [self.only]:
            said += present.notes(facts.get(name))
        if event.action is not Action.DOWN:
            parts += [Text(f"note: {_hanging(note)}", style="dim") for note in said]
        absent = None if self.as_plan else self.absence.after(event)
        if absent is None or event.action is not Action.DOWN:
            parts.append(self._verdict(event))
        if absent is not None:
            parts.append(Text(str(absent), style="bold yellow"))
        if self.as_plan and planned is not None and not planned.nothing:
            parts.append(Text(present.outlook(planned)))
            if planned.replace and self.run.started is not None and not self.run.started.parameters.replace:
                parts.append(Text("Replacing needs --replace; without it, up stops there.", style="bold yellow"))
        if self.only is not None:
            parts += _fact(facts.get(self.only))
        elif event.action is not Action.DOWN and not self.as_plan:
            parts += _essentials(self.plan, facts)
        return Group(*parts)

    def _verdict(self, event: RunFinished) -> Text:
        took = f" ({present.seconds(event.duration)})"
        if event.cause is not None:
            return Text("Nothing was done.")
        count = {outcome: list(event.outcomes.values()).count(outcome) for outcome in Outcome}
        planned = self.run.planned
        if self.as_plan and planned is not None and event.worst in (*TO_DO, None):
            text = present.counts(planned)
            return Text(f"{text[0].upper()}{text[1:]}{took}", style="green" if planned.nothing else "yellow")
        if event.worst in TO_DO:
            return Text(f"{sum(count[outcome] for outcome in TO_DO)} not up to date{took}", style="yellow")
        if any(isinstance(step.cause, BadInput) for step in self.run.steps.values()):
            return Text(f"Nothing was changed{took}", style="bold red")
        if event.worst is not None:
            waiting = (
                f"; {present.counted(count[Outcome.BLOCKED], 'step waits', 'steps wait')} for it"
                if count[Outcome.BLOCKED]
                else ""
            )
            text = f"{event.worst.value.capitalize()}{took}{waiting}. Run it again to go on from here."
            return Text(text, style="bold red")
        return Text(f"{ending.result(self.run).removesuffix('.')}{took}", style="bold green")

    def _words(self, event: StepFinished) -> tuple[str, str]:
        if event.outcome is Outcome.OK and self.run.action is Action.CHECK:
            return "up to date", event.reason
        return present.result(event.outcome, event.change), event.reason

    def _as_planned(self, event: StepFinished) -> bool:
        """Whether it is part of a plan; what could not be looked at is not."""
        return self.as_plan and event.outcome in (Outcome.OK, *TO_DO)

    def _plan_line(self, event: StepFinished) -> present.PlanLine:
        return present.plan_line(event, only_looks=self.plan[event.step or ""].only_looks)


_INSTANT = (Outcome.UNKNOWN, Outcome.BLOCKED)


def _note(event: Noted) -> Text:
    return Text(f"note: {_hanging(event.text)}", style="yellow")


def _hanging(text: str) -> str:
    """A text whose further lines are set in, so that none of them passes for a line of ours."""
    return text.replace("\r\n", "\n").replace("\n", "\n    ")


def _waiting(event: Waited, pace: float) -> str:
    return _hanging(f"{event.what} ({present.so_far(event.state, event.elapsed, event.usual, pace)})")


def _essentials(plan: Plan, facts: Mapping[str, object]) -> list[RenderableType]:
    """What the steps have for the end of a run: the load balancer's addresses, the invoke URL and its answer."""
    parts: list[RenderableType] = []
    for step in plan.steps:
        if step.closing is None or step.id not in facts:
            continue
        fact, lines = facts[step.id], step.closing.lines
        parts += [Text(f"\n{step.closing.title}", style="bold"), *_tables(fact)]
        width = max((len(label) for label, _ in lines), default=0)
        for number, (label, attribute) in enumerate(lines):
            value = str(getattr(fact, attribute))
            styles = ("", "") if number else ("bold", "bold cyan")
            before = "" if number else "\n"
            parts.append(Text.assemble((f"{before}{label:<{width}}  ", styles[0]), (value, styles[1])))
    return parts


def _fact(fact: object) -> list[RenderableType]:
    grid = RichTable.grid(padding=(0, 2))
    for name, value in present.fields(fact):
        grid.add_row(Text(name, "bold"), Text(value))
    return [grid, *_tables(fact)] if fact is not None else []


def _tables(fact: object) -> list[RenderableType]:
    drawn: list[RenderableType] = []
    for table in present.tables(fact):
        rich = RichTable(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
        for column in table.columns:
            rich.add_column(column, overflow="fold")
        for row in table.rows:
            rich.add_row(*(Text(cell) for cell in row))
        drawn.append(rich)
    return drawn


def announce(
    stack: str,
    only: str | None,
    tracks: Tracks,
    looked: RunState,
) -> None:
    """What will change, how long it takes, what it costs."""
    console = terminal()
    assert looked.started is not None  # noqa: S101 (what could not start is not agreed to)
    plan = tracks[looked.started.parameters.track].plan
    console.print(Text(f"Stack {stack}, what will be done:"))
    for step in [plan[only]] if only else plan.steps:
        found = looked.steps[step.id].finished if step.id in looked.steps else None
        if found is None or found.change is Change.NONE:
            continue
        line = present.plan_line(found, only_looks=step.only_looks)
        head = f"  {line.sign:>3} {line.word:<12} {step.id:<23} "
        console.print(Text(head + f"\n{' ' * len(head)}".join(map(_hanging, line.details))), soft_wrap=True)
    if looked.planned is not None:
        console.print(Text(f"\n{present.counts(looked.planned).capitalize()}. {present.outlook(looked.planned)}"))


def announce_removal(stack: str, only: str | None, tracks: Tracks, aws: Aws, found: Removals) -> None:
    """Which resources will be removed, how long that takes, and what stays."""
    from runbook.removal import duration

    console = terminal()
    of = f"step {only} of stack {stack}" if only else f"stack {stack}"
    if not found:
        console.print(Text(f"Nothing of {of} exists in {aws.region}."), soft_wrap=True)
        return
    console.print(Text(f"All of {of} will be removed:"), soft_wrap=True)
    resources = [each for kinds in found.values() for each in kinds]
    width = max(len(each.kind) for each in resources)
    for each in resources:
        console.print(Text(f"  {each.kind:<{width}}  {'  '.join(filter(None, (each.name, each.id)))}"), soft_wrap=True)
    takes = duration(tracks, found, aws.pace)
    console.print(Text(f"{takes} What does not carry the stack's tag is not touched.".lstrip()), soft_wrap=True)


def announce_expired(stacks: Iterable[Stack], pace: float) -> None:
    """Which stacks will be removed, and since when they may."""
    console = terminal()
    console.print(Text("All of these stacks will be removed. That takes some minutes each:"))
    for stack in stacks:
        console.print(
            Text(f"  {stack.name:<20}  past its ttl {stack.ttl}{present.clock(pace)} since {moment(stack.expires)}")
        )


def moment(when: datetime | None) -> str:
    """A point in time, for people."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if when else "not known"
