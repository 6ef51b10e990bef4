"""The invoke URL: a WSGI application that answers for every API and stage of the account.

Stage, deployment's snapshot, route, authorization, limits, integration: in AWS's order. It reads the request target as
it came over the wire, and holds no lock of the control plane's.
"""

from __future__ import annotations

import base64
import http
import logging
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from practice import clock
from practice.apigateway.snapshot import Api, Snapshot, StageView, resolve
from practice.apigatewayv2.models import protocol_of

from . import access, cloudwatch, gateway, journal
from .compression import compress, decompress
from .errors import GatewayError, Kind, NotPractised
from .execution import Execution, context_of, new_request_id, new_trace_id
from .integrations import dropped_from_request
from .mapping import Sources
from .messages import Headers, Request, Response, decoded_query
from .routing import Match, match

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["LARGEST_BODY", "PREFIX", "api_id_of_host", "application", "too_large"]

PREFIX: Final = "/_aws/execute-api/"
_log = logging.getLogger(__name__)

# D "Amazon API Gateway quotas": the payload size.
LARGEST_BODY: Final = 10 * 1024 * 1024
_HOST: Final = re.compile(r"^([a-z0-9]+)(?:-vpce-[0-9a-f]+)?\.execute-api\.", re.IGNORECASE)
_ABSOLUTE: Final = re.compile(r"^https?://[^/?#]*", re.IGNORECASE)


def api_id_of_host(host: str) -> str | None:
    """The API that a Host header names, or None for any other host."""
    found = _HOST.match(host)
    return found[1].lower() if found else None


def too_large(start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request whose body is above the limit, unread.

    T koki-develop/lgtm-generator#10: no gateway response, and none of API Gateway's headers.
    """
    text = f"HTTP content length exceeded {LARGEST_BODY} bytes.".encode()
    headers = [("Content-Type", "text; charset=utf-8"), ("Content-Length", str(len(text)))]
    start_response(f"413 {_phrase(413)}", headers)
    return [text]


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request to an invoke URL, in path form (`/_aws/execute-api/{api}/{stage}/…`) or Host form."""
    fields = _fields(environ)
    target = _ABSOLUTE.sub("", environ.get("REQUEST_URI") or environ.get("RAW_URI") or _rebuilt_target(environ)) or "/"
    path, _, query = target.partition("?")
    if path.startswith(PREFIX):
        api_id, _, path = path[len(PREFIX) :].partition("/")
    else:
        api_id = api_id_of_host(fields.get("Host") or "") or ""
    # R test_lambda_aws_proxy_integration: slashes before the stage do not count.
    stage_name, slash, rest = path.lstrip("/").partition("/")
    try:
        response = _answer(environ, fields, api_id, stage_name, slash + rest or "/", query, target)
    except Exception:
        _log.exception("the data plane failed")
        response = Response(500, Headers([("X-Practice-Failure", "true")]), b"the practice account's data plane failed")
    headers = [(name, _latin(value)) for name, value in response.headers]
    bodiless = response.status in {204, 304} or response.status < 200
    body = b"" if bodiless else response.body
    if not bodiless:
        headers.append(("Content-Length", str(len(body))))
    start_response(f"{response.status} {_phrase(response.status)}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _answer(
    environ: WSGIEnvironment, fields: Headers, api_id: str, stage_name: str, path: str, query: str, target: str
) -> Response:
    request_id = new_request_id()
    extended_id = base64.b64encode(secrets.token_bytes(11)).decode()
    started = time.monotonic()
    try:
        request = Request(
            method=environ["REQUEST_METHOD"],
            path=path,
            query=query,
            headers=_at_the_door(fields, environ),
            body=cast("IO[bytes]", environ["wsgi.input"]).read(),
            source_ip=environ.get("REMOTE_ADDR") or "127.0.0.1",
            target=target,
            protocol=environ.get("SERVER_PROTOCOL") or "HTTP/1.1",
        )
        api = resolve(api_id)
        if api is None and (protocol := protocol_of(api_id)):
            kind = "an HTTP API" if protocol == "HTTP" else "a WebSocket API"
            raise NotPractised(f"{api_id} is {kind}, and the practice account answers for REST APIs only")
        stage = api.stage(stage_name) if api is not None else None
        # K: a private API answers through a VPC endpoint only, and there is none here.
        if (
            api is None
            or stage is None
            or stage.snapshot.disable_execute_api_endpoint
            or "PRIVATE" in api.endpoint_types
        ):
            raise GatewayError(Kind.FORBIDDEN)
    except GatewayError as error:
        response = gateway.respond(error, {})
    except NotPractised as limit:
        response = gateway.refuse(limit)
    else:
        response = _invoke(api, stage, request, request_id, extended_id, started)
    response.headers.set("x-amzn-RequestId", request_id)
    response.headers.set("x-amz-apigw-id", extended_id)
    response.headers.default("Content-Type", "application/json")
    return response


def _invoke(
    api: Api, stage: StageView, request: Request, request_id: str, extended_id: str, started: float
) -> Response:
    log = journal.Journal(request_id)
    arrived = clock.current().time()
    context = context_of(api, stage.name, stage.deployment_id, request, request_id, extended_id)
    found = match(stage.snapshot, request.method, request.path)
    run: Execution | None = None
    log.say(f"Extended Request Id: {extended_id}")
    try:
        if found is None:
            raise GatewayError(Kind.MISSING_TOKEN)
        run = _admit(api, stage, found, request, log, context)
        response = run.run()
        compress(response, request, stage.snapshot)
    except GatewayError as error:
        if error.log:
            log.say(error.log, error=True)
        context["error"] = gateway.described(error)
        values = found.path_parameters if found is not None else {}
        sources = Sources(values, decoded_query(request.query), request.headers, request.body, stage.variables, context)
        response = gateway.respond(error, stage.snapshot.gateway_responses, sources)
        log.say(f"Gateway response type: {error.kind.response_type} with status code: {response.status}", error=True)
    outcome = run.outcome if run is not None else None
    journal.keep(
        api.id,
        stage.name,
        journal.Entry(
            log,
            arrived,
            request.method,
            request.path,
            response.status,
            outcome.hop if outcome else None,
            outcome.reason if outcome else None,
        ),
    )
    context["status"] = str(response.status)
    context["responseLength"] = str(len(response.body))
    context["responseLatency"] = str(round((time.monotonic() - started) * 1000))
    if log.integration_latency_ms is not None:
        context["integrationLatency"] = str(log.integration_latency_ms)
        context["integrationStatus"] = str(log.integration_status)
        context["integration"] = {"latency": context["integrationLatency"], "status": context["integrationStatus"]}
    cloudwatch.write(api, stage, found, request, log, context)
    return response


def _admit(
    api: Api, stage: StageView, found: Match, request: Request, log: journal.Journal, context: dict[str, Any]
) -> Execution:
    """Everything that is judged before the method runs."""
    context["resourceId"], context["resourcePath"] = found.route.resource_id, found.route.path
    signed = found.method.authorization_type == "AWS_IAM"
    access.check_policy(api, stage.snapshot, stage.name, request, signed=signed)
    access.authorize(api, stage.name, found.method, request, log)
    access.check_api_key(api, stage.name, found.method, stage.snapshot, found.route, request, log)
    access.throttle(
        api, stage.name, found.route, found.method, stage.settings_for(found.route.path, found.method.http_method)
    )
    return Execution(
        api=api,
        stage=stage.name,
        snapshot=stage.snapshot,
        match=found,
        request=_past_the_door(request, stage.snapshot),
        stage_variables=stage.variables,
        journal=log,
        context=context,
        trace_id=request.headers.get("X-Amzn-Trace-Id") or new_trace_id(),
    )


def _past_the_door(request: Request, snapshot: Snapshot) -> Request:
    """The request as everything behind the gateway's front sees it."""
    body = decompress(request.body, request.headers.get("Content-Encoding"), snapshot, LARGEST_BODY)
    return replace(request, headers=dropped_from_request(request.headers), body=body)


def _at_the_door(fields: Headers, environ: WSGIEnvironment) -> Headers:
    """What API Gateway's front adds before anything looks at the request (R test_http_integration_with_lambda)."""
    headers = fields.copy()
    forwarded = [*fields.all("X-Forwarded-For"), environ.get("REMOTE_ADDR") or "127.0.0.1"]
    headers.set("X-Forwarded-For", ", ".join(forwarded))
    # The invoke URL is HTTPS on AWS; what is behind it is told so.
    headers.set("X-Forwarded-Port", "443")
    headers.set("X-Forwarded-Proto", "https")
    return headers


def _fields(environ: WSGIEnvironment) -> Headers:
    given = environ.get("practice.headers")
    if given is not None:
        return Headers(given)
    fields = [(key[5:].replace("_", "-").title(), value) for key, value in environ.items() if key.startswith("HTTP_")]
    fields += [(name, environ[key]) for name, key in (("Content-Type", "CONTENT_TYPE"),) if environ.get(key)]
    return Headers(fields)


def _rebuilt_target(environ: WSGIEnvironment) -> str:
    path = quote((environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1"))
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def _latin(value: str) -> str:
    return value.encode("latin-1", "replace").decode("latin-1").replace("\r", " ").replace("\n", " ")


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
