"""What happens in a run, told as it happens. Every face consumes this stream and nothing else.

All events are frozen and in the past tense; ``to_json`` gives the line that the log of a run is made of.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from runbook import errors
from runbook.outcome import Change, Difference

if TYPE_CHECKING:
    from runbook.parameters import Parameters

__all__ = [
    "VERSION",
    "Action",
    "ApprovalAsked",
    "CallAnswered",
    "CallSent",
    "CommandFailed",
    "Event",
    "LogOpened",
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
    "from_json",
    "to_json",
]

VERSION = 1
"""Of the stream: changes when a reader of older events would misunderstand newer ones. Events without one are of 1."""


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
class LogOpened(Event):
    """The first line of a log: which program wrote it, and for which account. A run itself does not send it."""

    action: Action
    stack: str
    format: int = VERSION
    """Version of the event stream."""
    program: str = ""
    face: str = ""
    """The front end that the run was started in: ``cli``, ``notebook`` or ``tui``."""
    kind: str = ""
    """``practice`` or ``aws``."""
    endpoint_url: str | None = None
    region: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    """The steps' titles, by step."""


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
    version: int = VERSION
    """Version of the event stream."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed(Event):
    """A command with ``--json`` could not do what it was asked to: the last line, and without a run the only one."""

    kind: str
    """Such as "BadInput"."""
    error: str
    """The sentence that is on standard error too."""
    parameter: str = ""
    """Which one is wrong, if one is."""


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
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


def from_json(line: Mapping[str, Any]) -> Event:
    """The event that :func:`to_json` made this line of, with its times to the millisecond.

    Facts come back as read-only records with the same fields, an exception as one of the same name. What a line of an
    older log lacks has its default, or is empty. Raises :class:`ValueError` when it is not an event that this version
    can read.
    """
    kind = _kinds().get(str(line.get("event")))
    if kind is None:
        raise ValueError(f"unknown event {errors.quoted(line.get('event'))}")
    if "at" not in line:
        raise ValueError(f"event {line['event']} has no time")
    try:
        return _event(kind, line)
    except (KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"event {line['event']} is not as expected: {errors.named(error)}") from None


def _event(kind: type[Event], line: Mapping[str, Any]) -> Event:
    hints, values = _hints(kind), {}  # type: ignore[arg-type]
    for item in dataclasses.fields(kind):
        hint = hints[item.name]
        if item.name in line:
            values[item.name] = _typed(hint, line[item.name])
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            values[item.name] = _EMPTY[get_origin(hint) or hint]()
    return kind(**values)


_EMPTY: Mapping[Any, Callable[[], Any]] = {str: str, int: int, float: float, bool: bool, tuple: tuple, dict: dict}


@cache
def _kinds() -> Mapping[str, type[Event]]:
    exported = (globals()[name] for name in __all__)
    return {each.__name__: each for each in exported if isinstance(each, type) and issubclass(each, Event)}


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    from runbook.parameters import Parameters

    return get_type_hints(kind, localns={"Parameters": Parameters})


def _typed(hint: Any, value: Any) -> Any:
    """What :func:`_plain` made this value of, where the field is annotated so. Raises :class:`ValueError`."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is object:
        return _record(value)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return None if value is None else _typed(next(one for one in inside if one is not types.NoneType), value)
    if origin is tuple:
        return tuple(_typed(inside[0], item) for item in _a(list, value))
    if origin is dict:
        return {_typed(inside[0], name): _typed(inside[1], item) for name, item in _a(dict, value).items()}
    if hint is datetime:
        return datetime.fromisoformat(_a(str, value))
    if hint is BaseException:
        return _exception(_a(str, value))
    if hint in (str, int, float, bool):
        return hint(_a((str, int, float), value))
    if issubclass(hint, enum.Enum):
        return hint(value)
    if dataclasses.is_dataclass(hint):
        make: Any = hint
        hints, body = _hints(make), _a(dict, value)
        return make(**{name: _typed(hints[name], item) for name, item in body.items() if name in hints})
    return _parameters(_a(dict, value))


def _a(kind: type | tuple[type, ...], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(errors.quoted(value))
    return value


def _parameters(values: Mapping[str, Any]) -> Parameters:
    """Those that this version knows; in an older log their values may be ones that would not be taken today."""
    from runbook.parameters import Parameters, validated

    known = {name: value for name, value in values.items() if name in Parameters.model_fields}
    try:
        return validated(known)
    except errors.BadInput:
        return Parameters.model_construct(set(known), **known)


def _exception(name: str) -> BaseException:
    """One of this name; of the same class where it is one of the runbook's own."""
    own = getattr(errors, name, None)
    kind: Any = own if isinstance(own, type) and issubclass(own, Exception) else type(name, (Exception,), {})
    made: BaseException = kind.__new__(kind, name)  # what else it was made from is not known any more
    return made


def _record(value: Any) -> Any:
    """A fact as it was written, that cannot be changed: a record for each object, a tuple for each list."""
    if isinstance(value, Mapping):
        items = {str(name): _record(item) for name, item in value.items()}
        if all(name.isidentifier() and not iskeyword(name) and not name.startswith("_") for name in items):
            return _record_class(tuple(items))(**items)
        return types.MappingProxyType(items)
    if isinstance(value, (list, tuple)):
        return tuple(map(_record, value))
    return value


@lru_cache(maxsize=512)
def _record_class(names: tuple[str, ...]) -> Callable[..., Any]:
    # Tags are on everything; as in the facts themselves, they are not shown with the rest.
    return dataclasses.make_dataclass(
        "Record", [(name, Any, field(repr=name != "tags")) for name in names], frozen=True, slots=True
    )
