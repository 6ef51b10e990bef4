"""A web page has no access, whatever it sends; to the invoke URL alone it comes as any caller."""

from __future__ import annotations

import itertools
import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from practice import CREDENTIALS

from .conftest import Wire, presigned, signed

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

MARKS = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:{port}"},  # the account's own: a backend's page that is opened at the invoke URL
    {"origin": "http://localhost:{port}"},
    {"Referer": "https://evil.example/page"},
    {"Referer": "http://127.0.0.1:{port}/_aws/execute-api/abc/prod/page"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-origin"},
    {"sec-fetch-site": "none"},  # typed into the address bar
    {"Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-User": "?1"},
    {"Sec-CH-UA": '"Chromium";v="130"'},
    {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
    {"Accept-Language": "en-GB,en;q=0.9"},  # all that is left on plain HTTP, where the page sends no referrer
)

CREDENTIALS_IN = ("header", "query", "none")


def targets(wire: Wire) -> list[tuple[str, str]]:
    """Path, and the service it would be signed for."""
    machine = wire.about()["machines"][0]["instance_id"]
    return [
        ("/_practice", ""),
        ("/_practice/reset", ""),
        ("/_practice/stop", ""),
        (f"/_practice/machines/{machine}", ""),
        ("/_practice/regions/eu-west-1", ""),
        ("/_practice/logs/abc/prod", ""),
        ("/", "ec2"),
        ("/", "iam"),
        ("/restapis", "apigateway"),
        ("/v2/vpclinks", "apigateway"),
        ("/moto-api/reset", "moto_api"),
        ("/", "sns"),
        ("/anything", ""),
    ]


def state(wire: Wire) -> Any:
    """What a page might have changed."""
    made = boto3.Session(CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key, region_name="us-east-1")
    clients = {
        name: made.client(name, endpoint_url=wire.account.url, config=Config(retries={"total_max_attempts": 1}))
        for name in ("ec2", "apigateway", "apigatewayv2", "iam")
    }
    answers = (
        clients["ec2"].describe_security_groups()["SecurityGroups"],
        clients["ec2"].describe_instances()["Reservations"],
        clients["apigateway"].get_rest_apis()["items"],
        clients["apigatewayv2"].get_vpc_links()["Items"],
        clients["iam"].list_users()["Users"],
    )
    return json.dumps(answers, default=str), wire.about()["machines"], wire.account.stop_requested.is_set()


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: "=".join(*mark.items()))
def test_every_method_and_path_is_refused_with_a_mark_of_a_browser(wire: Wire, mark: dict[str, str]) -> None:
    headers = {name: value.format(port=wire.port) for name, value in mark.items()}
    before = state(wire)
    form = b"Action=CreateSecurityGroup&Version=2016-11-15&GroupName=evil&GroupDescription=evil"
    for method, (path, service), where in itertools.product(METHODS, targets(wire), CREDENTIALS_IN):
        if where != "none" and not service:
            continue
        target = f"{path}?{presigned(service)}" if where == "query" else path
        more = signed(service) if where == "header" else {}
        body = form if method in {"POST", "PUT", "PATCH"} else b""
        answer = wire.ask(method, target, headers | more | wire.account.control_headers, body)
        assert (answer.status, answer.is_refused) == (403, True), (method, target, answer)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert state(wire) == before


@pytest.mark.parametrize("target", ["/", "/_practice", "/restapis", "*"])
def test_a_preflight_is_refused_even_without_a_mark(wire: Wire, target: str) -> None:
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    assert wire.ask("OPTIONS", target, asked).is_refused


def test_without_a_mark_the_same_requests_are_heard(wire: Wire) -> None:
    assert wire.ask("GET", "/_practice").status == 200
    assert wire.ask("GET", "/restapis", signed("apigateway")).status == 200
    assert wire.ask("GET", f"/restapis?{presigned('apigateway')}").status == 200
    form = b"Action=DescribeVpcs&Version=2016-11-15"
    assert wire.ask("POST", "/", signed("ec2"), form).status == 200
    assert wire.ask("GET", f"/?Action=DescribeVpcs&Version=2016-11-15&{presigned('ec2')}").status == 200


def test_a_request_that_is_not_signed_is_not_heard(wire: Wire) -> None:
    for target in ("/", "/restapis", "/?Action=DescribeVpcs&Version=2016-11-15", "/?X-Amz-Credential=nonsense"):
        assert wire.ask("GET", target).status == 403
    # Credentials in the body are none: a form can send them.
    body = f"Action=DescribeVpcs&Version=2016-11-15&{presigned('ec2')}".encode()
    assert wire.ask("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, body).status == 403


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: "=".join(*mark.items()))
def test_the_invoke_url_answers_a_page_as_it_answers_anybody(wire: Wire, mark: dict[str, str]) -> None:
    headers = {name: value.format(port=wire.port) for name, value in mark.items()}
    for host in ({}, {"Host": "abcdefghij.execute-api.us-east-1.amazonaws.com"}):
        target = "/prod/hello" if host else "/_aws/execute-api/abcdefghij/prod/hello"
        marked, plain = wire.ask("GET", target, headers | host), wire.ask("GET", target, host)
        assert (marked.status, marked.body) == (plain.status, plain.body) == (403, b'{"message":"Forbidden"}')
        assert "x-practice-refused" not in marked.headers
