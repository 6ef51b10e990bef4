"""One run, as far as its events tell it.

This is the only reading of the event stream: each front end applies the events to a :class:`RunState` and shows what is
in it. It draws nothing, waits for nothing, and does not know whether the events come from a run or from a log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from runbook.events import (
    Action,
    ApprovalAsked,
    CallAnswered,
    CallSent,
    Event,
    LogOpened,
    Noted,
    Outcome,
    Planned,
    QuotaWaited,
    RunFinished,
    RunStarted,
    StepChecked,
    StepFinished,
    StepStarted,
    Waited,
)
from runbook.outcome import Change

__all__ = ["SETTLED", "TO_DO", "WELL", "RunState", "StepRun"]

WELL = frozenset({Outcome.OK, Outcome.DONE, Outcome.UNDONE})
"""Outcomes of steps that ended well."""
SETTLED = WELL - {Outcome.UNDONE}
"""Outcomes after which the resource is there and up to date."""
TO_DO = (Outcome.MISSING, Outcome.DRIFTED, Outcome.UNKNOWN)
"""Outcomes of steps that ``up`` would act on."""


@dataclass(slots=True)
class StepRun:
    """One step of a run."""

    id: str
    queued: bool = True
    """It has not begun; or it was approved and goes on in a moment."""
    acting: Action | None = None
    """What it is doing right now."""
    asked: ApprovalAsked | None = None
    """It waits for a person to let it act."""
    wait: Waited | None = None
    """What AWS is being waited for."""
    wait_since: float = 0.0
    """When ``wait`` was told, on the state's clock."""
    waited: dict[str, float] = field(default_factory=dict)
    """All that AWS was waited for, and how long, in AWS seconds."""
    checked: StepChecked | None = None
    """How it was before it acted."""
    finished: StepFinished | None = None
    began: datetime | None = None
    acting_since: float | None = None
    """When it began what it is doing, on the state's clock."""
    spent: float = 0.0
    """Seconds that it acted before, so without the time a person took to answer."""
    calls: list[CallAnswered] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None when it has not."""
        return self.finished.outcome if self.finished else None

    @property
    def reason(self) -> str:
        """Why it ended so."""
        return self.finished.reason if self.finished else ""

    @property
    def change(self) -> Change:
        """What it did, or in a run that only checks what it will do."""
        return self.finished.change if self.finished else Change.NONE

    @property
    def fact(self) -> object:
        """What it learned."""
        return self.finished.fact if self.finished else None

    @property
    def cause(self) -> BaseException | None:
        """The exception that ended it."""
        return self.finished.cause if self.finished else None

    @property
    def acted(self) -> bool:
        """Whether it began, rather than being left out or blocked."""
        return self.began is not None

    @property
    def changed(self) -> list[str]:
        """The operations that changed something, in their order."""
        return [call.operation for call in self.calls if call.writes and not call.error]

    def answered(self) -> None:
        """A person has answered: it goes on, or is left as it is."""
        self.asked, self.queued = None, True

    def pause(self, now: float) -> None:
        """Its time does not run on."""
        if self.acting_since is not None:
            self.spent += now - self.acting_since
            self.acting_since = None

    def rest(self) -> None:
        """Nothing goes on in it any more."""
        self.queued, self.acting, self.asked, self.wait = False, None, None, None

    def apply(self, event: Event, now: float) -> None:
        """Learn from an event of this step."""
        match event:
            case StepStarted():
                self.queued, self.asked, self.wait = False, None, None
                self.acting = event.action
                self.began = self.began or event.at
                if self.acting_since is None:
                    self.acting_since = now
            case StepChecked() if not event.again:
                self.checked = event
            case ApprovalAsked():
                self.asked, self.acting = event, None
                self.pause(now)
            case QuotaWaited():  # each request waits by itself: what the step's requests waited together
                self.wait, self.wait_since = event, now
                self.waited[event.what] = self.waited.get(event.what, 0.0) + event.pause
            case Waited():
                self.wait, self.wait_since = event, now
                self.waited[event.what] = event.elapsed
            case CallAnswered():
                self.calls.append(event)
                if isinstance(self.wait, QuotaWaited):
                    self.wait = None
            case StepFinished():
                self.pause(now)
                self.rest()
                self.finished = event


@dataclass(slots=True)
class RunState:
    """A run that goes on, or one that is over; fed with :meth:`apply`."""

    ordered: Action | None = None
    """What was asked for; until the run says so itself."""
    only: str | None = None
    """The one step that acts, where just one was asked for."""
    clock: Callable[[], float] | None = None
    """For how long something goes on; without one, the times of the events are used."""
    opened: LogOpened | None = None
    started: RunStarted | None = None
    finished: RunFinished | None = None
    planned: Planned | None = None
    steps: dict[str, StepRun] = field(default_factory=dict)
    """In reading order; empty until the run has told which there are."""
    notes: list[Noted] = field(default_factory=list)
    calls: list[CallAnswered] = field(default_factory=list)
    in_flight: dict[int, CallSent] = field(default_factory=dict)
    began: datetime | None = None
    latest: datetime | None = None
    """When the last event happened."""

    @classmethod
    def of(cls, events: Iterable[Event]) -> RunState:
        """The state after these events."""
        state = cls()
        for event in events:
            state.apply(event)
        return state

    @property
    def action(self) -> Action:
        """What the run does."""
        known = self.finished or self.started or self.opened
        return known.action if known else self.ordered or Action.CHECK

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """How each step ended, as far as it has."""
        if self.finished is not None:
            return self.finished.outcomes
        return {step.id: step.outcome for step in self.steps.values() if step.outcome is not None}

    @property
    def cause(self) -> BaseException | None:
        """The exception that ended the run as a whole."""
        return self.finished.cause if self.finished else None

    @property
    def facts(self) -> dict[str, object]:
        """What the steps learned, by step."""
        return {step.id: step.fact for step in self.steps.values() if step.fact is not None}

    @property
    def asking(self) -> list[StepRun]:
        """The steps that wait for a person."""
        return [step for step in self.steps.values() if step.asked is not None]

    @property
    def waits(self) -> dict[str, Waited]:
        """What AWS is being waited for, by step."""
        return {step.id: step.wait for step in self.steps.values() if step.wait is not None}

    def outcome_of(self, step: str) -> Outcome | None:
        """How a step ended; None when it has not, or is not part of the run."""
        return self.steps[step].outcome if step in self.steps else None

    def ended(self, *outcomes: Outcome) -> list[StepRun]:
        """The steps that ended in one of these ways, in reading order."""
        return [step for step in self.steps.values() if step.outcome in outcomes]

    def now(self, event: Event) -> float:
        """The time of an event, on the clock that durations are taken from."""
        return self.clock() if self.clock else event.at.timestamp()

    def apply(self, event: Event) -> None:
        """Learn from one event."""
        self.began, self.latest = self.began or event.at, event.at
        match event:
            case LogOpened():
                self.opened = event
            case RunStarted():
                self._start(event)
            case Planned():
                self.planned = event
            case Noted():
                self.notes.append(event)
            case CallSent():
                self.in_flight[event.call] = event
            case CallAnswered():
                self.in_flight.pop(event.call, None)
                self.calls.append(event)
            case RunFinished():
                self.finished = event
                self.in_flight.clear()
                for step in self.steps.values():
                    step.rest()
        if event.step is not None and event.step in self.steps:
            self.steps[event.step].apply(event, self.now(event))

    def _start(self, event: RunStarted) -> None:
        self.started = event
        self.steps = {name: StepRun(name) for name in event.steps}
        for call in self.calls:  # asked before it was known which steps there are
            if call.step in self.steps:
                self.steps[call.step].calls.append(call)
