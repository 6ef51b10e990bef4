"""The practice account's speed: a control-plane call beside stock moto's, and the invoke URL.

Everything runs in processes of its own: the practice account, its machines (theirs is the account's child), stock moto,
and this client. The two control planes are asked in turns, so that what else the machine does falls on both. Requests
are signed once by boto3 and then replayed as bytes, so that the client's own work is not measured with them.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
from botocore.config import Config

from practice import CREDENTIALS

ROUNDS = 200
INVOKES = 1000
CLIENTS = 64
SECONDS = 5.0
# Fast enough that neither provisioning nor request quotas are what is measured.
SCALE = 600

_STOCK = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def practice_account() -> Iterator[str]:
    """The URL of a practice account in a process of its own."""
    command = [sys.executable, "-m", "practice", "--time-scale", str(SCALE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise SystemExit("no output to read the account's address from")
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@contextmanager
def stock_moto() -> Iterator[str]:
    """The URL of stock moto in a process of its own."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", _STOCK], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        if process.stdout is None:
            raise SystemExit("no output to read stock moto's port from")
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


class Replay:
    """A boto3 call, signed once and sent as often as wanted, on one kept connection where the server keeps it."""

    def __init__(self, client: Any, operation: str, **parameters: Any) -> None:
        taken: list[Any] = []

        def take(request: Any, **_: Any) -> None:
            taken.append(request)

        client.meta.events.register("before-send.*", take)
        getattr(client, operation)(**parameters)
        client.meta.events.unregister("before-send.*", take)
        parts = urlsplit(taken[-1].url)
        self._target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._method, self._body = taken[-1].method, taken[-1].body
        self._headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in taken[-1].headers.items()
        }
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def __call__(self) -> None:
        """Send it and read the answer. Raise SystemExit when it is refused."""
        self._connection.request(self._method, self._target, self._body, self._headers)
        response = self._connection.getresponse()
        response.read()
        if response.status >= 300:
            raise SystemExit(f"{self._method} {self._target}: {response.status}")


def clients(url: str) -> Callable[[str], Any]:
    """``client("ec2")``: a boto3 client of the account at ``url``."""
    session = boto3.Session(CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key, region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1})
    return lambda service: session.client(service, endpoint_url=url, config=config)


def furnish(client: Callable[[str], Any]) -> dict[str, Replay]:
    """Make the same few things in an account, and answer the calls to measure on them."""
    ec2, elb, gateway = client("ec2"), client("elbv2"), client("apigateway")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="bench", Description="bench", VpcId=vpc)["GroupId"]
    balancer = elb.create_load_balancer(Name="bench", Type="network", Scheme="internal", Subnets=[subnet])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    target = elb.create_target_group(Name="bench", Protocol="TCP", Port=80, VpcId=vpc)
    api = gateway.create_rest_api(name="bench", endpointConfiguration={"types": ["REGIONAL"]})
    made: dict[str, str] = {"restApiId": api["id"]}
    method = {**made, "resourceId": api["rootResourceId"], "httpMethod": "ANY"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="HTTP_PROXY", integrationHttpMethod="ANY", uri="http://127.0.0.1/")
    deployment = gateway.create_deployment(**made)["id"]
    gateway.create_stage(**made, stageName="prod", deploymentId=deployment)
    stage = {**made, "stageName": "prod"}
    name = [{"op": "replace", "path": "/name", "value": "bench"}]
    value = [{"op": "replace", "path": "/variables/a", "value": "b"}]
    return {
        "ec2 DescribeNetworkInterfaces": Replay(
            ec2, "describe_network_interfaces", Filters=[{"Name": "vpc-id", "Values": [vpc]}]
        ),
        "ec2 DescribeSecurityGroups": Replay(ec2, "describe_security_groups", GroupIds=[group]),
        "elbv2 DescribeLoadBalancers": Replay(elb, "describe_load_balancers", LoadBalancerArns=[arn]),
        "elbv2 DescribeTargetHealth": Replay(
            elb, "describe_target_health", TargetGroupArn=target["TargetGroups"][0]["TargetGroupArn"]
        ),
        "apigateway GetRestApi": Replay(gateway, "get_rest_api", **made),
        "apigateway GetResources": Replay(gateway, "get_resources", **made),
        "apigateway UpdateRestApi": Replay(gateway, "update_rest_api", **made, patchOperations=name),
        "apigateway UpdateStage": Replay(gateway, "update_stage", **stage, patchOperations=value),
    }


def timed(call: Callable[[], None]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def control_plane(ours: str, stock: str) -> None:
    """Print each call's median on both, and the ratio over all of them."""
    calls = furnish(clients(ours)), furnish(clients(stock))
    total = [0.0, 0.0]
    for name in calls[0]:
        pair = [calls[0][name], calls[1][name]]
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(ROUNDS):
            for which in (0, 1) if turn % 2 else (1, 0):
                times[which].append(timed(pair[which]))
        medians = [statistics.median(each) for each in times]
        total = [sum(each) for each in zip(total, medians, strict=True)]
        print(f"{name:32}{medians[0]:6.2f} ms, stock moto {medians[1]:6.2f} ms: ratio {medians[0] / medians[1]:.2f}")
    print(f"{'a control-plane call':32}{total[0] / total[1]:.2f} × stock moto's (at most 1.5)")


def put_api_in_front(url: str) -> str:
    """Build the private path of the tutorial and answer its invoke URL, once it answers 200."""
    client = clients(url)
    ec2, elb, gateway = client("ec2"), client("elbv2"), client("apigateway")
    here = httpx.get(f"{url}/_practice", trust_env=False).json()["defaults"]
    group = elb.create_target_group(
        Name="private", Protocol="TCP", Port=80, VpcId=here["vpc"], HealthCheckProtocol="HTTP"
    )["TargetGroups"][0]["TargetGroupArn"]
    balancer = elb.create_load_balancer(Name="private", Type="network", Scheme="internal", Subnets=here["subnets"])[
        "LoadBalancers"
    ][0]
    elb.get_waiter("load_balancer_available").wait(
        LoadBalancerArns=[balancer["LoadBalancerArn"]], WaiterConfig={"Delay": 1}
    )
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    name = "ELB " + balancer["LoadBalancerArn"].partition("loadbalancer/")[2]
    pages = ec2.get_paginator("describe_network_interfaces").paginate(
        Filters=[{"Name": "description", "Values": [name]}], PaginationConfig={"PageSize": 1000}
    )
    ranges = [{"CidrIp": f"{each['PrivateIpAddress']}/32"} for page in pages for each in page["NetworkInterfaces"]]
    ec2.authorize_security_group_ingress(
        GroupId=here["security_group"],
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": ranges}],
    )
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": each} for each in here["instances"]])
    link = gateway.create_vpc_link(name="private", targetArns=[balancer["LoadBalancerArn"]])["id"]
    api = gateway.create_rest_api(name="private", endpointConfiguration={"types": ["REGIONAL"]})
    resource = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}")
    method = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "ANY"}
    gateway.put_method(**method, authorizationType="NONE", requestParameters={"method.request.path.proxy": True})
    gateway.put_integration(
        **method,
        type="HTTP_PROXY",
        integrationHttpMethod="ANY",
        connectionType="VPC_LINK",
        connectionId="${stageVariables.VPCLINK}",
        uri="http://${stageVariables.VPCNLB}/{proxy}",
        requestParameters={"integration.request.path.proxy": "method.request.path.proxy"},
    )
    deployment = gateway.create_deployment(restApiId=api["id"])["id"]
    variables = {"VPCLINK": link, "VPCNLB": balancer["DNSName"]}
    gateway.create_stage(restApiId=api["id"], stageName="prod", deploymentId=deployment, variables=variables)
    invoke_url = f"{url}/_aws/execute-api/{api['id']}/prod/hello"
    deadline = time.monotonic() + 30
    while httpx.get(invoke_url, trust_env=False).status_code != 200:
        if time.monotonic() > deadline:
            raise SystemExit("the invoke URL does not answer 200")
        time.sleep(0.1)
    return invoke_url


def one_client(url: str) -> list[float]:
    """Milliseconds of each of many requests, one after another, on one connection."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def get() -> None:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise SystemExit(f"{url}: {response.status}")

    for _ in range(50):
        get()
    return [timed(get) for _ in range(INVOKES)]


async def many_clients(url: str) -> tuple[int, list[float]]:
    """How many requests ``CLIENTS`` connections get answered in ``SECONDS``, and each one's milliseconds."""
    parts = urlsplit(url)
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    times: list[float] = []
    until = time.perf_counter() + SECONDS

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            json.loads(await reader.readexactly(int(length.partition(b":")[2])))
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode("latin-1"))
            times.append((time.perf_counter() - began) * 1000)
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return len(times), times


def data_plane(url: str) -> None:
    """Print what the invoke URL does with one client and with many."""
    invoke_url = put_api_in_front(url)
    times = one_client(invoke_url)
    machine = httpx.get(f"{url}/_practice/machines", trust_env=False).json()["machines"][0]["url"]
    direct = one_client(f"{machine}/hello")
    print(
        f"{'invoke, one client':32}{statistics.median(times):6.2f} ms median (under 5), "
        f"{statistics.quantiles(times, n=100)[94]:.2f} ms at the 95th percentile; the machine itself "
        f"{statistics.median(direct):.2f} ms"
    )
    count, times = asyncio.run(many_clients(invoke_url))
    print(
        f"{f'invoke, {CLIENTS} clients':32}{count / SECONDS:6.0f} a second, {statistics.median(times):.0f} ms median, "
        f"{statistics.quantiles(times, n=100)[98]:.0f} ms at the 99th percentile, all 200"
    )


def main() -> None:
    """Print all figures."""
    with practice_account() as ours:
        with stock_moto() as stock:
            control_plane(ours, stock)
        data_plane(ours)


if __name__ == "__main__":
    main()
