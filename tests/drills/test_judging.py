"""Verify: repairs other than the drill's own count when they are right, and those that only look so do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from drills import training
from drills.bench import Bench
from drills.catalogue import (
    back_entrance,
    cut_line,
    double_booked,
    guest_list,
    lost_number,
    members_only,
    sledgehammer,
    wrong_connection,
)
from drills.judging import judge
from drills.model import Drill
from drills.service import VPC_CIDR

Repair = Callable[[Bench], object]


def verified(bench: Bench, drill: Drill) -> None:
    """Wait as a trainee would, until it is well. Raises with what was wrong at last."""
    wrong: list[str | None] = []

    def well() -> bool | None:
        wrong.append(judge(bench, drill))
        return True if wrong[-1] is None else None

    try:
        bench.wait(well, what="the service to be well")
    except Exception as error:
        raise AssertionError(wrong[-1]) from error


# --- by raw AWS calls -------------------------------------------------------------------------------------------------


def name_the_link_itself(bench: Bench) -> None:
    bench.patch_integration("/connectionId", bench.link.id)
    bench.deploy()


def use_another_variable(bench: Bench) -> None:
    bench.set_variable("LINK", bench.link.id)
    bench.patch_integration("/connectionId", "${stageVariables.LINK}")
    bench.deploy()


def a_second_listener_where_it_is_asked(bench: Bench) -> None:
    bench.aws.elbv2.create_listener(
        LoadBalancerArn=bench.balancer.arn,
        Protocol="TCP",
        Port=8081,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": bench.group.arn}],
    )


def link_by_another_name(bench: Bench) -> None:
    bench.set_variable("VPCLINK", bench.another_link("line-2", bench.balancer.arn).id)


def another_target_group(bench: Bench, name: str = "again", **settings: Any) -> str:
    """With the instances in it, checked as before; its ARN."""
    group = bench.aws.elbv2.create_target_group(
        Name=name,
        Protocol="TCP",
        Port=80,
        VpcId=bench.service.vpc,
        TargetType="instance",
        HealthCheckProtocol="HTTP",
        HealthCheckPath="/health",
        **settings,
    )["TargetGroups"][0]["TargetGroupArn"]
    bench.aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": name} for name in bench.instances])
    return group


def targets_in_another_group(bench: Bench) -> None:
    bench.forward(another_target_group(bench))


def everything_beside(bench: Bench, cidrs: Callable[[list[str]], list[str]]) -> None:
    """A load balancer, target group, listener, link and rules beside the old ones, and the stage switched over."""
    made = bench.another_balancer("two")
    arn = made["LoadBalancerArn"]
    bench.aws.elbv2.create_listener(
        LoadBalancerArn=arn,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": another_target_group(bench)}],
    )
    described = [{"Name": "description", "Values": [f"ELB {arn.partition('loadbalancer/')[2]}"]}]
    found = bench.aws.ec2.describe_network_interfaces(Filters=described)["NetworkInterfaces"]  # type: ignore[arg-type]
    for cidr in cidrs([item["PrivateIpAddress"] for item in found]):
        bench.let_in(cidr)
    bench.set_variable("VPCLINK", bench.another_link("two", arn).id)
    bench.set_variable("VPCNLB", made["DNSName"])


def replaced_as_terraform_does(bench: Bench) -> None:
    everything_beside(bench, lambda addresses: [f"{ip}/32" for ip in addresses])


def a_link_of_the_second_kind(bench: Bench) -> None:
    """As AWS recommends now: with a security group of its own, which the instances let in."""
    subnets = list(bench.service.balancer_subnets)
    group = bench.aws.ec2.create_security_group(GroupName="link", Description="link", VpcId=bench.service.vpc)[
        "GroupId"
    ]
    made = bench.apigatewayv2.create_vpc_link(Name="second-kind", SubnetIds=subnets, SecurityGroupIds=[group])
    link = made["VpcLinkId"]
    bench.wait(
        lambda: bench.apigatewayv2.get_vpc_link(VpcLinkId=link)["VpcLinkStatus"] == "AVAILABLE" or None,
        what="the link to be available",
    )
    bench.aws.ec2.authorize_security_group_ingress(
        GroupId=bench.security_group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]},
        ],
    )
    bench.aws.apigateway.update_integration(
        restApiId=bench.api.id,
        resourceId=bench.resource("/{proxy+}"),
        httpMethod="ANY",
        patchOperations=[
            {"op": "replace", "path": "/connectionId", "value": link},
            {"op": "replace", "path": "/integrationTarget", "value": bench.balancer.arn},
        ],
    )
    bench.deploy()


def deny_with_its_condition(bench: Bench) -> None:
    scrapers = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    statements = [sledgehammer.EVERYBODY, {**sledgehammer.EVERYBODY, "Effect": "Deny", "Condition": scrapers}]
    bench.patch_api("/policy", json.dumps({"Version": "2012-10-17", "Statement": statements}))
    bench.deploy()


def the_tutorial_again(bench: Bench) -> None:
    bench.up()


RIGHT: list[tuple[ModuleType, Repair]] = [
    (lost_number, name_the_link_itself),
    (lost_number, use_another_variable),
    (lost_number, the_tutorial_again),
    (back_entrance, a_second_listener_where_it_is_asked),
    (cut_line, link_by_another_name),
    (guest_list, targets_in_another_group),
    (double_booked, replaced_as_terraform_does),
    (cut_line, a_link_of_the_second_kind),
    (sledgehammer, deny_with_its_condition),
]


@pytest.mark.parametrize(("module", "repair"), RIGHT, ids=lambda each: each.__name__.split(".")[-1])
def test_any_right_repair_counts(module: ModuleType, repair: Repair, bench: Bench) -> None:
    drill = Drill.of(module)
    training.start(bench, drill)
    assert judge(bench, drill)
    repair(bench)
    verified(bench, drill)


# --- what only looks right --------------------------------------------------------------------------------------------


def open_to_the_world(bench: Bench) -> None:
    bench.let_in("0.0.0.0/0")


def open_to_the_world_over_ipv6(bench: Bench) -> None:
    bench.aws.ec2.authorize_security_group_ingress(
        GroupId=bench.security_group,
        IpPermissions=[{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}],
    )


def open_to_the_vpc(bench: Bench) -> None:
    bench.let_in(VPC_CIDR)


def open_to_a_subnet(bench: Bench) -> None:
    bench.let_in("10.20.1.0/24")


def open_to_whoever_is_in_the_group(bench: Bench) -> None:
    own = {"GroupId": bench.security_group}
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [own]}
    bench.aws.ec2.authorize_security_group_ingress(
        GroupId=bench.security_group,
        IpPermissions=[permission],  # type: ignore[list-item]
    )


def another_group_that_is_open(bench: Bench) -> None:
    ec2 = bench.aws.ec2
    other = ec2.create_security_group(GroupName="open", Description="open", VpcId=bench.service.vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=other, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="0.0.0.0/0")
    ec2.modify_instance_attribute(InstanceId=bench.instances[0], Groups=[bench.security_group, other])


def client_addresses_given_up(bench: Bench) -> None:
    bench.set_attribute("preserve_client_ip.enabled", "false")


def a_load_balancer_on_the_internet(bench: Bench) -> None:
    ec2 = bench.aws.ec2
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=bench.service.vpc)
    bench.aws.elbv2.create_load_balancer(
        Name="outside", Type="network", Scheme="internet-facing", Subnets=list(bench.service.balancer_subnets)
    )


def one_instance_only(bench: Bench) -> None:
    bench.deregister(bench.instances[0])


def an_error_is_healthy(bench: Bench) -> None:
    bench.check_health("/nothing")
    bench.aws.elbv2.modify_target_group(TargetGroupArn=bench.group.arn, Matcher={"HttpCode": "200-499"})


def one_path_only(bench: Bench) -> None:
    bench.point_at(bench.endpoint_url.replace("{proxy}", "hello"))
    bench.deploy()


def one_verb_only(bench: Bench) -> None:
    bench.add_method("GET", "/{proxy+}", bench.endpoint_url)
    bench.remove_method("ANY", "/{proxy+}")
    bench.deploy()


def every_verb_as_get(bench: Bench) -> None:
    bench.patch_integration("/httpMethod", "GET")
    bench.deploy()


def not_deployed(bench: Bench) -> None:
    bench.point_at(bench.endpoint_url.replace("{proxy}", "v2/{proxy}"))


def a_policy_that_is_not_deployed(bench: Bench) -> None:
    statement = {**sledgehammer.EVERYBODY, "Effect": "Deny"}
    bench.patch_api("/policy", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def asked_by_another_name(bench: Bench) -> None:
    bench.set_variable("VPCNLB", "service.example")


def an_answer_that_is_not_the_services(bench: Bench) -> None:
    api, resource = bench.api.id, bench.resource("/{proxy+}")
    gateway = bench.aws.apigateway
    gateway.put_integration(
        restApiId=api,
        resourceId=resource,
        httpMethod="ANY",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 200}'},
    )
    gateway.put_method_response(restApiId=api, resourceId=resource, httpMethod="ANY", statusCode="200")
    gateway.put_integration_response(restApiId=api, resourceId=resource, httpMethod="ANY", statusCode="200")
    bench.deploy()


def a_trickle(bench: Bench) -> None:
    bench.patch_stage("/*/*/throttling/rateLimit", "1")
    bench.patch_stage("/*/*/throttling/burstLimit", "1")


def an_unhealthy_target_too(bench: Bench) -> None:
    bench.aws.elbv2.register_targets(TargetGroupArn=bench.group.arn, Targets=[{"Id": bench.instances[0], "Port": 8080}])


WRONG: dict[Repair, str] = {
    open_to_the_world: "The internet can reach the instances",
    open_to_the_world_over_ipv6: "The internet can reach the instances",
    open_to_the_vpc: "More than the load balancer",
    open_to_a_subnet: "More than the load balancer",
    open_to_whoever_is_in_the_group: "More than the load balancer",
    another_group_that_is_open: "The internet can reach the instances",
    client_addresses_given_up: "who their clients are",
    a_load_balancer_on_the_internet: "goes round the gateway",
    one_instance_only: "instances never answer",
    one_path_only: "GET /health reaches the service as GET /hello",
    one_verb_only: "POST /orders/7?side=left is answered 403, and not by the service",
    every_verb_as_get: "reaches the service as GET",
    not_deployed: "What is configured is not what callers get",
    a_policy_that_is_not_deployed: "What is configured is not what callers get",
    asked_by_another_name: "asked for the host service.example",
    an_answer_that_is_not_the_services: "is not answered by the service",
    a_trickle: "is answered 429 7 times of 8",
    an_unhealthy_target_too: "The health alarm rings",
    an_error_is_healthy: "takes an error for an answer",
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_what_only_looks_right_does_not(wrong: Repair, bench: Bench) -> None:
    training.reset(bench, Drill.of(lost_number))
    assert judge(bench) is None
    wrong(bench)
    bench.passing(60)
    assert WRONG[wrong] in (judge(bench) or "")


def test_a_whole_subnet_is_too_much_for_a_new_load_balancer_too(bench: Bench) -> None:
    drill = Drill.of(wrong_connection)
    training.start(bench, drill)
    everything_beside(bench, lambda _addresses: [VPC_CIDR])
    bench.passing(60)
    assert not drill.symptom.shows(bench)
    assert judge(bench, drill) == "More than the load balancer is let in to the instances."


def test_a_key_for_oneself_lets_in_nobody_else(bench: Bench) -> None:
    drill, gateway = Drill.of(members_only), bench.aws.apigateway
    training.start(bench, drill)
    stages = [{"apiId": bench.api.id, "stage": bench.params.stage}]
    plan = gateway.create_usage_plan(name="own", apiStages=stages)["id"]  # type: ignore[arg-type]
    key = gateway.create_api_key(name="own", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert judge(bench, drill) == "GET /hello is answered 403."


def test_an_api_that_is_made_anew_has_another_url(bench: Bench) -> None:
    drill = Drill.of(lost_number)
    training.start(bench, drill)
    bench.down("rest-api")
    bench.up()
    assert "Callers know http://" in (judge(bench, drill) or "")
