"""The link's states: what AWS says of it is passed on, and what failed is not left behind."""

from __future__ import annotations

from runbook.errors import CannotContinue
from runbook.events import Outcome
from tests.stack import Stack
from tests.steps.parts import Parts


def test_a_link_that_fails_says_why_and_what_to_do_and_is_not_left_behind(stack: Stack) -> None:
    stack.up_to("load-balancer")
    parts = Parts(stack)
    theirs = parts.gateway.create_vpc_link(name="theirs", targetArns=[parts.balancer])["id"]
    stack.clock.advance(600)

    ended = stack.up()

    assert ended.outcomes["vpc-link"] is Outcome.FAILED
    assert isinstance(ended.steps["vpc-link"].cause, CannotContinue)
    reason = ended.reason("vpc-link")
    assert "NLB is already associated with another VPC Endpoint Service" in reason
    assert "already has a VPC link" in reason
    assert "The failed link was deleted." in reason
    assert ended.outcomes["stage-variables"] is Outcome.BLOCKED
    assert stack.inventory()["VPC links"] == [theirs]


def test_a_failed_link_of_ours_is_replaced_without_being_told_to(stack: Stack) -> None:
    stack.up_to("load-balancer")
    parts = Parts(stack)
    theirs = parts.gateway.create_vpc_link(name="theirs", targetArns=[parts.balancer])["id"]
    stack.clock.advance(600)
    failed = parts.gateway.create_vpc_link(
        name="demo-link", targetArns=[parts.balancer], tags={"runbook:stack": "demo"}
    )["id"]
    stack.clock.advance(600)
    parts.gateway.delete_vpc_link(vpcLinkId=theirs)
    stack.clock.advance(600)

    seen = stack.check()
    assert seen.outcomes["vpc-link"] is Outcome.DRIFTED
    assert "status is FAILED (NLB is already associated" in seen.reason("vpc-link")

    assert stack.up().finished.worst is None
    assert failed not in stack.inventory()["VPC links"]
    assert len(stack.inventory()["VPC links"]) == 1


def test_a_link_that_is_pending_is_waited_for_not_made_again(stack: Stack) -> None:
    stack.up_to("load-balancer")
    parts = Parts(stack)
    pending = parts.gateway.create_vpc_link(
        name="demo-link", targetArns=[parts.balancer], tags={"runbook:stack": "demo"}
    )["id"]

    ended = stack.up()

    assert ended.outcomes["vpc-link"] is Outcome.DONE
    assert ended.reason("vpc-link").startswith("status PENDING → AVAILABLE")
    assert stack.inventory()["VPC links"] == [pending]


def test_a_link_that_is_being_deleted_is_no_link(finished: Stack) -> None:
    parts = Parts(finished)
    going = parts.link
    parts.gateway.delete_vpc_link(vpcLinkId=going)

    ended = finished.check()

    assert ended.outcomes["vpc-link"] is Outcome.MISSING


def test_a_second_link_of_ours_is_taken_away(finished: Stack) -> None:
    """Such as one that another run made at the same moment."""
    parts = Parts(finished)
    kept = parts.link
    extra = parts.gateway.create_vpc_link(
        name="demo-link", targetArns=[parts.balancer], tags={"runbook:stack": "demo"}
    )["id"]
    finished.clock.advance(600)

    assert f"old VPC link {extra}" in finished.check().reason("stage-variables")

    assert finished.up().finished.worst is None
    assert finished.inventory()["VPC links"] == [kept]
