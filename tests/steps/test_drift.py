"""Somebody changed one thing by hand: check says which and how, up repairs that and leaves the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runbook.events import Outcome
from steps import integration as integration_step
from tests.stack import Stack
from tests.steps.parts import Parts

TAGGED = {"team": "payments"}


def _health_check(parts: Parts) -> None:
    parts.elb.modify_target_group(
        TargetGroupArn=parts.group, HealthCheckPath="/broken", HealthCheckIntervalSeconds=30, HealthCheckPort="81"
    )


def _client_ip(parts: Parts) -> None:
    attributes = [{"Key": "preserve_client_ip.enabled", "Value": "false"}]
    parts.elb.modify_target_group_attributes(TargetGroupArn=parts.group, Attributes=attributes)


def _delete_method(parts: Parts) -> None:
    parts.gateway.delete_method(**parts.route)


def _widen(parts: Parts) -> None:
    rule = parts.rules[0]
    parts.ec2.modify_security_group_rules(
        GroupId=rule["GroupId"],
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
                "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.0.0.0/8"},
            }
        ],
    )


def _second_api(parts: Parts) -> None:
    parts.stack.clock.advance(60)  # the quota: one creation in three seconds
    parts.gateway.create_rest_api(name="demo-api", tags={"runbook:stack": "demo"})
    parts.stack.clock.advance(60)


DRIFTS: dict[str, tuple[str, Callable[[Parts], object], list[str]]] = {
    "health check": (
        "target-group",
        _health_check,
        [
            "health check path is /broken, should be /",
            "health check port is 81, should be traffic-port",
            "health check interval is 30, should be 10",
        ],
    ),
    "client IP": ("target-group", _client_ip, ["preserve_client_ip.enabled is false, should be true"]),
    "target group's tag": (
        "target-group",
        lambda parts: parts.elb.remove_tags(ResourceArns=[parts.group], TagKeys=["team"]),
        ["tag team is not set, should be payments"],
    ),
    "remembered parameter": (
        "rest-api",
        lambda parts: parts.gateway.tag_resource(
            resourceArn=f"arn:aws:apigateway:us-east-1::/restapis/{parts.api}", tags={"runbook:subnets": ""}
        ),
        ["tag runbook:subnets is not set, should be not set"],
    ),
    "load balancer's tag": (
        "load-balancer",
        lambda parts: parts.elb.add_tags(
            ResourceArns=[parts.balancer], Tags=[{"Key": "team", "Value": "someone else"}]
        ),
        ["tag team is someone else, should be payments"],
    ),
    "listener's port": (
        "listener",
        lambda parts: parts.elb.modify_listener(ListenerArn=parts.listener, Port=81),
        ["port is 81, should be 80"],
    ),
    "a rule gone": (
        "security-group-ingress",
        lambda parts: parts.ec2.revoke_security_group_ingress(
            GroupId=parts.stack.service.security_group, SecurityGroupRuleIds=[parts.rules[0]["SecurityGroupRuleId"]]
        ),
        ["rule for 10.0.*/32 on port 80 is not set, should be there"],
    ),
    "a rule widened": (
        "security-group-ingress",
        _widen,
        [
            "rule for 10.0.*/32 on port 80 is not set, should be there",
            "rule sgr-* for 10.0.0.0/8 on port 80 is there, should be not set",
        ],
    ),
    "a target gone": (
        "targets",
        lambda parts: parts.elb.deregister_targets(
            TargetGroupArn=parts.group, Targets=[{"Id": parts.stack.service.instances[0], "Port": 80}]
        ),
        ["target i-* on port 80 is not set, should be registered"],
    ),
    "a target too many": (
        "targets",
        lambda parts: parts.elb.register_targets(
            TargetGroupArn=parts.group, Targets=[{"Id": parts.stack.service.instances[0], "Port": 8080}]
        ),
        ["target i-* on port 8080 is registered, should be not set"],
    ),
    "link's tag": (
        "vpc-link",
        lambda parts: parts.untag(f"/vpclinks/{parts.link}", "team"),
        ["tag team is not set, should be payments"],
    ),
    "endpoint type": (
        "rest-api",
        lambda parts: parts.gateway.update_rest_api(
            restApiId=parts.api,
            patchOperations=[{"op": "replace", "path": "/endpointConfiguration/types/REGIONAL", "value": "EDGE"}],
        ),
        ["endpoint type is EDGE, should be REGIONAL"],
    ),
    "a second API of ours": ("rest-api", _second_api, ["another REST API of ours is *, should be not set"]),
    "path not declared": (
        "any-method",
        lambda parts: parts.gateway.update_method(
            **parts.route,
            patchOperations=[{"op": "remove", "path": "/requestParameters/method.request.path.proxy"}],
        ),
        ["method.request.path.proxy of /{proxy+} is not set, should be declared"],
    ),
    "endpoint URL": (
        "integration",
        lambda parts: parts.patch_integration("/uri", "http://example.com/{proxy}"),
        ["endpoint URL of /{proxy+} is http://example.com/{proxy}, should be http://${stageVariables.VPCNLB}/{proxy}"],
    ),
    "link by id": (
        "integration",
        lambda parts: parts.patch_integration("/connectionId", parts.link),
        ["connection id of /{proxy+} is *, should be ${stageVariables.VPCLINK}"],
    ),
    "path mapped to a literal": (
        "integration",
        lambda parts: parts.patch_integration("/requestParameters/integration.request.path.proxy", "'x'"),
        ["path mapping of /{proxy+} is 'x', should be method.request.path.proxy"],
    ),
    "stage's tag": (
        "deployment",
        lambda parts: parts.untag(f"/restapis/{parts.api}/stages/prod", "team"),
        ["tag team is not set, should be payments"],
    ),
    "VPCNLB": (
        "stage-variables",
        lambda parts: parts.patch_stage("replace", "/variables/VPCNLB", "example.com"),
        ["VPCNLB is example.com, should be demo-nlb-*.amazonaws.com"],
    ),
    "VPCLINK gone": (
        "stage-variables",
        lambda parts: parts.patch_stage("remove", "/variables/VPCLINK"),
        ["VPCLINK is not set, should be *"],
    ),
}


def as_said(said: str, wanted: str) -> bool:
    """Whether a text is as wanted, where * stands for what differs from run to run."""
    head, *rest = wanted.split("*")
    if not said.startswith(head):
        return False
    position = len(head)
    for part in rest:
        position = said.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return said.endswith(wanted.rpartition("*")[2])


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_was_changed_is_named_and_repaired(stack: Stack, drift: str) -> None:
    step, change, wanted = DRIFTS[drift]
    stack.up(tags=TAGGED)
    before = stack.how_many()
    change(Parts(stack))

    seen = stack.check()
    said = [str(difference) for difference in seen.differences(step)]
    assert len(said) == len(wanted), said
    assert all(as_said(*pair) for pair in zip(said, wanted, strict=True)), said
    assert seen.outcomes[step] is Outcome.DRIFTED
    assert seen.reason(step) == "; ".join(said)
    assert seen.written == []

    repaired = stack.up()
    assert repaired.outcomes[step] is Outcome.DONE
    assert [str(difference) for difference in repaired.differences(step)] == said
    assert repaired.finished.worst is None
    assert {kind: count for kind, count in stack.how_many().items() if kind != "deployments"} == {
        kind: count for kind, count in before.items() if kind != "deployments"
    }


def test_a_repaired_route_is_deployed_again_and_only_then(finished: Stack) -> None:
    parts = Parts(finished)
    parts.patch_integration("/timeoutInMillis", "5000")

    seen = finished.check()
    assert seen.unlike_ok == {"deployment": Outcome.DRIFTED}
    assert seen.reason("deployment") == "deployed timeout of ANY /{proxy+} is 29000, should be 5000"

    repaired = finished.up()
    assert repaired.written == ["CreateDeployment", "UpdateStage"]
    assert finished.up().written == []


@pytest.mark.parametrize(
    ("delete", "missing"),
    [
        (lambda parts: parts.gateway.delete_integration(**parts.route), {"integration": "the ANY method has no"}),
        (_delete_method, {"any-method": "/{proxy+} has no method ANY"}),
        (
            lambda parts: parts.gateway.delete_resource(restApiId=parts.api, resourceId=parts.route["resourceId"]),
            {"proxy-resource": "API demo-api has no resource"},
        ),
        (
            lambda parts: parts.gateway.delete_stage(restApiId=parts.api, stageName="prod"),
            {"deployment": "API demo-api is not deployed"},
        ),
        (lambda parts: parts.gateway.delete_rest_api(restApiId=parts.api), {"rest-api": "there is no REST API"}),
        (lambda parts: parts.elb.delete_listener(ListenerArn=parts.listener), {"listener": "load balancer demo-nlb"}),
    ],
    ids=["integration", "method", "resource", "stage", "API", "listener"],
)
def test_what_was_deleted_is_made_again(
    finished: Stack, delete: Callable[[Parts], object], missing: dict[str, str]
) -> None:
    before = finished.how_many()
    delete(Parts(finished))
    finished.clock.advance(60)

    seen = finished.check()
    assert {step: seen.reason(step)[: len(why)] for step, why in missing.items()} == missing
    assert {seen.outcomes[step] for step in missing} == {Outcome.MISSING}

    assert finished.up().finished.worst is None
    assert {**finished.how_many(), "deployments": 1} == {**before, "deployments": 1}


def test_timeouts_that_somebody_chose_are_kept_when_the_integration_is_repaired(finished: Stack) -> None:
    parts = Parts(finished)
    parts.patch_integration("/timeoutInMillis", "5000")
    parts.patch_integration("/connectionId", parts.link)

    finished.up()

    kept = parts.gateway.get_integration(**parts.route)
    assert kept["timeoutInMillis"] == 5000
    assert kept["connectionId"] == integration_step.CONNECTION_ID
