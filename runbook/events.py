"""What happens in a run, told as it happens. Every face consumes this stream and nothing else.

All events are frozen and in the past tense; ``to_json`` gives the line that the log of a run is made of.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runbook.outcome import Change, Difference

if TYPE_CHECKING:
    from runbook.parameters import Parameters

__all__ = [
    "Action",
    "ApprovalAsked",
    "CallAnswered",
    "CallSent",
    "Event",
    "Noted",
    "Outcome",
    "Planned",
    "QuotaWaited",
    "RunFinished",
    "RunStarted",
    "StepChecked",
    "StepFinished",
    "StepStarted",
    "Waited",
    "to_json",
]


class Action(enum.StrEnum):
    """What a run, or a step in it, is asked to do."""

    CHECK = "check"
    UP = "up"
    DOWN = "down"
    DO = "do"
    UNDO = "undo"
    ROLLBACK = "rollback"
    """Of a stage, to the deployment before: no run of the steps, but kept like one (``runbook rollback``)."""


class Outcome(enum.StrEnum):
    """How a step stands after it was looked at or acted on."""

    OK = "ok"
    """It was as it should be: nothing to do."""
    DONE = "done"
    """It was made so, and checked again."""
    UNDONE = "undone"
    """What was ours is gone."""
    MISSING = "missing"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"
    """It cannot be known before another step is done."""
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    """A step it needs did not get there."""
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, at ``at`` (UTC), in ``step`` (its id) or in the run as a whole."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run began, with the parameters it resolved, on these steps in reading order."""

    action: Action
    parameters: Parameters
    region: str
    steps: tuple[str, ...]
    account: str = ""
    """12-digit id; empty when AWS did not say who is asking."""
    caller: str = ""
    """ARN of who is asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A step began to check, do or undo."""

    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChecked(Event):
    """A step was looked at: OK, MISSING or DRIFTED, with why and the fact found."""

    outcome: Outcome
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    fact: object = None
    again: bool = False
    """Whether this looked at what the step itself has just done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked(Event):
    """A step waits for ``control.approve`` or ``control.skip`` before it changes something."""

    outcome: Outcome
    reason: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited(Event):
    """A step is still waiting for AWS. All times in AWS seconds."""

    what: str
    """What is waited for, e.g. "load balancer demo-nlb to become active"."""
    state: str
    """What AWS says of it now."""
    elapsed: float
    usual: float
    """0 where nothing is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaWaited(Waited):
    """AWS throttled a request: it is sent again when the account's quota has room. All times in AWS seconds.

    ``elapsed`` is what this request has waited so far, ``state`` AWS's error code.
    """

    service: str
    operation: str
    quota: str
    """Such as "DeleteRestApi, 1 request in 30 s"."""
    pause: float
    """Until the next try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    """Something that a person should know, and that changes nothing: another run is under way on the same stack."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSent(Event):
    """An AWS request is about to leave."""

    service: str
    operation: str
    writes: bool
    call: int
    """Pairs this with its :class:`CallAnswered`."""
    poll: bool = False
    """Whether it asks if AWS is there yet, or shows what was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Event):
    """An AWS request ended: answered (``error`` empty), refused, or without an answer."""

    service: str
    operation: str
    writes: bool
    call: int
    duration: float
    """Wall seconds, resends included."""
    request_id: str = ""
    error: str = ""
    """AWS's error code, or the name of the connection error."""
    attempts: int = 1
    parameters: dict[str, Any] = field(default_factory=dict)
    """What was asked, as boto3 takes it and JSON has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(Event):
    """A step ended; always sent, however it ended."""

    outcome: Outcome
    duration: float
    """Wall seconds from when it had what it needs, without the time a person took to approve."""
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    fact: object = None
    change: Change = Change.NONE
    """What the step has done; in a run that only checks, what ``up`` will do."""
    follows: str = ""
    """In a run that only checks: why there will be a change that follows from the one of another step."""
    expected: tuple[Difference, ...] = ()
    """In a run that only checks: what will be different once the steps before have acted, as far as it is known."""
    cause: BaseException | None = None
    """The exception that ended it, for a face that wants to treat one kind in its own way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """A run that only checked has seen what ``up`` will do. Durations in AWS seconds, as AWS usually takes."""

    changes: dict[str, Change]
    """By step; what it counts leaves out the steps that create nothing."""
    create: int
    update: int
    replace: int
    known_after: int
    takes: float
    interrupts_for: float
    """How long the API does not answer because of it."""
    usd_per_hour: float
    """What is created costs from then on, in us-east-1, besides what it costs by use."""

    @property
    def nothing(self) -> bool:
        """Whether everything is up to date."""
        return all(change is Change.NONE for change in self.changes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """A run ended; always the last event."""

    action: Action
    outcomes: dict[str, Outcome]
    duration: float
    outputs: dict[str, Any] = field(default_factory=dict)
    """What scripts want of a stack (``invoke-url``, ``vpc-link-id``), as far as the run saw it."""
    error: str = ""
    """Why the run as a whole could not go on; a failed step says so itself."""
    cause: BaseException | None = None

    @property
    def worst(self) -> Outcome | None:
        """The outcome that decides how the run is judged, or None when all is well."""
        for outcome in (
            Outcome.FAILED,
            Outcome.STOPPED,
            Outcome.BLOCKED,
            Outcome.SKIPPED,
            Outcome.DRIFTED,
            Outcome.MISSING,
            Outcome.UNKNOWN,
        ):
            if outcome in self.outcomes.values():
                return outcome
        return Outcome.FAILED if self.error else None


def to_json(event: Event) -> dict[str, Any]:
    """One event as a JSON-ready object; ``event`` names its kind."""
    body = {f.name: _plain(getattr(event, f.name)) for f in dataclasses.fields(event)}
    return {
        "event": type(event).__name__,
        **{name: value for name, value in body.items() if value is not None},
    }


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)
