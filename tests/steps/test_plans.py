"""A plan says what `up` will do; carried out, it ends as `up` does, and the URL answers no worse meanwhile.

For every state of a stack (nothing, finished, each drift, half-made) and every change of its parameters.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.clock import ManualClock
from practice.server import serve
from runbook.aws import Aws
from runbook.control import Control
from runbook.errors import CannotContinue, NeedsReplacing, NotOurs
from runbook.events import Action, CallAnswered, Event, Outcome, Planned
from runbook.frozen_plan import freeze
from runbook.outcome import Change
from tests.stack import PLAN, Ended, Hurry, Stack
from tests.steps.drifts import DRIFTS, TAGGED
from tests.steps.parts import Parts

MAKES = {step.id for step in PLAN.steps if not step.only_looks}


def carried_out(stack: Stack, watch: Callable[[Event], None] = lambda event: None, **given: Any) -> Ended:
    """Plan, approve, carry out."""
    return stack.carry_out(freeze(stack.check(**given).events), watch)


def changes(ended: Ended) -> dict[str, Change]:
    """What each step that makes something has done, or will do."""
    return {name: step.change for name, step in ended.steps.items() if name in MAKES and step.change is not Change.NONE}


def agree(planned: dict[str, Change], did: dict[str, Change]) -> bool:
    """Whether a run did what was planned; what is known only after another change may be anything but that."""
    open_ = {name for name, change in planned.items() if change is Change.AFTER}
    certain = {name: change for name, change in planned.items() if name not in open_}
    return certain == {name: change for name, change in did.items() if name not in open_}


# --- what was found in use --------------------------------------------------------------------------------------------


def test_another_port_is_one_plan_and_one_approval(finished: Stack) -> None:
    finished.machines(port=8080)
    planned = finished.check(port=8080, replace=True)
    assert changes(planned) == {
        "target-group": Change.REPLACE,
        "listener": Change.CREATE,
        "security-group-ingress": Change.UPDATE,
        "targets": Change.CREATE,
        "rest-api": Change.UPDATE,
        "integration": Change.UPDATE,
        "deployment": Change.UPDATE,
    }
    assert planned.steps["listener"].follows == "goes with target-group, created again"
    (whole,) = planned.of(Planned)
    assert (whole.replace, whole.update, whole.create, whole.known_after) == (1, 4, 2, 0)
    assert whole.interrupts_for > 0

    ended = carried_out(finished, port=8080, replace=True)

    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert ended.steps["invoke"].fact.status == 200  # type: ignore[attr-defined]
    assert changes(ended) == changes(planned)
    assert finished.check().unlike_ok == {}


def test_another_route_is_deployed_in_the_same_plan(finished: Stack) -> None:
    planned = finished.check(route_root=True)
    acting = {"target-group", "rest-api", "any-method", "integration", "deployment"}
    assert changes(planned) == dict.fromkeys(acting, Change.UPDATE)
    assert "deployed ANY / is not set, should be there" in planned.steps["deployment"].follows

    ended = carried_out(finished, route_root=True)

    assert changes(ended) == changes(planned)
    assert finished.check().unlike_ok == {}


def test_a_new_load_balancer_takes_its_listener_and_its_link_with_it(finished: Stack) -> None:
    ec2, (first, second) = finished.aws.ec2, finished.service.subnets
    zone = ec2.describe_subnets(SubnetIds=[first])["Subnets"][0]["AvailabilityZone"]
    made = ec2.create_subnet(VpcId=finished.service.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=zone)
    given = {"subnets": [made["Subnet"]["SubnetId"], second], "replace": True}
    planned = finished.check(**given)
    assert changes(planned) == {
        "target-group": Change.UPDATE,  # remembers the subnets
        "load-balancer": Change.REPLACE,
        "listener": Change.CREATE,
        "security-group-ingress": Change.AFTER,
        "vpc-link": Change.CREATE,
        "rest-api": Change.UPDATE,
        "stage-variables": Change.UPDATE,
    }
    assert "VPCLINK is" in planned.steps["stage-variables"].follows
    assert planned.steps["stage-variables"].follows.endswith("should be the new load balancer's DNS name")
    assert 10 * 60 < planned.of(Planned)[0].interrupts_for < 12 * 60

    ended = carried_out(finished, **given)

    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert agree(changes(planned), changes(ended))
    assert finished.check().unlike_ok == {}


def test_a_link_that_leads_elsewhere_is_replaced_without_an_interruption(elsewhere: Stack) -> None:
    planned = elsewhere.check(replace=True)
    assert changes(planned) == {"vpc-link": Change.REPLACE, "stage-variables": Change.UPDATE}
    assert planned.of(Planned)[0].interrupts_for == 0.0
    ended = carried_out(elsewhere, replace=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert agree(changes(planned), changes(ended))


def test_a_link_that_leads_elsewhere_needs_replacing_also_where_the_load_balancer_is_gone(elsewhere: Stack) -> None:
    arn = Parts(elsewhere).balancer
    elsewhere.aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    elsewhere.clock.advance(600)
    assert changes(elsewhere.check())["vpc-link"] is Change.REPLACE
    before = elsewhere.inventory()
    with pytest.raises(NeedsReplacing, match="vpc-link needs replacing"):
        carried_out(elsewhere)
    assert elsewhere.inventory() == before
    ended = carried_out(elsewhere, replace=True)
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}


def test_of_a_new_stack_all_that_will_be_created_is_known(stack: Stack) -> None:
    planned = stack.check()
    assert changes(planned) == {
        **dict.fromkeys(MAKES, Change.CREATE),
        "security-group-ingress": Change.AFTER,  # another rule may let in the addresses that nobody knows yet
    }
    (whole,) = planned.of(Planned)
    assert 300 < whole.takes < 400
    assert (whole.interrupts_for, whole.usd_per_hour) == (0.0, 0.0225)
    assert agree(changes(planned), changes(stack.up()))
    assert stack.check().of(Planned)[0].nothing


def test_what_needs_replacing_makes_no_plan_without_replace(finished: Stack) -> None:
    before = finished.inventory()
    with pytest.raises(NeedsReplacing, match=r"target-group needs replacing \(port is 80, should be 8080\)"):
        carried_out(finished, port=8080)
    assert finished.inventory() == before


def test_a_result_is_what_was_done(stack: Stack) -> None:
    made = stack.up()
    assert (made.steps["load-balancer"].change, made.reason("load-balancer")) == (Change.CREATE, "demo-nlb")
    assert "there is no" not in " ".join(step.reason for step in made.steps.values())
    stack.machines(port=8080)
    ended = stack.up(port=8080, replace=True)
    assert ended.reason("target-group").startswith("demo-targets: port 80 → 8080")
    assert (ended.steps["target-group"].change, ended.steps["rest-api"].change) == (Change.REPLACE, Change.UPDATE)
    assert ended.reason("rest-api") == "tag runbook:port set to 8080"
    assert changes(stack.down())["load-balancer"] is Change.REMOVE


# --- the property -----------------------------------------------------------------------------------------------------

State = Callable[[Stack], object]


def _half_made(stack: Stack, step: str) -> None:
    stack.up_to(step)


def _half_removed(stack: Stack, step: str) -> None:
    assert stack.up().finished.worst is None
    stack.run(Action.DOWN, only=PLAN.ids[PLAN.ids.index(step) :])


def _drifted(stack: Stack, names: tuple[str, ...]) -> None:
    assert stack.up().finished.worst is None
    for drift in DRIFTS:
        if drift.name in names:
            with suppress(ClientError):  # not all of it can be done after the others
                drift.change(Parts(stack))


STATES = st.one_of(
    st.just(("nothing", lambda stack: None)),
    st.builds(
        lambda step: (f"half made: {step}", lambda stack: _half_made(stack, step)),
        st.sampled_from(PLAN.ids[1:-1]),
    ),
    st.builds(
        lambda step: (f"half removed: {step}", lambda stack: _half_removed(stack, step)),
        st.sampled_from(PLAN.ids[1:-1]),
    ),
    st.builds(
        lambda names: (f"drifted: {names}", lambda stack: _drifted(stack, tuple(names))),
        st.lists(st.sampled_from([drift.name for drift in DRIFTS]), max_size=2, unique=True),
    ),
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "port": st.just(8080),
        "replace": st.just(value=True),
        "route_root": st.just(value=True),
        "stage": st.just("v2"),
        "endpoint_type": st.just("EDGE"),
        "health_check_path": st.sampled_from(["/health", "/missing"]),
        "health_check_port": st.just(80),
        "tags": st.sampled_from([{}, {"team": "other"}]),
        "instances": st.sampled_from([0, 1]),  # only this one
    },
)


@contextmanager
def fresh(connected: Callable[[int], Aws], port: int) -> Iterator[Stack]:
    """A stack of which nothing is there yet, on an account of its own."""
    clock = ManualClock()
    with serve(port, clock=clock) as account:
        aws = connected(port)
        aws.control = Hurry(clock)
        stack = Stack(account, aws, clock, given={"tags": TAGGED})
        try:
            yield stack
        finally:
            aws.control = Control()


@dataclass
class Watched:
    """What a run changes, and what the URL answers after each change."""

    stack: Stack
    answers: list[str] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        if isinstance(event, CallAnswered) and event.writes and event.step:
            self.answers.append(answer(self.stack))

    @property
    def broke(self) -> bool:
        """Whether the URL answered, and then did not."""
        well = [text.startswith("2") for text in self.answers]
        return any(before and not after for before, after in itertools.pairwise(well))


def answer(stack: Stack) -> str:
    apis = stack.aws.apigateway.get_rest_apis()["items"]
    stages = stack.aws.apigateway.get_stages(restApiId=apis[0]["id"])["item"] if apis else []
    if not stages:
        return "no URL"
    url = f"{stack.aws.invoke_url(apis[0]['id'], stages[0]['stageName'])}/hello"
    return str(httpx.get(url, trust_env=False).status_code)


@dataclass
class Way:
    """How one of the two ways went."""

    outcomes: dict[str, Outcome]
    counts: dict[str, int]
    unlike: dict[str, Outcome]
    answer: str
    planned: dict[str, Change]
    did: dict[str, Change]
    refused: str
    watched: Watched


def gone(stack: Stack, state: State, given: dict[str, Any], *, frozen: bool) -> Way:
    state(stack)
    stack.clock.advance(60)
    if given.get("port"):
        stack.machines(port=given["port"])
    if "instances" in given:
        given = {**given, "instances": [stack.service.instances[given["instances"]]]}
    planned = stack.check(**given)
    refused, ended, watched = "", None, Watched(stack)
    try:
        ended = carried_out(stack, watched, **given) if frozen else stack.up(watch=watched, **given)
    except (NeedsReplacing, CannotContinue, NotOurs) as error:
        refused = str(error)
    seen = stack.check()
    return Way(
        outcomes=ended.outcomes if ended else {},
        counts=stack.how_many(),
        unlike=seen.unlike_ok,
        answer=answer(stack),
        planned=changes(planned),
        did=changes(ended) if ended else {},
        refused=refused,
        watched=watched,
    )


@pytest.fixture
def account(_connected: Callable[[int], Aws], _port: int) -> Callable[[], AbstractContextManager[Stack]]:
    """Makes an account with nothing in it, for each example anew."""
    return lambda: fresh(_connected, _port)


@settings(max_examples=12)
@given(state=STATES, given_=PARAMETERS)
def test_a_frozen_plan_ends_as_up_does(
    account: Callable[[], AbstractContextManager[Stack]], state: tuple[str, State], given_: dict[str, Any]
) -> None:
    _, begin = state
    with account() as stack:
        by_up = gone(stack, begin, given_, frozen=False)
    with account() as stack:
        by_plan = gone(stack, begin, given_, frozen=True)
    assert by_up.planned == by_plan.planned
    if by_plan.refused:
        assert by_plan.watched.answers == []  # nothing was changed
        assert Outcome.FAILED in by_up.outcomes.values(), by_plan.refused
        return
    assert by_plan.outcomes == by_up.outcomes
    assert (by_plan.counts, by_plan.unlike, by_plan.answer) == (by_up.counts, by_up.unlike, by_up.answer)
    assert by_plan.did == by_up.did
    assert by_up.watched.broke or not by_plan.watched.broke
    if Outcome.FAILED not in by_up.outcomes.values():
        assert agree(by_up.planned, by_up.did), (by_up.planned, by_up.did)
