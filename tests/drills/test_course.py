"""Every drill: the break shows, trace names its hop, verify is not taken in, the solution mends it."""

from __future__ import annotations

import pytest

from drills import training
from drills.bench import ROUNDS, Bench
from drills.catalogue import COURSE
from drills.catalogue.open_house import EVERYBODY
from drills.judging import judge
from drills.model import Course, Drill
from runbook.trace import State, parse_target, trace

ALL = Course.of(COURSE)


def suspects(bench: Bench, drill: Drill) -> tuple[str | None, set[str]]:
    """Trace's verdict, and the hops that are not as they should be; of a request that fails if only some do."""
    target = parse_target(bench.url(drill.symptom.path), bench.aws, method=drill.symptom.method)
    for _ in range(ROUNDS if drill.symptom.only_some else 1):
        told = trace(bench.aws, target)
        if told.verdict is not None:
            break
    return told.verdict, {hop.id for hop in told.hops if hop.state in (State.SUSPICIOUS, State.BROKEN)}


@pytest.mark.parametrize("drill", ALL.drills, ids=lambda drill: drill.id)
def test_drill(drill: Drill, bench: Bench) -> None:
    training.start(bench, drill)  # which waits until the symptom shows
    verdict, suspicious = suspects(bench, drill)
    assert verdict == drill.hop if drill.symptom.status >= 400 else drill.hop in suspicious, (verdict, suspicious)
    assert judge(bench, drill)

    if not any(rule.get("CidrIpv4") == EVERYBODY for rule in bench.rules()):  # else that is the break
        bench.let_in(EVERYBODY)
        bench.passing(120)
        assert judge(bench, drill)
        bench.shut_out([rule for rule in bench.rules() if rule.get("CidrIpv4") == EVERYBODY])

    if drill.mismend(bench):
        bench.passing(120)
        assert judge(bench, drill)

    drill.mend(bench)
    bench.wait(lambda: judge(bench, drill) is None or None, what="the service to be well")
    assert suspects(bench, drill) == (None, set())
