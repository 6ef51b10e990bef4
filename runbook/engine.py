"""When what happens: checks, does what is missing, checks again, and overlaps what can overlap.

:func:`run` is a lazy generator of frozen events. Each step waits in a thread of its own for the facts it asks for, so
the order comes from the steps' signatures, and a VPC link that takes minutes holds up only what needs it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from runbook.aws import CURRENT_STEP, Aws, Identity
from runbook.consequences import Expected, Finding, expected, planned
from runbook.control import Answer, Control, OneTry
from runbook.errors import BadInput, Stopped
from runbook.events import (
    Action,
    ApprovalAsked,
    CallAnswered,
    Event,
    Outcome,
    RunFinished,
    RunStarted,
    StepChecked,
    StepFinished,
    StepStarted,
)
from runbook.failures import explained, is_denied
from runbook.outcome import Change, Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.redaction import redacted, secrets_of
from runbook.step import Plan, Step
from runbook.track import Tracks
from runbook.turns import Turn

__all__ = ["recall", "run"]

log = logging.getLogger(__name__)

# Reads right after a write may be stale everywhere on this path; AWS gives no bound, seconds are usual.
_SETTLES_WITHIN = 60.0


def run(
    plan: Plan | Tracks,
    aws: Aws,
    params: Parameters,
    action: Action,
    *,
    defaults: Mapping[str, Any] | None = None,
    only: Collection[str] | Callable[[Plan], Collection[str]] | None = None,
    step_by_step: bool = False,
    control: Control | None = None,
    account: str = "",
) -> Iterator[Event]:
    """Check a stack, bring it up, or take it down, and tell what happens.

    Of several tracks, the stack's is run: the one it remembers, else the one that ``params`` names. The parameters of
    the event ``RunStarted`` say which it is.
    What nobody gave is what the stack remembers, else what ``defaults`` says, else the parameter's own default.
    What changes a stack does not begin while a run that does the opposite is under way, unless ``params.force``.
    With ``account``, nothing is begun in any other: a login may change after it was agreed to.
    With ``only``, just those steps act; what they need is looked at. Of several tracks, it may be asked for the steps
    of the one that is run. Nothing starts before the first event is asked
    for; closing the generator stops the run and waits for the call in flight.
    """
    if action not in (Action.CHECK, Action.UP, Action.DOWN):
        raise ValueError(f"a run is asked to check, up or down, not {action}")
    control = control or Control()
    tracks = plan if isinstance(plan, Tracks) else None
    presumed = plan if isinstance(plan, Plan) else plan.named(params.track).plan
    if only is not None and not callable(only):
        only = [(tracks.step_id(name) if tracks else presumed[name].id) for name in only]
    pass_ = _Pass(
        tracks,
        presumed,
        aws,
        params,
        action,
        only,
        defaults or {},
        step_by_step=step_by_step,
        control=control,
        account=account,
        secrets=secrets_of(aws.session),
    )
    conductor = threading.Thread(target=pass_.conduct, name="runbook", daemon=True)
    conductor.start()
    finished = False
    try:
        while not finished:
            event = pass_.events.get()
            finished = isinstance(event, RunFinished)
            yield event
    finally:
        if not finished:  # a run that is over leaves the control as it is: it may be another run's too
            control.stop()
        conductor.join()


def recall(plan: Plan | Tracks, aws: Aws, stack: str) -> dict[str, Any]:
    """The parameters that an existing stack remembers; empty when there is none."""
    presumed = plan if isinstance(plan, Plan) else plan.default.plan
    with ThreadPoolExecutor(max_workers=max(1, len(plan.steps))) as pool:
        recalled = _recalled(presumed, plan, aws, stack, pool)
        return next((dict(said) for _, answer in recalled if (said := answer())), {})


def _recalled(
    presumed: Plan, plan: Plan | Tracks, aws: Aws, stack: str, pool: ThreadPoolExecutor
) -> list[tuple[str, Callable[[], Mapping[str, Any]]]]:
    """The steps whose resources remember parameters, those of the ``presumed`` plan first, and what they remember.

    All are asked at once. The last in reading order is listened to first: the REST API tells its tags with itself,
    the target group only when asked again.
    """
    own = {step.module: step for step in reversed(presumed.steps) if step.recall}
    others = {step.module: step for step in reversed(plan.steps) if step.recall and step.module not in own}

    def answer(step: Step, asked: Future[Mapping[str, Any]]) -> Mapping[str, Any]:
        try:
            return asked.result()
        except Exception as error:
            if step.module in others and is_denied(error):  # a role for this track need not see the others'
                return {}
            raise

    steps = [*own.values(), *others.values()]
    asked = [pool.submit(step.recall, aws, stack) for step in steps if step.recall]
    return [(step.id, partial(answer, step, future)) for step, future in zip(steps, asked, strict=True)]


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a step ended: its fact, if later steps may look at it."""

    outcome: Outcome
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    fact: object = None
    change: Change = Change.NONE
    expected: Expected = field(default_factory=Expected)
    cause: BaseException | None = None


@dataclass
class _Pass:
    tracks: Tracks | None
    """Those of which one is chosen; none where the plan is given."""
    plan: Plan
    """The steps that are run; until the stack was asked, those that are presumed."""
    aws: Aws
    params: Parameters
    action: Action
    only: Collection[str] | Callable[[Plan], Collection[str]] | None
    defaults: Mapping[str, Any]
    step_by_step: bool
    control: Control
    acting: frozenset[str] = frozenset()
    events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)
    writes: Counter[str] = field(default_factory=Counter)
    standings: dict[str, Future[_Standing]] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    """When each step had what it needs and began; on the monotonic clock."""
    asking_for: str = ""
    """The step whose resource is being asked, for the run as a whole, what it remembers or who is at it."""
    account: str = ""
    """The only account to work on; empty for whichever it is."""
    secrets: Callable[[], Collection[str]] = frozenset
    """Asked at each event for texts that must not be in it."""
    turn: Turn | None = None
    """This run's turn at the stack; none when it only looks."""

    # --- the whole ----------------------------------------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """Whether all steps act."""
        return self.only is None

    def conduct(self) -> None:
        """Run, and tell the end whatever happens: who consumes the events waits for it."""
        began = time.monotonic()
        try:
            self._conduct(began)
        except BaseException as bug:
            self._debug("the run ended by a fault of its own")
            why = f"The run ended by a fault of its own ({type(bug).__name__}: {bug}). "
            why += "Run it again: it goes on from here."
            took = time.monotonic() - began
            self._tell(RunFinished(action=self.action, outcomes={}, duration=took, error=why, cause=bug))

    def _conduct(self, began: float) -> None:
        error: BaseException | None = None
        steps = self._steps(presumed=True)
        self.standings = {step.id: Future() for step in steps}
        try:
            with (
                self.aws.observed(self._told, self.control),
                self.aws.remembering(),
                ThreadPoolExecutor(max_workers=max(1, len(steps)), thread_name_prefix="look-ahead") as ahead,
            ):
                caller = self._look_ahead(steps, ahead)
                steps = self._steps()
                self.standings = {step.id: Future() for step in steps}
                self._agreed(caller)
                self._tell(
                    RunStarted(
                        action=self.action,
                        parameters=self.params,
                        region=self.aws.region,
                        steps=tuple(step.id for step in steps),
                        account=caller.account if caller else "",
                        caller=caller.arn if caller else "",
                    )
                )
                self._wait_for_turn(caller.arn if caller else "")
                if self.action is Action.DOWN:
                    for step in reversed(steps):
                        self._settle(step)
                else:
                    with ThreadPoolExecutor(max_workers=max(1, len(steps)), thread_name_prefix="step") as pool:
                        for step in steps:
                            pool.submit(self._settle, step)
        except Exception as exception:
            error = exception
        if self.action is Action.CHECK and all(standing.done() for standing in self.standings.values()):
            changes = {name: each.result().change for name, each in self.standings.items() if name in self.acting}
            self._tell(planned(self.plan, changes))
        self.control.lift()
        self._end_turn()
        outcomes = {
            name: standing.result().outcome if standing.done() else Outcome.UNKNOWN
            for name, standing in self.standings.items()
        }
        self._tell(
            RunFinished(
                action=self.action,
                outcomes=outcomes,
                duration=time.monotonic() - began,
                outputs=self._outputs(steps),
                error=self._explained(error, self.asking_for) if error else "",
                cause=error,
            )
        )

    def _outputs(self, steps: tuple[Step, ...]) -> dict[str, Any]:
        """Those of the steps that know their fact; after a removal there are none."""
        return {
            name: value
            for step in reversed(steps)
            if self.standings[step.id].done()
            for name, value in step.outputs_of(self.standings[step.id].result().fact).items()
        }

    def _steps(self, *, presumed: bool = False) -> tuple[Step, ...]:
        only = self.only(self.plan) if callable(self.only) else self.only
        if presumed and only is not None:  # the stack may turn out to be of the track that has them
            only = [name for name in only if name in self.plan.ids]
        self.acting = frozenset(self.plan[name].id for name in (self.plan.ids if only is None else only))
        if self.action is Action.DOWN:
            return tuple(step for step in self.plan.steps if step.id in self.acting)
        wanted = frozenset[str]().union(*(self.plan.up_to(self.plan[name]) for name in self.acting))
        return tuple(step for step in self.plan.steps if step.id in wanted)

    def _look_ahead(self, steps: tuple[Step, ...], pool: ThreadPoolExecutor) -> Identity | None:
        """Ask, side by side, all that can be asked knowing only the stack's name; the steps then find it remembered.

        Only what the stack remembers of its parameters is waited for, and who is asking, if AWS says so: a record of
        what was done should name who did it.
        """
        caller = pool.submit(self.aws.identity)
        self._find_early(steps, pool)
        remembered: Mapping[str, Any] = {}
        for name, answer in _recalled(self.plan, self.tracks or self.plan, self.aws, self.params.stack, pool):
            self.asking_for = name
            if remembered := answer():
                break
        self.asking_for = ""
        self._choose(remembered)
        self._find_early(tuple(step for step in self._steps() if step not in steps), pool)
        return caller.result() if caller.exception() is None else None

    def _find_early(self, steps: tuple[Step, ...], pool: ThreadPoolExecutor) -> None:
        if self.action is not Action.DOWN:
            for step in steps:
                if step.find:
                    pool.submit(step.find, self.aws, self.params.stack)  # its errors come up in the step's check

    def _choose(self, remembered: Mapping[str, Any]) -> None:
        """Take the stack's track, and the parameters that it remembers, else has by default."""
        values = [remembered, self.defaults]
        if self.tracks is not None:
            track = self.tracks.chosen(self.params, remembered)
            self.plan = track.plan
            values = [{name: each[name] for name in each if name in track.parameters} for each in values]
            if track is not self.tracks.default:
                self.params = self.params.with_values(track=track.id)
        for each in values:
            self.params = self.params.filled(each)

    def _agreed(self, caller: Identity | None) -> None:
        if self.account and (caller is None or caller.account != self.account):
            found = f"this is account {caller.account} now" if caller else "AWS does not say whose account this is"
            raise BadInput("expect_account", f"{found}, and {self.account} was agreed to; nothing was changed.")

    def _wait_for_turn(self, caller: str) -> None:
        self.asking_for, carrier = next(
            ((step.id, step.carrier) for step in self.plan.steps if step.carrier), ("", None)
        )
        if self.action is not Action.CHECK and carrier is not None:
            since, force = self.aws.now(), self.params.force
            self.turn = Turn(carrier, self.aws, self.params.stack, self.action, since, caller, force)
            self.turn.wait_for_none()
        self.asking_for = ""

    def _begin_turn(self) -> None:
        if self.turn is not None:
            self.turn.begin()

    def _end_turn(self) -> None:
        """Also after a stop. A mark that cannot be taken away is no failure of the run: it ages."""
        carrier = next((step.id for step in self.plan.steps if step.carrier), "")
        standing = self.standings.get(carrier)
        gone = standing is not None and standing.done() and standing.result().outcome is Outcome.UNDONE
        complete = (
            self.whole
            and self.action is Action.UP
            and all(each.done() and each.result().outcome is Outcome.OK for each in self.standings.values())
        )
        if self.turn is not None and not gone:
            try:
                with self.aws.observed(self._told, OneTry() if self.control.stopped else self.control):
                    self.turn.end(complete=complete)
            except Exception:
                self._debug("the mark of this run stays")

    def _tell(self, event: Event) -> None:
        # Every face is told this and nothing else, so what is taken out here is in no log, report or picture.
        self.events.put(redacted(event, self.secrets()))

    def _explained(self, error: BaseException, step: str) -> str:
        where = {"stack": self.params.stack, "region": self.aws.region}
        return explained(error, step=step, permissions=self.plan.permissions, **where)

    def _debug(self, text: str) -> None:
        """Log the exception that is being handled."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s\n%s", text, redacted(traceback.format_exc(), self.secrets()))

    def _told(self, event: Event) -> None:
        if isinstance(event, CallAnswered) and event.writes and not event.error and event.step:
            self.writes[event.step] += 1
        self._tell(event)

    # --- one step -----------------------------------------------------------------------------------------------

    def _settle(self, step: Step) -> None:
        token = CURRENT_STEP.set(step.id)
        standing = _Standing(Outcome.FAILED)
        try:
            standing = self._advance(step)
        except Stopped as stop:
            standing = _Standing(Outcome.STOPPED, str(stop), cause=stop)
        except Exception as error:
            self._debug(f"step {step.id} failed")
            standing = _Standing(Outcome.FAILED, self._explained(error, step.id), cause=error)
            if self.action is not Action.CHECK and is_denied(error):
                self.control.halt(f"because step {step.id} is not allowed something")
        finally:
            CURRENT_STEP.reset(token)
            now = time.monotonic()
            self._tell(
                StepFinished(
                    step=step.id,
                    outcome=standing.outcome,
                    duration=now - self.began.get(step.id, now),
                    reason=standing.reason,
                    differences=standing.differences,
                    fact=standing.fact,
                    change=standing.change,
                    follows=standing.expected.reason,
                    expected=standing.expected.differences,
                    cause=standing.cause,
                )
            )
            self.standings[step.id].set_result(standing)

    def _advance(self, step: Step) -> _Standing:
        match self.action:
            case Action.DOWN:
                return self._undo(step)
            case Action.UP if step.id in self.acting:
                return self._bring_up(step)
            case _:
                return self._check(step)

    def _start(self, step: Step, action: Action) -> None:
        self.control.go_on()
        self.began.setdefault(step.id, time.monotonic())
        self._tell(StepStarted(step=step.id, action=action))

    def _check(self, step: Step) -> _Standing:
        facts, absent = self._facts(step, ("check",))
        if absent:
            standing = _Standing(Outcome.UNKNOWN, f"cannot be known before {absent.id}")
        else:
            self._start(step, Action.CHECK)
            standing = self._look(step, facts)
        return self._with_expected(step, standing, facts) if self.action is Action.CHECK else standing

    def _with_expected(self, step: Step, standing: _Standing, facts: Mapping[type, object]) -> _Standing:
        """Add what ``up`` will do about the step, given what it will do about those before."""
        producers = {need.fact: self.plan.producers[need.fact] for need in step.needs["check"]}
        outlooks = {each.id: self.standings[each.id].result().expected for each in producers.values()}
        before = {each.gives: (each.id, outlooks[each.id]) for each in producers.values()}
        # What will be another one is not known yet, though something is there now.
        lasting = {fact: None if outlooks[each.id].renews else facts.get(fact) for fact, each in producers.items()}
        foreseen: Finding | None = None
        if "foresee" in step.needs and any(other.change is not Change.NONE for _, other in before.values()):
            asked = step.needs["foresee"]
            if all(need.optional or lasting[need.fact] is not None for need in asked):
                foreseen = _finding(step.call("foresee", self.aws, self.params, lasting))[0]
        found = Finding(standing.outcome, standing.reason, standing.differences)
        outlook = expected(step, found, before, foreseen)
        return replace(standing, change=outlook.change, expected=outlook)

    def _bring_up(self, step: Step) -> _Standing:
        facts, absent = self._facts(step, ("check", "do"))
        if absent:
            return _Standing(Outcome.BLOCKED, f"needs {absent.id} first")
        self._start(step, Action.CHECK)
        standing = self._look(step, facts)
        if standing.outcome is Outcome.OK:
            return standing
        if self.step_by_step:
            self._tell(
                ApprovalAsked(
                    step=step.id,
                    outcome=standing.outcome,
                    reason=standing.reason,
                    differences=standing.differences,
                )
            )
            asked = time.monotonic()
            answer = self.control.answer(step.id)
            self.began[step.id] += time.monotonic() - asked  # a person's thinking is not the step's time
            if answer is Answer.SKIP:
                return _Standing(Outcome.SKIPPED, standing.reason, standing.differences, standing.fact)
        self._start(step, Action.DO)
        self._begin_turn()
        step.call("do", self.aws, self.params, facts)
        done = self._look_again(step, facts, before=standing)
        self._begin_turn()  # there may have been nothing to mark before
        return done

    def _look(self, step: Step, facts: Mapping[type, object], *, again: bool = False) -> _Standing:
        finding, fact = _finding(step.call("check", self.aws, self.params, facts))
        standing = _Standing(finding.outcome, finding.reason, finding.differences, fact)
        self._tell(
            StepChecked(
                step=step.id,
                outcome=standing.outcome,
                reason=standing.reason,
                differences=standing.differences,
                fact=standing.fact,
                again=again,
            )
        )
        return standing

    def _look_again(self, step: Step, facts: Mapping[type, object], before: _Standing) -> _Standing:
        latest = before

        def as_it_should_be() -> _Standing | None:
            nonlocal latest
            latest = self._look(step, facts, again=True)
            return latest if latest.outcome is Outcome.OK else None

        standing = self.aws.wait_until(
            as_it_should_be,
            what=f"{step.id} to be seen as it was made",
            state=lambda: latest.reason,
            usual=2.0,
            every=3.0,
            limit=_SETTLES_WITHIN,
        )
        change = Finding(before.outcome, differences=before.differences).change
        if step.only_looks:
            change = Change.NONE
        elif change is Change.AFTER:  # it differed only in what AWS was still at: most often it was just waited for
            change = Change.UPDATE if self.writes[step.id] else Change.NONE
        return _Standing(
            Outcome.DONE, _result(change, before, standing), before.differences, standing.fact, change=change
        )

    def _undo(self, step: Step) -> _Standing:
        if self.whole and step.part_of is not None:
            parent = self.plan.producers[step.part_of]
            return _Standing(Outcome.OK, f"goes with {parent.id}")
        self._start(step, Action.UNDO)
        self._begin_turn()
        step.call("undo", self.aws, self.params, {})
        if self.writes[step.id]:
            return _Standing(Outcome.UNDONE, change=Change.REMOVE)
        return _Standing(Outcome.OK, "nothing to remove")

    def _facts(self, step: Step, functions: tuple[str, ...]) -> tuple[dict[type, object], Step | None]:
        """The facts these functions ask for, and the first step that could not give a needed one."""
        facts: dict[type, object] = {}
        absent: Step | None = None
        for function in functions:
            for need in step.needs[function]:
                producer = self.plan.producers[need.fact]
                standing = self.standings[producer.id].result()
                settled = self.action is Action.CHECK or standing.outcome in (Outcome.OK, Outcome.DONE)
                facts[need.fact] = standing.fact if settled or producer.id not in self.acting else None
                if facts[need.fact] is None and not need.optional:
                    absent = absent or producer
        return facts, absent


def _finding(answer: object) -> tuple[Finding, object]:
    """What a step's ``check`` or ``foresee`` answered, and the fact in it."""
    match answer:
        case Missing(why):
            return Finding(Outcome.MISSING, why), None
        case Drifted(fact, differences):
            return Finding(Outcome.DRIFTED, "; ".join(map(str, differences)), differences), fact
        case fact:
            # Why there is nothing to do: how it stands, in the fact's own words.
            return Finding(Outcome.OK, getattr(fact, "summary", "")), fact


def _result(change: Change, before: _Standing, after: _Standing) -> str:
    """What a step has done: to which resource, or what is different from before."""
    repaired = "; ".join(difference.repaired for difference in before.differences)
    name = getattr(after.fact, "name", "")
    match change:
        case Change.UPDATE:
            return repaired
        case Change.REPLACE:
            return f"{name}: {repaired}" if name else repaired
        case Change.CREATE:
            return name or after.reason
        case _:
            return repaired or after.reason
