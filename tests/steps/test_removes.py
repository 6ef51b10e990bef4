"""What a removal is said to take away is what it takes away: for each step, alone and all together, in any state."""

from __future__ import annotations

import pytest

from runbook.events import Action, CallSent, Event
from runbook.removal import removals
from tests.stack import PLAN, Stack

MAKES_NOTHING = {"preflight", "nlb-addresses", "invoke"}


def listed(stack: Stack, only: str | None = None) -> dict[str, list[str]]:
    found = removals(PLAN, stack.aws, stack.params(), None if only is None else [only])
    return {step: [f"{resource.kind} {resource.name} {resource.id}" for resource in of] for step, of in found.items()}


@pytest.mark.parametrize("step", PLAN.ids)
def test_a_step_lists_something_exactly_when_its_undo_writes_something(stack: Stack, step: str) -> None:
    assert listed(stack, step) == {}
    stack.up()
    there = listed(stack, step)
    assert set(there) == (set() if step in MAKES_NOTHING else {step})
    ended = stack.run_step_undo(step)
    assert bool([call for call in ended.of(CallSent) if call.writes and call.step == step]) is bool(there)
    assert listed(stack, step) == {}


def test_everything_is_listed_by_name_and_id_and_nothing_is_after_it_is_gone(stack: Stack) -> None:
    stack.up()
    before = listed(stack)
    assert list(before) == ["rest-api", "vpc-link", "security-group-ingress", "load-balancer", "target-group"]
    for step, name in (
        ("rest-api", "REST API demo-api"),
        ("vpc-link", "VPC link demo-link"),
        ("load-balancer", "load balancer demo-nlb loadbalancer/net/demo-nlb/"),
        ("target-group", "target group demo-targets targetgroup/demo-targets/"),
    ):
        assert before[step][0].startswith(name)
    assert len(before["security-group-ingress"]) == 2
    stack.down()
    assert listed(stack) == {}


def test_what_an_interrupted_run_left_is_listed_though_what_it_needs_is_gone(stack: Stack) -> None:
    """A link whose load balancer is gone cannot be checked, but it is there and would be removed."""
    stack.up()
    for step in ("vpc-link", "target-group"):
        assert listed(stack, step)
    stack.run(Action.DOWN, only=["rest-api", "security-group-ingress", "listener", "targets"])
    assert list(listed(stack)) == ["vpc-link", "load-balancer", "target-group"]


def test_what_has_the_name_but_not_the_tag_is_not_listed(stack: Stack) -> None:
    stack.up()
    elb = stack.aws.elbv2
    arn = elb.describe_target_groups(Names=["demo-targets"])["TargetGroups"][0]["TargetGroupArn"]
    elb.remove_tags(ResourceArns=[arn], TagKeys=["runbook:stack"])
    assert listed(stack, "target-group") == {}
    assert listed(stack, "targets") == {}


def test_listing_changes_nothing(stack: Stack) -> None:
    stack.up()
    sent: list[CallSent] = []

    def observe(event: Event) -> None:
        if isinstance(event, CallSent):
            sent.append(event)

    with stack.aws.observed(observe, stack.aws.control):
        for step in (None, *PLAN.ids):
            listed(stack, step)
    assert sent
    assert not [call.operation for call in sent if call.writes]
