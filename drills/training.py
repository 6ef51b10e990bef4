"""Starting a drill and bringing its stack back."""

from __future__ import annotations

from contextlib import suppress

from botocore.exceptions import ClientError

from drills.bench import Bench
from drills.judging import judge
from drills.model import Drill
from runbook.errors import CannotContinue, RunbookError

__all__ = ["finish", "reset", "start"]


def start(bench: Bench, drill: Drill) -> None:
    """Bring the stack up as the drill wants it, break it, and wait until the symptom shows.

    Raises :class:`RunbookError` when AWS does not get there.
    """
    _ready(bench, drill)
    finish(bench)
    bench.tell("breaking it")
    drill.sabotage(bench)
    bench.wait(lambda: drill.symptom.shows(bench) or None, what="the symptom to show", usual=180.0)


def reset(bench: Bench, drill: Drill) -> None:
    """Mend what the drill broke, whatever the trainee made of it, and bring the stack back to finished."""
    _ready(bench, drill)
    with suppress(ClientError, RunbookError):  # parts may be gone: the stack is then brought up anew
        drill.mend(bench)
    finish(bench)


def _ready(bench: Bench, drill: Drill) -> None:
    """Have the instances as they should be, and know how this drill's stack is built."""
    bench.awaken()
    # Said, or else the stack would remember what the drill before this one wanted.
    usual = {"subnets": bench.instance_subnets, "route_root": False}
    bench.params = bench.params.with_values(**{**usual, **drill.prepare(bench)})


def finish(bench: Bench) -> None:
    """Have a stack that is as it should be: repaired, or else made anew. Raises :class:`CannotContinue`."""
    foreign = [rule for rule in bench.rules() if not rule.get("Tags")]
    bench.shut_out(foreign)
    try:
        bench.up()
        if judge(bench) is None:
            return
    except (ClientError, CannotContinue):
        pass  # too much was changed for the steps to repair
    bench.tell("building the stack anew")
    bench.down()
    bench.up()
    bench.wait(lambda: judge(bench) is None or None, what="the stack to be as it should be")
