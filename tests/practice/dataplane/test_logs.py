"""The execution log: of TestInvokeMethod, of the account's own endpoint, and in CloudWatch Logs."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from tests.log_role import log_role

from .conftest import PROXY, Deployed, Rig, mock, to

DATE = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} : ")


def lines(log: str) -> list[str]:
    first, *rest = log.split("\n")
    assert all(DATE.match(line) for line in rest[:-1])
    return [first, *(DATE.sub("", line) for line in rest)]


def invoke(api: Deployed, path: str, method: str = "GET", **more: Any) -> Any:
    return api.control.test_invoke_method(
        restApiId=api.id, resourceId=api.resources[path], httpMethod=method, **more
    )  # fmt: skip


@pytest.fixture(scope="module")
def pets(rig: Rig) -> Deployed:
    return rig.deploy(
        {
            "/pets": {"GET": mock(200, '{"pets": "all the pets"}')},
            "/pets/{petId}": {
                "GET": mock(200, '{"petId": "$input.params(\'petId\')"}'),
                "POST": mock(200, '{"petId": "$input.params(\'petId\')"}'),
            },
        }
    )


@pytest.mark.parametrize(
    ("resource", "given", "path", "values", "query", "body"),
    [
        ("/pets", {}, "/pets", "{}", "{}", '{"pets": "all the pets"}'),
        ("/pets", {"pathWithQueryString": "/random/test"}, "/random/test", "{}", "{}", '{"pets": "all the pets"}'),
        ("/pets/{petId}", {"pathWithQueryString": "/pets/123"}, "/pets/123", "{petId=123}", "{}", '{"petId": "123"}'),
        ("/pets/{petId}", {}, "/pets/{petId}", "{petId={petId}}", "{}", '{"petId": "{petId}"}'),
        ("/pets/{petId}", {"pathWithQueryString": "/random/test"}, "/random/test", "{}", "{}", '{"petId": ""}'),
        (
            "/pets/{petId}",
            {"pathWithQueryString": "/pets/1?foo=bar"},
            "/pets/1",
            "{petId=1}",
            "{foo=bar}",
            '{"petId": "1"}',
        ),
    ],
)
def test_a_test_of_a_mock_as_recorded(
    pets: Deployed, resource: str, given: dict[str, str], path: str, values: str, query: str, body: str
) -> None:
    """R TestApigatewayTestInvoke::test_invoke_test_method."""
    result = invoke(pets, resource, **given)
    assert (result["status"], result["body"]) == (200, body)
    assert result["headers"] == {"Content-Type": "application/json"}
    assert result["multiValueHeaders"] == {"Content-Type": ["application/json"]}
    assert isinstance(result["latency"], int)
    request_id = result["log"].split("\n")[0].removeprefix("Execution log for request ")
    assert lines(result["log"]) == [
        f"Execution log for request {request_id}",
        f"Starting execution for request: {request_id}",
        f"HTTP Method: GET, Resource Path: {path}",
        f"Method request path: {values}",
        f"Method request query string: {query}",
        "Method request headers: {}",
        "Method request body before transformations: ",
        f"Method response body after transformations: {body}",
        "Method response headers: {Content-Type=application/json}",
        "Successfully completed execution",
        "Method completed with status: 200",
        "",
    ]


def test_a_body_is_logged(pets: Deployed) -> None:
    result = invoke(pets, "/pets/{petId}", "POST", pathWithQueryString="/pets/123", body='{"foo": "bar"}')
    assert lines(result["log"])[6] == 'Method request body before transformations: {"foo": "bar"}'


def test_a_failed_test_as_recorded(rig: Rig) -> None:
    """R TestApigatewayTestInvoke::test_failed_invoke_test_method."""
    api = rig.deploy({"/": {"ANY": to("https://${stageVariables.testHost}")}})
    result = invoke(api, "/")
    assert (result["status"], json.loads(result["body"])) == (500, {"message": "Internal server error"})
    assert result["headers"] == {"x-amzn-ErrorType": "InternalServerErrorException"}
    assert lines(result["log"])[-4:] == [
        "Method request body before transformations: ",
        "Execution failed due to configuration error: Invalid endpoint address",
        "Method completed with status: 500",
        "",
    ]


def test_a_test_goes_through_the_link_with_the_variables_given(rig: Rig) -> None:
    api = rig.deploy({"/{proxy+}": {"ANY": PROXY}}, variables={})
    result = invoke(api, "/{proxy+}", pathWithQueryString="/a/b?x=1", stageVariables=rig.variables)
    assert (result["status"], json.loads(result["body"])["path"]) == (200, "/a/b?x=1")
    kinds = [line.partition(":")[0] for line in lines(result["log"])[7:]]
    assert kinds == [
        "Endpoint request URI",
        "Endpoint request headers",
        "Endpoint request body after transformations",
        "Sending request to http",
        "Received response. Status",
        "Endpoint response headers",
        "Endpoint response body before transformations",
        "Method response body after transformations",
        "Method response headers",
        "Successfully completed execution",
        "Method completed with status",
        "",
    ]
    assert invoke(api, "/{proxy+}", pathWithQueryString="/a")["status"] == 500


def test_a_test_runs_what_is_configured_not_what_is_deployed(pets: Deployed) -> None:
    target = {"restApiId": pets.id, "resourceId": pets.resources["/pets"], "httpMethod": "PUT"}
    pets.control.put_method(**target, authorizationType="NONE")
    pets.control.put_integration(**target, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    pets.control.put_method_response(**target, statusCode="200")
    pets.control.put_integration_response(**target, statusCode="200")
    assert invoke(pets, "/pets", "PUT")["status"] == 200
    assert pets.request("PUT", "/pets").status_code == 403


def test_the_accounts_own_endpoint(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}})
    api.get("/a")
    api.get("/b")
    answer = httpx.get(f"{rig.url}/_practice/logs/{api.id}/prod", trust_env=False)
    text = json.dumps(answer.json())
    assert answer.status_code == 200
    assert "Successfully completed execution" in text
    assert text.count("request_id") == 2


def test_kept_logs_are_short_lines(rig: Rig) -> None:
    api = rig.deploy({"/{proxy+}": {"ANY": PROXY}})
    assert api.request("POST", "/x", content=b"x" * 100_000).status_code == 200
    assert max(len(line) for line in api.last_log()) <= 1024


# -- CloudWatch Logs


def events(rig: Rig, group: str) -> list[str]:
    logs = rig.client("logs")
    found = []
    for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
        answer = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
        found += [event["message"] for event in answer["events"]]
    return found


@pytest.fixture
def role(rig: Rig) -> None:
    rig.client("apigateway").update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": log_role(rig.client("iam"))}]
    )


def set_logging(api: Deployed, level: str, *, data: bool = False) -> None:
    patch = [
        {"op": "replace", "path": "/*/*/logging/loglevel", "value": level},
        {"op": "replace", "path": "/*/*/logging/dataTrace", "value": str(data).lower()},
    ]
    api.control.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)


@pytest.mark.usefixtures("role")
@pytest.mark.parametrize(
    ("level", "data", "kinds"),
    [
        ("INFO", False, {"start", "end", "failure"}),
        ("INFO", True, {"start", "end", "failure", "data"}),
        ("ERROR", False, {"failure"}),
    ],
)
def test_cloudwatch_gets_what_the_level_says(rig: Rig, level: str, data: bool, kinds: set[str]) -> None:
    api = rig.deploy(
        {"/a": {"GET": mock()}, "/bad": {"GET": {**mock(), "requestTemplates": {"application/json": "{}"}}}}
    )
    set_logging(api, level, data=data)
    good, bad = (api.get(path).headers["x-amzn-RequestId"] for path in ("/a", "/bad"))
    messages = events(rig, f"API-Gateway-Execution-Logs_{api.id}/prod")
    starts = {
        "start": f"({good}) Starting execution for request: {good}",
        "end": f"({good}) Method completed with status: 200",
        "data": f"({good}) Method request headers: ",
        "failure": f"({bad}) Execution failed due to configuration error: ",
    }
    assert {kind for kind, start in starts.items() if any(line.startswith(start) for line in messages)} == kinds


def test_cloudwatch_gets_nothing_by_default(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}})
    api.get("/a")
    groups = rig.client("logs").describe_log_groups(logGroupNamePrefix="API-Gateway-Execution-Logs_")["logGroups"]
    assert not any(api.id in group["logGroupName"] for group in groups)


def test_access_logs(rig: Rig) -> None:
    logs = rig.client("logs")
    logs.create_log_group(logGroupName="access")
    api = rig.deploy({"/{id}": {"GET": mock()}})
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:access"
    form = '{"id":"$context.requestId","path":"$context.resourcePath",'
    form += '"status":"$context.status","user":"$context.identity.user"}'
    patch = [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": arn},
        {"op": "replace", "path": "/accessLogSettings/format", "value": form},
    ]
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": log_role(rig.client("iam"))}
    api.control.update_account(patchOperations=[role])
    api.control.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)
    answer = api.get("/x")
    (line,) = events(rig, "access")
    assert json.loads(line) == {
        "id": answer.headers["x-amzn-RequestId"], "path": "/{id}", "status": "200", "user": "-",
    }  # fmt: skip
