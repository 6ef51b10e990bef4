"""What is known of every step of a stack, over all runs of the session. Draws nothing, waits for nothing.

What the run at hand does is in its :class:`runbook.run_state.RunState`; here is what is left of the runs before it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runbook.events import (
    Action,
    ApprovalAsked,
    CallAnswered,
    CallSent,
    Event,
    Outcome,
    Planned,
    RunStarted,
    StepChecked,
    StepFinished,
    Waited,
)
from runbook.outcome import Change, Difference
from runbook.run_state import SETTLED, RunState, StepRun

if TYPE_CHECKING:
    from runbook.step import Plan, Step

__all__ = ["Board", "StepState", "Wait"]

CALLS_KEPT = 1000


@dataclass(slots=True)
class Wait:
    """What AWS is being waited for; times in AWS seconds, ``at`` on the board's clock."""

    what: str
    state: str
    elapsed: float
    usual: float
    at: float

    @classmethod
    def of(cls, told: Waited, at: float) -> Wait:
        """A wait as it was told at this time."""
        return cls(told.what, told.state, told.elapsed, told.usual, at)

    def elapsed_at(self, now: float, pace: float) -> float:
        """AWS seconds waited at ``now``, between two polls too."""
        return self.elapsed + max(0.0, now - self.at) / pace


@dataclass(slots=True)
class StepState:
    """One step, as far as it is known."""

    step: Step
    number: int
    outcome: Outcome | None = None
    action: Action | None = None
    """The action of the run that gave the outcome."""
    reason: str = ""
    change: Change = Change.NONE
    """What it did, or after a check what it will do."""
    follows: str = ""
    """Why it will, where that follows from the change of another step."""
    differences: tuple[Difference, ...] = ()
    expected: tuple[Difference, ...] = ()
    """What will be different once the steps before have acted."""
    fact: object = None
    duration: float | None = None
    """Wall seconds that it acted in the run that gave the outcome, without the time a person took to answer."""
    changes: list[str] = field(default_factory=list)
    """The writing requests of the run that last acted on it."""
    now: StepRun | None = None
    """The step in the run that goes on, or went on last; None when it is not part of that."""

    @property
    def id(self) -> str:
        """The step's id."""
        return self.step.id

    @property
    def name(self) -> str:
        """The title's part before the colon."""
        return self.step.title.partition(":")[0]

    @property
    def queued(self) -> bool:
        """Whether it waits for its turn."""
        return self.now is not None and self.now.queued

    @property
    def acting(self) -> Action | None:
        """What it is doing right now."""
        return self.now.acting if self.now else None

    @property
    def asked(self) -> ApprovalAsked | None:
        """It waits for a person to let it act."""
        return self.now.asked if self.now else None

    @property
    def wait(self) -> Wait | None:
        """What AWS is being waited for."""
        told = self.now.wait if self.now else None
        return Wait.of(told, self.now.wait_since) if told and self.now else None

    @property
    def began(self) -> float | None:
        """When it began what it is doing, on the board's clock."""
        return self.now.acting_since if self.now else None

    @property
    def spent(self) -> float:
        """Wall seconds of this run that it acted before it last began."""
        return self.now.spent if self.now else 0.0

    @property
    def idle(self) -> bool:
        """Whether it neither acts, nor waits to."""
        return not self.queued and self.acting is None and self.asked is None

    @property
    def settled(self) -> bool:
        """Whether it is as it should be."""
        return self.outcome in SETTLED and self.action is not Action.DOWN

    def forget(self) -> None:
        """Nothing is known any more."""
        self.outcome = self.action = self.fact = self.duration = self.now = None
        self.reason, self.differences, self.changes = "", (), []
        self.change, self.follows, self.expected = Change.NONE, "", ()


def _steps_of(plan: Plan) -> dict[str, StepState]:
    return {step.id: StepState(step, number) for number, step in enumerate(plan.steps, start=1)}


class Board:
    """All steps, the last run, and the AWS calls; fed with :meth:`take`."""

    def __init__(self, plan: Plan, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.plan = plan
        self.steps = _steps_of(plan)
        self.run: RunState | None = None
        """The run that is going on, or the last one."""
        self.began_at = 0.0
        """When it was asked for, on the board's clock."""
        self.started: RunStarted | None = None
        """The last start; holds the parameters that were resolved."""
        self.planned: Planned | None = None
        """What ``up`` will do as a whole, as the last check saw it."""
        self.calls: deque[CallAnswered] = deque(maxlen=CALLS_KEPT)

    @property
    def in_flight(self) -> dict[int, CallSent]:
        """The AWS requests that were not answered yet."""
        return self.run.in_flight if self.run else {}

    def __iter__(self) -> Iterator[StepState]:
        """The steps in reading order."""
        return iter(self.steps.values())

    def __getitem__(self, step: str) -> StepState:
        """The step of this id."""
        return self.steps[step]

    def follow(self, plan: Plan) -> None:
        """Show the steps of this plan; where it is another one, nothing is known of them."""
        if plan is not self.plan:
            self.plan, self.steps = plan, _steps_of(plan)

    # --- questions ----------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self.run is not None and self.run.finished is None

    @property
    def began(self) -> bool:
        """Whether the run that was asked for has told which steps it has."""
        return self.run is not None and bool(self.run.steps)

    @property
    def waits(self) -> list[tuple[StepState, Wait]]:
        """What AWS is being waited for, in reading order."""
        return [(state, state.wait) for state in self if state.wait is not None]

    @property
    def asking(self) -> list[StepState]:
        """The steps that wait for a person, in reading order."""
        return [state for state in self if state.asked is not None]

    @property
    def progress(self) -> tuple[int, int]:
        """How many of the run's steps have ended, and how many there are."""
        steps = self.run.steps if self.run else {}
        ended = [name for name in steps if self[name].idle]
        return len(ended), len(steps)

    @property
    def invocation(self) -> object:
        """What the invoke URL answered, while the step that called it stands."""
        last = list(self)[-1] if self.steps else None
        return last.fact if last is not None and last.settled and hasattr(last.fact, "url") else None

    # --- events -------------------------------------------------------------------------------------------------

    def begin(self, action: Action, only: str | None) -> None:
        """A run was asked for; its first event comes later."""
        self.run, self.began_at = RunState(action, only, self.clock), self.clock()
        for state in self:
            state.now = None

    def take(self, event: Event) -> None:
        """Learn from one event."""
        if self.run is None or (self.run.finished is not None and isinstance(event, RunStarted)):
            self.begin(Action.CHECK, None)
        assert self.run is not None  # noqa: S101 (begin made it)
        self.run.apply(event)
        state = self.steps.get(event.step or "")
        match event:
            case RunStarted():
                self._run_started(event, self.run)
            case Planned():
                self.planned = event
            case CallAnswered():
                self.calls.append(event)
                if state is not None and event.writes and not event.error:
                    state.changes.append(event.operation)
            case StepChecked() if state is not None and not event.again and self._acts(state):
                state.fact = event.fact
                state.reason, state.differences = event.reason, event.differences
            case StepFinished() if state is not None:
                self._step_finished(state, event, self.run)

    def _acts(self, state: StepState) -> bool:
        return self.run is None or self.run.only in (None, state.id)

    def _run_started(self, event: RunStarted, run: RunState) -> None:
        self.started, self.planned = event, None
        for name, step in run.steps.items():
            self[name].now = step
            if self._acts(self[name]) and event.action is not Action.CHECK:
                self[name].changes = []

    def _step_finished(self, state: StepState, event: StepFinished, run: RunState) -> None:
        if not self._acts(state) and event.outcome is Outcome.OK and state.settled:
            state.fact = event.fact  # only looked at on the way: it stands as it stood
            return
        state.outcome, state.action, state.reason = event.outcome, run.action, event.reason
        state.change, state.follows, state.differences = event.change, event.follows, event.differences
        state.expected = event.expected
        state.duration = state.spent if state.now and state.now.acted else None
        if run.action is Action.DOWN and event.outcome in (Outcome.OK, Outcome.UNDONE):
            state.fact = None
            self._forget_what_needs(state)
        elif event.fact is not None or event.outcome is not Outcome.FAILED:
            state.fact = event.fact

    def _forget_what_needs(self, undone: StepState) -> None:
        """What was built on a step that is gone is not known any more."""
        if self.run is None or self.run.only is None:
            return
        for state in self:
            if state is not undone and undone.id in self.plan.up_to(state.step):
                state.forget()

    @property
    def stopped_at(self) -> list[StepState]:
        """Where the last run was stopped: the steps that were under way, else the next in the order of the run."""
        down = self.run is not None and self.run.action is Action.DOWN
        ordered = list(self)[::-1] if down else list(self)
        stopped = [state for state in ordered if state.outcome is Outcome.STOPPED]
        return [state for state in stopped if state.duration is not None] or stopped[:1]

    def reset(self) -> None:
        """Nothing is known: another stack, or another account."""
        for state in self:
            state.forget()
        self.run = self.started = self.planned = None
        self.calls.clear()

    def first(self, wanted: Iterable[Outcome]) -> StepState | None:
        """The first step in reading order that ended so."""
        among = frozenset(wanted)
        return next((state for state in self if state.outcome in among), None)
