"""A run as a notebook follows it: it goes on by itself, and each cell waits for its own step."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from typing import Any

from IPython.display import DisplayHandle, display

from drills import tools
from runbook.accounts import Account, connect
from runbook.aws import ANSWERS_WITHIN, Aws
from runbook.control import Control
from runbook.ending import Judgement, judge, result
from runbook.engine import run
from runbook.errors import BadInput, RunbookError
from runbook.events import Action, Event, Outcome, StepFinished
from runbook.explain import explain
from runbook.log import RunLog, logged
from runbook.notebook.options import Options, how_to_give, read
from runbook.notebook.shown import Greeting, PathView, RecordView, Working, ending, seen
from runbook.parameters import Parameters
from runbook.picture import Light, light_of, of_steps
from runbook.present import safe
from runbook.redaction import redacted
from runbook.report import recorded
from runbook.run_state import WELL, RunState
from runbook.step import Plan
from runbook.trace import State, Trace, parse_target, trace
from runbook.trace.draw import table
from runbook.track import Tracks
from steps.tracks import TRACKS

__all__ = ["BadNotebookParameter", "NotUpToDate", "Run", "RunbookStopped", "start"]

_EVERY = 0.5  # seconds between looks at what to show while a cell waits


class RunbookStopped(RunbookError):
    """The notebook ends here; its text says why, and is all that the cell shows of it."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: whoever reads the notebook needs no way through our code."""
        return [f"RunbookStopped: {self}"]


class BadNotebookParameter(RunbookStopped):
    """A parameter is missing or wrong; nothing was touched."""


class NotUpToDate(RunbookStopped):
    """``check`` found something missing or drifted."""


def start(parameters: Mapping[str, Any], *, stepwise: bool = False) -> Run:
    """Start the run that a parameters cell asks for, and answer at once.

    With ``stepwise`` a step changes something only when its own cell is run; what only looks goes on by itself.

    ``parameters`` maps names to values, such as ``globals()`` of the notebook: what is no parameter is passed over, and
    None means that nobody gave it. A run that this kernel still has going is stopped first. Raises
    :class:`RunbookStopped` when a parameter is missing or wrong, or when it is not allowed to change the account;
    nothing was touched then.
    """
    global _current
    if _current is not None:
        _current.stop()
    try:
        options = read(parameters)
        TRACKS.named(options.parameters.track)
        account = connect(
            options.account, options.parameters, profile=options.profile, endpoint_url=options.endpoint_url
        )
        _permitted(options, account)
        if stepwise and options.action is Action.DOWN:
            raise BadInput("stepwise", "is for mode up: what is removed is removed in one run.")
        tools.use(tools.tool_of(options.action, None), account, options.parameters.stack)
    except Exception as error:
        raise _stopped_by(error)(_said(error)) from None
    _current = Run(TRACKS, account, options, stepwise=stepwise)
    return _current


def _permitted(options: Options, account: Account) -> None:
    """On AWS there is nobody here to ask, so the account must have been named. Raises :class:`BadInput`."""
    changes = account.costs and options.action is not Action.CHECK
    if not changes and options.expect_account is None:
        return
    identity = account.aws.identity()
    if options.expect_account is None:
        raise BadInput(
            "expect_account",
            f"is needed to change anything on AWS, because nobody can be asked here; this is account "
            f"{identity.account} ({identity.arn}).",
        )
    if options.expect_account != identity.account:
        raise BadInput(
            "expect_account",
            f"this is account {identity.account} ({identity.arn}), not {options.expect_account}; nothing was changed.",
        )


class Run:
    """A run that goes on in the background; cells ask it for their steps."""

    def __init__(self, tracks: Tracks, account: Account, options: Options, *, stepwise: bool = False) -> None:
        self._tracks = tracks
        self._account = account
        self._options = options
        self._control = Control()
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._run = RunState(options.action)
        self._notes_shown = 0
        self._approved: set[str] = set()
        """The steps whose cells were run."""
        self._looked_at: set[str] = set()
        """The steps whose cells were run to their end."""
        self._broken: BaseException | None = None
        self._over = False
        self._place: DisplayHandle | None = None
        self._picture: DisplayHandle | None = None
        self._log = RunLog.of(tracks, account, stack=options.parameters.stack, action=options.action, face="notebook")
        events = run(
            tracks,
            account.aws,
            options.parameters,
            options.action,
            defaults=account.defaults,
            step_by_step=stepwise,
            control=self._control,
            account=options.expect_account or "",
        )
        self._thread = threading.Thread(
            target=self._follow, args=(logged(events, self._log),), name="notebook", daemon=True
        )
        self._thread.start()
        atexit.register(self.stop)

    # --- what cells call ----------------------------------------------------------------------------------------

    def step(self, name: str) -> None:
        """Wait for a step, show it, and raise :class:`RunbookStopped` if it failed.

        A cell that is run once more after the run looks once more, and says when.
        """
        step = self._tracks.step_id(name)
        again = self._over and step in self._looked_at
        self._approved.add(step)
        self._control.approve(step)  # nothing but a stepwise run asks
        self._wait(step)
        if self._is_of_another_track(step):
            self._show(Working(f"{step} is not a step of track {self.parameters.track}: nothing to do"))
            return
        event = self._look_again(step) if again else self._step_ended(step)
        self._looked_at.add(step)
        if event is None:
            if self._run.started is not None:
                display(self._recorded())
            raise self._ended()
        advice = how_to_give(event.cause.parameter) if isinstance(event.cause, BadInput) else ""
        self._show(seen(event, advice, again=again))
        if event.outcome in (Outcome.FAILED, Outcome.STOPPED):
            self._wait(None, quietly=True)  # nothing is left in mid-air behind a notebook that ends here
            traced = self._traced()
            if isinstance(traced, Trace) and traced["stage"].state is State.OK:
                display(table(traced))
            display(self._recorded())
            why = safe(redacted(event.reason))  # a traceback is for a terminal, too
            raise _stopped_by(event.cause)(f"{step}: {why}{' ' if advice else ''}{advice}") from None

    def path(self) -> None:
        """Show the path of a request here. It is lit further whenever a cell below has waited for its step."""
        self._picture = display(self._path(), display_id=True)

    def _path(self) -> PathView:
        with self._changed:
            lights = {
                step.id: Light.BUSY if step.acting else light_of(step.outcome, self._options.action)
                for step in self._run.steps.values()
            }
            facts = self._run.facts
        return PathView(redacted(tuple(of_steps(self._plan.boxes, lights, facts))))

    def _step_ended(self, name: str) -> StepFinished | None:
        return self._run.steps[name].finished if name in self._run.steps else None

    def _look_again(self, name: str) -> StepFinished | None:
        looked = run(
            self._tracks,
            self._account.aws,
            self.parameters,
            Action.CHECK,
            defaults=self._account.defaults,
            only=[name],
            account=self._options.expect_account or "",
        )
        found = RunState.of(looked).steps.get(name)
        return (found.finished if found else None) or self._step_ended(name)

    def trace(self) -> None:
        """Follow a request hop by hop and show which hop breaks it, if one does. Raises nothing for what it finds."""
        self._wait(None)
        traced = self._traced()
        self._show(table(traced) if isinstance(traced, Trace) else Working(traced))

    def _traced(self) -> Trace | str:
        """The trace of the stack's own test request, or why there is none."""
        if self._options.action is Action.DOWN:
            return "There is nothing to trace on the way down."
        aws = self._account.aws
        try:
            followed = parse_target(self.parameters.stack, aws)
            tools.use("trace", self._account, self.parameters.stack, api=followed.api_id)
            return trace(aws, followed)
        except Exception as error:  # a run that is fine is not to fail because something about it cannot be seen
            return f"No trace: {_said(error)}"

    def record(self) -> None:
        """Wait for the end, and show what is kept of the run: who, where, the path, a timeline, each AWS request."""
        self._wait(None)
        self._show(self._recorded())

    def _recorded(self) -> RecordView | Working:
        path = self._log.path
        record = recorded(self._log.lines(self._events), path.name if path and not self._log.problem else "")
        return RecordView(record) if record is not None else Working(f"No record: {self._why_it_ended()}")

    def finish(self) -> None:
        """Wait for the end, show how it ended and the invoke URL.

        Raises :class:`RunbookStopped` if it did not end as it should: on ``check``, when something is missing or
        drifted.
        """
        self._wait(None)
        finished = self._run.finished
        if finished is None or finished.cause is not None:
            raise self._ended()
        titles = {step.id: step.title for step in self._plan.steps}
        self._show(ending(finished, titles, self._run, self._where_the_log_is(), verdict=self._verdict()))
        judgement = judge(finished.outcomes.values(), finished.error)
        if judgement is not Judgement.WELL:
            raise (NotUpToDate if judgement is Judgement.TO_DO else RunbookStopped)(self._verdict()) from None

    def stop(self) -> None:
        """Stop: waits end at once, the call in flight finishes. Run the notebook again to go on from there."""
        self._control.stop()
        self._thread.join(ANSWERS_WITHIN)  # the call in flight
        atexit.unregister(self.stop)

    @property
    def aws(self) -> Aws:
        """The account and region, for calling a step's functions or AWS by hand."""
        return self._account.aws

    @property
    def parameters(self) -> Parameters:
        """The parameters as the run resolved them: what was given, what the stack remembers, the defaults."""
        with self._changed:
            self._changed.wait_for(lambda: self._run.started is not None or self._over)
        return self._run.started.parameters if self._run.started else self._options.parameters

    def fact(self, name: str) -> object:
        """What a step learned, such as the load balancer; None if it learned nothing."""
        step = self._tracks.step_id(name)
        self._wait(step, quietly=True)
        event = self._step_ended(step)
        return event.fact if event else None

    @property
    def _plan(self) -> Plan:
        """The steps of the stack's track; until the run has started, of the one that is given."""
        params = self._run.started.parameters if self._run.started else self._options.parameters
        return self._tracks.named(params.track).plan

    def _has_ended(self, step: str) -> bool:
        return self._step_ended(step) is not None or self._is_of_another_track(step)

    def _is_of_another_track(self, step: str) -> bool:
        return self._run.started is not None and step not in self._run.started.steps

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        options = self._options
        where = f"practice account at {self._account.endpoint_url}" if not self._account.costs else "AWS"
        rows = (
            ("mode", options.action.value),
            ("stack", options.parameters.stack),
            ("account", where),
            ("region", self._account.aws.region),
        )
        return Greeting(rows)._repr_mimebundle_()

    # --- following ----------------------------------------------------------------------------------------------

    def _follow(self, events: Any) -> None:
        try:
            for event in events:
                with self._changed:
                    self._take(event)
                    self._changed.notify_all()
        except BaseException as error:
            self._broken = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _take(self, event: Event) -> None:
        self._events.append(event)
        self._run.apply(event)

    def _wait(self, name: str | None, *, quietly: bool = False) -> None:
        """Until a step, or without one the run, has ended; show what is waited for meanwhile.

        An interrupt of the kernel stops the run.
        """
        shown: Working | None = None
        if not quietly:
            self._place = display(Working("…"), display_id=True)
        try:
            with self._changed:
                while not (self._over or (name is not None and self._has_ended(name))):
                    self._need_no_other_cell(name)
                    now = self._working(name)
                    if now != shown and not quietly and self._place is not None:
                        shown = now
                        self._place.update(now)
                    self._changed.wait(_EVERY)
        except KeyboardInterrupt:
            self.stop()
            raise RunbookStopped("stopped by an interrupt; run the notebook again to go on from here") from None
        if self._picture is not None:
            self._picture.update(self._path())
        for note in self._run.notes[self._notes_shown :]:
            self._notes_shown += 1
            display(Working(redacted(f"Note: {note.text}")))

    def _need_no_other_cell(self, name: str | None) -> None:
        """Raise :class:`RunbookStopped` where what is waited for waits itself for a cell that was not run."""
        needed = self._plan.ids if name is None or name not in self._plan.ids else self._plan.up_to(self._plan[name])
        asked = {step.id for step in self._run.asking} - self._approved
        if first := [step for step in self._plan.ids if step in asked and step in needed]:
            raise RunbookStopped(f"stepwise: run the cells before this one first, of: {', '.join(first)}.")

    def _show(self, view: object) -> None:
        """In the cell's place; outside a notebook, where nothing can be shown anew, on a line of its own."""
        if self._place is not None:
            self._place.update(view)
        else:
            display(view)

    def _working(self, name: str | None) -> Working:
        step, waits = self._run.steps.get(name or ""), self._run.waits
        doing = f"{step.acting.value} {name} …" if step and step.acting else "waiting for the steps before …"
        shown = [waits[name]] if name in waits else list(waits.values())
        return Working(doing, tuple(shown), self._account.aws.pace)

    # --- how it ended -------------------------------------------------------------------------------------------

    def _verdict(self) -> str:
        open_ = {name: outcome for name, outcome in self._run.outcomes.items() if outcome not in WELL}
        if not open_:
            return result(self._run)
        # Missing things that hide behind a missing one are many, and say nothing by themselves.
        named = [
            f"{name} is {outcome.value}"
            + (f" ({self._run.steps[name].reason})" if self._run.steps[name].reason else "")
            for name, outcome in open_.items()
            if outcome not in (Outcome.UNKNOWN, Outcome.BLOCKED)
        ]
        behind = len(open_) - len(named)
        rest = [f"{behind} more cannot be looked at before that"] if behind else []
        return safe(redacted(f"Not up to date: {'; '.join([*named, *rest])}."))

    @property
    def _cause(self) -> BaseException | None:
        return self._run.cause or self._broken

    def _ended(self) -> RunbookStopped:
        return _stopped_by(self._cause)(self._why_it_ended())

    def _why_it_ended(self) -> str:
        cause = self._cause
        return _said(cause) if cause is not None else "the run ended before this step"

    def _where_the_log_is(self) -> str:
        if self._log.problem:
            return self._log.problem
        return f"Log of this run: {self._log.path}" if self._log.path else ""


_current: Run | None = None


def _stopped_by(cause: BaseException | None) -> type[RunbookStopped]:
    return BadNotebookParameter if isinstance(cause, BadInput) else RunbookStopped


def _said(error: BaseException) -> str:
    """An error in this face's words: one sentence or two, with how to give the parameter that is wrong."""
    if isinstance(error, BadInput):
        return safe(redacted(" ".join(filter(None, (str(error), how_to_give(error.parameter))))))
    return safe(redacted(explain(error)))
