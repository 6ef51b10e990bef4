"""The work: one account, one stack, at most one run at a time. The app owns it; screens only ask it.

Nothing here knows Textual. :meth:`Session.events` is what a worker thread iterates; everything else is called from the
thread that draws.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from runbook.control import Control
from runbook.ending import Judgement, judge
from runbook.errors import BadInput
from runbook.events import Action, Event, Outcome, RunFinished, RunStarted
from runbook.track import Tracks
from tui.board import Board, StepState

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.aws import Aws, Identity
    from runbook.parameters import Parameters
    from runbook.removal import Removals
    from runbook.step import Plan

__all__ = ["Order", "Runs", "Session"]


class Runs(Protocol):
    """:func:`runbook.engine.run`, or something that tells events as it does."""

    def __call__(
        self,
        plan: Plan | Tracks,
        aws: Aws,
        params: Parameters,
        action: Action,
        *,
        only: list[str] | None,
        step_by_step: bool,
        control: Control,
        defaults: Any,
    ) -> Iterator[Event]:
        """Tell what happens."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for."""

    action: Action
    only: str | None = None
    guided: bool = False

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.action is not Action.CHECK


@dataclass
class Session:
    """One account and stack, and the run on it."""

    account: Account
    steps: Plan | Tracks
    """Of several tracks, the stack's is shown: it is known once a run has started."""
    params: Parameters
    runs: Runs
    clock: Callable[[], float] = time.monotonic
    confirmed: Identity | None = None
    """Whose account a person has agreed to change."""
    identity: Identity | None = None
    order: Order | None = None
    control: Control = field(default_factory=Control)
    board: Board = field(init=False)
    last: RunFinished | None = None
    """How the last run that was to change something, or the last look, ended."""
    looking: str = ""
    """What is being looked up before a person is asked; nothing else is begun meanwhile."""
    trouble: str = ""
    """Why the account cannot be worked on, as far as that was found out without a run."""

    def __post_init__(self) -> None:
        self.board = Board(self._plan_of(self.params), clock=self.clock)

    def _plan_of(self, params: Parameters) -> Plan:
        return self.steps.named(params.track).plan if isinstance(self.steps, Tracks) else self.steps

    @property
    def plan(self) -> Plan:
        """The steps that are shown."""
        return self.board.plan

    def fit(self, given: Parameters) -> None:
        """Raise :class:`BadInput` for a parameter that the track does not have, or for a track that does not exist."""
        if isinstance(self.steps, Tracks):
            self.steps.fit(self.steps.named(given.track), given)

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self.order is not None

    @property
    def guided(self) -> bool:
        """Whether a person is being walked through."""
        return self.order is not None and self.order.guided

    @property
    def pace(self) -> float:
        """Wall seconds that an AWS second takes."""
        return self.account.aws.pace

    def must_ask(self, order: Order) -> bool:
        """Whether a person has to agree first: before the first change on an account that costs, and to undo."""
        if not order.changes:
            return False
        return order.action is Action.DOWN or (self.account.costs and self.confirmed is None)

    def removals(self, order: Order) -> Removals:
        """What a removal would take away. For a worker thread."""
        from runbook.removal import removals

        return removals(self.steps, self.account.aws, self.params, None if order.only is None else [order.only])

    def begin(self, order: Order) -> None:
        """Take an order; :meth:`events` then does it."""
        if self.running:
            raise RuntimeError("one run at a time")
        self.order, self.trouble = order, ""
        self.control = Control()
        self.board.begin(order.action, order.only)

    def events(self, order: Order) -> Iterator[Event]:
        """Do what was ordered and tell it; the last event is always a :class:`RunFinished`. For a worker thread."""
        from drills import tools
        from runbook.log import RunLog, logged

        began = time.monotonic()
        try:
            tools.use(tools.tool_of(order.action, order.only), self.account, self.params.stack)
            if order.changes and self.account.costs:
                self._still_the_same()
            events = self.runs(
                self.steps,
                self.account.aws,
                self.params,
                order.action,
                defaults=self.account.defaults,
                only=None if order.only is None else [order.only],
                step_by_step=order.guided,
                control=self.control,
            )
            log = RunLog.of(self.steps, self.account, stack=self.params.stack, action=order.action, face="tui")
            yield from logged(events, log, stop=self.control.stop)
        except Exception as error:
            from runbook.explain import explain

            yield RunFinished(
                action=order.action,
                outcomes={},
                duration=time.monotonic() - began,
                error=explain(error),
                cause=error,
            )

    def _still_the_same(self) -> None:
        """A login may change under a program that stays open."""
        now = self.account.aws.identity()
        if self.confirmed is not None and now.account != self.confirmed.account:
            raise BadInput("account", f"this is account {now.account} now; {self.confirmed.account} was agreed to.")

    def take(self, event: Event) -> None:
        """Learn from an event."""
        if isinstance(event, RunStarted):
            self.board.follow(self._plan_of(event.parameters))
        self.board.take(event)
        if isinstance(event, RunFinished):
            self.order, self.last = None, event

    def stop(self) -> None:
        """End every wait; the call in flight finishes."""
        self.control.stop()

    def approve(self, state: StepState) -> None:
        """Let a step that asks act."""
        _answered(state)
        self.control.approve(state.id)

    def approve_all(self) -> None:
        """Let every step act that asks now or would ask later: nobody is walked through any more."""
        if self.order is not None:
            self.order = replace(self.order, guided=False)
        for state in self.board.asking:
            _answered(state)
        self.control.approve_all()

    def skip(self, state: StepState) -> None:
        """Leave a step that asks as it is."""
        _answered(state)
        self.control.skip(state.id)

    def change(self, params: Parameters) -> None:
        """Go on with other parameters; what is known of another stack is forgotten."""
        elsewhere = params.stack != self.params.stack
        self.params = params
        self.confirmed = None
        if elsewhere:
            self.forget()
        if "track" in params.given:
            self.board.follow(self._plan_of(params))

    def forget(self) -> None:
        """Nothing is known of the stack any more."""
        self.board.reset()
        self.last = None

    @property
    def stands(self) -> str:
        """Where it stands, in a sentence for somebody who leaves; empty when there is nothing to say."""
        if self.last is None:
            return ""
        if self.last.error:
            return self.last.error
        total = len(self.last.outcomes)
        ended = sum(how in (Outcome.OK, Outcome.DONE, Outcome.UNDONE) for how in self.last.outcomes.values())
        if stopped := self.board.stopped_at:
            down = self.last.action is Action.DOWN
            where = " and ".join(state.name for state in stopped)
            progress = f"{ended} of {total} steps are {'removed' if down else 'done'}"
            return f"Stopped at {where}: {progress}. What was done stays done; run it again to go on."
        if failed := self.board.first([Outcome.FAILED]):
            return f"{failed.name} failed: {failed.reason}"
        return ""

    @property
    def exit_code(self) -> int:
        """0 when the last run ended well, else 1."""
        if self.last is None or self.last.action is Action.CHECK:
            return 0
        return 0 if judge(self.last.outcomes.values(), self.last.error) is Judgement.WELL else 1


def _answered(state: StepState) -> None:
    if state.now is not None:
        state.now.answered()
