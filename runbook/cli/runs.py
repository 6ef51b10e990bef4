"""Commands that run the steps: ``tui``, ``plan``, ``up``, ``check``, ``down``, ``step``."""

from __future__ import annotations

import contextlib
import enum
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runbook import command_line
from runbook.cli import completing
from runbook.cli.absence import Absence
from runbook.cli.codes import DETAILED
from runbook.cli.confirming import ExpectOption, YesOption, confirm, expect
from runbook.cli.options import FAILED, NOT_AS_IT_SHOULD_BE, Target, complain, targeted
from runbook.cli.signals import stopping
from runbook.cli.streams import let_go, reader_gone
from runbook.control import Control
from runbook.ending import Judgement, judge
from runbook.errors import BadInput, Stopped, named
from runbook.events import Action, Event, Outcome
from runbook.extras import need
from runbook.run_state import RunState

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.stacks import NoSuchStack
    from runbook.track import Tracks

__all__ = ["check", "do_step", "down", "plan", "step", "tui", "up"]

JsonOption = Annotated[bool, typer.Option("--json", help="Write the event stream as JSON lines.")]
IfExistsOption = Annotated[
    bool,
    typer.Option("--if-exists", help="Exit 0 although there is no such stack (else 3, where the account has others)."),
]
STACK_ONLY = ("stack", "track", "region", "force")


class StepAction(enum.StrEnum):
    """What ``runbook step`` does with one step."""

    CHECK = "check"
    DO = "do"
    UNDO = "undo"


@targeted()
def tui(target: Target) -> int:
    """Open the guided checklist in the terminal."""
    need("tui")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput("tui", "needs a terminal.", "Without one, use: runbook up")
    from tui import run_tui

    # The screen is there before the account is: connecting loads boto3, and may start the practice account.
    return run_tui(lambda params: replace(target, parameters=params).connect(), target.parameters)


@targeted()
def plan(
    target: Target,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Freeze the plan in a file, for approval.")
    ] = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option(
            DETAILED, help="Exit with Terraform's codes: 0 no changes, 1 an error (bad input too), 2 there are changes."
        ),
    ] = False,
    json: JsonOption = False,
) -> int:
    """Show what `up` would do, step by step. Changes nothing."""
    ended = _run(target.connect(), target, Action.CHECK, json=json, as_plan=True)
    code = _finish(ended, planned=not detailed_exitcode)
    if code == NOT_AS_IT_SHOULD_BE and (ended.run.planned is None or ended.run.planned.nothing):
        code = 0
    if out is not None and code in (0, NOT_AS_IT_SHOULD_BE):
        from runbook.frozen_plan import frozen

        frozen(ended.run).write(out)
        command = command_line.runbook("up", plan=out)
        typer.echo(f"wrote {named(out)}" + (f"; carry it out with: {command}" if command else ""), err=True)
    return code


@targeted()
def check(
    target: Target,
    expect_account: Annotated[
        str | None,
        typer.Option("--expect-account", metavar="ID", help="Refuse to look at any other AWS account (exit code 2)."),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Look whether everything is as it should be. Changes nothing."""
    account = target.connect()
    if expect_account is not None:
        expect(account, expect_account)
    return _finish(_run(account, target, Action.CHECK, json=json))


@targeted()
def up(
    target: Target,
    step_by_step: Annotated[
        bool, typer.Option("--step-by-step", help="Ask before each step that changes something.")
    ] = False,
    yes: YesOption = False,
    expect_account: ExpectOption = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="Do what this frozen plan says, and only that.")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Do what is missing, repair what drifted, and call the invoke URL."""
    if plan is not None:
        return _carry_out(target, plan, yes=yes, expected=expect_account, json=json)
    account = target.connect()
    agreed = _confirm(account, target, Action.UP, None, yes=yes, expected=expect_account, json=json)
    return _finish(_run(account, target, Action.UP, json=json, step_by_step=step_by_step, agreed=agreed))


@targeted(STACK_ONLY)
def down(
    target: Target,
    all_expired: Annotated[
        bool, typer.Option("--all-expired", help="Remove every stack that is past its tag ttl, instead of one.")
    ] = False,
    if_exists: IfExistsOption = False,
    yes: YesOption = False,
    expect_account: ExpectOption = None,
    json: JsonOption = False,
) -> int:
    """Remove everything of the stack, and nothing else."""
    if all_expired:
        return _down_all_expired(target, yes=yes, expected=expect_account, json=json)
    account = target.connect()
    agreed = _confirm(account, target, Action.DOWN, None, yes=yes, expected=expect_account, json=json)
    return _finish(_run(account, target, Action.DOWN, json=json, agreed=agreed), if_exists=if_exists)


def _down_all_expired(target: Target, *, yes: bool, expected: str | None, json: bool) -> int:
    """Take down one after the other; what goes wrong with one is no reason to leave the others."""
    from runbook.cli.show import announce_expired
    from runbook.stacks import expired, stacks

    if "stack" in target.parameters.given:
        raise BadInput("stack", f"{target.parameters.stack} cannot be given together with --all-expired.")
    account = target.connect()
    gone = expired(stacks(account.aws), account.aws.now())
    if not gone:
        typer.echo(f"No stack in {account.aws.region} is past its ttl.", err=json)
        return 0
    agreed = confirm(account, lambda: announce_expired(gone, account.aws.pace), yes=yes, expected=expected, json=json)
    codes: list[int] = []
    for stack in gone:
        try:
            one = replace(target, parameters=target.parameters.with_values(stack=stack.name))
        except BadInput as error:  # somebody else's tag of our name: no stack of ours is called so
            codes.append(complain(error))
            continue
        try:
            ended = _run(account, one, Action.DOWN, json=json, agreed=agreed)
        except BadInput as error:  # a drill that refuses it
            codes.append(complain(error))
            continue
        codes.append(_finish(ended, if_exists=True))
        if Outcome.STOPPED in ended.run.outcomes.values():
            break
    return FAILED if any(codes) else 0


@targeted()
def step(
    target: Target,
    name: Annotated[str, typer.Argument(help="The step, such as target-group.", autocompletion=completing.steps)],
    action: Annotated[StepAction, typer.Argument(help="What to do with it.")] = StepAction.CHECK,
    if_exists: IfExistsOption = False,
    yes: YesOption = False,
    expect_account: ExpectOption = None,
    json: JsonOption = False,
) -> int:
    """Check, do or undo a single step. What it needs is only looked at."""
    wanted = _tracks().step_id(name)
    account = target.connect()
    if action is StepAction.DO:
        return do_step(account, target, wanted, yes=yes, expected=expect_account, json=json)
    whole = Action.CHECK if action is StepAction.CHECK else Action.DOWN
    if whole is Action.CHECK:
        from drills import tools

        tools.use("step", account, target.parameters.stack, only_checks=True)
    agreed = ""
    if whole is Action.DOWN:
        agreed = _confirm(account, target, whole, wanted, yes=yes, expected=expect_account, json=json)
    return _finish(
        _run(account, target, whole, json=json, only=wanted, agreed=agreed), judged=wanted, if_exists=if_exists
    )


def do_step(account: Account, target: Target, name: str, *, yes: bool, expected: str | None, json: bool) -> int:
    """Do one step; on AWS, ask before."""
    agreed = _confirm(account, target, Action.UP, name, yes=yes, expected=expected, json=json)
    return _finish(_run(account, target, Action.UP, json=json, only=name, agreed=agreed), judged=name)


def _tracks() -> Tracks:
    from steps.tracks import TRACKS

    return TRACKS


def _carry_out(target: Target, file: Path, *, yes: bool, expected: str | None, json: bool) -> int:
    """Do what a frozen plan says: its parameters, its account, its steps."""
    from runbook.frozen_plan import FrozenPlan, carry_out

    if given := target.parameters.given - {"region", "force"}:
        raise BadInput("plan", f"{named(file)} holds the parameters; {', '.join(sorted(given))} cannot be given too.")
    frozen = FrozenPlan.read(file)
    if target.parameters.region not in (None, frozen.region):
        raise BadInput("region", f"{named(file)} is for {frozen.region}, and this is {target.parameters.region}.")
    if target.parameters.force:  # whether somebody else is at it is not what was approved
        frozen = replace(frozen, parameters=frozen.parameters.with_values(force=True))
    planned = replace(target, parameters=frozen.parameters.with_values(region=frozen.region))
    account = planned.connect()
    _confirm(account, planned, Action.UP, None, yes=yes, expected=expected or frozen.account, json=json)
    control = Control()
    events = carry_out(frozen, _tracks(), account, control=control)
    return _finish(_shown(events, account, planned, Action.UP, control, json=json))


def _run(
    account: Account,
    target: Target,
    action: Action,
    *,
    json: bool,
    only: str | None = None,
    step_by_step: bool = False,
    as_plan: bool = False,
    agreed: str = "",
) -> _Ended:
    """Run, show it, and give back how it ended."""
    from runbook.engine import run

    control = Control()
    events = run(
        _tracks(),
        account.aws,
        target.parameters,
        action,
        defaults=account.defaults,
        only=None if only is None else [only],
        step_by_step=step_by_step,
        control=control,
        account=agreed,
    )
    return _shown(events, account, target, action, control, json=json, as_plan=as_plan, only=only)


def _shown(
    events: Iterator[Event],
    account: Account,
    target: Target,
    action: Action,
    control: Control,
    *,
    json: bool,
    as_plan: bool = False,
    only: str | None = None,
) -> _Ended:
    from drills import tools
    from runbook.cli.show import show
    from runbook.log import RunLog, logged

    if price := tools.use(tools.tool_of(action, only), account, target.parameters.stack):
        typer.echo(price, err=True)
    tracks = _tracks()
    log = RunLog.of(tracks, account, stack=target.parameters.stack, action=action, face="cli")
    told = logged(events, log, stop=control.stop)
    absence = Absence(tracks, account.aws, target.parameters.stack)
    with stopping(control) as signalled, contextlib.closing(told):
        try:
            shown = RunState.of(show(told, tracks, account, control, absence, as_json=json, as_plan=as_plan, only=only))
        except OSError as error:
            if not (signalled.number and reader_gone(error)):
                error.add_note("The run was stopped; run it again to go on.")
                raise
            told.close()  # the log is complete before we leave
            let_go()
            raise typer.Exit(signalled.exit_code) from None
    ended = _Ended(shown, signalled.exit_code)
    absent = None if as_plan or shown.finished is None else absence.after(shown.finished)
    if absent and json:
        from runbook.cli.console import say

        say(str(absent), err=True)
    return replace(ended, absent=absent)


@dataclass(frozen=True)
class _Ended:
    """A run that is over, and what this front end knows besides."""

    run: RunState
    stopped: int = 0
    """The exit code of a run that a signal stopped."""
    absent: NoSuchStack | None = None
    """That there is no such stack, where that is so."""


def _finish(ended: _Ended, *, judged: str | None = None, planned: bool = False, if_exists: bool = False) -> int:
    """The exit code of a run.

    To remove a stack that is not there is no failure, but for where others are: one of them may have been meant, and
    goes on to cost. With ``if_exists`` it is none there either.
    """
    finished = ended.run.finished
    assert finished is not None  # noqa: S101 (the engine's promise)
    if ended.absent and finished.action is Action.DOWN:
        return NOT_AS_IT_SHOULD_BE if ended.absent.others and not if_exists else 0
    if finished.cause is not None:
        code = complain(finished.cause, finished.error)
        return ended.stopped or code if isinstance(finished.cause, Stopped) else code
    outcomes = {name: outcome for name, outcome in finished.outcomes.items() if judged in (None, name)}
    causes = [step.cause for step in ended.run.ended(Outcome.FAILED)]
    if bad := next((cause for cause in causes if isinstance(cause, BadInput)), None):
        return complain(bad)
    if ended.stopped and Outcome.STOPPED in outcomes.values():
        return ended.stopped
    to_do = 0 if planned else NOT_AS_IT_SHOULD_BE
    code = {Judgement.WELL: 0, Judgement.TO_DO: to_do, Judgement.FAILED: FAILED}[judge(outcomes.values())]
    return FAILED if causes else code


def _confirm(
    account: Account,
    target: Target,
    action: Action,
    only: str | None,
    *,
    yes: bool,
    expected: str | None,
    json: bool,
) -> str:
    """On AWS, show what will change, and ask; on a practice account, go on. Raises :class:`BadInput`."""

    def say() -> bool:
        from runbook.cli.show import announce, announce_removal
        from runbook.engine import run
        from runbook.removal import removals

        tracks, params = _tracks(), target.parameters
        acting = None if only is None else [only]
        if action is Action.DOWN:
            found = removals(tracks, account.aws, params, acting)
            announce_removal(params.stack, only, tracks, account.aws, found)
            return bool(found)
        looked = RunState.of(run(tracks, account.aws, params, Action.CHECK, defaults=account.defaults, only=acting))
        if (code := _finish(_Ended(looked), planned=True)) != 0:
            raise typer.Exit(code)
        announce(params.stack, only, tracks, looked)
        return True

    return confirm(account, say, yes=yes, expected=expected, json=json)
