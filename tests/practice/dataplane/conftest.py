"""A served account with a working private path, and APIs put in front of it as any client would."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from practice import CREDENTIALS
from practice.clock import ManualClock
from practice.server import serve
from tests.raw_server import RawServer

PROXY = {
    "type": "HTTP_PROXY",
    "integrationHttpMethod": "ANY",
    "connectionType": "VPC_LINK",
    "connectionId": "${stageVariables.VPCLINK}",
    "uri": "http://${stageVariables.VPCNLB}/{proxy}",
    "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
}


@dataclass
class Deployed:
    """An API behind an invoke URL."""

    id: str
    url: str
    resources: dict[str, str]
    control: Any
    base: str

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return httpx.request(method, self.url + path, trust_env=False, **options)

    def logs(self) -> list[dict[str, Any]]:
        from practice.dataplane import logs

        return logs(self.id, "prod")

    def last_log(self) -> list[str]:
        """The execution log of the last request without its times."""
        return [re.sub(r"^.{28} : ", "", line) for line in self.logs()[-1]["log"].splitlines()]


@dataclass
class Rig:
    """The account, its clients, and the names of the private path."""

    url: str
    clock: ManualClock
    control_headers: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    link: str = ""
    balancer: str = ""
    dns_name: str = ""
    target_group: str = ""
    nlb_ips: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            made = boto3.client(
                service,
                endpoint_url=self.url,
                region_name="us-east-1",
                aws_access_key_id=CREDENTIALS.access_key_id,
                aws_secret_access_key=CREDENTIALS.secret_access_key,
                config=Config(retries={"total_max_attempts": 1}),
            )
            self.clients[service] = made
        return self.clients[service]

    @property
    def variables(self) -> dict[str, str]:
        return {"VPCLINK": self.link, "VPCNLB": self.dns_name}

    def build_path(self) -> None:
        """Load balancer, listener, targets, rules and link, all ready."""
        elb, ec2, gateway = self.client("elbv2"), self.client("ec2"), self.client("apigateway")
        self.defaults = httpx.get(f"{self.url}/_practice", trust_env=False).json()["defaults"]
        self.target_group = elb.create_target_group(
            Name="rig", Protocol="TCP", Port=80, VpcId=self.defaults["vpc"], HealthCheckProtocol="HTTP"
        )["TargetGroups"][0]["TargetGroupArn"]
        made = elb.create_load_balancer(
            Name="rig", Type="network", Scheme="internal", Subnets=self.defaults["subnets"]
        )["LoadBalancers"][0]
        self.balancer, self.dns_name = made["LoadBalancerArn"], made["DNSName"]
        self.clock.advance(600)
        elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="TCP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
        )
        interfaces = ec2.describe_network_interfaces(
            Filters=[{"Name": "description", "Values": ["ELB " + self.balancer.partition("loadbalancer/")[2]]}]
        )["NetworkInterfaces"]
        self.nlb_ips = [interface["PrivateIpAddress"] for interface in interfaces]
        self.let_in()
        elb.register_targets(
            TargetGroupArn=self.target_group, Targets=[{"Id": each} for each in self.defaults["instances"]]
        )
        self.link = gateway.create_vpc_link(name="rig", targetArns=[self.balancer])["id"]
        self.clock.advance(900)

    @property
    def _permission(self) -> list[dict[str, Any]]:
        ranges = [{"CidrIp": f"{ip}/32"} for ip in self.nlb_ips]
        return [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": ranges}]

    def let_in(self) -> None:
        self.client("ec2").authorize_security_group_ingress(
            GroupId=self.defaults["security_group"], IpPermissions=self._permission
        )

    def shut_out(self) -> None:
        self.client("ec2").revoke_security_group_ingress(
            GroupId=self.defaults["security_group"], IpPermissions=self._permission
        )

    def configure_machines(self, **settings: Any) -> None:
        for instance in self.defaults["instances"]:
            url = f"{self.url}/_practice/machines/{instance}"
            httpx.put(url, json=settings, headers=self.control_headers, trust_env=False).raise_for_status()

    def deploy(
        self,
        routes: Mapping[str, Mapping[str, Mapping[str, Any]]],
        *,
        variables: Mapping[str, str] | None = None,
        methods: Mapping[str, Any] | None = None,
        prepare: Callable[[Any, Deployed], None] | None = None,
        **api: Any,
    ) -> Deployed:
        """Make an API of `{path: {method: integration}}`, deployed to `prod`. `methods` goes into each PutMethod."""
        gateway = self.client("apigateway")
        made = gateway.create_rest_api(name="rig", endpointConfiguration={"types": ["REGIONAL"]}, **api)
        resources = {"/": made["rootResourceId"]}
        deployed = Deployed(made["id"], f"{self.url}/_aws/execute-api/{made['id']}/prod", resources, gateway, self.url)
        for path, methods_of_path in routes.items():
            parent = "/"
            for part in [each for each in path.split("/") if each]:
                here = f"{parent.rstrip('/')}/{part}"
                if here not in resources:
                    resources[here] = gateway.create_resource(
                        restApiId=made["id"], parentId=resources[parent], pathPart=part
                    )["id"]
                parent = here
            names = re.findall(r"\{([^}+]+)\+?\}", path)
            declared = {f"method.request.path.{name}": True for name in names}
            for method, integration in methods_of_path.items():
                _put_method(gateway, made["id"], resources[path], method, integration, declared, dict(methods or {}))
        if prepare is not None:
            prepare(gateway, deployed)
        deployment = gateway.create_deployment(restApiId=made["id"])["id"]
        gateway.create_stage(
            restApiId=made["id"],
            stageName="prod",
            deploymentId=deployment,
            variables=dict(self.variables if variables is None else variables),
        )
        return deployed


def _put_method(
    gateway: Any, api: str, resource: str, method: str, integration: Mapping[str, Any], declared: dict[str, bool],
    options: dict[str, Any],
) -> None:  # fmt: skip
    target = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    integration = dict(integration)
    responses = integration.pop("responses", {})
    parameters = {**declared, **integration.pop("declared", {}), **options.pop("requestParameters", {})}
    options.setdefault("authorizationType", "NONE")
    gateway.put_method(**target, requestParameters=parameters, **options)
    gateway.put_integration(**target, **integration)
    for status, response in responses.items():
        headers = dict.fromkeys(response.get("responseParameters", {}), False)
        gateway.put_method_response(**target, statusCode=status, responseParameters=headers)
        gateway.put_integration_response(**target, statusCode=status, **response)


def mock(status: int = 200, body: str = "", **response: Any) -> dict[str, Any]:
    """A MOCK integration with one answer."""
    if body:
        response["responseTemplates"] = {"application/json": body}
    return {
        "type": "MOCK",
        "requestTemplates": {"application/json": json.dumps({"statusCode": status})},
        "responses": {str(status): response},
    }


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    clock = ManualClock()
    with serve(clock=clock, quotas=False, allow_hosts=["127.0.0.1", "::1"]) as account:
        made = Rig(account.url, clock, account.control_headers)
        made.build_path()
        yield made


class Scripted(RawServer):
    """A backend that says byte for byte what it is told, and remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.script: Callable[[socket.socket], None] = lambda peer: peer.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )
        super().__init__()

    def answers(self, raw: bytes) -> None:
        self.script = lambda peer: peer.sendall(raw)

    def talk(self, peer: socket.socket) -> None:
        while request := _read_request(peer):
            self.requests.append(request)
            self.script(peer)


def _read_request(peer: socket.socket) -> bytes:
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            chunk = peer.recv(65536)
            if not chunk:
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += peer.recv(65536)
    except OSError:
        return b""
    return head + b"\r\n\r\n" + body


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    backend = Scripted()
    yield backend
    backend.close()


def to(url: str, **integration: Any) -> dict[str, Any]:
    """HTTP_PROXY over the internet; the account is served with leave to call this machine."""
    return {"type": "HTTP_PROXY", "integrationHttpMethod": "ANY", "uri": url, **integration}
