"""From the lines of a log to what a report tells. Nothing here asks AWS: a report is of what was seen then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runbook.errors import BadInput, named, quoted, reason
from runbook.events import Action, Outcome
from runbook.log import directory, runs, stack_of
from runbook.outcome import Change, Difference
from runbook.redaction import redacted
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


@dataclass(frozen=True, slots=True)
class Wait:
    """What AWS was waited for, and how long, in AWS seconds."""

    what: str
    elapsed: float


@dataclass
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
    fact_before: Any = None
    fact: Any = None
    """What is there now, as the log has it."""
    calls: list[Call] = field(default_factory=list)
    waits: dict[str, Wait] = field(default_factory=dict)

    @property
    def writes(self) -> list[Call]:
        """The requests that changed something, or tried to."""
        return [call for call in self.calls if call.writes]


@dataclass
class Record:
    """One run, as its log tells it."""

    source: str
    program: str = ""
    face: str = ""
    kind: str = ""
    endpoint_url: str = ""
    action: Action = Action.CHECK
    stack: str = ""
    region: str = ""
    account: str = ""
    caller: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    began: datetime | None = None
    ended: datetime | None = None
    duration: float = 0.0
    complete: bool = False
    """Whether the log has its last event; without, the run was killed or the log broke off."""
    error: str = ""
    notes: list[str] = field(default_factory=list)
    """What a person should know besides, in the order it was told."""
    steps: dict[str, StepRecord] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    @property
    def invoke_url(self) -> str:
        """The URL that was called, else the stage's; empty when the run saw neither."""
        return str(self.fact("invoke").get("url") or self.fact("deployment").get("invoke_url", ""))

    def fact(self, step: str) -> Mapping[str, Any]:
        """What a step learned last; empty when it learned nothing."""
        record = self.steps.get(step)
        return record.fact if record is not None and isinstance(record.fact, dict) else {}


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
    return record


def recorded(lines: Iterable[Mapping[str, Any]], source: str) -> Record | None:
    """The record that the lines of a log make, without credentials; None when they are not those of a run."""
    record = Record(source=source)
    titles: Mapping[str, str] = {}
    opened = False
    for line in map(redacted, lines):
        at = _time(line.get("at"))
        record.began = record.began or at
        record.ended = at or record.ended
        match line["event"]:
            case "LogOpened":
                opened = True
                titles = line.get("titles", {})
                record.program, record.face = str(line.get("program", "")), str(line.get("face", ""))
                record.kind, record.endpoint_url = str(line.get("kind", "")), str(line.get("endpoint_url") or "")
                record.stack, record.region = str(line.get("stack", "")), str(line.get("region", ""))
                record.action = Action(line["action"])
            case "RunStarted":
                opened = True
                record.action = Action(line["action"])
                record.region = str(line.get("region", ""))
                record.account, record.caller = str(line.get("account", "")), str(line.get("caller", ""))
                record.parameters = dict(line.get("parameters", {}))
                record.stack = str(record.parameters.get("stack", record.stack))
                for name in line.get("steps", []):
                    record.steps[name] = StepRecord(name, str(titles.get(name, name)))
            case "RunFinished":
                record.complete = True
                record.duration = float(line.get("duration", 0.0))
                record.error = str(line.get("error", ""))
            case "Noted":
                record.notes.append(str(line.get("text", "")))
            case "CallAnswered":
                call = _call(line, at)
                record.calls.append(call)
                if step := record.steps.get(call.step):
                    step.calls.append(call)
            case kind if step := record.steps.get(str(line.get("step"))):
                _take(step, kind, line, at)
    if not opened:
        return None
    for step in record.steps.values():
        step.calls = [call for call in record.calls if call.step == step.id]  # some were asked before the run started
    return record


def _take(step: StepRecord, kind: str, line: Mapping[str, Any], at: datetime | None) -> None:
    match kind:
        case "StepStarted":
            step.began = step.began or at
        case "StepChecked" if not line.get("again"):
            step.before = Outcome(line["outcome"])
            step.before_reason = str(line.get("reason", ""))
            step.differences = _differences(line)
            step.fact_before = line.get("fact")
        case "Waited":
            what = str(line.get("what", ""))
            step.waits[what] = Wait(what, float(line.get("elapsed", 0.0)))
        case "QuotaWaited":  # each request waits by itself: what a step's requests waited together
            what = str(line.get("what", ""))
            before = step.waits.get(what, Wait(what, 0.0)).elapsed
            step.waits[what] = Wait(what, before + float(line.get("pause", 0.0)))
        case "StepFinished":
            step.ended = at
            step.outcome = Outcome(line["outcome"])
            step.change = Change(line["change"]) if "change" in line else None
            step.reason = str(line.get("reason", ""))
            step.duration = float(line.get("duration", 0.0))
            step.fact = line.get("fact")


def _differences(line: Mapping[str, Any]) -> tuple[Difference, ...]:
    return tuple(
        Difference(
            str(item["what"]),
            str(item["found"]),
            str(item["wanted"]),
            bool(item.get("replaces")),
            bool(item.get("waits")),
        )
        for item in line.get("differences", [])
    )


def _call(line: Mapping[str, Any], at: datetime | None) -> Call:
    return Call(
        at=at or datetime.min.replace(tzinfo=UTC),
        step=str(line.get("step") or ""),
        operation=f"{line.get('service', '')}:{line.get('operation', '')}",
        writes=bool(line.get("writes")),
        duration=float(line.get("duration", 0.0)),
        request_id=str(line.get("request_id", "")),
        error=str(line.get("error", "")),
        attempts=int(line.get("attempts", 1)),
    )


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


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
