"""Somebody changed one thing by hand: check says which and how, up repairs that and leaves the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby

import pytest
from botocore.exceptions import ClientError

from runbook.errors import NotOurs
from runbook.events import Outcome
from steps import integration as integration_step
from tests.stack import ONE_OF_EACH, Ended, Stack
from tests.steps.drifts import DRIFTS, NONE_OF_OURS, TAGGED, Drift, as_said
from tests.steps.parts import Parts

BY_STEP = {step: list(drifts) for step, drifts in groupby(DRIFTS, key=lambda drift: drift.step)}


@pytest.fixture
def tagged(stack: Stack) -> Iterator[Stack]:
    """A stack that is as it should be, with a tag of its owner."""
    stack.given = {"tags": TAGGED}
    assert stack.up().finished.worst is None
    yield stack
    stack.given = {}


def named(seen: Ended, drift: Drift) -> None:
    """The step, and only it (and what cannot be looked at behind it), is said to be unlike, and how."""
    assert seen.written == []
    assert seen.outcomes[drift.step] is (Outcome.MISSING if drift.missing else Outcome.DRIFTED), seen.unlike_ok
    said = [seen.reason(drift.step)] if drift.missing else [str(each) for each in seen.differences(drift.step)]
    assert len(said) == len(drift.said), said
    assert all(as_said(*pair) for pair in zip(said, drift.said, strict=True)), said


@pytest.mark.parametrize("step", BY_STEP)
def test_what_was_changed_is_named_and_repaired(tagged: Stack, step: str) -> None:
    """One after the other on the same stack: what a repair leaves is what the next begins with."""
    for drift in BY_STEP[step]:
        drift.change(Parts(tagged))
        named(tagged.check(), drift)

        repaired = tagged.up()
        assert repaired.finished.worst is None, (drift.name, repaired.unlike_ok)
        assert repaired.outcomes[step] is Outcome.DONE
        assert tuple(sorted(repaired.written)) == drift.repair, drift.name
        assert tagged.check().unlike_ok == {}, drift.name
    others = {"deployments": 1, "target groups": 1}  # what is kept to go back to, and somebody else's
    assert {**tagged.how_many(), **others} == ONE_OF_EACH


def test_what_anybody_may_set_is_left_alone(tagged: Stack) -> None:
    for name, change in NONE_OF_OURS:
        change(Parts(tagged))
        assert tagged.check().unlike_ok == {}, name
    assert tagged.up().written == []
    assert tagged.down().finished.worst is None
    tagged.clock.advance(600)
    assert {kind: count for kind, count in tagged.how_many().items() if count} == {"target groups": 1}
    assert "10.9.9.9/32" in {rule.get("CidrIpv4") for rule in Parts(tagged).rules}


@pytest.mark.parametrize("step", BY_STEP)
def test_down_works_whatever_was_changed(tagged: Stack, step: str) -> None:
    parts = Parts(tagged)
    for drift in sorted(BY_STEP[step], key=lambda drift: drift.missing):
        with suppress(ClientError):  # not all of it can be done after the others
            drift.change(parts)
    ended = tagged.down()
    assert ended.finished.worst is None, ended.unlike_ok
    tagged.clock.advance(600)
    left = {kind: count for kind, count in tagged.how_many().items() if count}
    assert left in ({}, {"target groups": 1})  # somebody else's, to which the listener was pointed
    assert all(rule.get("Tags", []) == [] for rule in parts.rules)


@pytest.mark.parametrize("step", ["target-group", "load-balancer", "rest-api", "vpc-link"])
def test_what_lost_our_tag_is_not_ours_until_it_is_adopted(finished: Stack, step: str) -> None:
    parts = Parts(finished)
    match step:
        case "target-group":
            parts.elb.remove_tags(ResourceArns=[parts.group], TagKeys=["runbook:stack"])
        case "load-balancer":
            parts.elb.remove_tags(ResourceArns=[parts.balancer], TagKeys=["runbook:stack"])
        case "rest-api":
            parts.untag(f"/restapis/{parts.api}", "runbook:stack")
        case "vpc-link":
            parts.untag(f"/vpclinks/{parts.link}", "runbook:stack")
    seen = finished.check()
    assert seen.outcomes[step] is Outcome.FAILED
    assert "is not tagged as part of stack 'demo'" in seen.reason(step)
    before = finished.inventory()
    assert isinstance(finished.up().steps[step].cause, NotOurs)
    assert finished.inventory() == before
    adopted = finished.up(adopt=True)
    assert adopted.finished.worst is None
    assert adopted.written == ["TagResource" if step in ("rest-api", "vpc-link") else "AddTags"]
    assert finished.check().unlike_ok == {}


def test_a_repaired_route_is_deployed_again_and_only_then(finished: Stack) -> None:
    parts = Parts(finished)
    parts.patch_integration("/timeoutInMillis", "5000")

    seen = finished.check()
    assert seen.unlike_ok == {"deployment": Outcome.DRIFTED}
    assert seen.reason("deployment") == "deployed timeout of ANY /{proxy+} is 29000, should be 5000"

    repaired = finished.up()
    assert repaired.written == ["CreateDeployment", "UpdateStage"]
    assert finished.up().written == []


def test_timeouts_that_somebody_chose_are_kept_when_the_integration_is_repaired(finished: Stack) -> None:
    parts = Parts(finished)
    parts.patch_integration("/timeoutInMillis", "5000")
    parts.patch_integration("/connectionId", parts.link)

    finished.up()

    kept = parts.gateway.get_integration(**parts.route)
    assert kept["timeoutInMillis"] == 5000
    assert kept["connectionId"] == integration_step.CONNECTION_ID
