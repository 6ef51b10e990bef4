"""Drills whose repair is outside the steps: ``runbook up`` leaves them broken, and it takes no answer away."""

from __future__ import annotations

from contextlib import suppress

import pytest

from drills import training
from drills.bench import Bench
from drills.catalogue import COURSE
from drills.judging import judge
from drills.model import Course
from runbook.errors import CannotContinue

ALL = Course.of(COURSE)
OUTSIDE = ("new-office", "deny-rule", "new-unit", "every-other", "new-ingress")
"""What other teams own: a policy, a network ACL, the service itself."""


@pytest.mark.parametrize("name", OUTSIDE)
def test_up_does_not_solve_it(name: str, bench: Bench) -> None:
    drill = ALL[name]
    training.reset(bench, drill)
    training.strike(bench, drill)
    bench.aws.control.go_on()
    with suppress(CannotContinue):  # it reports the call that still fails, or the targets that stay unhealthy
        bench.up()
    bench.passing(120)
    assert judge(bench, drill)
    assert drill.symptom.shows(bench)
