"""MOCK and HTTP: what templates and mappings make of a request and of an answer."""

from __future__ import annotations

import json
import re

import pytest

from .conftest import PROXY, Deployed, Rig, Scripted, mock, to


def test_cors_preflight(rig: Rig) -> None:
    headers = {
        "method.response.header.Access-Control-Allow-Origin": "'*'",
        "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
    }
    integration = mock(200, responseParameters=headers)
    # R: CDK's template is not JSON, and works.
    integration["requestTemplates"] = {"application/json": "{statusCode: 200}"}
    api = rig.deploy({"/a": {"OPTIONS": integration}})
    answer = api.request("OPTIONS", "/a", headers={"Origin": "https://example.com"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,OPTIONS"
    assert answer.headers["Content-Type"] == "application/json"


def test_references_in_a_template(rig: Rig) -> None:
    body = """{"id":"$input.params('id')","q":"$input.params('q')","h":"$input.params('X-H')","stage":"$context.stage",
"ip":"$context.identity.sourceIp","v":"${stageVariables.color}","none":"$input.params('none')","cost":"$5"}"""
    api = rig.deploy({"/pets/{id}": {"GET": mock(200, body)}}, variables={"color": "red"})
    answer = api.get("/pets/12?q=a%20b", headers={"X-H": "here"})
    assert answer.json() == {
        "id": "12", "q": "a b", "h": "here", "stage": "prod", "ip": "127.0.0.1", "v": "red", "none": "", "cost": "$5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "expression", "shown"),
    [
        # R test_input_path_template_formatting
        ({"foo": "bar"}, "$input.path('$')", "{foo=bar}"),
        ([{"foo": "bar"}], "$input.path('$')", '[{"foo":"bar"}]'),
        ({"a": {"b": 1}}, "$input.json('$.a')", '{"b":1}'),
        ({"a": "x/'y'"}, "$util.escapeJavaScript($input.path('$.a'))", "x\\/\\'y\\'"),
        ({"a": "x y"}, "$util.urlEncode($input.path('$.a'))", "x+y"),
    ],
)
def test_input_in_a_request_template(rig: Rig, scripted: Scripted, sent: object, expression: str, shown: str) -> None:
    integration = {
        **to(scripted.url),
        "type": "HTTP",
        "requestTemplates": {"application/json": expression},
        "responses": {"200": {}},
    }
    api = rig.deploy({"/a": {"POST": integration}})
    assert api.request("POST", "/a", json=sent).status_code == 200
    assert scripted.requests[-1].partition(b"\r\n\r\n")[2].decode() == shown


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        # R test_mock_integration_response: "id": $input.params().path.id
        ("$input.params().path.id", "12"),
        ("$input.params().get('path').get('id')", "12"),
        ("$input.params()['querystring'].q", "a b"),
        ("${input.params().header.X-H}", "here"),
        ("$input.params().path", "{id=12}"),
        ("$input.params().path.size()", "1"),
        ("$input.params().path.none", ""),
        ("$input.params().nothing.at.all", ""),
    ],
)
def test_all_parameters_are_a_map(rig: Rig, expression: str, shown: str) -> None:
    api = rig.deploy({"/pets/{id}": {"GET": mock(200, expression)}})
    assert api.get("/pets/12?q=a%20b", headers={"X-H": "here"}).text == shown


def test_an_unknown_method_in_a_template_is_refused(rig: Rig) -> None:
    api = rig.deploy({"/pets/{id}": {"GET": mock(200, "$input.params().path.keySet()")}})
    answer = api.get("/pets/12")
    assert (answer.status_code, answer.headers["X-Practice-Refused"]) == (501, "true")


def binary(rig: Rig, media_types: list[str], *, handling: str | None = None) -> Deployed:
    integration = mock(200, "ok") | ({"contentHandling": handling} if handling else {})
    integration["requestTemplates"] = {"application/json": '{"statusCode": 200}', "image/png": '{"statusCode": 200}'}
    api = rig.deploy({"/a": {"OPTIONS": integration, "POST": integration}})
    for media_type in media_types:
        escaped = media_type.replace("/", "~1")
        api.control.update_rest_api(
            restApiId=api.id, patchOperations=[{"op": "add", "path": f"/binaryMediaTypes/{escaped}"}]
        )
    api.control.create_deployment(restApiId=api.id, stageName="prod")
    return api


@pytest.mark.parametrize(
    ("media_types", "sent", "handling", "status"),
    [
        (["*/*"], None, None, 500),
        (["*/*"], "application/json", None, 500),
        (["*/*"], None, "CONVERT_TO_BINARY", 500),
        (["*/*"], None, "CONVERT_TO_TEXT", 200),
        (["application/json"], None, None, 500),
        (["image/*"], "image/png", None, 500),
        (["image/*"], "image/png", "CONVERT_TO_TEXT", 200),
        (["image/*"], "application/json", None, 200),
        (["image/png"], None, None, 200),
        ([], None, None, 200),
    ],
)
def test_a_template_reads_text_only(
    rig: Rig, media_types: list[str], sent: str | None, handling: str | None, status: int
) -> None:
    api = binary(rig, media_types, handling=handling)
    headers = {"Content-Type": sent} if sent else {}
    assert api.request("OPTIONS", "/a", headers=headers).status_code == status
    if status == 500:
        assert "configuration error: Unable to transform request" in "".join(api.last_log())


def test_directives_are_refused_plainly(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock(200, "#set($x = 1)$x")}})
    answer = api.get("/a")
    assert answer.status_code == 501
    assert "directives" in answer.json()["message"]


@pytest.mark.parametrize(("status", "code"), [("200", 200), ("404", 404), ("500", 503)])
def test_an_integration_response_is_chosen_by_its_pattern(rig: Rig, status: str, code: int) -> None:
    integration = {
        "type": "MOCK",
        "requestTemplates": {"application/json": json.dumps({"statusCode": int(status)})},
        "responses": {"200": {}, "404": {"selectionPattern": "404"}, "503": {"selectionPattern": r"5\d{2}"}},
    }
    assert rig.deploy({"/a": {"GET": integration}}).get("/a").status_code == code


def test_a_mock_without_a_status(rig: Rig) -> None:
    integration = {**mock(), "requestTemplates": {"application/json": "{}"}}
    api = rig.deploy({"/a": {"GET": integration}})
    assert api.get("/a").status_code == 500
    assert api.last_log()[-2].startswith("Execution failed due to configuration error: Unable to parse statusCode.")


@pytest.mark.parametrize(("behavior", "status"), [("NEVER", 415), ("WHEN_NO_TEMPLATES", 415), ("WHEN_NO_MATCH", 200)])
def test_passthrough(rig: Rig, scripted: Scripted, behavior: str, status: int) -> None:
    integration = {
        **to(scripted.url),
        "type": "HTTP",
        "passthroughBehavior": behavior,
        "requestTemplates": {"application/json": "templated"},
        "responses": {"200": {}},
    }
    api = rig.deploy({"/a": {"POST": integration}})
    assert api.request("POST", "/a", content=b"x", headers={"Content-Type": "text/plain"}).status_code == status
    assert api.request("POST", "/a", content=b"x", headers={"Content-Type": "application/json"}).status_code == 200
    assert scripted.requests[-1].endswith(b"\r\n\r\ntemplated")


def test_http_as_recorded(rig: Rig, scripted: Scripted) -> None:
    """R test_apigateway_header_remapping_http[HTTP]: no-param-integration, and the response of full-integration."""
    scripted.answers(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nServer: x\r\nX-Own: y\r\n\r\nok"
    )
    plain = {**to(scripted.url), "type": "HTTP", "integrationHttpMethod": "POST", "responses": {"200": {}}}
    names = ["Accept", "Age", "Authorization", "Connection", "Content-Length", "Date", "Server", "TE", "User-Agent"]
    names += ["WWW-Authenticate", "Transfer-Encoding"]
    mapped = {f"method.response.header.{name}": f"'response_param_{name}'" for name in names}
    mapped["method.response.header.X-Kept"] = "integration.response.header.X-Own"
    full = {**plain, "responses": {"200": {"responseParameters": mapped}}}
    api = rig.deploy({"/plain": {"GET": plain}, "/full": {"GET": full}})
    sent = {"Accept": "text/html", "X-Caller": "1", "User-Agent": "u", "Content-Type": "application/json"}
    answer = api.get("/plain", headers=sent)
    request = scripted.requests[-1].decode()
    assert request.startswith("POST / HTTP/1.1\r\n")
    received = dict(re.findall(r"(?m)^([\w-]+): (.*)\r$", request))
    assert set(received) == {
        "Host", "Accept", "User-Agent", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id", "Content-Length",
    }  # fmt: skip
    assert received["Accept"] == "application/json"
    assert received["User-Agent"] == f"AmazonAPIGateway_{api.id}"
    assert received["Content-Length"] == "0"
    assert (answer.text, answer.headers["Content-Type"]) == ("ok", "application/json")
    assert answer.headers["X-Amzn-Trace-Id"] == received["X-Amzn-Trace-Id"]
    assert "X-Own" not in answer.headers
    assert "x-amzn-Remapped-Server" not in answer.headers

    answer = api.get("/full")
    for name in ("Accept", "Age", "TE"):
        assert answer.headers[name] == f"response_param_{name}"
    for name in ("Authorization", "Connection", "Content-Length", "Date", "Server", "User-Agent", "WWW-Authenticate"):
        assert answer.headers[f"x-amzn-Remapped-{name}"] == f"response_param_{name}"
    assert "Transfer-Encoding" not in answer.headers
    assert answer.headers["X-Kept"] == "y"


def test_http_goes_through_the_link_too(rig: Rig) -> None:
    integration = {
        **PROXY, "type": "HTTP", "integrationHttpMethod": "GET", "requestTemplates": {"application/json": "x"},
        "responses": {"200": {"responseTemplates": {"application/json": '{"by":$input.json(\'$.instance_id\')}'}}},
    }  # fmt: skip
    api = rig.deploy({"/{proxy+}": {"POST": integration}})
    assert api.request("POST", "/x", json={}).json()["by"] in rig.defaults["instances"]


def test_http_status_without_a_pattern_is_the_defaults(rig: Rig, scripted: Scripted) -> None:
    """R test_http_integration_invoke_status_code_passthrough[HTTP]."""
    scripted.answers(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    api = rig.deploy({"/a": {"GET": {**to(scripted.url), "type": "HTTP", "responses": {"200": {}}}}})
    assert api.get("/a").status_code == 200


def test_no_response_fits(rig: Rig, scripted: Scripted) -> None:
    integration = {**to(scripted.url), "type": "HTTP", "responses": {"404": {"selectionPattern": "404"}}}
    api = rig.deploy({"/a": {"GET": integration}})
    assert api.get("/a").status_code == 500
    assert api.last_log()[-2] == (
        "Execution failed due to configuration error: No match for output mapping and no default output mapping "
        "configured. Endpoint Response Status Code: 200"
    )


# -- routes


@pytest.fixture(scope="module")
def routes(rig: Rig) -> Deployed:
    paths = ["/", "/a", "/a/b", "/a/{x}", "/a/{x}/c", "/{p+}", "/a/{x}/{rest+}"]
    return rig.deploy(
        {path: {"GET": mock(200, path.replace("$", "")), "ANY": mock(200, f"any {path}")} for path in paths}
    )


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("", "/"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a/b", "/a/b"),
        ("/a/z", "/a/{x}"),
        ("/a/b%2Fc", "/a/{x}"),
        ("/a/z/c", "/a/{x}/c"),
        ("/a/z/d", "/a/{x}/{rest+}"),
        ("/a/z/c/d", "/a/{x}/{rest+}"),
        ("/b", "/{p+}"),
        ("/b/c/d", "/{p+}"),
    ],
)
def test_the_most_specific_route_wins(routes: Deployed, path: str, route: str) -> None:
    assert routes.get(path).text == route
    assert routes.request("POST", path).text == f"any {route}"
