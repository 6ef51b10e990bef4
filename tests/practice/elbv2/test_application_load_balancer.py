"""Application Load Balancers: their life, and their traffic as the target of a Network Load Balancer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from practice.clock import ManualClock
from practice.network import Answered, Asked, Backend, Unreachable, connect
from tests.practice.conftest import Chain


@dataclass
class Application:
    """A Network Load Balancer in front of an application load balancer in front of the service."""

    chain: Chain
    arn: str
    listener: str
    group: str
    """The application load balancer's own."""
    front: str
    """ARN of the Network Load Balancer."""
    outer: str
    """Its target group, of type ``alb``."""
    security_group: str

    def connect(self, path: str = "/hello", host: str = "service.example") -> Any:
        account = self.chain.account
        return connect(account.account_id, account.region, self.front, 80, asked=Asked("GET", host, path))

    def health(self, group: str) -> list[str]:
        answer = self.chain.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return sorted(
            " ".join(filter(None, (each["TargetHealth"].get(name) for name in ("State", "Reason", "Description"))))
            for each in answer
        )

    def front_ips(self) -> list[str]:
        found = self.chain.ec2.describe_network_interfaces(
            Filters=[{"Name": "description", "Values": [f"ELB {self.front.partition('loadbalancer/')[2]}"]}]
        )["NetworkInterfaces"]
        return [each["PrivateIpAddress"] for each in found]

    def let_front_in(self) -> None:
        self.chain.let_in(*self.front_ips(), port=8080, group=self.security_group)

    def let_application_in(self) -> None:
        self.chain.ec2.authorize_security_group_ingress(
            GroupId=self.chain.defaults["security_group"],
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 80,
                    "ToPort": 80,
                    "UserIdGroupPairs": [{"GroupId": self.security_group}],
                }
            ],
        )


@pytest.fixture
def application(chain: Chain, clock: ManualClock) -> Application:
    """Whole, but for the packet filters: the test lets in whom it wants."""
    elb, defaults = chain.elb, chain.defaults
    security_group = chain.ec2.create_security_group(GroupName="web", Description="web", VpcId=defaults["vpc"])[
        "GroupId"
    ]
    arn = elb.create_load_balancer(
        Name="web", Scheme="internal", Subnets=defaults["subnets"], SecurityGroups=[security_group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=defaults["vpc"], HealthCheckPath="/health"
    )["TargetGroups"][0]["TargetGroupArn"]
    listener = elb.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]["ListenerArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": each} for each in defaults["instances"]])
    front = elb.create_load_balancer(Name="front", Type="network", Scheme="internal", Subnets=defaults["subnets"])[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    outer = elb.create_target_group(
        Name="to-web",
        Protocol="TCP",
        Port=8080,
        VpcId=defaults["vpc"],
        TargetType="alb",
        HealthCheckProtocol="HTTP",
        HealthCheckPath="/health",
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(
        LoadBalancerArn=front,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": outer}],
    )
    elb.register_targets(TargetGroupArn=outer, Targets=[{"Id": arn}])
    clock.advance(300)
    return Application(chain, arn, listener, group, front, outer, security_group)


def test_it_takes_its_time_and_has_interfaces_with_its_groups(chain: Chain, clock: ManualClock) -> None:
    created = chain.elb.create_load_balancer(Name="web", Scheme="internal", Subnets=chain.defaults["subnets"])
    (made,) = created["LoadBalancers"]
    assert made["State"]["Code"] == "provisioning"
    assert made["Type"] == "application"
    assert ":loadbalancer/app/web/" in made["LoadBalancerArn"]
    assert made["DNSName"].startswith("internal-web-")
    assert made["DNSName"].endswith(".us-east-1.elb.amazonaws.com")
    assert len(made["SecurityGroups"]) == 1  # the VPC's default
    clock.advance(120)
    (made,) = chain.elb.describe_load_balancers(Names=["web"])["LoadBalancers"]
    assert made["State"]["Code"] == "active"
    suffix = made["LoadBalancerArn"].partition("loadbalancer/")[2]
    found = chain.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [f"ELB {suffix}"]}])
    assert {each["SubnetId"] for each in found["NetworkInterfaces"]} == set(chain.defaults["subnets"])
    assert {each["InterfaceType"] for each in found["NetworkInterfaces"]} == {"interface"}
    assert all(each["Groups"][0]["GroupId"] == made["SecurityGroups"][0] for each in found["NetworkInterfaces"])
    chain.elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    clock.advance(60)
    found = chain.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [f"ELB {suffix}"]}])
    assert found["NetworkInterfaces"] == []


def test_one_subnet_is_not_enough(chain: Chain) -> None:
    with pytest.raises(ClientError, match="At least two subnets in two different Availability Zones must be"):
        chain.elb.create_load_balancer(Name="web", Scheme="internal", Subnets=chain.defaults["subnets"][:1])


def test_traffic_flows_when_each_lets_the_one_before_it_in(application: Application, clock: ManualClock) -> None:
    refused = application.connect()
    assert isinstance(refused, Unreachable)
    assert refused.hop == "security-group"
    application.let_front_in()
    answered = application.connect()
    assert isinstance(answered, Answered)
    assert (answered.status, answered.hop) == (504, "security-group")
    application.let_application_in()
    reached = application.connect()
    assert isinstance(reached, Backend)
    assert reached.instance_id in application.chain.defaults["instances"]
    assert dict(reached.forwarded)["X-Forwarded-For"] in application.front_ips()
    clock.advance(180)
    assert application.health(application.group) == ["healthy"] * 2
    clock.advance(120)
    assert application.health(application.outer) == ["healthy"]


def test_health_says_what_fails(application: Application, clock: ManualClock) -> None:
    clock.advance(120)
    assert application.health(application.group) == ["unhealthy Target.Timeout Request timed out"] * 2
    assert application.health(application.outer) == ["unhealthy Target.FailedHealthChecks Health checks failed"]
    application.let_front_in()
    application.let_application_in()
    application.chain.elb.modify_target_group(TargetGroupArn=application.group, HealthCheckPath="/missing")
    for index in range(2):
        application.chain.machine(index, status={"/missing": 404})
    clock.advance(120)
    assert (
        application.health(application.group)
        == ["unhealthy Target.ResponseCodeMismatch Health checks failed with these codes: [404]"] * 2
    )
    assert isinstance(application.connect(), Backend)  # it fails open


@pytest.mark.parametrize(
    ("fault", "status", "hop"),
    [("nobody", 503, "targets"), ("nothing listens", 502, "backend"), ("fixed", 418, "listener")],
)
def test_it_answers_in_its_own_name(application: Application, fault: str, status: int, hop: str) -> None:
    application.let_front_in()
    application.let_application_in()
    elb, instances = application.chain.elb, application.chain.defaults["instances"]
    match fault:
        case "nobody":
            elb.deregister_targets(TargetGroupArn=application.group, Targets=[{"Id": each} for each in instances])
        case "nothing listens":
            for index in range(2):
                application.chain.machine(index, listening=False)
        case "fixed":
            elb.modify_listener(
                ListenerArn=application.listener,
                DefaultActions=[
                    {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418", "MessageBody": "tea"}}
                ],
            )
    answered = application.connect()
    assert isinstance(answered, Answered)
    assert (answered.status, answered.hop) == (status, hop)
    assert dict(answered.headers)["Server"] == "awselb/2.0"
    assert int(dict(answered.headers)["Content-Length"]) == len(answered.body)


def test_a_rule_goes_before_the_default_action(application: Application) -> None:
    application.let_front_in()
    application.let_application_in()
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    application.chain.elb.create_rule(
        ListenerArn=application.listener,
        Priority=1,
        Conditions=[
            {"Field": "path-pattern", "Values": ["/admin/*"]},
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example"]}},
        ],
        Actions=[fixed],
    )
    assert isinstance(application.connect("/hello"), Backend)
    assert isinstance(application.connect("/admin/x"), Answered)
    assert isinstance(application.connect("/admin/x", host="other.test"), Backend)


def test_a_port_that_it_does_not_listen_on_cannot_be_registered(application: Application) -> None:
    with pytest.raises(ClientError, match="the target must have at least one listener that matches"):
        application.chain.elb.register_targets(
            TargetGroupArn=application.outer, Targets=[{"Id": application.arn, "Port": 81}]
        )


def test_without_its_listener_nothing_gets_through(application: Application) -> None:
    application.let_front_in()
    application.chain.elb.delete_listener(ListenerArn=application.listener)
    refused = application.connect()
    assert isinstance(refused, Unreachable)
    assert (refused.hop, "no listener on port 8080" in refused.reason) == ("targets", True)
