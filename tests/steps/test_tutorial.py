"""All steps together: up from nothing, nothing to do, down to nothing."""

from __future__ import annotations

from runbook.events import Action, CallSent, Outcome, RunStarted
from steps.invoke import Invocation
from steps.nlb_addresses import NlbAddresses
from tests.stack import ONE_OF_EACH, Hurry, Stack


def test_up_from_nothing_ends_with_an_answer_from_an_instance(stack: Stack) -> None:
    ended = stack.run(Action.UP, control=Hurry(stack.clock, times=1.0))

    assert ended.finished.worst is None
    invocation = ended.fact(Invocation)
    assert invocation.status == 200
    assert invocation.served_by in stack.service.instances
    assert all(promise.kept for promise in invocation.promises)
    assert len(ended.fact(NlbAddresses).ips) == 2
    assert stack.how_many() == ONE_OF_EACH


def test_up_from_nothing_asks_aws_at_most_forty_times_besides_polls(stack: Stack) -> None:
    ended = stack.up()

    assert len(ended.requests) <= 40, [call.operation for call in ended.requests]


def test_check_of_a_finished_stack_asks_aws_at_most_twenty_one_times(finished: Stack) -> None:
    ended = finished.check()

    assert set(ended.outcomes.values()) == {Outcome.OK}
    assert len(ended.of(CallSent)) <= 21
    assert ended.written == []
    assert ended.waits == []


def test_up_of_a_finished_stack_changes_nothing(finished: Stack) -> None:
    before = finished.inventory()

    ended = finished.up()

    assert ended.unlike_ok == {}
    assert ended.written == []
    assert finished.inventory() == before


def test_where_there_is_nothing_to_do_each_step_says_why(finished: Stack) -> None:
    ended = finished.up()

    link, api = finished.inventory()["VPC links"][0], finished.inventory()["REST APIs"][0]
    first, second = ended.fact(NlbAddresses).ips
    told = {
        "target-group": "TCP port 80, health check GET / on traffic-port every 10 s",
        "load-balancer": "internal, active, in us-east-1a, us-east-1b",
        "listener": "TCP port 80 goes to the target group",
        "nlb-addresses": f"{first}, {second}",
        "security-group-ingress": f"let in: {first}/32 on port 80, {second}/32 on port 80",
        "vpc-link": f"{link} is AVAILABLE",
        "rest-api": f"{api}, REGIONAL",
        "proxy-resource": "/{proxy+} is there",
        "any-method": "ANY /{proxy+}",
        "integration": "/{proxy+} goes to http://${stageVariables.VPCNLB}/{proxy}",
        "deployment": "stage prod serves what is configured",
    }
    assert {step: ended.reason(step) for step in told} == told
    assert ended.reason("preflight").startswith("2 instances in vpc-")
    assert ended.reason("targets").count(" healthy") == 2
    assert ended.reason("stage-variables").startswith(f"VPCLINK is {link}, VPCNLB is demo-nlb-")
    assert ended.reason("invoke").endswith("/prod/hello answers 200")


def test_down_leaves_what_was_there_before(stack: Stack) -> None:
    before = stack.inventory()
    stack.up()

    ended = stack.down()

    assert ended.finished.worst is None
    undone = {name for name, outcome in ended.outcomes.items() if outcome is Outcome.UNDONE}
    assert undone == {"rest-api", "vpc-link", "security-group-ingress", "load-balancer", "target-group"}
    assert ended.reason("listener") == "goes with load-balancer"
    assert ended.reason("preflight") == "nothing to remove"
    assert stack.inventory() == before


def test_down_of_nothing_changes_nothing(stack: Stack) -> None:
    ended = stack.down()

    assert set(ended.outcomes.values()) == {Outcome.OK}
    assert ended.written == []


def test_two_stacks_live_side_by_side(finished: Stack) -> None:
    finished.up(stack="other", stage="test")

    assert finished.check(stack="other").finished.worst is None
    finished.down(stack="other")

    assert finished.check().finished.worst is None
    assert finished.how_many() == ONE_OF_EACH


def test_the_stack_alone_says_what_it_was_made_from(finished: Stack) -> None:
    finished.up(test_path="/kept", tags={"team": "payments/EU"}, route_root=True, stage="v1")

    ended = finished.run(Action.CHECK)
    (started,) = ended.of(RunStarted)

    assert ended.finished.worst is None
    parameters = started.parameters
    assert parameters.instances == finished.service.instances
    assert parameters.test_path == "/kept"
    assert parameters.tags == {"team": "payments/EU"}
    assert parameters.route_root
    assert parameters.stage == "v1"
