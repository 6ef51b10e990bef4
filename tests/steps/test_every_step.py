"""Every step that makes something: missing, done, nothing to do, undone; each called as an ordinary function."""

from __future__ import annotations

from types import ModuleType

import pytest

from runbook.events import Action, Outcome
from runbook.outcome import Change, Missing
from runbook.step import Step
from steps import (
    any_method,
    deployment,
    integration,
    listener,
    load_balancer,
    proxy_resource,
    rest_api,
    security_group_ingress,
    stage_variables,
    target_group,
    targets,
    vpc_link,
)
from tests.stack import PLAN, Stack

WHEN_MISSING = {
    target_group: "there is no target group demo-targets",
    load_balancer: "there is no load balancer demo-nlb",
    listener: "load balancer demo-nlb has no listener",
    security_group_ingress: "security group {group} does not let in 10.0.",
    targets: "no instance is registered with demo-targets",
    vpc_link: "there is no VPC link demo-link",
    rest_api: "there is no REST API demo-api",
    proxy_resource: "API demo-api has no resource /{{proxy+}}",
    any_method: "/{{proxy+}} has no method ANY",
    integration: "the ANY method has no integration",
    deployment: "API demo-api is not deployed to a stage prod",
    stage_variables: "stage prod has neither VPCLINK nor VPCNLB",
}

WHEN_CREATED = {
    target_group: "demo-targets",
    load_balancer: "demo-nlb",
    listener: "TCP port 80 goes to the target group",
    security_group_ingress: "let in: 10.0.",
    targets: "i-",
    vpc_link: "demo-link",
    rest_api: "demo-api",
    proxy_resource: "/{proxy+} is there",
    any_method: "ANY /{proxy+}",
    integration: "/{proxy+} goes to http://",
    deployment: "stage prod serves what is configured",
    stage_variables: "VPCLINK is ",
}


@pytest.fixture(params=WHEN_MISSING, ids=lambda module: module.__name__.rpartition(".")[2])
def module(request: pytest.FixtureRequest) -> ModuleType:
    found: ModuleType = request.param
    return found


def test_a_step_makes_it_so_once_and_takes_it_away_again(stack: Stack, module: ModuleType) -> None:
    step = Step.of(module)
    stack.run(Action.UP, only=PLAN.up_to(step) - {step.id})

    missing = stack.call(module, "check")
    assert isinstance(missing, Missing)
    assert missing.why.startswith(WHEN_MISSING[module].format(group=stack.service.security_group))

    with stack.watching() as written:
        made = stack.call(module, "do")
    assert written
    assert isinstance(made, step.gives)
    assert isinstance(stack.call(module, "check"), step.gives)

    with stack.watching() as written:
        assert isinstance(stack.call(module, "do"), step.gives)
    assert written == []

    stack.call(module, "undo")
    assert isinstance(stack.call(module, "check"), Missing)

    with stack.watching() as written:
        stack.call(module, "undo")
    assert written == []


def test_the_engine_says_what_it_did_and_that_there_is_nothing_left_to_do(stack: Stack, module: ModuleType) -> None:
    step = Step.of(module)
    stack.run(Action.UP, only=PLAN.up_to(step) - {step.id})

    did = stack.run(Action.UP, only=[step.id])
    assert did.outcomes[step.id] is Outcome.DONE
    assert did.steps[step.id].change is Change.CREATE
    assert did.reason(step.id).startswith(WHEN_CREATED[module])

    again = stack.run(Action.UP, only=[step.id])
    assert again.outcomes[step.id] is Outcome.OK
    assert again.written == []

    undone = stack.run(Action.DOWN, only=[step.id])
    assert undone.outcomes == {step.id: Outcome.UNDONE}

    nothing = stack.run(Action.DOWN, only=[step.id])
    assert nothing.outcomes == {step.id: Outcome.OK}
    assert nothing.reason(step.id) == "nothing to remove"
