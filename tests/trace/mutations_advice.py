"""Single faults whose obvious remedy harms or does nothing: what a variable holds, a MOCK, a preflight, a redirect.

They are tried on the steps' own stack, as those of :mod:`tests.trace.mutations` are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.trace.conftest import Stack
from tests.trace.mutations import Mutation, change_method

__all__ = ["ADVICE"]

ADVICE: list[Mutation] = []
_BROWSER = {"Origin": "https://site.example", "Access-Control-Request-Method": "GET"}


def mutation(hop: str, **options: Any) -> Callable[[Callable[[Stack], object]], Callable[[Stack], object]]:
    def keep(apply: Callable[[Stack], object]) -> Callable[[Stack], object]:
        ADVICE.append(Mutation(apply.__name__.replace("_", "-"), hop, apply, **options))
        return apply

    return keep


# --- stage variables: an endpoint URL made of several, and one of them unset or wrong ---------------------------------


def _from_variables(stack: Stack, uri: str, **variables: str | None) -> None:
    """An endpoint URL, and the variables that differ from what the steps set; None takes one away."""
    stack.patch_integration(("replace", "/uri", uri))
    for name, value in variables.items():
        stack.patch_stage(f"/variables/{name}", value, "remove" if value is None else "replace")


_URLS = {
    "port-unset": ("http://${stageVariables.VPCNLB}:${stageVariables.port}/{proxy}", {}),
    "port-wrong": ("http://${stageVariables.VPCNLB}:${stageVariables.port}/{proxy}", {"port": "8080"}),
    "host-and-port-unset": ("http://${stageVariables.VPCNLB}:${stageVariables.port}/{proxy}", {"VPCNLB": None}),
    "host-unset-beside-a-port": ("http://${stageVariables.host}:${stageVariables.port}/{proxy}", {"port": "80"}),
    "port-unset-beside-another-host": (
        "http://${stageVariables.host}:${stageVariables.port}/{proxy}",
        {"host": "service.example"},
    ),
    "authority-of-another-port": ("http://${stageVariables.backend}/{proxy}", {"backend": "service.example:81"}),
}
for _name, (_uri, _variables) in _URLS.items():
    ADVICE.append(Mutation(_name, "stage-variables", partial(_from_variables, uri=_uri, **_variables)))


@mutation("stage-variables")
def path_of_a_variable_wrong(stack: Stack) -> None:
    _from_variables(stack, "http://${stageVariables.VPCNLB}/${stageVariables.base}/{proxy}", base="v2")


@mutation("stage-variables")
def path_of_a_variable_unset(stack: Stack) -> None:
    stack.machines(status={"/hello": 404, "//hello": 404, "/v1/hello": 200, "/": 200, "*": 404})
    _from_variables(stack, "http://${stageVariables.VPCNLB}/${stageVariables.base}/{proxy}")


# --- a MOCK -----------------------------------------------------------------------------------------------------------


def _mock(
    stack: Stack,
    templates: dict[str, str],
    responses: dict[str, str],
    *,
    verb: str = "OPTIONS",
    passthrough: str = "WHEN_NO_MATCH",
    declared: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
) -> None:
    """A method of the proxy that is a MOCK; ``responses`` are patterns by status."""
    gateway, where = stack.aws.apigateway, {"restApiId": stack.api_id, "resourceId": stack.proxy["id"]}
    where["httpMethod"] = verb
    names = headers or {}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="MOCK", requestTemplates=templates, passthroughBehavior=passthrough)
    for status in {*responses, *declared}:
        gateway.put_method_response(
            **where, statusCode=status, responseParameters={f"method.response.header.{name}": False for name in names}
        )
    for status, pattern in responses.items():
        gateway.put_integration_response(
            **where,
            statusCode=status,
            selectionPattern=pattern,
            responseParameters={f"method.response.header.{name}": f"'{value}'" for name, value in names.items()},
        )
    stack.deploy()


_JSON = {"application/json": '{"statusCode": 200}'}
_FAULTS: dict[str, dict[str, Any]] = {
    "mock-without-a-response": {"templates": _JSON, "responses": {}},
    "mock-without-a-response-but-declared": {"templates": _JSON, "responses": {}, "declared": ("200",)},
    "mock-with-a-response-for-another-status": {"templates": _JSON, "responses": {"400": "4.."}},
    "mock-without-a-template": {"templates": {}, "responses": {"200": ""}},
    "mock-with-a-template-of-another-type": {
        "templates": {"text/plain": '{"statusCode": 200}'},
        "responses": {"200": ""},
    },
    "mock-that-refuses-other-types": {
        "templates": {"text/plain": '{"statusCode": 200}'},
        "responses": {"200": ""},
        "passthrough": "NEVER",
    },
    "mock-whose-template-gives-no-status": {"templates": {"application/json": "{}"}, "responses": {"200": ""}},
}
for _name, _given in _FAULTS.items():
    ADVICE.append(Mutation(_name, "integration", partial(_mock, **_given), verb="OPTIONS", headers=_BROWSER))


@mutation("deployment", verb="OPTIONS", headers=_BROWSER)
def mock_mended_and_not_deployed(stack: Stack) -> None:
    _mock(stack, _JSON, {}, declared=("200",))
    stack.aws.apigateway.put_integration_response(
        restApiId=stack.api_id, resourceId=stack.proxy["id"], httpMethod="OPTIONS", statusCode="200"
    )


# --- a browser's preflight --------------------------------------------------------------------------------------------


@mutation("access", verb="OPTIONS", headers=_BROWSER)
def preflight_at_an_api_key(stack: Stack) -> None:
    change_method(stack, "/apiKeyRequired", "true")


@mutation("access", verb="OPTIONS", headers=_BROWSER)
def preflight_at_iam(stack: Stack) -> None:
    change_method(stack, "/authorizationType", "AWS_IAM")


@mutation("access", verb="OPTIONS", headers=_BROWSER)
def preflight_at_an_authorizer(stack: Stack) -> None:
    arn = f"arn:aws:lambda:{stack.aws.region}:123456789012:function:judge"
    authorizer = stack.aws.apigateway.create_authorizer(
        restApiId=stack.api_id,
        name="tokens",
        type="TOKEN",
        authorizerUri=f"arn:aws:apigateway:{stack.aws.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        identitySource="method.request.header.Authorization",
    )["id"]
    stack.aws.apigateway.update_method(
        restApiId=stack.api_id,
        resourceId=stack.proxy["id"],
        httpMethod=stack.verb,
        patchOperations=[
            {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
            {"op": "replace", "path": "/authorizerId", "value": authorizer},
        ],
    )
    stack.deploy()


@mutation("access", verb="OPTIONS", headers=_BROWSER)
def preflight_method_of_its_own_at_a_key(stack: Stack) -> None:
    _mock(stack, _JSON, {"200": ""})
    stack.aws.apigateway.update_method(
        restApiId=stack.api_id,
        resourceId=stack.proxy["id"],
        httpMethod="OPTIONS",
        patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}],
    )
    stack.deploy()


@mutation("access", verb="OPTIONS", headers=_BROWSER)
def preflight_at_a_policy(stack: Stack) -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/GET/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    stack.aws.apigateway.update_rest_api(
        restApiId=stack.api_id, patchOperations=[{"op": "replace", "path": "/policy", "value": policy}]
    )
    stack.deploy()


# --- redirects --------------------------------------------------------------------------------------------------------


def _redirect(stack: Stack, status: str, to: str) -> None:
    """The service cannot be made to redirect; API Gateway hands back the same answer of its own making."""
    to = to.format(nlb=stack.balancer["DNSName"], own=stack.url.removesuffix(stack.path))
    template = {"application/json": f'{{"statusCode": {status}}}'}
    _mock(stack, template, {status: ""}, verb="GET", headers={"Location": to})


_ASTRAY = {
    "redirect-to-the-load-balancer": ("308", "https://{nlb}/hello"),
    "redirect-to-the-load-balancer-on-a-port": ("301", "http://{nlb}:8443/hello"),
    "redirect-to-an-address": ("302", "http://10.0.1.5/hello"),
    "redirect-to-a-short-name": ("307", "http://ingress/hello"),
    "redirect-to-an-internal-name": ("301", "https://orders.default.svc.cluster.local/hello"),
    "redirect-to-an-instance": ("302", "http://ip-10-0-1-5.ec2.internal/hello"),
    "redirect-to-localhost": ("303", "http://localhost:8080/hello"),
    "redirect-to-itself": ("302", "{own}/hello"),
}
_WITHIN = {
    "redirect-within-the-stage": ("302", "{own}/orders"),
    "redirect-to-a-path-beside": ("302", "orders"),
    "redirect-to-another-site": ("302", "https://203.0.113.9.example.com/"),
}
for _name, (_status, _to) in _ASTRAY.items():
    ADVICE.append(Mutation(_name, "backend", partial(_redirect, status=_status, to=_to), astray=True))
for _name, (_status, _to) in _WITHIN.items():
    ADVICE.append(Mutation(_name, "backend", partial(_redirect, status=_status, to=_to)))


# --- the Host by which the service is asked ---------------------------------------------------------------------------


@mutation("backend")
def ingress_of_another_host(stack: Stack) -> None:
    stack.machines(virtual_hosts=["shop.internal"])


@mutation("integration")
def host_mapped_as_the_service_wants_it(stack: Stack) -> None:
    stack.machines(virtual_hosts=["shop.internal"])
    stack.patch_integration(("add", "/requestParameters/integration.request.header.Host", "'shop.internal'"))


@mutation("stage-variables")
def host_set_as_the_service_wants_it(stack: Stack) -> None:
    stack.machines(virtual_hosts=["shop.internal"])
    stack.patch_stage("/variables/VPCNLB", "shop.internal")
