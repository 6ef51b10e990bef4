"""What a caller and the execution log are told when a hop of the path is broken."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from practice import CREDENTIALS

from .conftest import PROXY, Deployed, Rig, Scripted, mock, to

INTERNAL = "Execution failed due to configuration error: There was an internal error while executing your request"


def is_internal_error(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 500
        and answer.json() == {"message": "Internal server error"}
        and answer.headers["x-amzn-ErrorType"] == "InternalServerErrorException"
        and answer.headers["Content-Type"] == "application/json"
    )


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["message"], answer.headers.get("x-amzn-ErrorType")


MISSING = (403, "Missing Authentication Token", "MissingAuthenticationTokenException")
FORBIDDEN = (403, "Forbidden", "ForbiddenException")


@pytest.fixture(scope="module")
def api(rig: Rig) -> Deployed:
    return rig.deploy({"/{proxy+}": {"ANY": PROXY}})


# -- the private path


@contextmanager
def security_group(rig: Rig) -> Iterator[None]:
    rig.shut_out()
    yield
    rig.let_in()


@contextmanager
def silence(rig: Rig) -> Iterator[None]:
    rig.configure_machines(listening=False)
    yield
    rig.configure_machines()


@contextmanager
def stopped(rig: Rig) -> Iterator[None]:
    ec2 = rig.client("ec2")
    ec2.stop_instances(InstanceIds=rig.defaults["instances"])
    rig.clock.advance(300)
    yield
    ec2.start_instances(InstanceIds=rig.defaults["instances"])
    rig.clock.advance(300)


@pytest.mark.parametrize(
    ("breaking", "hop"), [(security_group, "security-group"), (silence, "backend"), (stopped, None)]
)
def test_a_broken_private_path_is_an_internal_error(rig: Rig, api: Deployed, breaking: Any, hop: str | None) -> None:
    assert api.get("/x").status_code == 200
    with breaking(rig):
        assert is_internal_error(api.get("/x"))
        lines = api.last_log()
        assert lines[-3].startswith(f"Sending request to http://{rig.dns_name}/x")
        assert lines[-2:] == [INTERNAL, "Method completed with status: 500"]
        assert api.logs()[-1]["reason"]
        assert hop is None or api.logs()[-1]["hop"] == hop
    rig.clock.advance(300)
    assert api.get("/x").status_code == 200


@pytest.mark.parametrize(
    ("variables", "hop"),
    [({}, "stage-variables"), ({"VPCLINK": "abc123"}, "vpc-link")],
)
def test_a_link_that_is_not_there(rig: Rig, variables: dict[str, str], hop: str) -> None:
    api = rig.deploy({"/{proxy+}": {"ANY": PROXY}}, variables={"VPCNLB": rig.dns_name, **variables})
    assert is_internal_error(api.get("/x"))
    assert api.last_log()[-2] == INTERNAL
    assert api.logs()[-1]["hop"] == hop


def test_a_second_link_on_the_load_balancer_does_not_work(rig: Rig) -> None:
    gateway = rig.client("apigateway")
    second = gateway.create_vpc_link(name="second", targetArns=[rig.balancer])["id"]
    rig.clock.advance(600)
    api = rig.deploy({"/{proxy+}": {"ANY": PROXY}}, variables={**rig.variables, "VPCLINK": second})
    assert is_internal_error(api.get("/x"))
    assert "FAILED" in api.logs()[-1]["reason"]


def test_no_listener_on_the_uris_port(rig: Rig) -> None:
    uri = "http://${stageVariables.VPCNLB}:8080/{proxy}"
    api = rig.deploy({"/{proxy+}": {"ANY": {**PROXY, "uri": uri}}})
    assert is_internal_error(api.get("/x"))
    assert api.logs()[-1]["hop"] == "listener"


def test_tls_to_a_service_that_speaks_none(rig: Rig) -> None:
    uri = "https://${stageVariables.VPCNLB}:80/{proxy}"
    api = rig.deploy({"/{proxy+}": {"ANY": {**PROXY, "uri": uri}}})
    assert error(api.get("/x")) == (504, "Network error communicating with endpoint", "InternalServerErrorException")


# -- the integration's own mistakes


def test_a_proxy_variable_that_nothing_is_mapped_to(rig: Rig) -> None:
    integration = {key: value for key, value in PROXY.items() if key != "requestParameters"}
    api = rig.deploy({"/{proxy+}": {"ANY": integration}})
    assert is_internal_error(api.get("/x"))
    uri = f"http://{rig.dns_name}/{{proxy}}"
    assert api.last_log()[-2:] == [
        f"Execution failed due to configuration error: Illegal character in path at index {uri.index('{')}: {uri}",
        "Method completed with status: 500",
    ]


@pytest.mark.parametrize("uri", ["http://${stageVariables.nothing}/x", "http://127.0.0.1:999999/"])
def test_an_address_that_is_none(rig: Rig, uri: str) -> None:
    """R test_failed_invoke_test_method (an unset stage variable)."""
    api = rig.deploy({"/a": {"GET": to(uri)}})
    assert is_internal_error(api.get("/a"))
    assert api.last_log()[-2] == "Execution failed due to configuration error: Invalid endpoint address"


def test_nothing_is_forwarded_to_a_host_that_nobody_named(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": to("http://example.com/")}})
    answer = api.get("/a")
    assert answer.status_code == 501
    assert "--allow-host" in answer.json()["message"]
    assert answer.headers["X-Practice-Refused"] == "true"


def test_an_integration_that_is_not_practised_says_so(rig: Rig) -> None:
    arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    arn += "arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
    api = rig.deploy({"/a": {"GET": {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": arn}}})
    assert api.get("/a").status_code == 501


# -- slow and broken services


def test_a_slow_service_times_out(rig: Rig, scripted: Scripted) -> None:
    release = threading.Event()
    scripted.script = lambda peer: release.wait(10) and None
    api = rig.deploy({"/a": {"GET": to(scripted.url, timeoutInMillis=60)}})
    answer = api.get("/a")
    release.set()
    assert error(answer) == (504, "Endpoint request timed out", "InternalServerErrorException")
    assert api.last_log()[-2:] == ["Execution failed due to a timeout error", "Method completed with status: 504"]


def test_a_service_that_drips_times_out_as_a_whole(rig: Rig, scripted: Scripted) -> None:
    stop = threading.Event()

    def drip(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.02):
            peer.sendall(b"x")

    scripted.script = drip
    api = rig.deploy({"/a": {"GET": to(scripted.url, timeoutInMillis=100)}})
    started = time.monotonic()
    status = api.get("/a").status_code
    stop.set()
    assert status == 504
    assert time.monotonic() - started < 15  # all of it would take 20


@pytest.mark.parametrize("raw", [b"", b"not HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
def test_a_service_that_breaks_off(rig: Rig, scripted: Scripted, raw: bytes) -> None:
    def answer(peer: socket.socket) -> None:
        peer.sendall(raw)
        peer.shutdown(socket.SHUT_RDWR)

    scripted.script = answer
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    assert error(api.get("/a")) == (504, "Network error communicating with endpoint", "InternalServerErrorException")


def test_an_answer_above_ten_megabytes(rig: Rig, scripted: Scripted) -> None:
    scripted.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n" + b"x" * 10485761)
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    assert is_internal_error(api.get("/a"))


# -- routes, stages, deployments


def test_what_is_not_routed(rig: Rig) -> None:
    """R test_routing_not_found."""
    api = rig.deploy({"/existing": {"GET": mock()}, "/p/{proxy+}": {"ANY": mock()}})
    assert api.get("/existing").status_code == 200
    assert error(api.get("/random")) == MISSING
    assert error(api.request("POST", "/existing")) == MISSING
    assert error(api.get("/")) == MISSING
    assert error(api.get("/p")) == MISSING
    assert error(api.get("/existing/more")) == MISSING


def test_a_wrong_stage_or_api(rig: Rig, api: Deployed) -> None:
    for url in (
        api.url.replace("/prod", "/other"),
        api.url.replace(api.id, "0000000000"),
        api.url.replace("/prod", "/"),
    ):
        assert error(httpx.get(f"{url}/x", trust_env=False)) == FORBIDDEN


def test_a_change_is_not_live_before_it_is_deployed(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}})
    api.control.delete_method(restApiId=api.id, resourceId=api.resources["/a"], httpMethod="GET")
    assert api.get("/a").status_code == 200
    target = {"restApiId": api.id, "resourceId": api.resources["/a"], "httpMethod": "POST"}
    api.control.put_method(**target, authorizationType="NONE")
    api.control.put_integration(**target, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api.control.put_method_response(**target, statusCode="200")
    api.control.put_integration_response(**target, statusCode="200")
    assert error(api.request("POST", "/a")) == MISSING
    api.control.create_deployment(restApiId=api.id, stageName="prod")
    assert error(api.get("/a")) == MISSING
    assert api.request("POST", "/a").status_code == 200


def test_a_stage_variable_is_live_at_once(rig: Rig) -> None:
    api = rig.deploy({"/{proxy+}": {"ANY": PROXY}}, variables={})
    assert api.get("/x").status_code == 500
    patch = [{"op": "replace", "path": f"/variables/{key}", "value": value} for key, value in rig.variables.items()]
    api.control.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)
    assert api.get("/x").status_code == 200


def test_a_disabled_endpoint(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}}, disableExecuteApiEndpoint=True)
    assert error(api.get("/a")) == FORBIDDEN


# -- access


def test_an_api_key(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}}, methods={"apiKeyRequired": True})
    gateway = api.control
    key = gateway.create_api_key(name="k", enabled=True, value="a-key-of-twenty-chars")
    plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "prod"}])
    assert error(api.get("/a")) == FORBIDDEN
    assert error(api.get("/a", headers={"X-API-Key": key["value"]})) == FORBIDDEN
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert api.get("/a", headers={"X-API-Key": key["value"]}).status_code == 200
    assert error(api.get("/a", headers={"X-API-Key": "another"})) == FORBIDDEN


def test_throttling(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}})
    patch = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "1"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "2"},
    ]
    api.control.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)
    rig.clock.advance(10)
    assert [api.get("/a").status_code for _ in range(3)] == [200, 200, 429]
    assert error(api.get("/a")) == (429, "Too Many Requests", "TooManyRequestsException")
    rig.clock.advance(1)
    assert [api.get("/a").status_code for _ in range(2)] == [200, 429]


def policy(effect: str, **more: Any) -> str:
    statement = {
        "Effect": effect,
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
        **more,
    }
    allow = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement, *([allow] if effect == "Deny" else [])]})


@pytest.mark.parametrize(
    ("document", "explicit"),
    [
        (policy("Deny"), " with an explicit deny"),
        (policy("Deny", Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), " with an explicit deny"),
        (policy("Allow", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), ""),
    ],
)
def test_a_resource_policy_denies(rig: Rig, document: str, explicit: str) -> None:
    api = rig.deploy({"/a": {"GET": mock()}}, policy=document)
    answer = api.get("/a")
    arn = f"arn:aws:execute-api:us-east-1:********9012:{api.id}/prod/GET/a"
    assert answer.status_code == 403
    assert answer.json() == {
        "Message": f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}{explicit}"
    }
    assert answer.headers["x-amzn-ErrorType"] == "AccessDeniedException"


def test_a_resource_policy_allows(rig: Rig) -> None:
    document = policy("Allow", Condition={"IpAddress": {"aws:SourceIp": ["127.0.0.0/8"]}})
    assert rig.deploy({"/a": {"GET": mock()}}, policy=document).get("/a").status_code == 200


def signed(
    url: str, secret: str = CREDENTIALS.secret_access_key, key: str = CREDENTIALS.access_key_id
) -> httpx.Response:
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(key, secret), "execute-api", "us-east-1").add_auth(request)
    return httpx.get(url, headers=dict(request.headers.items()), trust_env=False)


def test_iam_authorization(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}}, methods={"authorizationType": "AWS_IAM"})
    assert error(api.get("/a")) == MISSING
    assert signed(f"{api.url}/a").status_code == 200
    assert signed(f"{api.url}/a?b=2&a=1").status_code == 200
    wrong = signed(f"{api.url}/a", secret="not-the-secret")
    assert (wrong.status_code, wrong.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")
    unknown = signed(f"{api.url}/a", key="AKIANOBODYKNOWSTHIS0")
    assert error(unknown) == (
        403, "The security token included in the request is invalid.", "UnrecognizedClientException",
    )  # fmt: skip


def test_iam_authorization_judges_the_callers_policies(rig: Rig) -> None:
    api = rig.deploy({"/a": {"GET": mock()}}, methods={"authorizationType": "AWS_IAM"})
    iam = rig.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    url = f"{api.url}/a"
    arn = f"arn:aws:execute-api:us-east-1:123456789012:{api.id}/prod/GET/a"
    refused = signed(url, secret=key["SecretAccessKey"], key=key["AccessKeyId"])
    assert (refused.status_code, refused.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
    assert refused.json()["Message"].startswith(
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: execute-api:Invoke on resource: "
        f"arn:aws:execute-api:us-east-1:********9012:{api.id}/prod/GET/a"
    )
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)
    assert signed(url, secret=key["SecretAccessKey"], key=key["AccessKeyId"]).status_code == 200


def test_a_token_authorizer(rig: Rig) -> None:
    def prepare(gateway: Any, api: Deployed) -> None:
        uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        uri += "arn:aws:lambda:us-east-1:123456789012:function:f/invocations"
        authorizer = gateway.create_authorizer(
            restApiId=api.id, name="t", type="TOKEN", authorizerUri=uri, identitySource="method.request.header.Token"
        )["id"]
        gateway.update_method(
            restApiId=api.id,
            resourceId=api.resources["/a"],
            httpMethod="GET",
            patchOperations=[
                {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
                {"op": "replace", "path": "/authorizerId", "value": authorizer},
            ],
        )

    api = rig.deploy({"/a": {"GET": mock()}}, prepare=prepare)
    assert error(api.get("/a")) == (401, "Unauthorized", "UnauthorizedException")
    refused = api.get("/a", headers={"Token": "x"})
    assert (refused.status_code, refused.json()) == (500, {"message": None})
    assert refused.headers["x-amzn-ErrorType"] == "AuthorizerConfigurationException"


# -- request validators: R test_api_gateway_request_validator, …_with_ref_models


def validated(rig: Rig) -> Deployed:
    def prepare(gateway: Any, api: Deployed) -> None:
        base = f"https://apigateway.amazonaws.com/restapis/{api.id}/models"
        pet = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
        pets = {"type": "object", "properties": {"pet": {"$ref": f"{base}/Pet"}}, "required": ["pet"]}
        for name, schema in (("Pet", pet), ("Pets", pets)):
            schema["$schema"] = "http://json-schema.org/draft-04/schema#"
            gateway.create_model(restApiId=api.id, name=name, contentType="application/json", schema=json.dumps(schema))
        validator = gateway.create_request_validator(
            restApiId=api.id, name="v", validateRequestBody=True, validateRequestParameters=True
        )["id"]
        target = {"restApiId": api.id, "resourceId": api.resources["/{issuer}"], "httpMethod": "POST"}
        gateway.put_method(
            **target,
            authorizationType="NONE",
            requestValidatorId=validator,
            requestModels={"application/json": "Pets"},
            requestParameters={
                "method.request.header.x-header-param": True,
                "method.request.querystring.qs1": True,
                "method.request.path.issuer": True,
            },
        )
        gateway.put_integration(**target, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        gateway.put_method_response(**target, statusCode="200")
        gateway.put_integration_response(**target, statusCode="200")

    return rig.deploy({"/{issuer}": {"GET": mock()}}, prepare=prepare)


def test_request_validators(rig: Rig) -> None:
    api = validated(rig)
    good = {"content": b'{"pet": {"age": 3}}', "headers": {"x-header-param": "1", "Content-Type": "application/json"}}
    assert api.request("POST", "/me?qs1=1", **good).status_code == 200
    assert error(api.request("POST", "/me", content=good["content"])) == (
        400, "Missing required request parameters: [x-header-param, qs1]", "BadRequestException",
    )  # fmt: skip
    for body in (b'{"pet": {}}', b'{"pet": {"age": "old"}}', b"[", b""):
        answer = api.request("POST", "/me?qs1=1", headers=good["headers"], content=body)
        assert error(answer) == (400, "Invalid request body", "BadRequestException")


# -- gateway responses of the API's own


def test_a_custom_gateway_response(rig: Rig) -> None:
    def prepare(gateway: Any, api: Deployed) -> None:
        gateway.put_gateway_response(
            restApiId=api.id,
            responseType="MISSING_AUTHENTICATION_TOKEN",
            statusCode="404",
            responseParameters={
                "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
                "gatewayresponse.header.X-Asked": "method.request.header.X-Ask",
            },
            responseTemplates={"application/json": '{"error":$context.error.messageString,"path":"$context.path"}'},
        )
        gateway.put_gateway_response(
            restApiId=api.id,
            responseType="DEFAULT_5XX",
            responseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": "'https://example.com'"},
        )

    api = rig.deploy(
        {"/{proxy+}": {"POST": PROXY}}, prepare=prepare, variables={"VPCLINK": "nothing", "VPCNLB": "x.example.com"}
    )
    answer = api.get("/nowhere", headers={"X-Ask": "why"})
    assert answer.status_code == 404
    assert answer.json() == {"error": "Missing Authentication Token", "path": "/prod/nowhere"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Asked"] == "why"
    broken = api.request("POST", "/x")
    assert is_internal_error(broken)
    assert broken.headers["Access-Control-Allow-Origin"] == "https://example.com"


def test_a_gateway_response_that_is_not_practised_says_so(rig: Rig) -> None:
    def prepare(gateway: Any, api: Deployed) -> None:
        gateway.put_gateway_response(
            restApiId=api.id,
            responseType="DEFAULT_4XX",
            responseTemplates={"application/json": "#if(true)x#end"},
            responseParameters={"gatewayresponse.header.X": "method.request.body.a"},
        )

    api = rig.deploy({"/a": {"GET": mock()}}, prepare=prepare)
    answer = api.request("POST", "/b", content=b"{")
    assert (answer.status_code, answer.headers["X-Practice-Refused"]) == (501, "true")


def test_deleting_the_link_breaks_the_path(rig: Rig) -> None:
    """The last test of the module: it takes the link away and makes a new one."""
    gateway: Any = rig.client("apigateway")
    api = rig.deploy({"/{proxy+}": {"ANY": PROXY}})
    assert api.get("/x").status_code == 200
    for other in gateway.get_rest_apis(limit=500)["items"]:
        if other["id"] != api.id:
            rig.clock.advance(40)
            gateway.delete_rest_api(restApiId=other["id"])
    patch = [{"op": "remove", "path": "/variables/VPCLINK"}]
    gateway.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)
    gateway.delete_vpc_link(vpcLinkId=rig.link)
    rig.clock.advance(900)
    patch = [{"op": "replace", "path": "/variables/VPCLINK", "value": rig.link}]
    gateway.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)
    assert is_internal_error(api.get("/x"))
    assert api.logs()[-1]["hop"] == "vpc-link"
