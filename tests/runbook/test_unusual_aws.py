"""An AWS that is not as usual: its regions, answers of fronts before it, and changes that meet each other."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from runbook.accounts import Kind, connect
from runbook.events import CallSent, Event, Outcome
from runbook.parameters import validated
from steps import load_balancer
from steps.load_balancer import LoadBalancer
from tests.stack import Hurry, Stack

REGIONS = [
    region
    for partition in boto3.Session().get_available_partitions()
    for region in boto3.Session().get_available_regions("apigateway", partition)
]
DOMAINS = {"cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu", "us-iso-": "c2s.ic.gov", "us-isob-": "sc2s.sgov.gov"}
CHOICES = (
    {},
    {"AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
    {"AWS_ENDPOINT_URL_API_GATEWAY": "https://vpce-0123-abc.apigateway.eu-west-1.vpce.amazonaws.com"},
)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: next(iter(choice), "none"))
@pytest.mark.parametrize(
    "region", ["us-east-1", "us-gov-west-1", *(r for r in REGIONS if r.startswith(tuple(DOMAINS)))]
)
def test_the_invoke_url_has_its_partitions_domain(
    region: str, choice: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLEEXAMPLE12")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    for name, value in choice.items():
        monkeypatch.setenv(name, value)
    domain = next((each for start, each in DOMAINS.items() if region.startswith(start)), "amazonaws.com")
    aws = connect(Kind.AWS, validated({"region": region})).aws
    assert aws.invoke_url("abc", "prod") == f"https://abc.execute-api.{region}.{domain}/prod"


def test_every_region_of_the_service_is_taken() -> None:
    assert {validated({"region": region}).region for region in REGIONS} == set(REGIONS)


class Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        while chunk := self.read(64):
            yield chunk


@contextmanager
def first_answer(client: Any, operation: str, status: int, body: bytes, **headers: str) -> Iterator[None]:
    """The first request of an operation is answered so, and does not leave."""
    left = [AWSResponse("http://x", status, {"content-type": "text/html"} | headers, Raw(body))]
    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"

    def send(**_: object) -> AWSResponse | None:
        return left.pop() if left else None

    client.meta.events.register(event, send)
    try:
        yield
    finally:
        client.meta.events.unregister(event, send)
        assert not left


FOREIGN = {
    "html": b"<html><head><title>503 Service Temporarily Unavailable</title></head></html>",
    "doctype": b"<!DOCTYPE html>\n<html><body>Bad gateway</body></html>",
    "text": b"upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
    "json": b'{"message":"Service Unavailable"}',
    "json list": b"[1]",
    "nothing": b"",
    "spaces": b"\r\n",
    "other xml": b"<?xml version='1.0'?><oops/>",
    "bytes": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("service", ["elbv2", "ec2", "apigateway", "sts"])
def test_an_answer_of_a_front_before_aws_is_a_lost_answer(stack: Stack, service: str) -> None:
    ask = {
        "elbv2": ("DescribeLoadBalancers", stack.aws.elbv2.describe_load_balancers),
        "ec2": ("DescribeInstances", stack.aws.ec2.describe_instances),
        "apigateway": ("GetRestApis", stack.aws.apigateway.get_rest_apis),
        "sts": ("GetCallerIdentity", stack.aws.sts.get_caller_identity),
    }
    operation, call = ask[service]
    client = getattr(stack.aws, service)
    with stack.aws.observed(lambda _: None, Hurry(stack.clock)):
        for body, status in itertools.product(FOREIGN.values(), (500, 502, 503, 504)):
            with first_answer(client, operation, status, body):
                assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("operation", "step"),
    [
        ("CreateResource", "proxy-resource"),
        ("PutMethod", "any-method"),
        ("PutIntegration", "integration"),
        ("CreateDeployment", "deployment"),
        ("UpdateStage", "stage-variables"),
        ("CreateRestApi", "rest-api"),
        ("CreateVpcLink", "vpc-link"),
    ],
)
def test_a_change_that_met_another_is_sent_again(stack: Stack, operation: str, step: str) -> None:
    message = "Unable to complete operation due to concurrent modification. Please try again later."
    headers = {"content-type": "application/json", "x-amzn-errortype": "ConflictException"}
    with first_answer(stack.aws.apigateway, operation, 409, json.dumps({"message": message}).encode(), **headers):
        ended = stack.up_to(step)
    assert ended.finished.worst is None
    sent: list[Event] = [call for call in ended.of(CallSent) if call.operation == operation]
    assert len(sent) == 1  # one call, sent twice: nothing was made twice
    assert stack.up_to(step).written == []


def test_a_load_balancer_that_cannot_scale_serves(finished: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    impaired = property(lambda self: {"Code": "active_impaired"})
    from practice.elbv2.load_balancers import LoadBalancer as Practised

    monkeypatch.setattr(Practised, "load_balancer_state", impaired)
    ended = finished.up()
    assert ended.outcomes[load_balancer.__name__.rpartition(".")[2].replace("_", "-")] is Outcome.OK
    assert ended.finished.worst is None
    assert "active_impaired" in " ".join(ended.fact(LoadBalancer).notes)
