"""Slow, huge, malformed and many: what a client of the loopback may send, and what that costs."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import http.client
import json
import re
import socket
import zlib
from collections.abc import Iterator

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from practice import CREDENTIALS, control_plane, dataplane, documents, http_server
from practice.apigateway.snapshot import Snapshot
from practice.dataplane.compression import decompress
from practice.dataplane.errors import GatewayError

from .conftest import Wire, answer_of, everything, presigned, signed

INVOKE = "/_aws/execute-api/abcdefghij/prod"
MIB = 1 << 20


def _snapshot() -> Snapshot:
    """Of an API that takes compressed payloads."""
    fields = dict.fromkeys(each.name for each in dataclasses.fields(Snapshot))
    return Snapshot(**(fields | {"minimum_compression_size": 0}))


# -- one piece ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    [
        ("GET", "/_practice", {}, b""),
        ("POST", "/", signed("ec2"), b"Action=DescribeInstances&Version=2016-11-15"),
        ("GET", "/restapis", signed("apigateway"), b""),
        ("POST", "/", signed("sts"), b"Action=GetCallerIdentity&Version=2011-06-15"),
        ("POST", "/", signed("sns"), b"Action=ListTopics&Version=2010-03-31"),
        ("GET", INVOKE, {}, b""),
        ("HEAD", INVOKE, {}, b""),
        ("GET", "/_practice", {"Origin": "null"}, b""),
        ("GET", "/", {}, b""),
    ],
)
def test_an_answer_goes_out_in_one_piece(
    wire: Wire, method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with wire.connect() as connection:
        for _ in range(5):  # on one connection: a refusal does not end it
            connection.sendall(head.encode() + body)
            answer = answer_of(connection.recv(1 << 20))
            assert len(answer.body) == (0 if method == "HEAD" else int(answer.headers["content-length"]))
            assert "connection" not in answer.headers


# -- where a body ends -------------------------------------------------------------------------------------------------

ORIGIN = b"Host: 127.0.0.1\r\nOrigin: https://evil.example\r\nContent-Type: text/plain\r\n"
PLAIN = b"Host: 127.0.0.1\r\n"
HEADS = {
    "a page": b"POST /_practice/reset HTTP/1.1\r\n" + ORIGIN,
    "unsigned": b"POST / HTTP/1.1\r\n" + PLAIN,
    "foreign": b"POST / HTTP/1.1\r\nHost: evil.example\r\n",
    "described": b"GET /_practice HTTP/1.1\r\n" + PLAIN,
    "invoke": b"POST " + INVOKE.encode() + b" HTTP/1.1\r\n" + ORIGIN,
    "aws": b"POST / HTTP/1.1\r\n" + PLAIN + f"Authorization: {signed('sts')['Authorization']}\r\n".encode(),
    "head": b"HEAD /_practice HTTP/1.1\r\n" + PLAIN,
    "preflight": b"OPTIONS /_practice HTTP/1.1\r\n" + PLAIN,
}


def reset_of(wire: Wire) -> bytes:
    token = f"X-Practice-Token: {wire.account.token}\r\n".encode()
    return b"POST /_practice/reset HTTP/1.1\r\n" + PLAIN + token + b"Content-Length: 0\r\n\r\n"


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_body_is_never_the_next_request(wire: Wire, head: bytes) -> None:
    inner = reset_of(wire)
    size = len(inner)
    before = wire.about()["machines"]
    for framing in (
        b"Content-Length: %d\r\n\r\n" % size + inner,
        b"Content-Length: %d\r\nContent-Length: %d\r\n\r\n" % (size, size) + inner,
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % size + inner,
        b"Content-Length: -%d\r\n\r\n" % size + inner,
        b"Content-Length: +%d\r\n\r\n" % size + inner,
        b"Content-Length: 0x%x\r\n\r\n" % size + inner,
        b"Content-Length: 1_0\r\n\r\n" + inner,
        b"Content-Length: %d\r\n\r\n" % 10**30 + inner,
        b"Content-Length: \r\n\r\n" + inner,
        b"Content_Length: 0\r\nContent-Length: %d\r\n\r\n" % size + inner,
        b"Transfer-Encoding: chunked\r\n\r\n" + inner,
        b"Transfer-Encoding: gzip, chunked\r\n\r\n" + inner,
        b"Transfer-Encoding: identity\r\n\r\n" + inner,
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + inner,
        b"Transfer-Encoding : chunked\r\n\r\n" + inner,
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + inner,
        b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + inner,
        b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + inner,
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd" + inner,
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size + inner + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + inner,  # as trailers
        b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 5000 + b"\r\n" + inner,
        b"Content-Length: %d\r\n\r\n" % (11 * MIB) + b"a" * 100_000 + inner,
    ):
        statuses = wire.talk(head + framing)
        assert len(statuses) <= 1, (framing[:60], statuses)
    assert wire.about()["machines"] == before


def test_a_body_of_http_1_0_in_chunks_is_none(wire: Wire) -> None:
    head = b"POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: Keep-Alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert wire.talk(head + reset_of(wire)) == [400]


def test_a_chunked_body_is_read_to_its_end_and_the_connection_goes_on(wire: Wire) -> None:
    form = b"Action=GetCallerIdentity&Version=2011-06-15"
    one = HEADS["aws"] + b"Transfer-Encoding: chunked\r\n\r\n"
    one += b"5\r\n" + form[:5] + b"\r\n%X;a=b\r\n" % (len(form) - 5) + form[5:] + b"\r\n0\r\nX-Trailer: a\r\n\r\n"
    assert wire.talk(one * 3) == [200] * 3


@given(st.binary(max_size=200))
@example(b"")
@example(b"\r\n\r\n")
def test_no_bytes_stop_the_account(wire: Wire, noise: bytes) -> None:
    wire.talk(noise)
    wire.talk(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n" + noise)
    assert wire.ask("GET", "/_practice").status == 200


# -- sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "headers", "limit"),
    [
        ("POST", "/", {}, control_plane.LARGEST_BODY),
        ("POST", "/", signed("ec2"), control_plane.LARGEST_BODY),
        ("POST", f"/?{presigned('ec2')}", {}, control_plane.LARGEST_BODY),
        ("POST", "/restapis", signed("apigateway"), control_plane.LARGEST_BODY),
        ("PUT", "/_practice/machines/i-none", {}, 64 * 1024),
        ("GET", "/_practice", {}, 64 * 1024),
        ("POST", INVOKE, {}, dataplane.LARGEST_BODY),
        ("POST", INVOKE, {"Origin": "https://a.example"}, dataplane.LARGEST_BODY),
    ],
)
def test_a_body_is_refused_by_its_length_before_it_is_sent(
    wire: Wire, method: str, target: str, headers: dict[str, str], limit: int
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    for framing, status in (
        (f"Content-Length: {limit + 1}\r\n\r\n", 413),
        (f"Content-Length: {10**15}\r\n\r\n", 413),
        (f"Transfer-Encoding: chunked\r\n\r\n{limit + 1:x}\r\n", 413),
        (f"Expect: 100-continue\r\nContent-Length: {limit + 1}\r\n\r\n", 413),
    ):
        with wire.connect() as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{head}{framing}".encode())
            answer = everything(connection).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert answer_of(answer).status == status
        assert answer_of(answer).headers["connection"] == "close"


def test_who_sends_too_much_reads_why(wire: Wire) -> None:
    """A client sends all of its request before it reads: what is not wanted is taken, and let fall."""
    connection = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", INVOKE, body=b"a" * (12 * MIB))
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (413, b"HTTP content length exceeded 10485760 bytes.")
    client = boto3.client(
        "apigateway",
        endpoint_url=wire.account.url,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
    )
    with pytest.raises(client.exceptions.ClientError, match=r"larger than 6291456 bytes") as caught:
        client.import_rest_api(body=b"a" * (7 * MIB))
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-practice-refused"] == "true"


def test_the_largest_body_is_taken(wire: Wire) -> None:
    assert wire.ask("POST", INVOKE, body=b"a" * dataplane.LARGEST_BODY).status == 403
    answer = wire.ask("POST", "/restapis", signed("apigateway"), b" " * (control_plane.LARGEST_BODY - 2) + b"{}")
    assert answer.status == 400


def test_a_head_has_a_size_and_a_number_of_lines(wire: Wire) -> None:
    start = b"GET /_practice HTTP/1.1\r\nHost: localhost\r\n"
    many = b"".join(b"X-%d: y\r\n" % number for number in range(http_server.HEADERS))
    assert wire.talk(start + many + b"\r\n") == [400]
    assert wire.talk(start + many[: len(many) // 2].rpartition(b"\r\n")[0] + b"\r\n\r\n") == [200]
    assert wire.talk(start + b"X: " + b"y" * (2 * http_server.HEAD_BYTES) + b"\r\n\r\n") == [413]
    assert wire.talk(b"GET /" + b"y" * (2 * http_server.HEAD_BYTES) + b" HTTP/1.1\r\n\r\n") == [414]
    assert wire.talk(b"y" * (2 * http_server.HEAD_BYTES)) == [414]


DEEP = {
    "lists": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "unclosed": b"[" * 100_000,
    "mixed": b'{"x":[' * 200 + b"]}" * 200,
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("POST", "/restapis", signed("apigateway")),
        ("PUT", "/restapis/x/resources/y/methods/GET", signed("apigateway")),
        ("POST", "/restapis?mode=import", signed("apigateway")),
        ("PUT", "/restapis/x?mode=overwrite", signed("apigateway")),
        ("POST", "/v2/vpclinks", signed("apigateway")),
        ("POST", "/", signed("logs") | {"X-Amz-Target": "Logs_20140328.CreateLogGroup"}),
        ("POST", "/", signed("acm") | {"X-Amz-Target": "CertificateManager.ListCertificates"}),
    ],
)
def test_json_that_is_nested_without_end_is_refused(
    wire: Wire, method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    answer = wire.ask(method, target, headers, body)
    assert 400 <= answer.status < 500, answer
    assert json.loads(wire.ask("GET", "/restapis", signed("apigateway")).body)["item"] == []


def test_a_policy_that_is_nested_without_end_is_refused(wire: Wire) -> None:
    deep = "%5B" * 3000 + "%5D" * 3000
    form = f"Action=CreatePolicy&Version=2010-05-08&PolicyName=p&PolicyDocument=%7B%22Statement%22%3A{deep}%7D"
    assert 400 <= wire.ask("POST", "/", signed("iam"), form.encode()).status < 500


def test_a_knob_that_is_nested_without_end_is_refused(wire: Wire) -> None:
    machine = wire.about()["machines"][0]["instance_id"]
    body = b'{"port":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    assert wire.ask("PATCH", f"/_practice/machines/{machine}", wire.account.control_headers, body).status == 400


def test_a_compressed_request_is_not_opened_in_the_control_plane(wire: Wire) -> None:
    headers = signed("apigateway") | {"Content-Encoding": "gzip"}
    answer = wire.ask("POST", "/restapis", headers, gzip.compress(b'{"name": "a"}'))
    assert (answer.status, answer.is_refused) == (415, True)


@pytest.mark.parametrize("window", [31, 15])
def test_a_payload_grows_to_the_limit_and_no_further(window: int) -> None:
    encoding, snapshot = {31: "gzip", 15: "deflate"}[window], _snapshot()
    compressor = zlib.compressobj(9, zlib.DEFLATED, window)
    bomb = b"".join(compressor.compress(bytes(MIB)) for _ in range(64)) + compressor.flush()
    assert len(bomb) < MIB // 8
    with pytest.raises(GatewayError) as caught:
        decompress(bomb, encoding, snapshot, 10 * MIB)
    assert caught.value.kind.status == 413
    compressor = zlib.compressobj(9, zlib.DEFLATED, window)
    whole = compressor.compress(bytes(10 * MIB)) + compressor.flush()
    assert decompress(whole, encoding, snapshot, 10 * MIB) == bytes(10 * MIB)
    for cut in (whole[:-1], whole[: len(whole) // 2], b"nonsense"):
        with pytest.raises(GatewayError):
            decompress(cut, encoding, snapshot, 10 * MIB)


def test_a_gzip_of_several_members_is_one_payload() -> None:
    members = gzip.compress(b"one ") + gzip.compress(b"two")
    assert decompress(members, "gzip", _snapshot(), 100) == b"one two"
    many = gzip.compress(bytes(60)) * 2
    with pytest.raises(GatewayError):
        decompress(many, "gzip", _snapshot(), 100)


# -- documents ---------------------------------------------------------------------------------------------------------


def laughs(levels: int, width: int, anchored: str = "[{}]", plain: str = "lol") -> str:
    """A YAML document that its aliases make `width ** levels` values of."""
    lines = ["openapi: 3.0.1", "paths: {}", f"x0: &x0 {anchored.format(','.join([plain] * width))}"]
    lines += [f"x{n}: &x{n} {anchored.format(','.join([f'*x{n - 1}'] * width))}" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


@given(st.integers(2, 40), st.integers(2, 12), st.sampled_from(["[{}]", "{{<<: [{}]}}"]))
def test_yaml_that_grows_by_its_aliases_is_refused(levels: int, width: int, anchored: str) -> None:
    plain = "{a: 1}" if "<<" in anchored else "lol"
    text = laughs(levels, width, anchored, plain)
    # What x0 is written as, then each level once more by its aliases.
    grown = sum(width**level for level in range(2, levels + 1))
    if grown >= documents.MOST_BY_ALIAS * 2:
        assert documents.read(text) is None
    elif grown * 4 < documents.MOST_BY_ALIAS:
        assert documents.read(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: *b",
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 5_000 + "a",
        "? " * 5_000 + "a",
        "!!python/object/apply:os.system [id]",
        "a: 2020-99-99",
        "a: !!int x",
        "%YAML 9.9\n---\na",
        "\x00",
    ],
)
def test_yaml_that_is_not_a_plain_document_is_refused(text: str) -> None:
    assert documents.read(text) is None


def test_a_document_with_a_few_aliases_is_read() -> None:
    text = "openapi: 3.0.1\nshared: &shared {type: MOCK, list: [1, 2]}\npaths: {/: {get: *shared, put: *shared}}\n"
    read = documents.read(text)
    assert read["paths"]["/"]["get"] == read["paths"]["/"]["put"] == {"type": "MOCK", "list": [1, 2]}
    assert documents.read('{"openapi": "3.0.1", "a": "[[[[{{{{"}') == {"openapi": "3.0.1", "a": "[[[[{{{{"}
    assert documents.read("{openapi: 3.0.1}") == {"openapi": "3.0.1"}


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(JSON, st.integers(0, 120))
def test_depth_is_that_of_the_value(value: object, more: int) -> None:
    def deep(value: object) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return max(map(deep, inner), default=0) + isinstance(value, (dict, list))

    text = ("[" * more + json.dumps(value) + "]" * more).encode()
    assert min(documents.depth(text), documents.DEEPEST + 1) == min(deep(value) + more, documents.DEEPEST + 1)


# -- slow clients ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def crowd(wire: Wire, size: int, sent: bytes) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(size):
            connections.append(stack.enter_context(wire.connect()))
            connections[-1].sendall(sent)
        yield connections


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        b"GET /_practice HTTP/1.1\r\nHost: localhost\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"POST " + INVOKE.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc",
    ],
    ids=["silent", "line", "head", "body", "chunk", "payload"],
)
def test_400_slow_clients_do_not_hold_the_account(wire: Wire, sent: bytes) -> None:
    with crowd(wire, 400, sent):
        for _ in range(3):
            assert wire.ask("GET", "/_practice").status == 200
            assert wire.ask("GET", INVOKE).status == 403
            assert wire.ask("GET", "/restapis", signed("apigateway")).status == 200


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na"],
    ids=["head", "body"],
)
def test_who_is_too_slow_is_told_and_let_go(wire: Wire, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(http_server, "BODY_SECONDS", 0.3)
    with wire.connect() as connection:
        connection.sendall(sent)
        assert re.findall(rb"HTTP/1.1 (\d{3})", everything(connection)) == [b"408"]


def test_a_byte_now_and_then_does_not_prolong_it(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.5)
    with wire.connect(timeout=0.05) as connection:
        connection.sendall(b"GET /_practice HTTP/1.1\r\nHost: localhost\r\nX: ")
        for _ in range(200):  # ten seconds at most, of which each read waits a twentieth
            try:
                connection.sendall(b"y")
                answer = connection.recv(100)
            except TimeoutError:
                continue
            except OSError:
                break
            assert answer.startswith(b"HTTP/1.1 408")
            break
        else:
            pytest.fail("the connection was kept")
