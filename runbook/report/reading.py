"""From the lines of a log to what a report tells. Nothing here asks AWS: a report is of what was seen then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from runbook.errors import BadInput, named, quoted, reason
from runbook.events import VERSION, Action, CallAnswered, Outcome, StepFinished, from_json
from runbook.log import directory, runs, stack_of
from runbook.outcome import Change, Difference
from runbook.redaction import redacted
from runbook.run_state import RunState, StepRun
from runbook.stacks import closest

__all__ = ["Call", "Record", "StepRecord", "Wait", "find", "read", "recorded"]


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS request."""

    at: datetime
    """When its answer came."""
    step: str
    operation: str
    """``service:Operation``."""
    writes: bool
    duration: float
    request_id: str
    error: str
    attempts: int

    @classmethod
    def of(cls, event: CallAnswered) -> Call:
        """The request that this answers."""
        return cls(
            at=event.at,
            step=event.step or "",
            operation=f"{event.service}:{event.operation}",
            writes=event.writes,
            duration=event.duration,
            request_id=event.request_id,
            error=event.error,
            attempts=event.attempts,
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """What AWS was waited for, and how long, in AWS seconds."""

    what: str
    elapsed: float


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step: how it stood before, what was done, how it stood after."""

    id: str
    title: str
    began: datetime | None = None
    ended: datetime | None = None
    outcome: Outcome | None = None
    """None: the log ends while it was under way, or before."""
    change: Change | None = None
    """What it did; None in a log of a former version, whose reason is how the step was before."""
    reason: str = ""
    duration: float = 0.0
    before: Outcome | None = None
    before_reason: str = ""
    differences: tuple[Difference, ...] = ()
    fact_before: object = None
    fact: object = None
    """What is there now, as the log has it."""
    calls: tuple[Call, ...] = ()
    waits: Mapping[str, Wait] = field(default_factory=dict)

    @property
    def writes(self) -> list[Call]:
        """The requests that changed something, or tried to."""
        return [call for call in self.calls if call.writes]

    @classmethod
    def of(cls, step: StepRun, title: str, *, former: bool) -> StepRecord:
        """The record of a step of a run; ``former``: its log does not have what the step did."""
        checked, finished = step.checked, step.finished
        return cls(
            id=step.id,
            title=title,
            began=step.began,
            ended=finished.at if finished else None,
            outcome=step.outcome,
            change=step.change if finished and not former else None,
            reason=step.reason,
            duration=finished.duration if finished else 0.0,
            before=checked.outcome if checked else None,
            before_reason=checked.reason if checked else "",
            differences=checked.differences if checked else (),
            fact_before=checked.fact if checked else None,
            fact=step.fact,
            calls=tuple(map(Call.of, step.calls)),
            waits={what: Wait(what, elapsed) for what, elapsed in step.waited.items()},
        )


@dataclass(frozen=True)
class Record:
    """One run, as its log tells it."""

    source: str
    run: RunState
    former: frozenset[str] = frozenset()
    """The steps of which a log of a former version does not tell what they did."""

    @property
    def program(self) -> str:
        """What wrote the log."""
        return self.run.opened.program if self.run.opened else ""

    @property
    def version(self) -> int:
        """Of the event stream."""
        opened, started = self.run.opened, self.run.started
        return max(opened.format if opened else 1, started.version if started else 1)

    @property
    def face(self) -> str:
        """The front end that the run was started in."""
        return self.run.opened.face if self.run.opened else ""

    @property
    def kind(self) -> str:
        """The account's kind: ``practice`` or ``aws``."""
        return self.run.opened.kind if self.run.opened else ""

    @property
    def endpoint_url(self) -> str:
        """Where a practice account was."""
        return (self.run.opened.endpoint_url if self.run.opened else None) or ""

    @property
    def action(self) -> Action:
        """What the run did."""
        return self.run.action

    @property
    def stack(self) -> str:
        """The stack's name."""
        if self.run.started:
            return self.run.started.parameters.stack
        return self.run.opened.stack if self.run.opened else ""

    @property
    def region(self) -> str:
        """Where the stack is."""
        known = self.run.started or self.run.opened
        return known.region if known else ""

    @property
    def account(self) -> str:
        """12-digit id; empty when AWS did not say."""
        return self.run.started.account if self.run.started else ""

    @property
    def caller(self) -> str:
        """ARN of who ran it."""
        return self.run.started.caller if self.run.started else ""

    @property
    def parameters(self) -> dict[str, Any]:
        """What the stack was made from."""
        return self.run.started.parameters.model_dump(mode="json", warnings=False) if self.run.started else {}

    @property
    def began(self) -> datetime | None:
        """When the first event happened."""
        return self.run.began

    @property
    def ended(self) -> datetime | None:
        """When the last event happened."""
        return self.run.latest

    @property
    def duration(self) -> float:
        """Seconds that it took."""
        return self.run.finished.duration if self.run.finished else 0.0

    @property
    def complete(self) -> bool:
        """Whether the log has its last event; without, the run was killed or the log broke off."""
        return self.run.finished is not None

    @property
    def error(self) -> str:
        """Why the run as a whole could not go on."""
        return self.run.finished.error if self.run.finished else ""

    @property
    def notes(self) -> list[str]:
        """What a person should know besides, in the order it was told."""
        return [note.text for note in self.run.notes]

    @cached_property
    def steps(self) -> dict[str, StepRecord]:
        """The steps in reading order."""
        titles = self.run.opened.titles if self.run.opened else {}
        return {
            name: StepRecord.of(step, titles.get(name, name), former=name in self.former)
            for name, step in self.run.steps.items()
        }

    @cached_property
    def calls(self) -> list[Call]:
        """Every AWS request, in the order of the answers."""
        return [Call.of(call) for call in self.run.calls]

    @property
    def invoke_url(self) -> str:
        """The URL that was called, else the stage's; empty when the run saw neither."""
        return str(getattr(self.fact("invoke"), "url", "") or getattr(self.fact("deployment"), "invoke_url", ""))

    def fact(self, step: str) -> object:
        """What a step learned last; None when it learned nothing."""
        return self.run.steps[step].fact if step in self.run.steps else None


def find(run: str = "last", where: Path | None = None) -> Path:
    """The log that is meant: a file, the name of one, the beginning of just one name, a stack's name, or ``last``.

    Raises :class:`BadInput`.
    """
    if _is_file(run):
        return Path(run)
    there = runs(where)
    if not there:
        raise BadInput("run", f"there is no log of a run in {where or directory()}.")
    if run == "last":
        return there[0]
    exact = [path for path in there if run in (path.name, path.stem)]
    begins = [path for path in there if path.name.startswith(run)]
    of_stack = [path for path in there if stack_of(path) == run]
    if found := exact or of_stack[:1]:
        return found[0]
    if len(begins) == 1:
        return begins[0]
    recent = ", ".join(path.stem for path in (begins or there)[:5])
    if begins:
        raise BadInput("run", f"{quoted(run)} is the beginning of several logs.", f"The latest are: {recent}.")
    stacks = ", ".join(closest(run, map(stack_of, there))[:20])
    raise BadInput("run", f"there is no log {quoted(run)}.", f"There are runs of: {stacks}. The latest are: {recent}.")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # a name too long for any file
        return False


def read(path: Path) -> Record:
    """Read a log. One that breaks off is read as far as it goes. Raises :class:`BadInput` when it is none."""
    record = recorded(_lines(path), path.name)
    if record is None:
        raise BadInput("run", f"{named(path)} is not the log of a run.")
    if (version := record.version) > VERSION:
        raise BadInput(
            "run", f"{named(path)} has version {version} of the event stream; this program reads up to {VERSION}."
        )
    return record


def recorded(lines: Iterable[Mapping[str, Any]], source: str) -> Record | None:
    """The record that the lines of a log make, without credentials; None when they are not those of a run."""
    run, former = RunState(), set()
    for line in map(redacted, lines):
        try:
            run.apply(from_json(line))
        except ValueError:
            continue  # of a version to come; what this one knows of the run is still worth reading
        if line["event"] == StepFinished.__name__ and "change" not in line:
            former.add(str(line.get("step")))
    return Record(source, run, frozenset(former)) if run.opened or run.started else None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except (ValueError, RecursionError):
                    continue  # a line that was cut off when the disk was full or the run was killed
                if isinstance(line, dict) and isinstance(line.get("event"), str):
                    yield line
    except OSError as error:
        raise BadInput("run", f"{named(path)} cannot be read: {reason(error)}.") from None
