"""A caller who lacks one permission is told which, for what, and how to get it; nothing is changed after that.

A sample; ``make faults`` takes away each action of each command.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from runbook.control import Control
from runbook.errors import Stopped
from runbook.events import Action, CallSent, Outcome, StepFinished
from runbook.explain import explain
from runbook.policy import allowing
from tests.faults.proxy import Proxy
from tests.faults.rows.denied import ADDED, Lacking, granted
from tests.inprocess import runbook
from tests.runbook.test_aws import answer
from tests.runbook.test_policy import Caller, document
from tests.stack import Ended, Hurry, Stack

UP = [
    Lacking("MakeInternalLoadBalancer", "elasticloadbalancing:CreateLoadBalancer"),
    Lacking("PrivateLinkForLinks", "ec2:ModifyVpcEndpointServicePermissions"),
    Lacking("LetLoadBalancerIn", "ec2:AuthorizeSecurityGroupIngress"),
    Lacking("ChangeOurApi", "apigateway:POST"),
    Lacking("TagLoadBalancing", "elasticloadbalancing:AddTags"),
]
DOWN = [
    Lacking("ChangeOurApi", "apigateway:DELETE"),
    Lacking("LetLoadBalancerIn", "ec2:RevokeSecurityGroupIngress"),
]


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return Caller(stack)


def changed_after_the_refusal(ended: Ended) -> list[str]:
    refused = next(
        place
        for place, event in enumerate(ended.events)
        if isinstance(event, StepFinished) and event.outcome is Outcome.FAILED
    )
    # What was sent in the same moment by a step beside it is told after it, at most once a step.
    later = [event for event in ended.events[refused:] if isinstance(event, CallSent) and event.writes and event.step]
    return [event.operation for event in later if event.at > ended.events[refused].at]


@pytest.mark.parametrize(("command", "lacking"), [*(("up", each) for each in UP), *(("down", each) for each in DOWN)])
def test_what_is_lacking_is_named_and_granting_it_is_enough(caller: Caller, command: str, lacking: Lacking) -> None:
    if command == "down":
        assert caller.root.up().finished.worst is None
    given = lacking.taken_from(document(command))
    caller.may(given)

    ended = getattr(caller.stack, command)()

    # One, or two that ask in the same moment; each says so.
    failed = [event for event in ended.steps.values() if event.outcome is Outcome.FAILED]
    assert failed
    for each in failed:
        assert f"not authorized to perform: {lacking.action}" in each.reason
        assert f"(step {each.step} needs it)" in each.reason
    assert changed_after_the_refusal(ended) == []
    others = {name for name, outcome in ended.outcomes.items() if outcome is Outcome.STOPPED}
    halted = [f"because step {each.step} is not allowed something" for each in failed]
    assert all(any(why in ended.reason(name) for why in halted) for name in others)

    caller.may(granted(given, " ".join(each.reason for each in failed)))
    assert getattr(caller.stack, command)().finished.worst is None
    if command == "up":
        assert caller.root.check().unlike_ok == {}
    else:
        assert not any(caller.root.how_many().values())


@pytest.mark.parametrize("command", [["list"], ["links"], ["rollback", "--stack", "demo"]])
def test_granting_what_a_command_without_steps_asks_for_is_enough(
    finished: Stack, counted: Proxy, command: list[str]
) -> None:
    if command[0] == "rollback":
        finished.clock.advance(3600)
        assert finished.up(route_root=True).finished.worst is None
    caller = Caller(finished)
    counted.access_key_id = caller.key
    nothing = {"Sid": "Nothing", "Effect": "Allow", "Action": ["sts:GetCallerIdentity"], "Resource": ["*"]}
    given = {**document("list"), "Statement": [nothing]}  # a policy without statements is none
    for number in range(12):
        caller.may(given)
        finished.clock.advance(60)
        ended = runbook(*command)
        if ended.code == 0:
            break
        statement = json.loads(" ".join(ended.err.partition(ADDED)[2].split()))
        assert "*" not in json.dumps(statement.get("Condition", {})), statement
        given = {**given, "Statement": [*given["Statement"], {**statement, "Sid": f"Added{number}"}]}
    assert ended.code == 0, ended.said
    actions = {action for each in document(command[0])["Statement"] for action in each["Action"]}
    assert {action for each in given["Statement"][1:] for action in each["Action"]} == actions


def test_where_nobody_knows_the_stack_or_the_region_any_will_do() -> None:
    assert allowing("elasticloadbalancing:DeleteListener", "", "", "")["Condition"] == {
        "StringLike": {"aws:ResourceTag/runbook:stack": "*"}
    }
    assert allowing("ec2:DescribeSubnets", "", "", "")["Condition"] == {"StringLike": {"aws:RequestedRegion": "*"}}
    looking = allowing("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/abc", "", "")
    kinds = ("/restapis/*", "/apis", "/apis/*")
    assert looking["Resource"] == [f"arn:aws:apigateway:eu-west-1::{kind}" for kind in kinds]
    assert "Condition" not in looking


def test_a_permission_to_remember_parameters_by_is_lacking(caller: Caller) -> None:
    """Asked before any step: the step whose resource it is asked of is named all the same."""
    assert caller.root.up().finished.worst is None
    given = Lacking("LookAtLoadBalancing", "elasticloadbalancing:DescribeTags").taken_from(document("up"))
    given = Lacking("ListApisAndLinks", "apigateway:GET").taken_from(given)
    caller.may(given)

    ended = caller.stack.up()

    assert "(step rest-api needs it)" in ended.finished.error
    assert ADDED in ended.finished.error
    assert ended.written == []


def test_what_ec2_does_not_name_is_known_from_the_request() -> None:
    """EC2 answers with a blob that only STS can read, where a policy does not let it say more."""
    message = f"You are not authorized to perform this operation. Encoded authorization failure message: {'x' * 900}"
    error = ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": message}}, "DescribeSubnets")

    said = explain(error, step="preflight", stack="demo", region="eu-west-1")

    assert said.startswith("Not allowed: ec2:DescribeSubnets: You are not authorized to perform this operation")
    assert "(step preflight needs it)" in said
    statement = json.loads(said.partition(ADDED)[2])
    assert statement["Action"] == ["ec2:DescribeSubnets"]
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def test_who_is_throttled_when_another_is_refused_is_stopped_and_has_not_failed(caller: Caller) -> None:
    lacking = Lacking("MakeTargetGroup", "elasticloadbalancing:CreateTargetGroup")
    caller.may(lacking.taken_from(document("up")))
    control = Hurry(caller.stack.clock)

    def throttle(**_: object) -> AWSResponse:
        with contextlib.suppress(Stopped):
            Control.wait(control, 30.0)  # AWS answers when the other step was refused
        return answer(429, "TooManyRequestsException")

    emitter: Any = caller.stack.aws.apigateway.meta.events
    emitter.register("before-send.api-gateway.CreateRestApi", throttle)
    try:
        ended = caller.stack.run(Action.UP, control=control)
    finally:
        emitter.unregister("before-send.api-gateway.CreateRestApi", throttle)

    assert ended.outcomes["target-group"] is Outcome.FAILED
    assert ended.outcomes["rest-api"] is Outcome.STOPPED
    assert "stopped because step target-group is not allowed something" in ended.reason("rest-api")


def test_a_halt_is_of_one_run() -> None:
    control = Control()
    control.halt("because of this")
    with pytest.raises(Stopped, match="stopped because of this"):
        control.wait(60)
    assert control.stopped
    control.lift()
    control.go_on()
    assert not control.stopped
