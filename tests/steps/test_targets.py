"""The instances join and become healthy, or AWS's reason is said soon."""

from __future__ import annotations

from typing import Any

import pytest

from runbook.errors import CannotContinue
from runbook.events import Action, Outcome
from steps.targets import Target, Targets
from tests.stack import Hurry, Stack
from tests.steps.parts import Parts


@pytest.mark.parametrize("settings", [{"status": 500}, {"listening": False}], ids=["wrong answer", "no answer"])
def test_an_unhealthy_target_says_awss_reason_and_what_to_look_at(stack: Stack, settings: dict[str, Any]) -> None:
    bad = stack.service.instances[0]
    stack.machine(bad, **settings)

    ended = stack.run(Action.UP, control=Hurry(stack.clock, times=1.0))

    assert ended.outcomes["targets"] is Outcome.FAILED
    assert isinstance(ended.steps["targets"].cause, CannotContinue)
    said = ended.reason("targets")
    # A Network Load Balancer gives one reason for both.
    assert said.startswith(f"{bad} is unhealthy: Target.FailedHealthChecks (Health checks failed)")
    assert "(200 to 399, unless somebody set others)" in said
    assert "Health check: GET / on port traffic-port." in said
    waited = [wait.elapsed for wait in ended.waits if wait.step == "targets"]
    assert max(waited) < 150  # "soon": AWS itself needs twenty seconds to find out
    assert ended.outcomes["invoke"] is Outcome.BLOCKED


def test_an_instance_that_was_replaced_is_found_by_its_tags(finished: Stack) -> None:
    """As an auto scaling group does it."""
    parts = Parts(finished)
    for instance in finished.service.instances:
        parts.ec2.create_tags(Resources=[instance], Tags=[{"Key": "role", "Value": "web-1"}])
    finished.up(instance_tags={"role": "web*"})
    old, kept = finished.service.instances
    new = parts.new_instance()
    parts.ec2.create_tags(Resources=[new], Tags=[{"Key": "role", "Value": "web-2"}])
    parts.ec2.terminate_instances(InstanceIds=[old])
    finished.clock.advance(120)

    seen = finished.run(Action.CHECK)
    assert seen.outcomes["targets"] is Outcome.DRIFTED
    said = {str(difference) for difference in seen.differences("targets")}
    assert f"target {new} on port 80 is not set, should be registered" in said

    repaired = finished.up()
    assert repaired.finished.worst is None, {name: repaired.reason(name) for name in repaired.unlike_ok}
    assert {target.instance for target in repaired.fact(Targets).targets if target.state == "healthy"} == {new, kept}


def test_other_instances_take_the_places_of_the_old_ones(finished: Stack) -> None:
    new = Parts(finished).new_instance()

    ended = finished.up(instances=[new])

    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert finished.inventory()["targets"] == [(new, 80)]
    assert finished.check().unlike_ok == {}


def test_several_instances_in_one_zone_are_all_served(stack: Stack) -> None:
    extra = Parts(stack).new_instance()
    instances = [*stack.service.instances, extra]

    ended = stack.up(instances=instances)

    assert ended.finished.worst is None
    assert {target.instance for target in ended.fact(Targets).targets} == set(instances)


def test_a_target_says_why_it_is_not_well_in_awss_words_and_ours() -> None:
    assert Target("i-1", 80, "unused", "Target.NotInUse", "not configured").remark == (
        "Target.NotInUse (not configured): "
        "no listener forwards to the group, or the load balancer does not serve its zone"
    )
    assert Target("i-1", 80, "unhealthy", "Target.New").remark == "Target.New"
