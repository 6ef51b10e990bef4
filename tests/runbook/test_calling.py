"""Whatever answers a request of the runbook, it costs bounded time and memory."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import boto3
import httpx
import pytest
from botocore.exceptions import ReadTimeoutError

from runbook import bounded
from runbook.aws import Aws
from runbook.calling import LIMIT, Client, caller
from runbook.errors import CannotContinue
from runbook.trace import answer as traced
from runbook.trace.model import Symptom
from runbook.trace.target import Target
from tests.raw_server import RawServer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
QUICK = httpx.Timeout(0.4)


class Server(RawServer):
    """Says to each connection what it is told, byte for byte."""

    def __init__(self) -> None:
        self.say: Callable[[socket.socket], None] = lambda peer: None
        super().__init__()

    def talk(self, peer: socket.socket) -> None:
        if peer.recv(65536):
            self.say(peer)

    def says(self, raw: bytes) -> None:
        self.say = lambda peer: peer.sendall(raw)

    def keeps_saying(self, head: bytes, part: bytes, pause: float = 0.0) -> None:
        def say(peer: socket.socket) -> None:
            peer.sendall(head)
            while True:
                peer.sendall(part)
                time.sleep(pause)

        self.say = say


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(timeout=QUICK, verify=False, trust_env=False) as made:
        yield made


def packed(megabytes: int, bits: int) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, bits)
    return b"".join(packing.compress(b"\0" * (1 << 20)) for _ in range(megabytes)) + packing.flush()


BOMB = packed(200, 31)
BOMBS = {
    "gzip": (b"gzip", BOMB),
    "x-gzip": (b"X-GZip", BOMB),
    "deflate": (b"deflate", packed(200, 15)),
    "raw deflate": (b"deflate", packed(200, -15)),
    "gzip in gzip": (b"gzip, gzip", gzip.compress(BOMB)),
    "a character set that decompresses": (b"identity\r\nContent-Type: text/plain; charset=zlib", packed(200, 15)),
    "a character set that takes very long": (
        b"identity\r\nContent-Type: text/plain; charset=punycode",
        b"a-" + b"z" * LIMIT,
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_body_is_unpacked_to_the_limit_only(server: Server, client: Client, kind: str) -> None:
    coding, body = BOMBS[kind]
    server.says(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body)
    tracemalloc.start()
    answer = client.get(server.url)
    assert len(answer.text) <= LIMIT + 2
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 200
    assert len(answer.content) <= LIMIT + 2
    assert peak < 32 * LIMIT


def test_what_is_packed_is_read_in_plain(server: Server, client: Client) -> None:
    text = "grüße".encode()
    for coding, body in (
        (b"gzip", gzip.compress(text)),
        (b"deflate", zlib.compress(text)),
        (b"br", b"?"),
        (b"gzip", b"no gzip"),
    ):
        server.says(HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body)
        assert client.get(server.url).text == (body.decode() if body in (b"?", b"no gzip") else "grüße")


@pytest.mark.parametrize("head", [HEAD + b"\r\n", HEAD + b"Content-Length: 999999999999\r\n\r\n"])
def test_an_endless_body_is_read_to_the_limit(server: Server, client: Client, head: bytes) -> None:
    server.keeps_saying(head, b"a" * 65536)
    assert client.get(server.url).content == b"a" * LIMIT


def test_endless_chunks_are_read_to_the_limit(server: Server, client: Client) -> None:
    server.keeps_saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b"a" * 0x8000 + b"\r\n")
    assert client.get(server.url).content == b"a" * LIMIT


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (HEAD + b"X: ", b"a"),
        (HEAD + b"\r\n", b"a"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + BOMB[:10], b"\0"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
    ],
)
def test_what_drips_is_waited_for_as_a_whole(server: Server, client: Client, head: bytes, part: bytes) -> None:
    server.keeps_saying(head, part, 0.02)
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout, match="no complete answer within"):
        client.get(server.url)
    assert time.monotonic() - began < 10


def test_a_drip_within_the_time_is_an_answer(server: Server, client: Client) -> None:
    def say(peer: socket.socket) -> None:
        for byte in HEAD + b"Content-Length: 2\r\n\r\nok":
            peer.sendall(bytes([byte]))

    server.say = say
    assert client.get(server.url).text == "ok"


def test_endless_headers_are_an_error(server: Server, client: Client) -> None:
    server.keeps_saying(HEAD, b"X: " + b"a" * 1000 + b"\r\n")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(server.url)


def test_a_redirect_is_an_answer(server: Server, client: Client) -> None:
    server.says(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
    assert client.get(server.url).status_code == 302
    assert server.connections == 1


def test_no_alarm_is_left_behind(server: Server, client: Client) -> None:
    before = threading.active_count()
    server.says(HEAD + b"Content-Length: 2\r\n\r\nok")
    for _ in range(20):
        client.get(server.url)
    assert threading.active_count() <= before + 4


def test_a_trace_calls_an_answer_that_drips_a_timeout(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traced, "caller", lambda url: caller(url, timeout=QUICK))
    server.keeps_saying(HEAD + b"Content-Length: 100000\r\n\r\n", b"a", 0.02)
    assert traced.send(Target(url=server.url, api_id="a", stage="prod", path="/x")).symptom is Symptom.TIMED_OUT


# -- AWS's own API


@pytest.fixture
def aws(server: Server, monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setattr("runbook.aws.ANSWERS_WITHIN", 0.4)
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
    return Aws(session, endpoint_url=server.url, pace=0.0)


def test_an_endpoint_that_never_ends_its_answer_is_left(
    server: Server, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "LIMIT", 1 << 20)
    for head in (HEAD + b"\r\n", HEAD + b"Content-Length: 9999999999\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n"):
        server.keeps_saying(head, b"a" * 65536)
        for ask in (aws.apigateway.get_rest_apis, aws.ec2.describe_vpcs, lambda: aws.export("a", "prod")):
            with pytest.raises(CannotContinue, match="--endpoint-url"):
                ask()


def test_an_endpoint_whose_answer_drips_counts_as_lost(server: Server, aws: Aws) -> None:
    server.keeps_saying(HEAD + b"Content-Length: 100000\r\n\r\n", b"a", 0.02)
    before = server.connections
    with pytest.raises(ReadTimeoutError):
        aws.apigateway.get_rest_apis()
    assert server.connections - before == 4  # it was asked again, as for any answer that was lost


def test_connections_are_kept(server: Server, aws: Aws) -> None:
    def say(peer: socket.socket) -> None:
        for _ in range(5):
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            peer.recv(65536)

    server.say = say
    for _ in range(5):
        aws.apigateway.get_rest_apis()
    assert server.connections == 1
