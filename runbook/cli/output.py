"""``runbook output``: a value of the stack, for scripts."""

from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runbook.cli import completing
from runbook.cli.absence import Absence
from runbook.cli.options import NOT_AS_IT_SHOULD_BE, Target, complain, targeted, tell_error
from runbook.cli.signals import stopping
from runbook.control import Control
from runbook.errors import BadInput, Stopped, quoted
from runbook.events import Action
from runbook.present import safe
from runbook.run_state import RunState

if TYPE_CHECKING:
    from runbook.step import Plan

__all__ = ["output"]


@targeted()
def output(
    target: Target,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", autocompletion=completing.outputs, help="Which, such as invoke-url; without it, all."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> int:
    """Print one value as it is, or all with their names. What is not known is no output, and exit code 3."""
    from runbook.engine import run
    from steps.tracks import TRACKS

    if name is not None and name not in TRACKS.outputs:
        raise BadInput("name", f"unknown output {quoted(name)}.", f"There are: {', '.join(TRACKS.outputs)}.")

    def steps(plan: Plan) -> set[str]:
        return {step.id for output, step in plan.outputs.items() if name in (None, output)}

    account, control = target.connect(), Control()
    with stopping(control) as signalled:
        ran = RunState.of(
            run(
                TRACKS,
                account.aws,
                target.parameters,
                Action.CHECK,
                defaults=account.defaults,
                only=steps,
                control=control,
            )
        )
    finished = ran.finished
    assert finished is not None  # noqa: S101 (the engine's promise)
    if finished.cause is not None:
        code = complain(finished.cause, finished.error)
        return signalled.exit_code or code if isinstance(finished.cause, Stopped) else code
    if signalled.exit_code:
        return signalled.exit_code
    assert ran.started is not None  # noqa: S101 (it did not end before)
    plan = TRACKS[ran.started.parameters.track].plan
    if name is not None and name not in plan.outputs:
        raise BadInput("name", f"the stack's track has no output {name}.", f"It has: {', '.join(plan.outputs)}.")
    wanted = list(plan.outputs) if name is None else [name]
    known = {each: finished.outputs[each] for each in wanted if each in finished.outputs}
    if name in known:
        typer.echo(jsonlib.dumps(known[name]) if json else "\n".join(_lines(known[name])))
        return 0
    if name is None:
        _all(known, json=json)
    if len(known) < len(wanted):
        absent = Absence(TRACKS, account.aws, target.parameters.stack).after(finished)
        tell_error(str(absent) if absent else _unknown(plan, ran, [each for each in wanted if each not in known]))
        return NOT_AS_IT_SHOULD_BE
    return 0


def _all(known: dict[str, Any], *, json: bool) -> None:
    if json:
        typer.echo(jsonlib.dumps(known, indent=2))
        return
    width = max(map(len, known), default=0)
    for name, value in known.items():
        typer.echo(f"{name:<{width}}  {' '.join(_lines(value))}")


def _lines(value: Any) -> list[str]:
    return [safe(str(each)) for each in (value if isinstance(value, list | tuple) else [value])]


def _unknown(plan: Plan, ran: RunState, names: list[str]) -> str:
    said = []
    for name in names:
        step = ran.steps.get(plan.outputs[name].id)
        outcome, reason = (step.outcome, step.reason) if step else (None, "")
        why = f": {plan.outputs[name].id} is {outcome.value}{f', {reason}' if reason else ''}" if outcome else ""
        said.append(f"{name} is not known{why}")
    return f"{'; '.join(said)}."
