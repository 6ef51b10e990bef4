"""Many clients at once: each gets its own answer, and a slow service delays nobody else."""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from practice import CREDENTIALS

from .conftest import PROXY, Deployed, Rig, Scripted, mock, to


@pytest.fixture(scope="module")
def api(rig: Rig) -> Deployed:
    return rig.deploy({"/{proxy+}": {"ANY": PROXY}})


class Caller:
    """One client with one connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.base = parts.path
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def post(self, path: str, body: str) -> tuple[int, bytes]:
        self.connection.request("POST", self.base + path, body=body.encode())
        response = self.connection.getresponse()
        return response.status, response.read()


def test_64_invokers_and_16_control_plane_clients(rig: Rig, api: Deployed) -> None:
    """Every answer is the caller's own; nothing fails; the control plane's answers stay right."""
    stop = threading.Event()

    def invoke(number: int) -> list[object]:
        caller, wrong = Caller(api.url), []
        for turn in range(15):
            status, body = caller.post(f"/c/{number}?turn={turn}", f"{number}-{turn}")
            seen = json.loads(body)
            if (status, seen.get("path"), seen.get("body")) != (200, f"/c/{number}?turn={turn}", f"{number}-{turn}"):
                wrong.append((status, body))
        return wrong

    def control(number: int) -> list[object]:
        wrong: list[object] = []
        session = boto3.Session()
        options = {
            "endpoint_url": rig.url,
            "region_name": "us-east-1",
            "aws_access_key_id": CREDENTIALS.access_key_id,
            "aws_secret_access_key": CREDENTIALS.secret_access_key,
            "config": Config(retries={"total_max_attempts": 1}),
        }
        with _SESSION:
            gateway, elb = session.client("apigateway", **options), session.client("elbv2", **options)
        while not stop.is_set():
            mine = gateway.create_rest_api(name=f"busy-{number}", endpointConfiguration={"types": ["REGIONAL"]})
            found = gateway.get_resources(restApiId=mine["id"])["items"]
            if [each["id"] for each in found] != [mine["rootResourceId"]]:
                wrong.append(found)
            balancers = elb.describe_load_balancers(Names=["rig"])["LoadBalancers"]
            if [each["LoadBalancerArn"] for each in balancers] != [rig.balancer]:
                wrong.append(balancers)
        return wrong

    with ThreadPoolExecutor(80) as pool:
        controllers = [pool.submit(control, number) for number in range(16)]
        invokers = [pool.submit(invoke, number) for number in range(64)]
        try:
            assert [wrong for future in invokers for wrong in future.result()] == []
        finally:
            stop.set()
        assert [wrong for future in controllers for wrong in future.result()] == []


_SESSION = threading.Lock()


def test_a_slow_service_delays_nobody_else(rig: Rig, scripted: Scripted) -> None:
    release = threading.Event()

    def wait(peer: object) -> None:
        release.wait(120)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")  # type: ignore[attr-defined]

    scripted.script = wait
    api = rig.deploy({"/slow": {"POST": to(scripted.url)}, "/{proxy+}": {"ANY": PROXY}, "/mock": {"POST": mock()}})
    with ThreadPoolExecutor(64) as pool:
        slow = [pool.submit(lambda: Caller(api.url).post("/slow", "")) for _ in range(64)]
        deadline = time.monotonic() + 60
        while len(scripted.requests) < 64 and time.monotonic() < deadline:
            threading.Event().wait(0.005)
        assert len(scripted.requests) == 64
        caller = Caller(api.url)
        for _ in range(20):
            assert caller.post("/quick", "")[0] == 200
        # All 64 are still waiting, and the control plane answers too.
        assert not any(future.done() for future in slow)
        assert rig.client("apigateway").get_rest_api(restApiId=api.id)["id"] == api.id
        release.set()
        assert {future.result() for future in slow} == {(200, b"slow")}


def test_a_test_of_a_slow_method_does_not_hold_the_control_plane(rig: Rig, scripted: Scripted) -> None:
    release = threading.Event()

    def wait(peer: object) -> None:
        release.wait(120)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]

    scripted.script = wait
    api = rig.deploy({"/slow": {"GET": to(scripted.url)}})
    with ThreadPoolExecutor(1) as pool:
        testing = pool.submit(
            api.control.test_invoke_method, restApiId=api.id, resourceId=api.resources["/slow"], httpMethod="GET"
        )
        while not scripted.requests:
            threading.Event().wait(0.005)
        assert rig.client("ec2").describe_vpcs()["Vpcs"]
        assert not testing.done()
        release.set()
        assert testing.result()["status"] == 200
