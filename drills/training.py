"""Starting a drill and bringing its stack back."""

from __future__ import annotations

from botocore.exceptions import ClientError

from drills.bench import Bench
from drills.clearing import clear, sweep
from drills.judging import judge
from drills.model import Drill
from drills.service import begun
from runbook import command_line
from runbook.errors import BadInput, RunbookError, Stopped
from steps import load_balancer, rest_api, target_group, vpc_link

__all__ = ["reset", "start", "strike"]


def start(bench: Bench, drill: Drill) -> None:
    """Have a finished stack as the drill wants it, break it, and wait until the symptom shows.

    Raises :class:`RunbookError` when AWS does not get there.
    """
    reset(bench, drill)
    strike(bench, drill)


def strike(bench: Bench, drill: Drill) -> None:
    """Break a stack that is finished, and wait until the symptom shows. Raises :class:`TookTooLong`."""
    bench.tell("breaking it")
    drill.sabotage(bench)
    bench.known = bench.url().removesuffix(bench.params.test_path)
    bench.wait(lambda: drill.symptom.shows(bench) or None, what="the symptom to show", usual=180.0)


def reset(bench: Bench, drill: Drill) -> None:
    """Bring the stack back to finished, whatever a drill and a trainee made of it.

    The steps repair what they look after. Where that does not make it right, all but the service is made anew.
    Raises :class:`BadInput` for a stack that no drill made, and :class:`RunbookError` when AWS does not get there.
    """
    _claim(bench)
    bench.known = ""  # the API is made anew
    bench.awaken()
    try:
        _finish(bench, drill, anew=False)
        if judge(bench) is None:
            return
    except Stopped:
        raise
    except (ClientError, RunbookError):
        pass  # too much was changed for the steps to repair
    bench.tell("building the stack anew")
    _finish(bench, drill, anew=True)
    bench.wait(lambda: judge(bench) is None or None, what="the stack to be as it should be")


def _finish(bench: Bench, drill: Drill, *, anew: bool) -> None:
    clear(bench, everything=anew)
    service = bench.service
    # Said, or else the stack would remember what the drill before this one wanted.
    usual = {"instances": service.instances, "subnets": service.balancer_subnets, "route_root": False}
    bench.params = bench.params.with_values(**{**usual, **drill.prepare(bench)})
    bench.up()
    sweep(bench)


def _claim(bench: Bench) -> None:
    """The name of a stack is the drill's as soon as its service is there; before that it may be somebody's."""
    aws, stack = bench.aws, bench.params.stack
    if begun(aws, stack):
        return
    for step in (rest_api, load_balancer, target_group, vpc_link):
        if step.find(aws, stack):
            down = command_line.runbook("down", stack=stack)
            raise BadInput(
                "stack",
                f"{stack} is there already, and no drill made it.",
                f"Give the drill another (--stack NAME), or take it down first: {down}",
            )
