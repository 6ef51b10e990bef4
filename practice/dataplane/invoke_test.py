"""TestInvokeMethod: what is configured, deployed or not, runs once without a stage."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from practice.apigateway.snapshot import Api, Method, Route

from .execution import Execution, context_of, new_request_id, new_trace_id
from .journal import Journal
from .messages import Headers, Request
from .routing import Match, path_parameters

__all__ = ["TestInvokeResult", "test_invoke"]

_STAGE = "test-invoke-stage"


@dataclass(frozen=True, slots=True)
class TestInvokeResult:
    """What TestInvokeMethod answers. `latency` is in milliseconds."""

    status: int
    headers: Mapping[str, str]
    multi_value_headers: Mapping[str, list[str]]
    body: str
    log: str
    latency: int


def test_invoke(
    api: Api,
    route: Route,
    method: Method,
    *,
    http_method: str,
    path_with_query_string: str,
    headers: Mapping[str, list[str]],
    body: str,
    client_certificate_id: str | None,
    stage_variables: Mapping[str, str],
) -> TestInvokeResult:
    """Run a method as it is configured. A path that does not fit the resource gives no path values
    (R test_invoke_test_method); nothing of authorization, keys or throttling is judged (D TestInvokeMethod).
    """
    del client_certificate_id  # It authenticates the gateway to a backend in TLS; the answer does not show it.
    path, _, query = (path_with_query_string or route.path).partition("?")
    log = Journal(new_request_id(), line_limit=None)
    request = Request(
        method=http_method,
        path=path,
        query=query,
        headers=Headers((name, value) for name, values in headers.items() for value in values),
        body=body.encode(),
        source_ip="test-invoke-source-ip",
    )
    context = context_of(api, _STAGE, "", request, log.request_id, "")
    context["resourceId"], context["resourcePath"] = route.resource_id, route.path
    run = Execution(
        api=api,
        stage=_STAGE,
        snapshot=api.configured(),
        match=Match(route, method, path_parameters(route.path, path) or {}),
        request=request,
        stage_variables=stage_variables,
        journal=log,
        context=context,
        trace_id=new_trace_id(),
    )
    started = time.monotonic()
    response = run.run()
    # R: no Content-Type for a gateway response, and nothing of the connection.
    if "x-amzn-ErrorType" in response.headers and not api.configured().gateway_responses:
        response.headers.remove("Content-Type")
    multi: dict[str, list[str]] = {}
    for name, value in response.headers:
        multi.setdefault(name, []).append(value)
    return TestInvokeResult(
        status=response.status,
        headers={name: values[-1] for name, values in multi.items()},
        multi_value_headers=multi,
        body=response.body.decode("utf-8", "replace"),
        log=log.as_test_log(),
        latency=round((time.monotonic() - started) * 1000),
    )
