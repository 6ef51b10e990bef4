"""What somebody can change or delete of a finished stack by hand: each resource, each attribute that a step owns.

A drift says which step's check names it and how, and which operations its repair takes, and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.steps.parts import Parts

__all__ = ["DRIFTS", "NONE_OF_OURS", "TAGGED", "Drift", "as_said"]

TAGGED = {"team": "payments"}
"""A tag of the stack's owner, so that there is one to lose."""


@dataclass(frozen=True)
class Drift:
    """A change by hand, what check says of it, and what the repair takes."""

    name: str
    step: str
    change: Callable[[Parts], object]
    said: tuple[str, ...]
    """The differences; of something missing, the reason. ``*`` stands for what differs from run to run."""
    repair: tuple[str, ...]
    """The operations that change something, in alphabetical order."""
    missing: bool = False

    def __str__(self) -> str:
        return self.name


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


DRIFTS: list[Drift] = []
"""By reading order of the steps."""

NONE_OF_OURS: list[tuple[str, Callable[[Parts], object]]] = []
"""What a person may set as they like: nothing is said of it and nothing is done."""

Change = Callable[[Parts], object]


def drift(
    name: str, step: str, said: str | list[str], repair: str, *, missing: bool = False
) -> Callable[[Change], Change]:
    def keep(change: Change) -> Change:
        texts = (said,) if isinstance(said, str) else tuple(said)
        DRIFTS.append(Drift(name, step, change, texts, tuple(sorted(repair.split())), missing))
        return change

    return keep


def free(name: str) -> Callable[[Change], Change]:
    def keep(change: Change) -> Change:
        NONE_OF_OURS.append((name, change))
        return change

    return keep


# --- target group -----------------------------------------------------------------------------------------------------


def _their_group(parts: Parts) -> str:
    made = parts.elb.create_target_group(
        Name="theirs", Protocol="TCP", Port=80, VpcId=parts.stack.service.vpc, TargetType="instance"
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _group(**changes: Any) -> Change:
    return lambda parts: parts.elb.modify_target_group(TargetGroupArn=parts.group, **changes)


for name, changes, said in (
    ("path", {"HealthCheckPath": "/broken"}, "health check path is /broken, should be /"),
    ("port", {"HealthCheckPort": "81"}, "health check port is 81, should be traffic-port"),
    ("interval", {"HealthCheckIntervalSeconds": 30}, "health check interval is 30, should be 10"),
    (
        "protocol",
        {"HealthCheckProtocol": "TCP"},
        ["health check protocol is TCP, should be HTTP", "health check path is not set, should be /"],
    ),
):
    drift(f"health check's {name}", "target-group", said, "ModifyTargetGroup")(_group(**changes))


@drift(
    "client IP preservation off",
    "target-group",
    "preserve_client_ip.enabled is false, should be true",
    "ModifyTargetGroupAttributes",
)
def _client_ip(parts: Parts) -> None:
    attributes = [{"Key": "preserve_client_ip.enabled", "Value": "false"}]
    parts.elb.modify_target_group_attributes(TargetGroupArn=parts.group, Attributes=attributes)


@drift("target group's tag gone", "target-group", "tag team is not set, should be payments", "AddTags")
def _group_tag(parts: Parts) -> None:
    parts.elb.remove_tags(ResourceArns=[parts.group], TagKeys=["team"])


@drift("target group's tag too many", "target-group", "tag runbook:port is 81, should be not set", "RemoveTags")
def _group_stale_tag(parts: Parts) -> None:
    parts.elb.add_tags(ResourceArns=[parts.group], Tags=[{"Key": "runbook:port", "Value": "81"}])


@drift(
    "target group gone, with its listener",
    "target-group",
    "there is no target group demo-targets",
    "CreateTargetGroup CreateListener RegisterTargets",
    missing=True,
)
def _group_gone(parts: Parts) -> None:
    group = parts.group
    parts.elb.delete_listener(ListenerArn=parts.listener)
    parts.elb.delete_target_group(TargetGroupArn=group)


# --- load balancer, listener ------------------------------------------------------------------------------------------


@drift("load balancer's tag", "load-balancer", "tag team is someone else, should be payments", "AddTags")
def _balancer_tag(parts: Parts) -> None:
    parts.elb.add_tags(ResourceArns=[parts.balancer], Tags=[{"Key": "team", "Value": "someone else"}])


@drift(
    "load balancer gone, with its link",
    "load-balancer",
    "there is no load balancer demo-nlb",
    "CreateLoadBalancer CreateListener CreateVpcLink UpdateStage",  # it gets the addresses that became free
    missing=True,
)
def _balancer_gone(parts: Parts) -> None:
    balancer = parts.balancer
    parts.gateway.delete_vpc_link(vpcLinkId=parts.link)
    parts.stack.clock.advance(600)
    parts.elb.delete_load_balancer(LoadBalancerArn=balancer)
    parts.stack.clock.advance(600)


@drift("listener's port", "listener", "port is 81, should be 80", "ModifyListener")
def _listener_port(parts: Parts) -> None:
    parts.elb.modify_listener(ListenerArn=parts.listener, Port=81)


@drift(
    "listener's target group",
    "listener",
    "target group is *targetgroup/theirs*, should be *targetgroup/demo-targets*",
    "ModifyListener",
)
def _listener_group(parts: Parts) -> None:
    """To another group of the account; ours then serves nobody, so its targets are unused."""
    actions = [{"Type": "forward", "TargetGroupArn": _their_group(parts)}]
    parts.elb.modify_listener(ListenerArn=parts.listener, DefaultActions=actions)


@drift("listener gone", "listener", "load balancer demo-nlb has no listener on port 80", "CreateListener", missing=True)
def _listener_gone(parts: Parts) -> None:
    parts.elb.delete_listener(ListenerArn=parts.listener)


# --- rules ------------------------------------------------------------------------------------------------------------

INGRESS = "security-group-ingress"
ABSENT = "rule for 10.0.*/32 on port 80 is not set, should be there"


def _ours(parts: Parts) -> list[Any]:
    return [rule for rule in parts.rules if rule.get("Tags")]


def _revoke(parts: Parts, rules: list[Any]) -> None:
    parts.ec2.revoke_security_group_ingress(
        GroupId=parts.security_group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"] for rule in rules]
    )


def _reshape(parts: Parts, cidr: str = "", port: int = 80) -> None:
    rule = _ours(parts)[0]
    shape = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIpv4": cidr or rule["CidrIpv4"]}
    parts.ec2.modify_security_group_rules(
        GroupId=rule["GroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": shape}],
    )


@drift("a rule gone", INGRESS, ABSENT, "AuthorizeSecurityGroupIngress")
def _rule_gone(parts: Parts) -> None:
    _revoke(parts, _ours(parts)[:1])


@drift(
    "all rules gone",
    INGRESS,
    "security group sg-* does not let in 10.0.*, 10.0.*",
    "AuthorizeSecurityGroupIngress",
    missing=True,
)
def _rules_gone(parts: Parts) -> None:
    _revoke(parts, _ours(parts))


@drift(
    "a rule widened",
    INGRESS,
    [ABSENT, "rule sgr-* for 10.0.0.0/8 on port 80 is there, should be not set"],
    "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress",
)
def _rule_widened(parts: Parts) -> None:
    _reshape(parts, cidr="10.0.0.0/8")


@drift(
    "a rule's port",
    INGRESS,
    [ABSENT, "rule sgr-* for 10.0.*/32 on port 22 is there, should be not set"],
    "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress",
)
def _rule_port(parts: Parts) -> None:
    _reshape(parts, port=22)


@drift(
    "a rule of ours too many",
    INGRESS,
    "rule sgr-* for 10.0.9.9/32 on port 80 is there, should be not set",
    "RevokeSecurityGroupIngress",
)
def _rule_stale(parts: Parts) -> None:
    parts.let_in("10.0.9.9/32", tags={"runbook:stack": "demo"})


# --- targets ----------------------------------------------------------------------------------------------------------


def _target(instance: str, port: int = 80) -> list[dict[str, Any]]:
    return [{"Id": instance, "Port": port}]


@drift("a target gone", "targets", "target i-* on port 80 is not set, should be registered", "RegisterTargets")
def _target_gone(parts: Parts) -> None:
    parts.elb.deregister_targets(TargetGroupArn=parts.group, Targets=_target(parts.stack.service.instances[0]))


@drift("all targets gone", "targets", "no instance is registered with demo-targets", "RegisterTargets", missing=True)
def _targets_gone(parts: Parts) -> None:
    for instance in parts.stack.service.instances:
        parts.elb.deregister_targets(TargetGroupArn=parts.group, Targets=_target(instance))


@drift(
    "a target's port too many",
    "targets",
    "target i-* on port 8080 is registered, should be not set",
    "DeregisterTargets",
)
def _target_port(parts: Parts) -> None:
    parts.elb.register_targets(TargetGroupArn=parts.group, Targets=_target(parts.stack.service.instances[0], 8080))


# --- VPC link ---------------------------------------------------------------------------------------------------------


@drift("link's tag", "vpc-link", "tag team is not set, should be payments", "TagResource")
def _link_tag(parts: Parts) -> None:
    parts.untag(f"/vpclinks/{parts.link}", "team")


@drift("link gone", "vpc-link", "there is no VPC link demo-link", "CreateVpcLink UpdateStage", missing=True)
def _link_gone(parts: Parts) -> None:
    parts.gateway.delete_vpc_link(vpcLinkId=parts.link)
    parts.stack.clock.advance(600)


# --- REST API ---------------------------------------------------------------------------------------------------------


def _api(path: str, value: str) -> Change:
    operation = {"op": "replace", "path": path, "value": value}
    return lambda parts: parts.gateway.update_rest_api(restApiId=parts.api, patchOperations=[operation])


drift("API's name", "rest-api", "name is renamed, should be demo-api", "UpdateRestApi")(_api("/name", "renamed"))
drift("API's endpoint type", "rest-api", "endpoint type is EDGE, should be REGIONAL", "UpdateRestApi")(
    _api("/endpointConfiguration/types/REGIONAL", "EDGE")
)


@drift("API's tag", "rest-api", "tag team is not set, should be payments", "TagResource")
def _api_tag(parts: Parts) -> None:
    parts.untag(f"/restapis/{parts.api}", "team")


@drift("API remembers something else", "rest-api", "tag runbook:subnets is not set, should be not set", "UntagResource")
def _api_record(parts: Parts) -> None:
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{parts.api}"
    parts.gateway.tag_resource(resourceArn=arn, tags={"runbook:subnets": ""})


@drift("a second API of ours", "rest-api", "another REST API of ours is *, should be not set", "DeleteRestApi")
def _second_api(parts: Parts) -> None:
    parts.stack.clock.advance(60)  # the quota: one creation in three seconds
    parts.gateway.create_rest_api(name="demo-api", tags={"runbook:stack": "demo"})
    parts.stack.clock.advance(60)


@drift(
    "API gone",
    "rest-api",
    "there is no REST API demo-api",
    "CreateRestApi CreateResource PutMethod PutIntegration CreateDeployment CreateStage UpdateStage",
    missing=True,
)
def _api_gone(parts: Parts) -> None:
    parts.gateway.delete_rest_api(restApiId=parts.api)
    parts.stack.clock.advance(60)


# --- route ------------------------------------------------------------------------------------------------------------


@drift(
    "resource gone",
    "proxy-resource",
    "API demo-api has no resource /{proxy+}",
    "CreateResource PutMethod PutIntegration",
    missing=True,
)
def _resource_gone(parts: Parts) -> None:
    parts.gateway.delete_resource(restApiId=parts.api, resourceId=parts.route["resourceId"])


@drift("method gone", "any-method", "/{proxy+} has no method ANY", "PutMethod PutIntegration", missing=True)
def _method_gone(parts: Parts) -> None:
    parts.gateway.delete_method(**parts.route)


@drift(
    "path not declared",
    "any-method",
    "method.request.path.proxy of /{proxy+} is not set, should be declared",
    "UpdateMethod",
)
def _undeclared(parts: Parts) -> None:
    parts.gateway.update_method(
        **parts.route,
        patchOperations=[{"op": "remove", "path": "/requestParameters/method.request.path.proxy"}],
    )


URL = "http://${stageVariables.VPCNLB}/{proxy}"


@drift("integration gone", "integration", "the ANY method has no integration", "PutIntegration", missing=True)
def _integration_gone(parts: Parts) -> None:
    parts.gateway.delete_integration(**parts.route)


@drift(
    "integration's type",
    "integration",
    [
        "type of /{proxy+} is MOCK, should be HTTP_PROXY",
        "HTTP method of /{proxy+} is not set, should be ANY",
        f"endpoint URL of /{{proxy+}} is not set, should be {URL}",
        "connection type of /{proxy+} is INTERNET, should be VPC_LINK",
        "connection id of /{proxy+} is not set, should be ${stageVariables.VPCLINK}",
        "path mapping of /{proxy+} is not set, should be method.request.path.proxy",
    ],
    "PutIntegration",
)
def _mocked(parts: Parts) -> None:
    parts.gateway.put_integration(
        **parts.route, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )


for name, path, value, said in (
    ("HTTP method", "/httpMethod", "GET", "HTTP method of /{proxy+} is GET, should be ANY"),
    (
        "endpoint URL",
        "/uri",
        "http://example.com/{proxy}",
        f"endpoint URL of /{{proxy+}} is http://example.com/{{proxy}}, should be {URL}",
    ),
    (
        "path mapping",
        "/requestParameters/integration.request.path.proxy",
        "'x'",
        "path mapping of /{proxy+} is 'x', should be method.request.path.proxy",
    ),
):

    def _patched(parts: Parts, path: str = path, value: str = value) -> None:
        parts.patch_integration(path, value)

    drift(f"integration's {name}", "integration", said, "PutIntegration")(_patched)


@drift(
    "path mapping gone",
    "integration",
    "path mapping of /{proxy+} is not set, should be method.request.path.proxy",
    "PutIntegration",
)
def _unmapped(parts: Parts) -> None:
    parts.patch_integration("/requestParameters/integration.request.path.proxy", "", op="remove")


@drift(
    "link by id",
    "integration",
    "connection id of /{proxy+} is *, should be ${stageVariables.VPCLINK}",
    "PutIntegration",
)
def _link_by_id(parts: Parts) -> None:
    parts.patch_integration("/connectionId", parts.link)


# --- stage ------------------------------------------------------------------------------------------------------------


@drift(
    "what is configured is not deployed",
    "deployment",
    "deployed timeout of ANY /{proxy+} is *, should be 5000",
    "CreateDeployment UpdateStage",
)
def _not_deployed(parts: Parts) -> None:
    parts.stack.clock.advance(60)
    parts.patch_integration("/timeoutInMillis", "5000")


@drift(
    "another deployment served",
    "deployment",
    f"deployed endpoint URL of ANY /{{proxy+}} is http://example.com/{{proxy}}, should be {URL}",
    "CreateDeployment UpdateStage",
)
def _other_deployment(parts: Parts) -> None:
    """Somebody changed the route, deployed it, and changed the route back."""
    parts.stack.clock.advance(60)
    parts.patch_integration("/uri", "http://example.com/{proxy}")
    parts.gateway.create_deployment(restApiId=parts.api, stageName="prod", description="by hand")
    parts.patch_integration("/uri", URL)
    parts.stack.clock.advance(60)


@drift("stage's tag", "deployment", "tag team is not set, should be payments", "TagResource")
def _stage_tag(parts: Parts) -> None:
    parts.untag(f"/restapis/{parts.api}/stages/prod", "team")


@drift(
    "stage gone", "deployment", "API demo-api is not deployed to a stage prod", "CreateStage UpdateStage", missing=True
)
def _stage_gone(parts: Parts) -> None:
    parts.gateway.delete_stage(restApiId=parts.api, stageName="prod")


VARIABLES = "stage-variables"


@drift("VPCNLB", VARIABLES, "VPCNLB is example.com, should be demo-nlb-*.amazonaws.com", "UpdateStage")
def _host(parts: Parts) -> None:
    parts.patch_stage("replace", "/variables/VPCNLB", "example.com")


@drift("VPCLINK", VARIABLES, "VPCLINK is abc123, should be *", "UpdateStage")
def _link(parts: Parts) -> None:
    parts.patch_stage("replace", "/variables/VPCLINK", "abc123")


@drift("VPCLINK gone", VARIABLES, "VPCLINK is not set, should be *", "UpdateStage")
def _no_link(parts: Parts) -> None:
    parts.patch_stage("remove", "/variables/VPCLINK")


@drift("both variables gone", VARIABLES, "stage prod has neither VPCLINK nor VPCNLB", "UpdateStage", missing=True)
def _no_variables(parts: Parts) -> None:
    parts.patch_stage("remove", "/variables/VPCLINK")
    parts.patch_stage("remove", "/variables/VPCNLB")


# --- what a person may set as they like -------------------------------------------------------------------------------

free("health check's thresholds")(_group(HealthyThresholdCount=3, UnhealthyThresholdCount=3))
free("API's description")(_api("/description", "of ours"))


@free("other people's tags")
def _tags(parts: Parts) -> None:
    parts.elb.add_tags(ResourceArns=[parts.group, parts.balancer], Tags=[{"Key": "cost-centre", "Value": "7"}])


@free("link's name")
def _link_name(parts: Parts) -> None:
    operations = [{"op": "replace", "path": "/name", "value": "renamed"}]
    parts.gateway.update_vpc_link(vpcLinkId=parts.link, patchOperations=operations)


@free("a stage variable of theirs")
def _variable(parts: Parts) -> None:
    parts.patch_stage("replace", "/variables/theirs", "1")


@free("a rule of theirs")
def _rule(parts: Parts) -> None:
    parts.let_in("10.9.9.9/32")


@free("another listener")
def _listener(parts: Parts) -> None:
    group = _their_group(parts)
    parts.elb.create_listener(
        LoadBalancerArn=parts.balancer,
        Protocol="TCP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )


@free("a deployment that no stage serves")
def _deployment(parts: Parts) -> None:
    parts.stack.clock.advance(60)
    parts.gateway.create_deployment(restApiId=parts.api, description="by hand")
