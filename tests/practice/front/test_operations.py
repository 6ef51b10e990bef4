"""What the account does not carry out is refused before anything is made, in the protocol of whoever asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.loaders
import botocore.parsers
import botocore.session
import pytest
from botocore.model import OperationModel, ServiceModel
from botocore.serialize import create_serializer

from practice.operations import ALLOWED, Service

from .conftest import Wire, signed

SESSION = botocore.session.Session()
LOADER = SESSION.get_component("data_loader")


@cache
def model_of(name: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model(name, "service-2"), name)


def requests(service: Service) -> Iterator[tuple[str, str, str, dict[str, str], bytes]]:
    """Operation, method, target, headers and body of each operation, as far as it is told from others."""
    model = model_of(service.name)
    for name in model.operation_names:
        http = model.operation_model(name).http
        target = re.sub(r"\{[^}]+\}", "x", http["requestUri"])
        headers = signed(service.signing_name)
        body = b""
        if service.is_query:
            body = f"Action={name}&Version={model.api_version}".encode()
        elif service.protocol == "json":
            headers["X-Amz-Target"] = f"{model.metadata['targetPrefix']}.{name}"
            headers["Content-Type"] = "application/x-amz-json-1.1"
            body = b"{}"
        yield name, http["method"], target, headers, body


@pytest.mark.parametrize("service", ALLOWED, ids=lambda service: service.name)
def test_the_list_is_of_operations_that_the_service_has(service: Service) -> None:
    model = model_of(service.name)
    assert ALLOWED[service] <= set(model.operation_names)
    assert model.signing_name == service.signing_name
    assert model.metadata["protocol"] == service.protocol
    assert not service.is_query or model.api_version == service.version
    assert model.metadata.get("targetPrefix", "") == service.target or service.protocol != "json"


@pytest.mark.parametrize("service", ALLOWED, ids=lambda service: service.name)
def test_every_operation_that_is_not_listed_is_refused_and_no_other(wire: Wire, service: Service) -> None:
    for name, method, target, headers, body in requests(service):
        answer = wire.ask(method, target, headers, body)
        said = f"the practice account does not carry out {service.signing_name}: {name}"
        if name in ALLOWED[service]:
            assert said.encode() not in answer.body, name
            assert answer.status != 501, (name, answer)
        else:
            assert (answer.status, answer.is_refused) == (501, True), name
            assert code_of(service.name, name, answer) == ("NotImplemented", said)


def code_of(service: str, operation: str, answer: Any) -> tuple[str, str]:
    """Code and message as botocore reads them."""
    model = model_of(service)
    shape = model.operation_model(operation).output_shape
    parser = botocore.parsers.create_parser(model.resolved_protocol)
    seen = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    error = parser.parse(seen, shape)["Error"]
    return error["Code"], error["Message"]


def test_every_other_service_of_botocore_is_refused_in_its_own_protocol(wire: Wire) -> None:
    """One service for each way to ask: signing name, protocol, version of the protocol."""
    tried = set()
    for name in LOADER.list_available_services("service-2"):
        if name in {service.name for service in ALLOWED}:
            continue
        model = model_of(name)
        operation = model.operation_model(sorted(model.operation_names)[0])
        answer = wire.ask(*raw(model, operation))
        assert (answer.status, answer.is_refused) == (501, True), (name, answer)
        code, message = code_of(name, operation.name, answer)
        assert code == "NotImplemented", (name, answer)
        assert "the practice account does not carry out" in message, (name, answer)
        tried.add(model.resolved_protocol)
    assert tried == {"json", "query", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"}


def raw(model: ServiceModel, operation: OperationModel) -> tuple[str, str, dict[str, str], bytes]:
    """A request for an operation as botocore's own serializer begins it, whatever parameters it wants."""
    given: dict[str, Any] = {}
    if operation.input_shape is not None:
        for member, shape in operation.input_shape.members.items():
            if shape.serialization.get("location") == "uri" or shape.serialization.get("hostLabel"):
                given[member] = "x"
    made = create_serializer(model.resolved_protocol, include_validation=False).serialize_to_request(given, operation)
    body = made["body"]
    if isinstance(body, dict):
        body = "&".join(f"{key}={value}" for key, value in body.items())
    headers = {str(name): str(value) for name, value in made["headers"].items()} | signed(model.signing_name)
    return made["method"], made["url_path"], headers, body.encode() if isinstance(body, str) else bytes(body or b"")


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    [
        # moto's own back door, under any name.
        ("POST", "/moto-api/reset", signed("moto_api"), b""),
        ("POST", "/moto-api/reset", signed("ec2"), b"Action=DescribeVpcs&Version=2016-11-15"),
        ("POST", "/moto-api/seed?a=1", signed("apigateway"), b""),
        ("GET", "/moto-api/data.json", signed("iam"), b""),
        # An operation that is named where moto would look, beside one that is on the list.
        ("GET", "/restapis?Action=GetDomainNames", signed("apigateway") | {"X-Amz-Target": "x.GetDomainNames"}, b""),
        ("POST", "/domainnames", signed("apigateway"), b'{"domainName": "a.example"}'),
        ("POST", "/%64omainnames", signed("apigateway"), b'{"domainName": "a.example"}'),
        ("POST", "/v2/../domainnames", signed("apigateway"), b'{"domainName": "a.example"}'),
        # Classic load balancers share host and signing name with the others.
        ("POST", "/", signed("elasticloadbalancing"), b"Action=DescribeLoadBalancers&Version=2012-06-01"),
        # Another service's operation, signed for one that is on the list.
        ("POST", "/", signed("logs") | {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
        ("POST", "/", signed("sts"), b"Action=CreateUser&Version=2010-05-08&UserName=evil"),
        ("POST", "/", signed("ec2"), b""),
        ("GET", "/", signed("s3"), b""),
        ("PUT", "/bucket", signed("s3"), b""),
    ],
)
def test_nothing_comes_in_by_another_way(
    wire: Wire, method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    answer = wire.ask(method, target, headers, body)
    if target.startswith("/restapis"):
        assert (answer.status, json.loads(answer.body)) == (200, {"item": []})
    else:
        assert (answer.status, answer.is_refused) == (501, True), answer


def test_what_was_judged_is_what_is_run(wire: Wire) -> None:
    """A parameter in two places, or twice, means one thing to who judges and another to who runs."""
    headers = signed("ec2") | {"Content-Type": "application/x-www-form-urlencoded"}
    machine = wire.about()["machines"][0]["instance_id"]
    terminate = f"Action=TerminateInstances&Version=2016-11-15&InstanceId.1={machine}"
    look = "Action=DescribeVpcs&Version=2016-11-15"
    for target, body in (
        (f"/?{terminate}", look),
        (f"/?{look}", terminate),
        ("/", f"{look}&{terminate}"),
        ("/", f"{terminate}&Action=DescribeVpcs"),
    ):
        answer = wire.ask("POST", target, headers, body.encode())
        assert (answer.status, answer.is_refused) == (400, True)
    # A name in a JSON text, where a form would hold an operation.
    api = {"name": "&Action=CreateDomainName&domainName=x&"}
    created = wire.ask("POST", "/restapis", signed("apigateway"), json.dumps(api).encode())
    assert (created.status, json.loads(created.body)["name"]) == (201, api["name"])
    form = {"Content-Type": "application/x-www-form-urlencoded"} | signed("apigateway")
    assert json.loads(wire.ask("POST", "/restapis", form, json.dumps(api).encode()).body)["name"] == api["name"]
    # The region of the credentials counts, not that of a name or an agent.
    elsewhere = {"Host": "apigateway.eu-west-1.amazonaws.com", "User-Agent": "x region/eu-west-1"}
    assert len(json.loads(wire.ask("GET", "/restapis", signed("apigateway") | elsewhere).body)["item"]) == 2
    assert wire.about()["machines"][0]["instance_id"] == machine
