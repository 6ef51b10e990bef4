"""A run that stopped anywhere goes on from there, and makes nothing twice."""

from __future__ import annotations

import pytest

from runbook.control import Control
from runbook.events import Action, CallAnswered, Event, Outcome, StepStarted, Waited
from steps import READING_ORDER
from tests.stack import ONE_OF_EACH, Hurry, Stack

IDS = [module.__name__.rpartition(".")[2].replace("_", "-") for module in READING_ORDER]


@pytest.mark.parametrize("step", IDS[1:])
def test_a_run_stopped_at_a_step_goes_on(stack: Stack, step: str) -> None:
    control = Hurry(stack.clock)

    def stop_there(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == step:
            control.stop()

    stopped = stack.run(Action.UP, control=control, watch=stop_there)
    assert Outcome.FAILED not in stopped.outcomes.values()
    ended = stack.up()
    assert ended.finished.worst is None
    assert stack.how_many() == ONE_OF_EACH


@pytest.mark.parametrize("after", range(1, 14))
def test_a_run_stopped_after_each_change_goes_on(stack: Stack, after: int) -> None:
    control, changes = Hurry(stack.clock), 0

    def stop_there(event: Event) -> None:
        nonlocal changes
        if isinstance(event, CallAnswered) and event.writes:
            changes += 1
            if changes == after:
                control.stop()

    stack.run(Action.UP, control=control, watch=stop_there)
    ended = stack.up()
    assert ended.finished.worst is None
    assert stack.how_many() == ONE_OF_EACH


def test_a_stop_ends_a_wait_at_once_and_says_so(stack: Stack) -> None:
    control = Control()  # waits by the wall clock, which would be minutes

    def stop_there(event: Event) -> None:
        if isinstance(event, Waited):
            control.stop()

    stopped = stack.run(Action.UP, control=control, watch=stop_there)
    assert stopped.outcomes["load-balancer"] is Outcome.STOPPED
    assert "stopped on request" in stopped.reason("load-balancer")


def test_a_teardown_stopped_half_way_goes_on(finished: Stack) -> None:
    control = Hurry(finished.clock)

    def stop_there(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "load-balancer":
            control.stop()

    finished.run(Action.DOWN, control=control, watch=stop_there)
    assert finished.how_many()["load balancers"] == 1
    assert finished.down().finished.worst is None
    assert set(finished.how_many().values()) == {0}
