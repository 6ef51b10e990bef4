"""Finished stacks of different makers, to be traced."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from practice.server import serve
from runbook.aws import Aws
from tests.practice.clients import terraforming
from tests.practice.clients.terraforming import Terraform
from tests.trace.conftest import PushedClock, Stack, finished, http, session
from tests.trace.mutations import MUTATIONS, Mutation
from tests.trace.mutations_advice import ADVICE
from tests.trace.mutations_console import CONSOLE, ConsoleStack
from tests.trace.mutations_v2 import APPLICATION, BEHIND, NETWORK_V2, LinkedStack

__all__ = ["BUILDERS", "terraformed", "why_not"]


@contextmanager
def terraformed() -> Iterator[tuple[Terraform, Stack]]:
    """The tutorial's chain from HCL: other names, no tags of ours, another stage and health check."""
    # Fast enough that nobody waits for a state, slow enough that Terraform still sees it change.
    clock = PushedClock(240.0)
    with serve(clock=clock) as account, tempfile.TemporaryDirectory() as home:
        said = http.get(f"{account.url}/_practice").json()
        terraform = Terraform(account, said["defaults"], Path(home))
        outputs = terraform.apply()
        aws = Aws(session, endpoint_url=account.url, pace=1 / clock.scale, invoke_url_form=said["invoke_url"])
        stack = Stack(account, clock, aws, said, outputs["api_id"], outputs["stage"])
        assert outputs["nlb_ips"] == stack.addresses
        stack.settle()
        yield terraform, stack


@contextmanager
def _by_terraform() -> Iterator[Stack]:
    with terraformed() as (_, stack):
        yield stack


@contextmanager
def apart() -> Iterator[Stack]:
    """Ours, with subnets of the load balancer's own: only between subnets do network ACLs judge."""

    def subnets(aws: Aws, defaults: dict[str, Any]) -> dict[str, Any]:
        theirs = aws.ec2.describe_subnets(SubnetIds=defaults["subnets"])["Subnets"]
        zones = [subnet["AvailabilityZone"] for subnet in theirs]
        made = [
            aws.ec2.create_subnet(VpcId=defaults["vpc"], CidrBlock=f"10.0.{100 + number}.0/24", AvailabilityZone=zone)
            for number, zone in enumerate(zones)
        ]
        return {"subnets": [each["Subnet"]["SubnetId"] for each in made]}

    with finished(subnets) as stack:
        yield stack


@contextmanager
def _linked(kind: str, *, behind: bool = False) -> Iterator[Stack]:
    """A chain made call by call: a V2 link in subnets of its own, a load balancer, the instances.

    ``behind``: a V1 link and a Network Load Balancer in front of the Application Load Balancer instead.
    """
    clock = PushedClock(3000.0)
    with serve(clock=clock, quotas=False) as account:
        said = http.get(f"{account.url}/_practice").json()
        aws = Aws(session, endpoint_url=account.url, pace=1 / clock.scale, invoke_url_form=said["invoke_url"])
        ec2, elb, gateway = aws.ec2, aws.elbv2, aws.apigateway
        stack = LinkedStack(account, clock, aws, said, "", "live")
        groups = {
            name: ec2.create_security_group(GroupName=name, Description=name, VpcId=stack.vpc)["GroupId"]
            for name in ("link", "balancer")
        }
        stack.link_group, stack.balancer_group = ("" if behind else groups["link"]), groups["balancer"]

        def let_in(group: str, *, cidrs: Sequence[str] = (), source: str = "") -> None:
            ec2.authorize_security_group_ingress(
                GroupId=group,
                IpPermissions=[
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 80,
                        "ToPort": 80,
                        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs],
                        "UserIdGroupPairs": [{"GroupId": source}] if source else [],
                    }
                ],
            )

        def balance(name: str, type_: str, target_type: str, targets: list[str]) -> str:
            protocol = "HTTP" if type_ == "application" else "TCP"
            arn = elb.create_load_balancer(
                Name=name,
                Type=type_,  # type: ignore[arg-type]
                Scheme="internal",
                Subnets=stack.subnets,
                SecurityGroups=[groups["balancer"]] if type_ == "application" else [],
            )["LoadBalancers"][0]["LoadBalancerArn"]
            group = elb.create_target_group(
                Name=name,
                Protocol=protocol,  # type: ignore[arg-type]
                Port=80,
                VpcId=stack.vpc,
                TargetType=target_type,  # type: ignore[arg-type]
                HealthCheckProtocol="HTTP",
                HealthCheckPath="/health",
            )["TargetGroups"][0]["TargetGroupArn"]
            elb.create_listener(
                LoadBalancerArn=arn,
                Protocol=protocol,  # type: ignore[arg-type]
                Port=80,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            )
            elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target} for target in targets])
            stack.settle(300)
            return arn

        target = balance("inside", kind, "instance", stack.instances)
        if behind:
            target = balance("outside", "network", "alb", [target])
            name = f"ELB {target.partition(':loadbalancer/')[2]}"
            found = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [name]}])
            addresses = [each["PrivateIpAddress"] for each in found["NetworkInterfaces"]]
            let_in(groups["balancer"], cidrs=[f"{address}/32" for address in addresses])
            link = gateway.create_vpc_link(name="link", targetArns=[target])["id"]
        else:
            zones = [each["AvailabilityZone"] for each in ec2.describe_subnets(SubnetIds=stack.subnets)["Subnets"]]
            own = [
                ec2.create_subnet(VpcId=stack.vpc, CidrBlock=f"10.0.{150 + number}.0/24", AvailabilityZone=zone)
                for number, zone in enumerate(zones)
            ]
            link = aws.apigatewayv2.create_vpc_link(
                Name="link",
                SubnetIds=[each["Subnet"]["SubnetId"] for each in own],
                SecurityGroupIds=[groups["link"]],
            )["VpcLinkId"]
            let_in(groups["balancer"], source=groups["link"])
        # Where the load balancer has no group, its targets see the link itself.
        let_in(stack.security_group, source=groups["balancer" if kind == "application" else "link"])
        name = elb.describe_load_balancers(LoadBalancerArns=[target])["LoadBalancers"][0]["DNSName"]
        api = gateway.create_rest_api(name="linked")
        resource = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}")
        method = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "ANY"}
        gateway.put_method(**method, authorizationType="NONE", requestParameters={"method.request.path.proxy": True})
        gateway.put_integration(
            **method,
            type="HTTP_PROXY",
            integrationHttpMethod="ANY",
            uri=f"http://{name}/{{proxy}}",
            connectionType="VPC_LINK",
            connectionId="${stageVariables.LINK}",
            requestParameters={"integration.request.path.proxy": "method.request.path.proxy"},
            **({} if behind else {"integrationTarget": target}),
        )
        gateway.create_deployment(restApiId=api["id"], stageName=stack.stage, variables={"LINK": link})
        stack.api_id = api["id"]
        stack.settle(600)
        yield stack


@contextmanager
def _in_the_console() -> Iterator[Stack]:
    """Resource by resource, the link named by its id, a stage made by itself, and another beside it."""
    clock = PushedClock(3000.0)
    with serve(clock=clock, quotas=False) as account:
        said = http.get(f"{account.url}/_practice").json()
        aws = Aws(session, endpoint_url=account.url, pace=1 / clock.scale, invoke_url_form=said["invoke_url"])
        ec2, elb, gateway = aws.ec2, aws.elbv2, aws.apigateway
        stack = ConsoleStack(account, clock, aws, said, "", "live", "/orders")
        balancer = elb.create_load_balancer(Name="shop", Type="network", Scheme="internal", Subnets=stack.subnets)
        arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        group = elb.create_target_group(
            Name="shop", Protocol="TCP", Port=80, VpcId=stack.vpc, HealthCheckProtocol="HTTP", HealthCheckPath="/health"
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=arn,
            Protocol="TCP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": each} for each in stack.instances])
        stack.settle(300)
        link = gateway.create_vpc_link(name="shop", targetArns=[arn])["id"]
        for address in stack.addresses:
            ec2.authorize_security_group_ingress(
                GroupId=stack.security_group, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp=f"{address}/32"
            )
        api = gateway.create_rest_api(name="shop", endpointConfiguration={"types": ["REGIONAL"]})
        stack.api_id, stack.resources = api["id"], {"": api["rootResourceId"]}

        def answer(path: str, verb: str, type_: Literal["HTTP_PROXY", "HTTP"] = "HTTP_PROXY") -> None:
            parent, _, name = path.rpartition("/")
            stack.resources[path] = gateway.create_resource(
                restApiId=api["id"], parentId=stack.resources[parent], pathPart=name
            )["id"]
            method = {"restApiId": api["id"], "resourceId": stack.resources[path], "httpMethod": verb}
            within = "{id}" in path
            gateway.put_method(
                **method,
                authorizationType="NONE",
                requestParameters={"method.request.path.id": True} if within else {},
            )
            gateway.put_integration(
                **method,
                type=type_,
                integrationHttpMethod=verb,
                uri=f"http://{balancer['LoadBalancers'][0]['DNSName']}{path}",
                connectionType="VPC_LINK",
                connectionId=link,
                requestParameters={"integration.request.path.id": "method.request.path.id"} if within else {},
            )
            if type_ == "HTTP":
                gateway.put_method_response(**method, statusCode="200")
                gateway.put_integration_response(**method, statusCode="200", selectionPattern="")

        answer("/orders", "GET")
        answer("/orders/{id}", "GET")
        answer("/orders/{id}/items", "POST")
        answer("/status", "GET", "HTTP")
        deployment = gateway.create_deployment(restApiId=api["id"])["id"]
        for name in (stack.stage, "Test-1"):
            gateway.create_stage(restApiId=api["id"], stageName=name, deploymentId=deployment)
        stack.settle(600)
        yield stack


@dataclass(frozen=True)
class Builder:
    """How a stack is built, and the faults that are tried on it."""

    build: Callable[[], AbstractContextManager[Stack]]
    mutations: Sequence[Mutation] = tuple(MUTATIONS)


BUILDERS = {
    "ours": Builder(finished),
    "advice": Builder(finished, ADVICE),
    "apart": Builder(apart, [each for each in MUTATIONS if "acl" in each.name]),
    "terraform": Builder(_by_terraform),
    "v2-application": Builder(partial(_linked, "application"), APPLICATION),
    "v2-network": Builder(partial(_linked, "network"), NETWORK_V2),
    "console": Builder(_in_the_console, CONSOLE),
    "application-behind": Builder(partial(_linked, "application", behind=True), BEHIND),
}


def why_not(maker: str) -> str:
    """Why stacks of this maker cannot be built on this machine; empty when they can."""
    return terraforming.why_not() if maker == "terraform" else ""
