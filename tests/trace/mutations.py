"""Single faults: each changes one reference, port, path, rule or state on the path of a finished stack.

A mutation names the hop it changes. Whether the invoke URL breaks is not said here: it is seen by calling it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.trace.conftest import Stack

__all__ = ["MUTATIONS", "Mutation"]


@dataclass(frozen=True)
class Mutation:
    """A change of one hop."""

    name: str
    hop: str
    apply: Callable[[Stack], object]
    path: str | None = None
    """Called instead of the stack's own path."""
    stage: str | None = None
    verb: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    astray: bool = False
    """It shows as a redirect that callers cannot follow."""


MUTATIONS: list[Mutation] = []


def mutation(hop: str, **options: str) -> Callable[[Callable[[Stack], object]], Callable[[Stack], object]]:
    def keep(apply: Callable[[Stack], object]) -> Callable[[Stack], object]:
        MUTATIONS.append(Mutation(apply.__name__.replace("_", "-"), hop, apply, **options))
        return apply

    return keep


# --- the URL and who may call -----------------------------------------------------------------------------------------


@mutation("dns-name")
def api_deleted(stack: Stack) -> None:
    stack.aws.apigateway.delete_rest_api(restApiId=stack.api_id)


@mutation("dns-name")
def endpoint_disabled(stack: Stack) -> None:
    stack.aws.apigateway.update_rest_api(
        restApiId=stack.api_id,
        patchOperations=[{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "True"}],
    )
    stack.deploy()


def change_method(stack: Stack, path: str, value: str) -> None:
    stack.aws.apigateway.update_method(
        restApiId=stack.api_id,
        resourceId=stack.proxy["id"],
        httpMethod=stack.verb,
        patchOperations=[{"op": "replace", "path": path, "value": value}],
    )
    stack.deploy()


@mutation("access")
def asks_for_iam(stack: Stack) -> None:
    change_method(stack, "/authorizationType", "AWS_IAM")


@mutation("access")
def asks_for_api_key(stack: Stack) -> None:
    change_method(stack, "/apiKeyRequired", "true")


@mutation("access")
def asks_a_lambda_authorizer(stack: Stack) -> None:
    authorizer = stack.aws.apigateway.create_authorizer(
        restApiId=stack.api_id,
        name="tokens",
        type="TOKEN",
        authorizerUri=f"arn:aws:apigateway:{stack.aws.region}:lambda:path/2015-03-31/functions/"
        f"arn:aws:lambda:{stack.aws.region}:123456789012:function:judge/invocations",
        identitySource="method.request.header.Authorization",
    )
    stack.aws.apigateway.update_method(
        restApiId=stack.api_id,
        resourceId=stack.proxy["id"],
        httpMethod=stack.verb,
        patchOperations=[
            {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
            {"op": "replace", "path": "/authorizerId", "value": authorizer["id"]},
        ],
    )
    stack.deploy()


def _policy(stack: Stack, *statements: dict[str, object]) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    stack.aws.apigateway.update_rest_api(
        restApiId=stack.api_id, patchOperations=[{"op": "replace", "path": "/policy", "value": policy}]
    )
    stack.deploy()


_ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}


@mutation("access")
def policy_denies(stack: Stack) -> None:
    _policy(stack, _ALLOW, {**_ALLOW, "Effect": "Deny"})


@mutation("access")
def policy_for_another_stage(stack: Stack) -> None:
    _policy(stack, {**_ALLOW, "Resource": "execute-api:/other/*"})


@mutation("access")
def policy_for_other_addresses(stack: Stack) -> None:
    _policy(stack, {**_ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}})


@mutation("access")
def policy_that_allows(stack: Stack) -> None:
    _policy(stack, _ALLOW)


# --- stage and deployment ---------------------------------------------------------------------------------------------


@mutation("stage")
def stage_deleted(stack: Stack) -> None:
    stack.aws.apigateway.delete_stage(restApiId=stack.api_id, stageName=stack.stage)


@mutation("stage", stage="test")
def another_stage_called(stack: Stack) -> None:
    del stack


@mutation("stage")
def throttled_to_nothing(stack: Stack) -> None:
    stack.patch_stage("/*/*/throttling/rateLimit", "0")
    stack.patch_stage("/*/*/throttling/burstLimit", "0")


@mutation("stage")
def throttled_sensibly(stack: Stack) -> None:
    stack.patch_stage("/*/*/throttling/rateLimit", "50")
    stack.patch_stage("/*/*/throttling/burstLimit", "20")


@mutation("deployment")
def stage_serves_an_old_deployment(stack: Stack) -> None:
    stack.patch_integration(("remove", "/requestParameters/integration.request.path.proxy", None), deploy=False)
    old = stack.aws.apigateway.create_deployment(restApiId=stack.api_id)["id"]
    stack.patch_integration(
        ("add", "/requestParameters/integration.request.path.proxy", "method.request.path.proxy"), deploy=False
    )
    stack.aws.apigateway.create_deployment(restApiId=stack.api_id)
    stack.patch_stage("/deploymentId", old)


@mutation("deployment")
def stage_serves_a_deployment_before_the_route(stack: Stack) -> None:
    other = _mock(stack, "status")
    gateway = stack.aws.apigateway
    verb, resource = stack.verb, stack.proxy["id"]
    method = gateway.get_method(restApiId=stack.api_id, resourceId=resource, httpMethod=verb)
    gateway.delete_method(restApiId=stack.api_id, resourceId=resource, httpMethod=verb)
    old = gateway.create_deployment(restApiId=stack.api_id)["id"]
    _put_back(stack, resource, verb, dict(method))
    gateway.delete_resource(restApiId=stack.api_id, resourceId=other)
    stack.patch_stage("/deploymentId", old)


@mutation("deployment")
def integration_changed_and_not_deployed(stack: Stack) -> None:
    stack.patch_integration(("replace", "/uri", "http://elsewhere.example/{proxy}"), deploy=False)


@mutation("deployment")
def method_deleted_and_not_deployed(stack: Stack) -> None:
    stack.aws.apigateway.delete_method(restApiId=stack.api_id, resourceId=stack.proxy["id"], httpMethod=stack.verb)


def _mock(stack: Stack, name: str) -> str:
    """Another resource, so that the API still has a method."""
    gateway = stack.aws.apigateway
    root = gateway.get_rest_api(restApiId=stack.api_id)["rootResourceId"]
    resource = gateway.create_resource(restApiId=stack.api_id, parentId=root, pathPart=name)["id"]
    gateway.put_method(restApiId=stack.api_id, resourceId=resource, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(
        restApiId=stack.api_id,
        resourceId=resource,
        httpMethod="GET",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 200}'},
    )
    gateway.put_method_response(restApiId=stack.api_id, resourceId=resource, httpMethod="GET", statusCode="200")
    gateway.put_integration_response(restApiId=stack.api_id, resourceId=resource, httpMethod="GET", statusCode="200")
    return resource


def _put_back(stack: Stack, resource: str, verb: str, method: dict[str, object]) -> None:
    called = stack.proxy["resourceMethods"][verb]["methodIntegration"]
    stack.aws.apigateway.put_method(
        restApiId=stack.api_id,
        resourceId=resource,
        httpMethod=verb,
        authorizationType="NONE",
        requestParameters=method.get("requestParameters", {}),  # type: ignore[arg-type]
    )
    stack.aws.apigateway.put_integration(
        restApiId=stack.api_id,
        resourceId=resource,
        httpMethod=verb,
        **{
            name: called[name]
            for name in ("type", "uri", "connectionType", "connectionId", "requestParameters", "timeoutInMillis")
            if name in called
        },
        integrationHttpMethod=called["httpMethod"],
    )


# --- route and method -------------------------------------------------------------------------------------------------


@mutation("route", path="/")
def root_called(stack: Stack) -> None:
    del stack


@mutation("route")
def route_deleted(stack: Stack) -> None:
    _mock(stack, "status")
    stack.aws.apigateway.delete_resource(restApiId=stack.api_id, resourceId=stack.proxy["id"])
    stack.deploy()


@mutation("method")
def only_post(stack: Stack) -> None:
    gateway, resource, verb = stack.aws.apigateway, stack.proxy["id"], stack.verb
    method = gateway.get_method(restApiId=stack.api_id, resourceId=resource, httpMethod=verb)
    gateway.delete_method(restApiId=stack.api_id, resourceId=resource, httpMethod=verb)
    stack.proxy["resourceMethods"]["POST"] = stack.proxy["resourceMethods"][verb]
    _put_back(stack, resource, "POST", dict(method))
    stack.deploy()


# --- integration ------------------------------------------------------------------------------------------------------

_MAPPING = "/requestParameters/integration.request.path.proxy"
_HOST = "${stageVariables.VPCNLB}"


@mutation("integration")
def proxy_not_mapped(stack: Stack) -> None:
    stack.patch_integration(("remove", _MAPPING, None))


@mutation("integration")
def proxy_mapped_to_a_literal(stack: Stack) -> None:
    stack.patch_integration(("replace", _MAPPING, "'proxy'"))


@mutation("integration")
def url_without_the_path(stack: Stack) -> None:
    stack.patch_integration(("replace", "/uri", f"http://{_HOST}/nothing"), ("remove", _MAPPING, None))


@mutation("integration")
def url_that_ends_at_the_host(stack: Stack) -> None:
    stack.patch_integration(("replace", "/uri", f"http://{_HOST}/"))


@mutation("integration")
def url_with_another_path(stack: Stack) -> None:
    stack.patch_integration(("replace", "/uri", f"http://{_HOST}/v1/{{proxy}}"))


@mutation("integration")
def url_with_another_port(stack: Stack) -> None:
    stack.patch_integration(("replace", "/uri", f"http://{_HOST}:8081/{{proxy}}"))


@mutation("integration")
def url_with_https(stack: Stack) -> None:
    stack.patch_integration(("replace", "/uri", f"https://{_HOST}/{{proxy}}"))


@mutation("integration")
def url_with_a_literal_host(stack: Stack) -> None:
    stack.patch_integration(("replace", "/uri", "http://service.example/{proxy}"))


@mutation("integration")
def connection_over_the_internet(stack: Stack) -> None:
    stack.patch_integration(("replace", "/connectionType", "INTERNET"))


@mutation("integration")
def literal_connection_id(stack: Stack) -> None:
    stack.patch_integration(("replace", "/connectionId", stack.link["id"]))


@mutation("integration")
def literal_connection_id_of_no_link(stack: Stack) -> None:
    stack.patch_integration(("replace", "/connectionId", "abc123"))


@mutation("integration")
def gives_up_at_once(stack: Stack) -> None:
    stack.machines(delay={"/hello": 0.3})
    stack.patch_integration(("replace", "/timeoutInMillis", "50"))


@mutation("integration")
def passes_on_as_post(stack: Stack) -> None:
    stack.patch_integration(("replace", "/httpMethod", "POST"))


@mutation("integration")
def not_by_proxy_and_without_responses(stack: Stack) -> None:
    called = stack.proxy["resourceMethods"][stack.verb]["methodIntegration"]
    stack.aws.apigateway.put_integration(
        restApiId=stack.api_id,
        resourceId=stack.proxy["id"],
        httpMethod=stack.verb,
        type="HTTP",
        integrationHttpMethod="GET",
        uri=called["uri"],
        connectionType="VPC_LINK",
        connectionId=called["connectionId"],
        requestParameters=called["requestParameters"],
    )
    stack.deploy()


# --- stage variables --------------------------------------------------------------------------------------------------


@mutation("stage-variables")
def vpclink_unset(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCLINK", None, "remove")


@mutation("stage-variables")
def vpclink_of_no_link(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCLINK", "abc123")


def _spare(stack: Stack) -> tuple[str, str]:
    """Another load balancer, which nothing listens on, and its link: the id and the DNS name."""
    balancer = stack.aws.elbv2.create_load_balancer(
        Name="spare-nlb", Type="network", Scheme="internal", Subnets=stack.subnets
    )["LoadBalancers"][0]
    stack.settle(600)
    link = stack.aws.apigateway.create_vpc_link(name="spare-link", targetArns=[balancer["LoadBalancerArn"]])
    stack.settle(600)
    return link["id"], balancer["DNSName"]


@mutation("stage-variables")
def vpclink_of_another_link(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCLINK", _spare(stack)[0])


@mutation("stage-variables")
def vpcnlb_unset(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCNLB", None, "remove")


@mutation("stage-variables")
def vpcnlb_of_another_load_balancer(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCNLB", _spare(stack)[1])


@mutation("stage-variables")
def vpcnlb_of_another_host_and_a_service_that_cares(stack: Stack) -> None:
    stack.machines(virtual_hosts=[stack.balancer["DNSName"]])
    stack.patch_stage("/variables/VPCNLB", "service.example")


@mutation("stage-variables")
def vpcnlb_of_another_host(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCNLB", "service.example")


@mutation("stage-variables")
def vpcnlb_with_a_port(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCNLB", f"{stack.balancer['DNSName']}:8081")


# --- VPC link ---------------------------------------------------------------------------------------------------------


@mutation("vpc-link")
def link_being_deleted(stack: Stack) -> None:
    stack.aws.apigateway.delete_vpc_link(vpcLinkId=stack.link["id"])


@mutation("vpc-link")
def link_gone(stack: Stack) -> None:
    stack.aws.apigateway.delete_vpc_link(vpcLinkId=stack.link["id"])
    stack.settle(1200)


@mutation("vpc-link")
def a_second_link_that_failed(stack: Stack) -> None:
    second = stack.aws.apigateway.create_vpc_link(name="second", targetArns=stack.link["targetArns"])
    stack.settle(600)
    stack.patch_stage("/variables/VPCLINK", second["id"])


@mutation("vpc-link")
def a_second_link_that_nobody_uses(stack: Stack) -> None:
    stack.aws.apigateway.create_vpc_link(name="second", targetArns=stack.link["targetArns"])
    stack.settle(600)


# --- load balancer, listener, target group ----------------------------------------------------------------------------


@mutation("load-balancer")
def one_zone_only(stack: Stack) -> None:
    # A link holds the load balancer's subnets.
    link, arn = stack.link, stack.balancer["LoadBalancerArn"]
    stack.patch_stage("/variables/VPCLINK", None, "remove")
    stack.aws.apigateway.delete_vpc_link(vpcLinkId=link["id"])
    stack.settle(600)
    stack.aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=[stack.balancer["AvailabilityZones"][0]["SubnetId"]])
    anew = stack.aws.apigateway.create_vpc_link(name=link["name"], targetArns=[arn])["id"]
    stack.settle(600)
    stack.patch_stage("/variables/VPCLINK", anew)


@mutation("load-balancer")
def cross_zone(stack: Stack) -> None:
    stack.aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=stack.balancer["LoadBalancerArn"],
        Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
    )


@mutation("listener")
def listener_deleted(stack: Stack) -> None:
    stack.aws.elbv2.delete_listener(ListenerArn=stack.listener["ListenerArn"])


@mutation("listener")
def listener_on_another_port(stack: Stack) -> None:
    stack.aws.elbv2.modify_listener(ListenerArn=stack.listener["ListenerArn"], Port=8080)


@mutation("listener")
def listener_of_another_protocol(stack: Stack) -> None:
    # A group's protocol is fixed, so a UDP listener needs a UDP group.
    arn = stack.aws.elbv2.create_target_group(Name="udp", Protocol="UDP", Port=80, VpcId=stack.vpc)["TargetGroups"][0]
    stack.aws.elbv2.delete_listener(ListenerArn=stack.listener["ListenerArn"])
    stack.aws.elbv2.create_listener(
        LoadBalancerArn=stack.balancer["LoadBalancerArn"],
        Protocol="UDP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn["TargetGroupArn"]}],
    )


def _another_group(stack: Stack, name: str, port: int, *, targets: bool) -> str:
    arn = stack.aws.elbv2.create_target_group(
        Name=name,
        Protocol="TCP",
        Port=port,
        VpcId=stack.vpc,
        HealthCheckProtocol="HTTP",
        HealthCheckPath="/",
    )["TargetGroups"][0]["TargetGroupArn"]
    if targets:
        stack.aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": each} for each in stack.instances])
    return arn


def _forward(stack: Stack, arn: str) -> None:
    stack.aws.elbv2.modify_listener(
        ListenerArn=stack.listener["ListenerArn"], DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}]
    )


@mutation("listener")
def listener_to_an_empty_group(stack: Stack) -> None:
    _forward(stack, _another_group(stack, "empty", 80, targets=False))


@mutation("target-group")
def group_of_another_port(stack: Stack) -> None:
    _forward(stack, _another_group(stack, "other-port", 8080, targets=True))


@mutation("target-group")
def client_addresses_not_preserved(stack: Stack) -> None:
    stack.aws.elbv2.modify_target_group_attributes(
        TargetGroupArn=stack.group["TargetGroupArn"],
        Attributes=[{"Key": "preserve_client_ip.enabled", "Value": "false"}],
    )


# --- targets and health check -----------------------------------------------------------------------------------------


def _deregister(stack: Stack, ids: list[str]) -> None:
    stack.aws.elbv2.deregister_targets(
        TargetGroupArn=stack.group["TargetGroupArn"], Targets=[{"Id": each} for each in ids]
    )
    stack.settle(900)


@mutation("targets")
def nobody_registered(stack: Stack) -> None:
    _deregister(stack, stack.instances)


@mutation("targets")
def one_not_registered(stack: Stack) -> None:
    _deregister(stack, stack.instances[:1])


@mutation("targets")
def everybody_leaving(stack: Stack) -> None:
    stack.aws.elbv2.deregister_targets(
        TargetGroupArn=stack.group["TargetGroupArn"], Targets=[{"Id": each} for each in stack.instances]
    )
    stack.settle(30)


@mutation("targets")
def registered_on_a_wrong_port(stack: Stack) -> None:
    arn = stack.group["TargetGroupArn"]
    stack.aws.elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": each} for each in stack.instances])
    stack.aws.elbv2.register_targets(
        TargetGroupArn=arn, Targets=[{"Id": each, "Port": 8081} for each in stack.instances]
    )
    stack.settle(900)


@mutation("targets")
def instances_stopped(stack: Stack) -> None:
    stack.aws.ec2.stop_instances(InstanceIds=stack.instances)


@mutation("targets")
def one_instance_stopped(stack: Stack) -> None:
    stack.aws.ec2.stop_instances(InstanceIds=stack.instances[:1])


@mutation("targets")
def instances_terminated(stack: Stack) -> None:
    stack.aws.ec2.terminate_instances(InstanceIds=stack.instances)


def _check(stack: Stack, **changes: object) -> None:
    stack.aws.elbv2.modify_target_group(TargetGroupArn=stack.group["TargetGroupArn"], **changes)  # type: ignore[arg-type]


@mutation("health-check")
def check_of_a_wrong_path(stack: Stack) -> None:
    _check(stack, HealthCheckPath="/healthz")


@mutation("health-check")
def check_on_a_wrong_port(stack: Stack) -> None:
    _check(stack, HealthCheckPort="9999")


@mutation("health-check")
def check_over_https(stack: Stack) -> None:
    _check(stack, HealthCheckProtocol="HTTPS")


@mutation("health-check")
def check_wants_another_status(stack: Stack) -> None:
    _check(stack, Matcher={"HttpCode": "204"})


# --- packet filters ---------------------------------------------------------------------------------------------------


def _revoke(stack: Stack, rules: list[dict[str, object]]) -> None:
    stack.aws.ec2.revoke_security_group_ingress(
        GroupId=stack.security_group,
        SecurityGroupRuleIds=[str(rule["SecurityGroupRuleId"]) for rule in rules],
    )


def _let_in(stack: Stack, cidr: str, low: int, high: int | None = None) -> None:
    stack.aws.ec2.authorize_security_group_ingress(
        GroupId=stack.security_group, IpProtocol="tcp", FromPort=low, ToPort=high or low, CidrIp=cidr
    )


@mutation("security-group")
def no_rules(stack: Stack) -> None:
    _revoke(stack, stack.rules)


@mutation("security-group")
def one_address_missing(stack: Stack) -> None:
    _revoke(stack, stack.rules[:1])


@mutation("security-group")
def rules_on_the_wrong_port(stack: Stack) -> None:
    rules = stack.rules
    _revoke(stack, rules)
    for rule in rules:
        _let_in(stack, rule["CidrIpv4"], 8080)


@mutation("security-group")
def rules_for_stale_addresses(stack: Stack) -> None:
    rules = stack.rules
    _revoke(stack, rules)
    for number, rule in enumerate(rules):
        _let_in(stack, f"{rule['CidrIpv4'].rpartition('.')[0]}.{200 + number}/32", 80)


@mutation("security-group")
def open_to_the_internet(stack: Stack) -> None:
    _let_in(stack, "0.0.0.0/0", 80)


@mutation("security-group")
def wider_than_the_addresses(stack: Stack) -> None:
    _let_in(stack, "10.0.0.0/16", 1, 1024)


@mutation("security-group")
def a_stale_rule_too(stack: Stack) -> None:
    _let_in(stack, "10.0.1.222/32", 80)


@mutation("security-group")
def instances_in_another_group(stack: Stack) -> None:
    group = stack.aws.ec2.create_security_group(GroupName="other", Description="other", VpcId=stack.vpc)["GroupId"]
    for instance in stack.instances:
        stack.aws.ec2.modify_instance_attribute(InstanceId=instance, Groups=[group])


def _acl(stack: Stack, *, egress: bool, low: int, high: int, protocol: str = "6") -> None:
    """Another network ACL for the instances' subnets, which allows all but this."""
    ec2 = stack.aws.ec2
    acl = ec2.create_network_acl(VpcId=stack.vpc)["NetworkAcl"]["NetworkAclId"]
    for number, action, direction, spoken, ports in (
        (50, "deny", egress, protocol, {"From": low, "To": high}),
        (100, "allow", True, "-1", {"From": 0, "To": 65535}),
        (100, "allow", False, "-1", {"From": 0, "To": 65535}),
    ):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol=spoken,
            RuleAction=action,  # type: ignore[arg-type]
            Egress=direction,
            CidrBlock="10.0.0.0/16",
            PortRange=ports,  # type: ignore[arg-type]
        )
    for found in ec2.describe_network_acls()["NetworkAcls"]:
        for each in found["Associations"]:
            if each["SubnetId"] in stack.subnets:
                ec2.replace_network_acl_association(AssociationId=each["NetworkAclAssociationId"], NetworkAclId=acl)


@mutation("network-acl")
def acl_denies_requests(stack: Stack) -> None:
    _acl(stack, egress=False, low=80, high=80)


@mutation("network-acl")
def acl_denies_replies(stack: Stack) -> None:
    _acl(stack, egress=True, low=1024, high=65535)


@mutation("network-acl")
def acl_denies_another_port(stack: Stack) -> None:
    _acl(stack, egress=False, low=22, high=22)


@mutation("network-acl")
def acl_denies_another_protocol(stack: Stack) -> None:
    _acl(stack, egress=False, low=1, high=65535, protocol="17")


# --- backend ----------------------------------------------------------------------------------------------------------


@mutation("backend")
def service_down(stack: Stack) -> None:
    stack.machines(listening=False)


@mutation("backend")
def service_on_another_port(stack: Stack) -> None:
    stack.machines(port=8080)


@mutation("backend")
def service_answers_500(stack: Stack) -> None:
    stack.machines(status={"/": 200, "*": 500})


@mutation("backend")
def service_answers_404(stack: Stack) -> None:
    stack.machines(status={"/": 200, "*": 404})


@mutation("backend")
def service_too_slow(stack: Stack) -> None:
    stack.machines(delay={"/hello": 3.0})
