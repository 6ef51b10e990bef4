"""Every drill: the break shows, trace names its hop, verify is not taken in, the solution mends it."""

from __future__ import annotations

import re

import pytest

from drills import training
from drills.bench import ROUNDS, Bench
from drills.catalogue import COURSE
from drills.judging import judge
from drills.model import Course, Drill
from runbook.accounts import Account
from runbook.engine import run
from runbook.events import Action, Outcome, RunFinished
from runbook.trace import HOPS, State, parse_target, trace
from steps.tracks import TRACKS
from tests.drills.picture import picture

ALL = Course.of(COURSE)


@pytest.fixture(scope="module")
def finished() -> dict[str, object]:
    """What the account looks like with the stack as it should be."""
    return {}


def suspects(bench: Bench, drill: Drill) -> tuple[str | None, set[str]]:
    """Trace's verdict, and the hops that are not as they should be; of a request that fails if only some do."""
    target = parse_target(bench.url(drill.symptom.path), bench.aws, method=drill.symptom.method)
    for _ in range(ROUNDS if drill.symptom.only_some else 1):
        told = trace(bench.aws, target)
        if told.verdict is not None:
            break
    return told.verdict, {hop.id for hop in told.hops if hop.state in (State.SUSPICIOUS, State.BROKEN)}


def off(bench: Bench) -> set[str]:
    """The steps that ``check`` finds missing, drifted or in the way; not those it cannot know, nor the test call."""
    events = run(TRACKS.default.plan, bench.aws, bench.params, Action.CHECK, control=bench.aws.control)
    outcomes = next(event.outcomes for event in events if isinstance(event, RunFinished))
    return {step for step, outcome in outcomes.items() if outcome not in (Outcome.OK, Outcome.UNKNOWN)} - {"invoke"}


def said_of_check(drill: Drill) -> set[str]:
    """The steps that the debrief says ``runbook check`` shows."""
    sentence = re.search(r"`runbook check`\s+(?:shows|finds|stops|only)[^.]*", drill.debrief)
    assert sentence, f"the debrief of {drill.id} should say what check shows"
    return set(re.findall(r"`([a-z-]+)`", sentence[0]))


@pytest.mark.parametrize("drill", ALL.drills, ids=lambda drill: drill.id)
def test_drill(drill: Drill, bench: Bench, hurried: Account, finished: dict[str, object]) -> None:
    training.reset(bench, drill)
    if drill.builds_as_usual:  # then nothing is left of the drill before, but the stack as it always is
        now = picture(hurried)
        assert now == finished.setdefault("stack", now)

    training.strike(bench, drill)  # which waits until the symptom shows
    verdict, suspicious = suspects(bench, drill)
    assert verdict == drill.hop if drill.symptom.status >= 400 else drill.hop in suspicious, (verdict, suspicious)
    assert off(bench) == said_of_check(drill)
    assert judge(bench, drill)

    if drill.mismend(bench):
        bench.passing(120)
        assert judge(bench, drill)

    drill.mend(bench)
    bench.wait(lambda: judge(bench, drill) is None or None, what="the service to be well")
    assert suspects(bench, drill) == (None, set())


def test_the_course_is_whole() -> None:
    assert len(ALL.drills) >= 20
    assert {drill.hop for drill in ALL.drills} == set(HOPS)
    assert sum(drill.can_be_mismended for drill in ALL.drills) >= 20
    assert len({drill.title for drill in ALL.drills}) == len(ALL.drills)
