"""A run that ended anywhere is taken up again, by anybody: one of each, and nothing left behind."""

from __future__ import annotations

import pytest

from runbook.events import Action, CallSent, Event, Outcome, StepFinished, StepStarted, Waited
from tests.stack import ONE_OF_EACH, PLAN, Ended, Hurry, Stack

MAKING = [step.id for step in PLAN.steps if step.id not in ("preflight", "nlb-addresses", "invoke")]


def stop_at(stack: Stack, action: Action, step: str, when: str) -> Ended:
    """A run that is stopped when a step begins to act, at its first change, or at its end."""
    control = Hurry(stack.clock)
    acting = Action.DO if action is Action.UP else Action.UNDO

    def watch(event: Event) -> None:
        if event.step != step:
            return
        match event:
            case StepStarted(action=at) if at is acting and when == "begin":
                control.stop()
            case CallSent(writes=True) if when == "change":
                control.stop()
            case StepFinished() if when == "end":
                control.stop()

    return stack.run(action, control=control, watch=watch)


@pytest.mark.parametrize("step", MAKING)
def test_up_goes_on_from_where_it_was_stopped(stack: Stack, step: str) -> None:
    when = ("begin", "change", "end")[MAKING.index(step) % 3]
    stopped = stop_at(stack, Action.UP, step, when)
    assert stopped.of(CallSent)

    ended = stack.up()

    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert stack.how_many() == ONE_OF_EACH


@pytest.mark.parametrize("step", ["rest-api", "vpc-link", "security-group-ingress", "load-balancer", "target-group"])
def test_down_goes_on_from_where_it_was_stopped(stack: Stack, step: str) -> None:
    before = stack.inventory()
    stack.up()
    stop_at(stack, Action.DOWN, step, "change")

    ended = stack.down()
    stack.clock.advance(600)  # AWS takes a deleted load balancer's interfaces away by itself

    assert ended.finished.worst is None
    assert stack.inventory() == before


def test_a_stop_in_the_middle_of_a_wait_ends_it(stack: Stack) -> None:
    class StopsInTheMiddle(Hurry):
        def __init__(self) -> None:
            super().__init__(stack.clock, times=1.0)

        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if self.waited > 20:
                self.stop()

    ended = stack.run(Action.UP, control=StopsInTheMiddle())

    assert Outcome.STOPPED in ended.outcomes.values()
    assert ended.finished.worst is Outcome.STOPPED
    assert stack.up().finished.worst is None
    assert stack.how_many() == ONE_OF_EACH


def test_another_deployment_of_the_same_is_not_made_when_the_stage_was_not_pointed_at_it_yet(finished: Stack) -> None:
    """The run died between creating the deployment and switching the stage over."""
    finished.up(route_root=True)
    served = finished.inventory()["deployments"]
    finished.given = {"route_root": False}
    finished.clock.advance(60)  # past CreateDeployment's quota: a stop would end the wait for it
    stop_at(finished, Action.UP, "deployment", "change")
    made = finished.inventory()["deployments"]
    assert len(made) == len(served) + 1

    finished.up()

    assert finished.inventory()["deployments"] == made


def test_what_a_deleted_load_balancer_leaves_for_a_moment_is_waited_for_by_the_next_run_too(finished: Stack) -> None:
    control = Hurry(finished.clock, times=1.0)

    def stop_there(event: Event) -> None:
        if isinstance(event, Waited) and event.step == "load-balancer":
            control.stop()

    finished.run(Action.DOWN, control=control, watch=stop_there)
    assert finished.how_many()["load balancers"] == 0
    left = finished.inventory()["interfaces"]

    finished.down()

    assert len(finished.inventory()["interfaces"]) == len(left) - 2
