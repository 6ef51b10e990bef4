"""An integration without a VPC link leads to hosts that the user named, and nowhere else, however a host is written."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice import machines
from practice.dataplane import destinations
from practice.dataplane.errors import GatewayError, NotPractised

from .conftest import PROXY, Rig, Scripted, to

LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "localhost",
    "LocalHost.",
    "service.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "user@127.0.0.1",
    "user:password@localhost",
    "１２７.0.0.1",
    "127。0。0。1",
]
NEVER = [
    *LOOPBACK_SPELLINGS,
    "0.0.0.0",
    "0",
    "127.0.0.2",
    "[::]",
    "[fe80::1%25lo]",
    "[::1%25lo]",
    "169.254.169.254",
    "169.254.169.254.nip.io",
    "10.0.0.1",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "example.com",
    "127.0.0.1.example.com",
    "127.0.0.1@example.com",
    "example.com\\@127.0.0.1",
    "ｌocalhost",
]


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    before = destinations._allowed, destinations._own_port
    yield
    destinations._allowed, destinations._own_port = before


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to; a name that is not there must not be asked for."""
    known: dict[str, list[str]] = {}

    def resolve(name: str, *_: Any, **__: Any) -> list[Any]:
        if not known[name]:
            raise socket.gaierror("unknown name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[name]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def judged(host: str, port: int = 80) -> list[str]:
    return [address for address, _ in destinations.judge(host, port, time.monotonic() + 5)]


def refused(host: str, port: int = 80) -> bool:
    try:
        judged(host, port)
    except NotPractised:
        return True
    return False


@pytest.mark.parametrize("host", NEVER)
def test_no_host_is_called_that_nobody_named(rig: Rig, scripted: Scripted, host: str) -> None:
    destinations.allow_hosts([])
    api = rig.deploy({"/a": {"GET": to(f"http://{host}:{scripted.port}/")}})
    answer = api.get("/a")
    if answer.status_code == 500:  # no host at all, by AWS's own rules
        assert api.last_log()[-2].endswith("Invalid endpoint address")
    else:
        assert answer.status_code == 501
        assert answer.headers["X-Practice-Refused"] == "true"
        assert "--allow-host" in answer.json()["message"]
        assert any("--allow-host" in line for line in api.last_log())
    assert scripted.connections == 0


@pytest.mark.parametrize("host", [each for each in LOOPBACK_SPELLINGS if each.isascii()])
def test_a_named_address_is_called_however_it_is_written(rig: Rig, scripted: Scripted, host: str) -> None:
    destinations.allow_hosts([f"127.0.0.1:{scripted.port}", f"[::1]:{scripted.port}"])
    api = rig.deploy({"/a": {"GET": to(f"http://{host}:{scripted.port}/")}})
    expected = 500 if host in {"[::1]", "[0:0:0:0:0:0:0:1]"} else 200  # the service listens on IPv4 alone
    assert api.get("/a").status_code == expected
    if expected == 200:
        assert f"Host: {host.rpartition('@')[2]}:{scripted.port}".encode() in scripted.requests[0]


@pytest.mark.parametrize("where", ["uri", "stage variable", "path parameter"])
def test_the_host_is_judged_after_everything_is_put_in(rig: Rig, scripted: Scripted, where: str) -> None:
    destinations.allow_hosts(["allowed.test"])
    host = f"localhost:{scripted.port}"
    integration = {
        "uri": to(f"http://{host}/"),
        "stage variable": to("http://${stageVariables.host}/"),
        "path parameter": {**PROXY, "connectionType": "INTERNET", "uri": "http://{proxy}/"},
    }[where]
    integration.pop("connectionId", None)
    api = rig.deploy({"/{proxy+}": {"ANY": integration}}, variables={"host": host})
    assert api.get(f"/{host}").status_code in {500, 501}
    assert scripted.connections == 0


def test_a_port_counts(rig: Rig, scripted: Scripted) -> None:
    destinations.allow_hosts([f"127.0.0.1:{scripted.port + 1}"])
    assert refused("127.0.0.1", scripted.port)
    assert judged("127.0.0.1", scripted.port + 1) == ["127.0.0.1"]
    assert refused("127.0.0.1", 0)


def test_a_redirect_is_handed_on_and_not_followed(rig: Rig, scripted: Scripted) -> None:
    scripted.answers(b"HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n")
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    answer = api.get("/a")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://localhost:1/")
    assert len(scripted.requests) == 1


def test_a_test_invocation_is_judged_alike(rig: Rig, scripted: Scripted) -> None:
    destinations.allow_hosts([])
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    answer = api.control.test_invoke_method(restApiId=api.id, resourceId=api.resources["/a"], httpMethod="GET")
    assert answer["status"] == 501
    assert "--allow-host" in answer["log"]
    assert scripted.connections == 0


def test_the_account_itself_is_never_called(rig: Rig) -> None:
    """Its clients are trusted with everything in it, and a page may read what an integration answers."""
    port = int(rig.url.rpartition(":")[2])
    destinations.allow_hosts(["127.0.0.1", "localhost", f"127.0.0.1:{port}"])
    for host in ("127.0.0.1", "localhost", "127.0.0.2"):
        api = rig.deploy({"/a": {"GET": to(f"http://{host}:{port}/_practice")}})
        assert api.get("/a").status_code == 501


def test_a_named_name_is_resolved_once_and_only_named_ones_are(resolver: dict[str, list[str]]) -> None:
    resolver["service.test"] = ["93.184.215.14"]
    destinations.allow_hosts(["Service.TEST."])
    assert judged("service.test") == ["93.184.215.14"]
    resolver["service.test"] = ["93.184.215.15"]  # a name of the internet may move
    assert judged("SERVICE.test.") == ["93.184.215.15"]
    assert refused("other.test")  # not even asked for: the resolver above knows it not


@pytest.mark.parametrize("moved", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0", "100.64.0.1"])
def test_a_named_name_does_not_lead_inside_when_it_moves(resolver: dict[str, list[str]], moved: str) -> None:
    resolver["service.test"] = ["93.184.215.14"]
    destinations.allow_hosts(["service.test"])
    resolver["service.test"] = [moved]
    assert refused("service.test")
    resolver["service.test"] = [moved, "93.184.215.14"]
    assert judged("service.test") == ["93.184.215.14"]


def test_a_named_name_of_a_private_network_is_called(resolver: dict[str, list[str]]) -> None:
    resolver["service.internal"] = ["10.1.2.3"]
    destinations.allow_hosts(["service.internal:8080"])
    assert judged("service.internal", 8080) == ["10.1.2.3"]
    assert judged("10.1.2.3", 8080) == ["10.1.2.3"]
    assert refused("service.internal", 8081)


def test_a_named_name_without_an_address_is_an_invalid_endpoint(resolver: dict[str, list[str]]) -> None:
    resolver["gone.test"] = []
    destinations.allow_hosts(["gone.test"])
    assert judged("gone.test") == []


def test_the_backend_is_named_by_its_option(scripted: Scripted) -> None:
    destinations.allow_hosts([])
    machines.use_stand_in(f"http://127.0.0.1:{scripted.port}")
    try:
        assert judged("localhost", scripted.port) == ["127.0.0.1"]
        assert refused("127.0.0.1", scripted.port + 1)
    finally:
        machines.use_stand_in(None)


def test_a_resolver_that_hangs_is_waited_for_no_longer_than_the_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    destinations.allow_hosts([])
    destinations._allowed = (destinations._Allowed("slow.test", None, frozenset()),)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(30) and [])
    try:
        with pytest.raises(GatewayError, match="timed out"):
            destinations.judge("slow.test", 80, time.monotonic() + 0.05)
    finally:
        released.set()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("example.com", "example.com", None),
        ("EXAMPLE.com.:443", "example.com", 443),
        ("127.0.0.1:3000", "127.0.0.1", 3000),
        ("::1", "::1", None),
        ("[::1]:3000", "::1", 3000),
        ("bücher.example", "xn--bcher-kva.example", None),
    ],
)
def test_hosts_that_can_be_named(text: str, host: str, port: int | None) -> None:
    assert destinations.parse_host(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ":80", "a:0", "a:65536", "a:b", "http://a", "a/b", "a b", "*", "a@b", "[a", "-a"),
        *("0.0.0.0", "[::]", "224.0.0.1", "fe80::1%eth0"),
    ],
)
def test_what_is_no_host_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|port"):
        destinations.parse_host(text)


@given(st.text(max_size=30), st.integers(0, 65535))
def test_nothing_that_can_be_written_leads_anywhere_unnamed(host: str, port: int) -> None:
    destinations._allowed = ()
    with pytest.raises(NotPractised):
        destinations.judge(host, port, time.monotonic() + 5)
