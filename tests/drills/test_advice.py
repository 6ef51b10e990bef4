"""What trace prints for a drill, done from the top, each command and step alone: nobody is harmed.

``RUNBOOK_TEST_ALL=1`` tries every drill; without it, those whose obvious remedy harms, and some of the others.
"""

from __future__ import annotations

import os

import pytest

from drills import training
from drills.bench import Bench
from drills.catalogue import COURSE
from drills.model import Course, Drill
from runbook.trace import State, Trace, parse_target, trace
from tests.trace.commands import carry_out, writes

ALL = Course.of(COURSE).drills
_TRIED = {"new-colleague", "name-tag", "impatient", "room-number", "half-asleep", "verbatim", "lost-number"}
TRIED = [drill for drill in ALL if drill.id in _TRIED or os.environ.get("RUNBOOK_TEST_ALL")]


def printed(told: Trace) -> list[tuple[str, bool]]:
    """Every command that changes something, and every step (True), in the order in which they are shown."""
    found: list[tuple[str, bool]] = []
    for hop in sorted(told.hops, key=lambda hop: hop.id != told.verdict):
        if hop.state in (State.BROKEN, State.SUSPICIOUS):
            found += [(command, False) for command in hop.command.splitlines() if writes(command)]
            found += [(step, True) for step in hop.steps]
    return found


@pytest.mark.parametrize("drill", TRIED, ids=lambda drill: drill.id)
def test_what_trace_prints_for_a_drill_takes_no_answer_away(drill: Drill, bench: Bench) -> None:
    training.reset(bench, drill)
    training.strike(bench, drill)
    registered = {target.instance for target in bench.targets}
    target = parse_target(bench.url(drill.symptom.path), bench.aws, method=drill.symptom.method)

    def answers() -> bool:
        asked = bench.ask(drill.symptom.path, method=drill.symptom.method)
        return all(answer.status_code < 400 for answer in asked)

    answered = answers()
    for line, is_step in printed(trace(bench.aws, target)):
        if is_step:
            bench.up(line)
        else:
            carry_out(bench.aws, line)
        bench.passing(300)
        before, answered = answered, answers()
        assert answered or not before, f"{line} took the answer away"
        assert registered <= {target.instance for target in bench.targets}, f"{line} took a target out"


def test_no_step_is_named_for_what_it_would_not_do(bench: Bench) -> None:
    """The third instance is unused as its zone is not enabled: the step of its hop would take it out."""
    drill = next(drill for drill in ALL if drill.id == "new-colleague")
    training.reset(bench, drill)
    training.strike(bench, drill)
    told = trace(bench.aws, parse_target(bench.url(), bench.aws))
    assert told["load-balancer"].state is State.SUSPICIOUS
    assert {hop.id: hop.steps for hop in told.hops if hop.steps} == {}
