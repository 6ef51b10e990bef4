"""Plans that are frozen, approved, and carried out as they are or not at all."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runbook.errors import BadInput, CannotContinue
from runbook.events import Action, Event, Outcome, RunFinished, StepFinished
from runbook.frozen_plan import FrozenPlan, PlanOutdated, freeze
from tests.stack import PLAN, Stack


def planned(account: Stack, **given: object) -> FrozenPlan:
    return freeze(account.check(**given).events)


def listener_of(stack: Stack) -> str:
    balancer = stack.aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    return stack.aws.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]


def test_a_plan_of_a_new_stack_is_written_read_and_carried_out(stack: Stack, tmp_path: Path) -> None:
    frozen = planned(stack, stack="api", health_check_path="/health")
    frozen.write(tmp_path / "plan.json")
    read = FrozenPlan.read(tmp_path / "plan.json")
    assert read == frozen
    assert read.parameters.health_check_path == "/health"
    assert read.account == stack.aws.identity().account
    assert set(read.to_do) == set(PLAN.ids) - {"preflight"}
    ended = stack.carry_out(read)
    assert ended.finished.worst is None
    assert stack.check(stack="api").finished.worst is None


def test_the_file_is_for_people_to_read(stack: Stack, tmp_path: Path) -> None:
    planned(stack).write(tmp_path / "plan.json")
    body = json.loads((tmp_path / "plan.json").read_text())
    steps = {step["id"]: step for step in body["steps"]}
    assert steps["target-group"]["outcome"] == "missing"
    assert steps["target-group"]["reason"] == "there is no target group demo-targets"
    assert steps["listener"]["outcome"] == "unknown"


def test_the_same_account_gives_the_same_digest(finished: Stack) -> None:
    assert planned(finished).digest == planned(finished).digest


def test_a_repair_that_was_planned_is_done_and_nothing_else(finished: Stack) -> None:
    finished.aws.elbv2.delete_listener(ListenerArn=listener_of(finished))
    frozen = planned(finished)
    ended = finished.carry_out(frozen)
    assert ended.finished.worst is None
    assert ended.written == ["CreateListener"]


def test_nothing_to_do_is_a_plan_too(finished: Stack) -> None:
    ended = finished.carry_out(planned(finished))
    assert ended.written == []
    assert ended.finished.worst is None


def _replaced_by_hand(stack: Stack) -> None:
    """Somebody creates the target group again, with what AWS cannot change in place."""
    elb, name = stack.aws.elbv2, "demo-targets"
    group = elb.describe_target_groups(Names=[name])["TargetGroups"][0]
    tags = [{"Key": key, "Value": value} for key, value in stack.tag_of(group["TargetGroupArn"]).items()]
    elb.delete_listener(ListenerArn=listener_of(stack))
    elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    elb.create_target_group(Name=name, Protocol="TCP", Port=81, VpcId=group["VpcId"], Tags=tags)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s.aws.elbv2.delete_listener(ListenerArn=listener_of(s)), "listener"),
        (
            lambda s: s.aws.apigateway.update_stage(
                restApiId=s.inventory()["REST APIs"][0],
                stageName="prod",
                patchOperations=[{"op": "replace", "path": "/variables/VPCNLB", "value": "other.example.com"}],
            ),
            "stage-variables",
        ),
        (
            lambda s: s.aws.ec2.authorize_security_group_ingress(
                GroupId=s.service.security_group, CidrIp="0.0.0.0/0", IpProtocol="tcp", FromPort=80, ToPort=80
            ),
            "security-group-ingress",
        ),
        (lambda s: _replaced_by_hand(s), "target-group"),
    ],
)
def test_a_plan_is_refused_when_the_account_has_changed_since(
    finished: Stack, change: Callable[[Stack], object], named: str
) -> None:
    frozen = planned(finished)
    change(finished)
    before = finished.inventory()
    with pytest.raises(PlanOutdated, match=named):
        finished.carry_out(frozen)
    assert finished.inventory() == before


def test_another_account_or_region_is_refused(finished: Stack) -> None:
    frozen = planned(finished)
    with pytest.raises(PlanOutdated, match="account 999999999999"):
        finished.carry_out(dataclasses.replace(frozen, account="999999999999"))
    with pytest.raises(PlanOutdated, match="region eu-west-1"):
        finished.carry_out(dataclasses.replace(frozen, region="eu-west-1"))


def test_a_change_in_the_last_moment_is_not_answered_with_what_nobody_approved(finished: Stack) -> None:
    """After the plan was found to hold, somebody deletes what the plan saw as it should be."""
    arn = listener_of(finished)
    group = finished.aws.elbv2.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    finished.aws.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckPath="/hello")
    frozen = planned(finished)
    assert frozen.to_do == ("target-group",)
    deleted = False

    def meddle(event: Event) -> None:
        nonlocal deleted
        if not deleted:
            deleted = True
            finished.aws.elbv2.delete_listener(ListenerArn=arn)

    ended = finished.carry_out(frozen, meddle)
    assert "CreateListener" not in ended.written
    assert ended.finished.worst is not None or "listener" not in ended.outcomes


def test_a_file_that_was_edited_is_refused(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    planned(stack).write(path)
    path.write_text(path.read_text().replace('"demo"', '"prod"'))
    with pytest.raises(BadInput, match="changed after it was made"):
        FrozenPlan.read(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "steps": [1]}', '{"format": 99}'])
def test_a_file_that_is_no_plan_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="plan"):
        FrozenPlan.read(path)
    with pytest.raises(BadInput, match="cannot be read"):
        FrozenPlan.read(tmp_path / "none.json")


def test_a_plan_of_a_former_version_is_refused_with_what_to_do(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    planned(stack).write(path)
    body = {**json.loads(path.read_text()), "format": 1}
    path.write_text(json.dumps(body))
    with pytest.raises(BadInput, match=r"made by an earlier version\. Make a new one with: plan --out\."):
        FrozenPlan.read(path)


def test_what_could_not_be_looked_at_is_no_plan(stack: Stack) -> None:
    with pytest.raises(BadInput, match="i-0123456789abcdef0"):
        planned(stack, instances="i-0123456789abcdef0")
    events = [
        StepFinished(step=event.step, outcome=Outcome.FAILED, duration=0.0, reason="Not allowed: x")
        if isinstance(event, StepFinished) and event.step == "rest-api"
        else event
        for event in stack.check().events
    ]
    with pytest.raises(CannotContinue, match="rest-api could not be looked at: Not allowed: x"):
        freeze(events)
    with pytest.raises(ValueError, match="only checks"):
        freeze([RunFinished(action=Action.UP, outcomes={}, duration=0.0)])
