"""HTTP_PROXY through the VPC link: what arrives at the service, and what comes back."""

from __future__ import annotations

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import PROXY, Deployed, Rig, Scripted, to


@pytest.fixture(scope="module")
def api(rig: Rig) -> Deployed:
    return rig.deploy({"/{proxy+}": {"ANY": PROXY}})


def raw(api: Deployed, target: str, *, method: str = "GET", headers: Any = (), body: bytes = b"") -> tuple[int, Any]:
    """A request with its target exactly as given."""
    parts = urlsplit(api.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.putrequest(method, parts.path + target, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    response = connection.getresponse()
    seen = json.loads(response.read())
    connection.close()
    return response.status, seen


@pytest.mark.parametrize(
    "target",
    [
        "/a%2Fb/c",
        "/%C3%BCber/%E6%97%A5",
        "/a%20b",
        "/percent%25",
        "/a//b",
        "/user/test%2Balias@gmail.com/plus/test+alias@gmail.com",
        "/x?a=1&a=2&b=&c",
        "/x?q=%2F%20+%C3%A9",
        "/x?url=https://example.com/?y=1",
    ],
)
def test_the_target_arrives_as_it_was_sent(api: Deployed, target: str) -> None:
    status, seen = raw(api, target)
    assert (status, seen["path"]) == (200, target)


def test_slashes_around_the_path_are_dropped(api: Deployed) -> None:
    assert raw(api, "/a/")[1]["path"] == "/a"
    assert raw(api, "//a")[1]["path"] == "/a"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_takes_every_method(api: Deployed, method: str) -> None:
    answer = api.request(method, "/x")
    assert (answer.status_code, answer.json()["method"]) == (200, method)


def test_head_has_no_body(api: Deployed) -> None:
    answer = api.request("HEAD", "/x")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_body_arrives_whole(api: Deployed) -> None:
    text = "häßlich\r\n" * 1000
    assert api.request("POST", "/x", content=text.encode()).json()["body"] == text


def test_a_chunked_body_arrives_whole(api: Deployed) -> None:
    answer = api.request("POST", "/x", content=iter([b"one ", b"two"]))
    assert answer.json()["body"] == "one two"
    assert answer.json()["headers"]["Content-Length"] == "7"


def test_what_the_service_is_told(rig: Rig, api: Deployed) -> None:
    fields = [
        ("X-Custom", "one"),
        ("X-Custom", "two"),
        ("Accept", "text/html"),
        ("User-Agent", "mine"),
        ("Max-Forwards", "2"),
        ("TE", "deflate"),
        ("Content-MD5", "x"),
        ("Upgrade", "HTTP/2.0"),
        ("Content-Encoding", "deflate"),
        ("Via", "1.1 p.example.net"),
    ]
    _, seen = raw(api, "/x", headers=fields)
    headers = seen["headers"]
    assert headers["Host"] == rig.dns_name
    assert headers["X-Custom"] == "one, two"
    assert (headers["Accept"], headers["User-Agent"]) == ("text/html", "mine")
    assert headers["X-Amzn-Apigateway-Api-Id"] == api.id
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", headers["X-Amzn-Trace-Id"])
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == (
        "127.0.0.1",
        "https",
        "443",
    )
    for name in ("Max-Forwards", "TE", "Content-MD5", "Upgrade", "Content-Encoding", "Via", "Connection"):
        assert name not in headers


def test_what_the_gateway_adds_when_the_caller_says_nothing(api: Deployed) -> None:
    _, seen = raw(api, "/x")
    assert seen["headers"]["Accept"] == "application/json"
    assert seen["headers"]["User-Agent"] == f"AmazonAPIGateway_{api.id}"


def test_what_comes_back(api: Deployed) -> None:
    answer = api.get("/x")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["x-amzn-Remapped-Server"] == "practice-machine"
    assert answer.headers["x-amzn-Remapped-Content-Length"] == answer.headers["Content-Length"]
    assert "x-amzn-Remapped-Date" in answer.headers
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.headers["x-amzn-RequestId"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{15}=", answer.headers["x-amz-apigw-id"])
    assert "x-amzn-ErrorType" not in answer.headers
    assert "X-Amzn-Trace-Id" not in answer.headers


def test_what_names_a_request_of_the_backend(rig: Rig, scripted: Scripted) -> None:
    """R test_http_integration_with_lambda[HTTP_PROXY]."""
    trace = "Root=1-67f4c1f2-000000000000000000000000"
    scripted.answers(
        f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amzn-RequestId: b-1\r\nX-Amzn-Trace-Id: {trace}\r\n\r\n".encode()
    )
    answer = rig.deploy({"/a": {"GET": to(scripted.url)}}).get("/a")
    assert answer.headers.get_list("x-amzn-Remapped-x-amzn-RequestId") == ["b-1"]
    assert answer.headers["x-amzn-RequestId"] != "b-1"
    assert answer.headers.get_list("X-Amzn-Trace-Id") == [trace]


@pytest.mark.parametrize("path", ["/x", "/missing"])
def test_an_answer_names_no_server(api: Deployed, path: str) -> None:
    assert "Server" not in api.get(path).headers


def test_the_services_status_is_the_answers(rig: Rig, api: Deployed) -> None:
    rig.configure_machines(status={"/teapot": 418, "/gone": 503, "/empty": 204})
    try:
        assert [api.get(path).status_code for path in ("/teapot", "/gone", "/empty", "/x")] == [418, 503, 204, 200]
    finally:
        rig.configure_machines()


def test_requests_are_spread_over_the_instances(rig: Rig, api: Deployed) -> None:
    served = {api.get("/x").json()["instance_id"] for _ in range(8)}
    assert served == set(rig.defaults["instances"])


def test_the_host_form_answers_too(rig: Rig, api: Deployed) -> None:
    import httpx

    for host in (
        f"{api.id}.execute-api.us-east-1.amazonaws.com",
        f"{api.id}-vpce-0aa1.execute-api.us-east-1.amazonaws.com",
    ):
        answer = httpx.get(f"{rig.url}/prod/a%2Fb", headers={"Host": host}, trust_env=False)
        assert (answer.status_code, answer.json()["path"]) == (200, "/a%2Fb")


def test_the_uri_names_the_host_but_does_not_route(rig: Rig) -> None:
    api = rig.deploy({"/{proxy+}": {"ANY": PROXY}}, variables={"VPCLINK": rig.link, "VPCNLB": "other.example.com"})
    answer = api.get("/x")
    assert (answer.status_code, answer.json()["headers"]["Host"]) == (200, "other.example.com")


# -- data mappings: R test_apigateway_http.py::test_http_proxy_integration_request_data_mappings


def test_mappings_as_recorded(rig: Rig, scripted: Scripted) -> None:
    integration = to(
        f"{scripted.url}/?testVar={{pathVar}}&testQs={{qsVar}}",
        declared={
            "method.request.header.foobar": False,
            "method.request.header.emptyheader": False,
            "method.request.querystring.testQueryString": False,
            "method.request.querystring.testVar": False,
        },
        requestParameters={
            "integration.request.header.headerVar": "method.request.header.foobar",
            "integration.request.path.qsVar": "method.request.querystring.testVar",
            "integration.request.path.pathVar": "method.request.path.pathVariable",
            "integration.request.querystring.queryString": "method.request.querystring.testQueryString",
            "integration.request.querystring.testQs": "method.request.querystring.testQueryString",
            "integration.request.querystring.testEmptyQs": "method.request.header.emptyheader",
        },
    )
    api = rig.deploy({"/{pathVariable}": {"ANY": integration}})
    answer = api.request(
        "POST",
        "/foobar?testQueryString=foo&testVar=bar",
        headers={"foobar": "mapped-value", "headerVar": "request-value"},
    )
    assert answer.status_code == 200
    request = scripted.requests[-1].decode()
    target = request.split(" ")[1]
    fields: dict[str, list[str]] = {}
    for part in target.partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        fields.setdefault(name, []).append(value)
    assert fields == {
        "testVar": ["foobar", "bar"],
        "testQs": ["bar", "foo"],
        "testQueryString": ["foo"],
        "queryString": ["foo"],
    }
    assert "headerVar: mapped-value\r\n" in request
    assert "foobar: mapped-value\r\n" in request
    assert "request-value" not in request


def test_static_and_stage_and_context_values_are_mapped(rig: Rig, scripted: Scripted) -> None:
    integration = to(
        f"{scripted.url}/{{which}}/${{stageVariables.part}}",
        requestParameters={
            "integration.request.path.which": "'fixed'",
            "integration.request.header.X-Stage": "context.stage",
            "integration.request.header.X-Part": "stageVariables.part",
            "integration.request.header.Host": "'told.example.com'",
        },
    )
    api = rig.deploy({"/a": {"GET": integration}}, variables={"part": "of"})
    assert api.get("/a").status_code == 200
    request = scripted.requests[-1].decode()
    assert request.startswith("GET /fixed/of HTTP/1.1\r\n")
    assert "X-Stage: prod\r\n" in request
    assert "X-Part: of\r\n" in request
    assert re.findall(r"(?im)^host: (.*)\r$", request) == ["told.example.com"]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
def test_some_headers_cannot_be_mapped(rig: Rig, scripted: Scripted, name: str) -> None:
    """R TestApiGatewayHeaderRemapping::test_apigateway_header_remapping_http[HTTP_PROXY]."""
    integration = to(scripted.url, requestParameters={f"integration.request.header.{name}": "''"})
    answer = rig.deploy({"/a": {"GET": integration}}).get("/a")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
    assert answer.headers["x-amzn-ErrorType"] == "InternalServerErrorException"


# -- bodies


IMAGE = bytes(range(256))


def test_a_body_that_is_not_text_is_damaged_unless_declared_binary(rig: Rig, scripted: Scripted) -> None:
    scripted.answers(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 256\r\n\r\n" + IMAGE)
    damaged = IMAGE.decode("utf-8", "replace").encode()
    plain = rig.deploy({"/a": {"ANY": to(scripted.url)}})
    assert plain.request("POST", "/a", content=IMAGE, headers={"Content-Type": "image/png"}).content == damaged
    assert scripted.requests[-1].endswith(damaged)
    declared = rig.deploy({"/a": {"ANY": to(scripted.url)}}, binaryMediaTypes=["image/png"])
    assert declared.request("POST", "/a", content=IMAGE, headers={"Content-Type": "image/png"}).content == IMAGE
    assert scripted.requests[-1].endswith(IMAGE)


def test_a_compressed_answer_stays_readable(rig: Rig, scripted: Scripted) -> None:
    import gzip

    body = gzip.compress(b'{"a": 1}')
    scripted.answers(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: "
        + str(len(body)).encode() + b"\r\n\r\n" + body
    )  # fmt: skip
    assert rig.deploy({"/a": {"GET": to(scripted.url)}}).get("/a").json() == {"a": 1}


def test_a_request_above_ten_megabytes_is_refused(api: Deployed) -> None:
    """T koki-develop/lgtm-generator#10."""
    answer = api.request("POST", "/x", content=b"x" * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.text) == (413, "HTTP content length exceeded 10485760 bytes.")
    assert api.request("POST", "/x", content=b"x" * 1024 * 1024).status_code == 200


# -- the kept connections


def test_connections_to_a_service_are_kept(rig: Rig, scripted: Scripted) -> None:
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    assert [api.get("/a").status_code for _ in range(5)] == [200] * 5
    assert scripted.connections == 1


def test_a_kept_connection_that_closed_is_replaced(rig: Rig, scripted: Scripted) -> None:
    def once(peer: Any) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        peer.close()

    scripted.script = once
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    assert [api.get("/a").status_code for _ in range(5)] == [200] * 5


def test_an_answer_in_chunks_comes_whole(rig: Rig, scripted: Scripted) -> None:
    scripted.answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    for _ in range(2):
        answer = api.get("/a")
        assert (answer.text, answer.headers["Content-Length"]) == ("abcde", "5")


def test_compression_where_the_api_wants_it(rig: Rig, scripted: Scripted) -> None:
    """D "Payload compression for REST APIs"."""
    import gzip

    body = b'{"long": "' + b"x" * 2000 + b'"}'
    scripted.answers(b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
    api = rig.deploy({"/a": {"ANY": to(scripted.url)}}, minimumCompressionSize=1000)
    answer = api.request(
        "POST", "/a", content=gzip.compress(b"request"), headers={"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    )
    assert scripted.requests[-1].endswith(b"\r\n\r\nrequest")
    assert (answer.headers["Content-Encoding"], answer.content) == ("gzip", body)
    assert int(answer.headers["Content-Length"]) < 1000
    assert "Content-Encoding" not in api.get("/a", headers={"Accept-Encoding": "identity"}).headers
    plain = rig.deploy({"/a": {"ANY": to(scripted.url)}})
    assert "Content-Encoding" not in plain.get("/a", headers={"Accept-Encoding": "gzip"}).headers
