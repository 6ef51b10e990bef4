"""The account answers to its own names only: a name of somebody else's may lead here, by DNS, from a page of theirs."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.operations import ALLOWED
from practice.origins import Names, is_execute_api, without_port

from .conftest import Wire, signed

PORTS = st.sampled_from(["", ":80", ":443", ":4566", ":65535", ":"])
OWN = ("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.0.0.2", "[::1]", "[0:0:0:0:0:0:0:1]")
REGIONS = ("us-east-1", "eu-central-2", "us-gov-west-1", "ap-southeast-7")
ENDPOINTS = (
    *(f"{service.signing_name}.{region}.amazonaws.com" for service in ALLOWED for region in REGIONS),
    *(f"{service.signing_name}-fips.us-east-1.amazonaws.com" for service in ALLOWED),
    *(f"{service.signing_name}.eu-west-1.api.aws" for service in ALLOWED),
    "iam.amazonaws.com",
    "sts.amazonaws.com",
    "ec2.cn-north-1.amazonaws.com.cn",
    "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
    "a1b2c3d4e5-vpce-0123456789abcdef0.execute-api.eu-west-1.amazonaws.com",
    "a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn",
    "a1b2c3d4e5.execute-api.localhost",
)
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
FOREIGN = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.localhost.example",
    "evil-localhost",
    "127.0.0.1.nip.io",
    "localtest.me",
    "amazonaws.com",
    "evil.amazonaws.com",
    "bucket.s3.amazonaws.com",
    "s3.us-east-1.amazonaws.com",
    "ec2.us-east-1.amazonaws.com.evil.example",
    "ec2.evil.example",
    "ec2.us-east-1.evil.amazonaws.com",
    "abc.execute-api.evil.example",
    "abc.execute-api.us-east-1.evil.example",
    "abc.execute-api.localhost.evil.example",
    "execute-api.us-east-1.amazonaws.com",
    "a.b.execute-api.us-east-1.amazonaws.com",
    "192.168.0.1",
    "0.0.0.0",
    "8.8.8.8",
    "[::]",
    "[fe80::1]",
    "::1",
    "2130706433",
    "0x7f.1",
    "127.1",
    "user@127.0.0.1",
    "127.0.0.1:80:80",
    "127.0.0.1, evil.example",
    "127.0.0.1 evil.example",
    "",
    ":80",
    "[::1",
    "xn--localhost-",
    "ｌｏｃａｌｈｏｓｔ",
)


@given(st.sampled_from([*OWN, *ENDPOINTS]), PORTS)
def test_own_names_are_known_with_any_port(name: str, port: str) -> None:
    assert Names("127.0.0.1").include(name + port)


@given(st.one_of(st.sampled_from(FOREIGN), st.lists(LABEL, min_size=2, max_size=5).map(".".join)), PORTS)
def test_all_other_names_are_foreign(name: str, port: str) -> None:
    assert not Names("127.0.0.1").include(name + port)


def test_one_that_is_served_to_others_answers_to_addresses_and_to_its_host() -> None:
    names = Names("0.0.0.0")
    for host in ("127.0.0.1:80", "192.168.0.1:4566", "10.0.0.1", "[fe80::1]:80", f"{socket.gethostname()}:4566"):
        assert names.include(host)
    assert Names("192.168.0.1").include("192.168.0.1:4566")
    # An address leads nowhere else; a name does, by whoever's DNS.
    assert not names.include("evil.example:4566")


@pytest.mark.parametrize("host", FOREIGN)
def test_nothing_answers_under_a_foreign_name(wire: Wire, host: str) -> None:
    headers = {"Host": host.encode("utf-8").decode("latin-1")}
    before = wire.about()["machines"]
    for method, target, more in (
        ("GET", "/_practice", {}),
        ("GET", "/_practice/machines", {}),
        ("POST", "/_practice/reset", wire.account.control_headers),
        ("GET", "/restapis", signed("apigateway")),
        ("GET", "/_aws/execute-api/abcdefghij/prod/x", {}),
        ("GET", "/prod/x", {}),
        ("OPTIONS", "/_aws/execute-api/abcdefghij/prod/x", {}),
    ):
        answer = wire.ask(method, target, headers | more)
        assert (answer.status, answer.is_refused) == (403, True), (method, target, answer)
    assert wire.about()["machines"] == before


def test_an_answer_is_from_a_host_that_is_named_once(wire: Wire) -> None:
    start = b"GET /_practice HTTP/1.1\r\n"
    assert wire.talk(start + b"Host: 127.0.0.1\r\nHost: evil.example\r\n\r\n") == [400]
    assert wire.talk(start + b"Host: evil.example\r\nHost: 127.0.0.1\r\n\r\n") == [400]
    assert wire.talk(start + b"\r\n") == [403]
    assert wire.talk(b"GET http://evil.example/_practice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") == [400]
    assert wire.talk(b"GET /_practice HTTP/1.0\r\n\r\n") == [403]


def test_under_an_apis_name_there_is_only_that_api(wire: Wire) -> None:
    host = {"Host": f"abcdefghij.execute-api.us-east-1.amazonaws.com:{wire.port}"}
    for target in ("/_practice", "/restapis", "/", "/_practice/machines"):
        answer = wire.ask("GET", target, host | signed("apigateway"))
        assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')


@given(st.text(max_size=30))
def test_no_text_is_too_odd_for_a_name(text: str) -> None:
    Names("127.0.0.1").include(text)
    is_execute_api(without_port(text))
