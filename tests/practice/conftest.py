"""A served practice account whose clock the test moves, and the private chain up to a load balancer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from practice import CREDENTIALS, network
from practice.clock import ManualClock
from practice.server import Account, serve


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def account(clock: ManualClock) -> Iterator[Account]:
    with serve(clock=clock, quotas=False) as served:
        yield served


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all tests: reading the service models takes longer than most of them."""
    return boto3.Session(
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
        region_name="us-east-1",
    )


@pytest.fixture
def client(account: Account, session: boto3.Session) -> Callable[[str], Any]:
    """``client("ec2")``: a boto3 client of the account."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return lambda service: session.client(service, endpoint_url=account.url, config=config)


@pytest.fixture
def defaults(account: Account) -> dict[str, Any]:
    """Ids of the seeded VPC, subnets, instances and security group."""
    return httpx.get(f"{account.url}/_practice").json()["defaults"]


@dataclass
class Chain:
    """A load balancer in front of the seeded service, and the questions that tests ask of it."""

    account: Account
    clock: ManualClock
    ec2: Any
    elb: Any
    defaults: dict[str, Any]
    group: str = ""
    load_balancer: str = ""
    listener: str = ""
    ips: list[str] = field(default_factory=list)

    def build(self, **target_group: Any) -> None:
        """Target group (HTTP checks every 10 s, thresholds 2), active load balancer, listener, targets registered."""
        settings = {
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 10,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
        }
        self.group = self.elb.create_target_group(
            Name="service", Protocol="TCP", Port=80, VpcId=self.defaults["vpc"], **settings | target_group
        )["TargetGroups"][0]["TargetGroupArn"]
        self.load_balancer = self.elb.create_load_balancer(
            Name="front", Type="network", Scheme="internal", Subnets=self.defaults["subnets"]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.load_balancer,
            Protocol="TCP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )["Listeners"][0]["ListenerArn"]
        self.elb.register_targets(
            TargetGroupArn=self.group, Targets=[{"Id": instance} for instance in self.defaults["instances"]]
        )
        self.clock.advance(120)
        self.ips = [interface["PrivateIpAddress"] for interface in self.interfaces()]

    def interfaces(self) -> list[dict[str, Any]]:
        """The load balancer's interfaces, by subnet order."""
        suffix = self.load_balancer.partition("loadbalancer/")[2]
        found = self.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [f"ELB {suffix}"]}])
        return sorted(found["NetworkInterfaces"], key=lambda each: self.defaults["subnets"].index(each["SubnetId"]))

    def let_in(self, *ips: str, port: int = 80, group: str | None = None) -> None:
        """Open the service's security group."""
        self.ec2.authorize_security_group_ingress(
            GroupId=group or self.defaults["security_group"],
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "IpRanges": [{"CidrIp": f"{ip}/32"} for ip in ips],
                }
            ],
        )

    def health(self) -> list[str]:
        """``state`` or ``state reason`` of each target, by instance order."""
        answer = self.elb.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        order = self.defaults["instances"]
        answer.sort(key=lambda each: order.index(each["Target"]["Id"]))
        return [
            " ".join(filter(None, (each["TargetHealth"]["State"], each["TargetHealth"].get("Reason"))))
            for each in answer
        ]

    def connect(self, port: int = 80, source: network.Source = network.PRIVATE_LINK) -> Any:
        """A new flow to the load balancer."""
        return network.connect(self.account.account_id, self.account.region, self.load_balancer, port, source=source)

    def machine(self, index: int, **settings: Any) -> None:
        """Change some settings of an instance's machine."""
        url = f"{self.account.url}/_practice/machines/{self.defaults['instances'][index]}"
        httpx.patch(url, json=settings, headers=self.account.control_headers).raise_for_status()


@pytest.fixture
def chain(account: Account, clock: ManualClock, client: Callable[[str], Any], defaults: dict[str, Any]) -> Chain:
    return Chain(account, clock, client("ec2"), client("elbv2"), defaults)
