"""One request through one method: what the invoke URL and TestInvokeMethod have in common."""

from __future__ import annotations

import base64
import json
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from practice import clock
from practice.apigateway.snapshot import Api, Integration, IntegrationResponse, Snapshot

from . import gateway
from .errors import ConfigurationError, GatewayError, Kind, NotPractised
from .integrations import Call, Outcome, exchange, prepare
from .journal import Journal, as_header_map, as_map
from .mapping import Mapped, Sources, lookup, map_request
from .messages import Headers, Request, Response, decoded_query
from .routing import Match
from .templates import render
from .validation import validate

__all__ = ["Execution", "new_request_id", "new_trace_id"]

# R test_apigateway_header_remapping_http: what a backend's answer keeps only under another name.
_REMAPPED: Final = ("Connection", "Content-Length", "Date", "Server")
_REMAPPED_FROM_MAPPINGS: Final = (
    *_REMAPPED,
    *("Authorization", "Content-MD5", "Expect", "Host", "Max-Forwards", "Proxy-Authenticate", "Trailer"),
    *("Upgrade", "User-Agent", "WWW-Authenticate"),
)
# R test_http_integration_with_lambda[HTTP_PROXY]: the request id. T: WWW-Authenticate is reported again and again for
# proxies (a backend's 401); not recorded.
_REMAPPED_FROM_PROXY: Final = (*_REMAPPED, "x-amzn-RequestId", "WWW-Authenticate")


def new_request_id() -> str:
    """A UUID, as `x-amzn-RequestId` shows it."""
    return str(uuid.uuid4())


def new_trace_id() -> str:
    """D "X-Ray tracing header": version, epoch seconds in hexadecimal, 96 random bits."""
    return f"Root=1-{int(clock.current().time()):08x}-{secrets.token_hex(12)}"


@dataclass(slots=True)
class Execution:
    """One request on its way through a method."""

    api: Api
    stage: str
    snapshot: Snapshot
    match: Match
    request: Request
    stage_variables: Mapping[str, str]
    journal: Journal
    context: dict[str, Any]
    trace_id: str
    outcome: Outcome = field(default_factory=Outcome)

    def sources(self) -> Sources:
        """What this request's expressions and templates may draw on."""
        return Sources(
            path=self.match.path_parameters,
            query=decoded_query(self.request.query),
            headers=self.request.headers,
            body=self.request.body,
            stage_variables=self.stage_variables,
            context=self.context,
        )

    def run(self) -> Response:
        """Execute the method and answer; every refusal comes back as its gateway response."""
        journal, request = self.journal, self.request
        journal.say(f"Starting execution for request: {journal.request_id}")
        journal.say(f"HTTP Method: {request.method}, Resource Path: {request.path}")
        query = decoded_query(request.query)
        journal.say(f"Method request path: {as_map(self.match.path_parameters)}", data=True)
        journal.say(
            f"Method request query string: {as_map({name: values[-1] for name, values in query.items()})}", data=True
        )
        journal.say(f"Method request headers: {as_header_map(request.headers)}", data=True)
        journal.say_body("Method request body before transformations: ", request.body)
        try:
            validate(self.api.id, self.match, self.snapshot, request)
            response = self._execute()
        except GatewayError as error:
            if error.log:
                journal.say(error.log, error=True)
            self.context["error"] = gateway.described(error)
            response = gateway.respond(error, self.snapshot.gateway_responses, self.sources())
        except NotPractised as limit:
            journal.say(f"Not practised: {limit}", error=True)
            response = gateway.refuse(limit)
        else:
            journal.say_body("Method response body after transformations: ", response.body)
            journal.say(f"Method response headers: {as_header_map(response.headers)}", data=True)
            journal.say("Successfully completed execution")
        journal.say(f"Method completed with status: {response.status}", error=response.status >= 400)
        return response

    def _execute(self) -> Response:
        integration = self.match.method.integration
        if integration is None:
            raise ConfigurationError("No integration defined for method")
        sources = self.sources()
        match integration.type:
            case "HTTP_PROXY":
                return self._proxy(integration, sources)
            case "HTTP":
                return self._http(integration, sources)
            case "MOCK":
                return self._mock(integration, sources)
            case other:
                raise NotPractised(f"the practice account does not carry out {other} integrations")

    # -- HTTP_PROXY

    def _proxy(self, integration: Integration, sources: Sources) -> Response:
        body = self._as_text_unless_binary(self.request.body, self.request.headers.get("Content-Type"))
        call = self._prepare(integration, map_request(integration.request_parameters, sources), body, proxy=True)
        answer = exchange(self.api, call, self.journal, self.outcome)
        headers = answer.headers.copy()
        _remap(headers, _REMAPPED_FROM_PROXY)
        headers.remove("Transfer-Encoding", "Via", "Keep-Alive")
        body = self._as_text_unless_binary(
            answer.body, answer.headers.get("Content-Type"), encoded=answer.headers.get("Content-Encoding") is not None
        )
        return Response(answer.status, headers, body)

    def _as_text_unless_binary(self, body: bytes, media_type: str | None, *, encoded: bool = False) -> bytes:
        """D "Content type conversions": a body that is not of a binary media type is text, and what is not UTF-8 in
        it is lost.
        """
        if encoded or not body or is_binary(media_type, self.snapshot.binary_media_types):
            return body
        return body.decode("utf-8", "replace").encode()

    def _prepare(
        self,
        integration: Integration,
        mapped: Mapped,
        body: bytes,
        *,
        proxy: bool,
    ) -> Call:
        return prepare(
            integration,
            self.request,
            mapped,
            api_id=self.api.id,
            trace_id=self.trace_id,
            stage_variables=self.stage_variables,
            body=body,
            proxy=proxy,
        )

    # -- HTTP and MOCK: templates on both ways

    def _http(self, integration: Integration, sources: Sources) -> Response:
        mapped = map_request(integration.request_parameters, sources)
        body = self._templated_body(integration, sources)
        answer = exchange(self.api, self._prepare(integration, mapped, body, proxy=False), self.journal, self.outcome)
        response = self._mapped_response(integration, sources, answer.status, answer.headers, answer.body)
        response.headers = Headers([("X-Amzn-Trace-Id", self.trace_id), *response.headers])
        return response

    def _mock(self, integration: Integration, sources: Sources) -> Response:
        map_request(integration.request_parameters, sources)
        body = self._templated_body(integration, sources)
        status = _mock_status(body)
        if status is None:
            raise ConfigurationError(
                "Unable to parse statusCode. It should be an integer that is defined in the request template."
            )
        return self._mapped_response(integration, sources, status, Headers(), b"")

    def _templated_body(self, integration: Integration, sources: Sources) -> bytes:
        """The body for the integration (D "Integration passthrough behaviors")."""
        media_type = (self.request.headers.get("Content-Type") or "application/json").partition(";")[0].strip()
        templates = integration.request_templates
        if media_type in templates or "$default" in templates:
            template = templates[media_type] if media_type in templates else templates["$default"]
            return render(template or "", sources, self._transformable(integration.content_handling)).encode()
        if integration.passthrough_behavior == "NEVER" or (
            integration.passthrough_behavior == "WHEN_NO_TEMPLATES" and templates
        ):
            raise GatewayError(Kind.UNSUPPORTED_MEDIA)
        return self._converted(
            self.request.body, self.request.headers.get("Content-Type"), integration.content_handling
        )

    def _transformable(self, handling: str | None) -> bytes:
        """The request's body as a template reads it: one of a binary media type only when it is made text first.

        T clebert/aws-simple#167, aws/chalice#1310: so it is even when there is no body.
        """
        media_type = self.request.headers.get("Content-Type")
        if not is_binary(media_type, self.snapshot.binary_media_types):
            return self.request.body
        if handling != "CONVERT_TO_TEXT":
            raise ConfigurationError("Unable to transform request")
        return self._converted(self.request.body, media_type, handling)

    def _converted(self, body: bytes, media_type: str | None, handling: str | None) -> bytes:
        """D "Content type conversions for API Gateway", request side."""
        if is_binary(media_type, self.snapshot.binary_media_types):
            return base64.b64encode(body) if handling == "CONVERT_TO_TEXT" else body
        if handling == "CONVERT_TO_BINARY":
            try:
                return base64.b64decode(body, validate=True)
            except ValueError:
                raise ConfigurationError("Unable to base64 decode the body.") from None
        return body.decode("utf-8", "replace").encode()

    def _mapped_response(
        self, integration: Integration, sources: Sources, status: int, headers: Headers, body: bytes
    ) -> Response:
        chosen = _select(integration.integration_responses, status)
        out = Headers([("Content-Type", "application/json")])
        for target, expression in (chosen.response_parameters or {}).items():
            value = _response_value(expression, sources, headers, body)
            if value is not None:
                out.set(target.removeprefix("method.response.header."), value)
        _remap(out, _REMAPPED_FROM_MAPPINGS)
        out.remove("Transfer-Encoding")
        if chosen.response_templates:
            accept = self.request.headers.get("Accept") or ""
            templates = chosen.response_templates
            media = next((each for each in (accept, "application/json") if each in templates), next(iter(templates)))
            body = render(templates[media] or "", sources, body).encode()
            if "method.response.header.Content-Type" not in (chosen.response_parameters or {}):
                out.set("Content-Type", media)
        return Response(int(chosen.status_code), out, body)


def is_binary(media_type: str | None, binary_media_types: tuple[str, ...]) -> bool:
    """Whether an API takes a content type for binary."""
    kind = (media_type or "application/json").partition(";")[0].strip().lower()
    return any(
        each in ("*/*", kind) or (each.endswith("/*") and kind.startswith(each[:-1]))
        for each in (entry.lower() for entry in binary_media_types)
    )


def _remap(headers: Headers, names: tuple[str, ...]) -> None:
    for name in names:
        for value in headers.all(name):
            headers.add(f"x-amzn-Remapped-{name}", value)
        headers.remove(name)


def _select(responses: Mapping[str, IntegrationResponse], status: int) -> IntegrationResponse:
    """The integration response whose pattern fits the status, else the one without a pattern."""
    default = None
    for response in responses.values():
        if not response.selection_pattern:
            default = default or response
        elif _fits(response.selection_pattern, str(status)):
            return response
    if default is None:
        raise ConfigurationError(
            "No match for output mapping and no default output mapping configured. "
            f"Endpoint Response Status Code: {status}"
        )
    return default


def _fits(pattern: str, status: str) -> bool:
    try:
        return re.fullmatch(pattern, status) is not None
    except re.error:
        # Java's expressions have forms that Python's lack; none of them is needed for three digits.
        return False


def _response_value(expression: str, sources: Sources, headers: Headers, body: bytes) -> str | None:
    if expression.startswith("integration.response.header."):
        return headers.get(expression.removeprefix("integration.response.header."))
    if expression.startswith("integration.response.multivalueheader."):
        values = headers.all(expression.removeprefix("integration.response.multivalueheader."))
        return ",".join(values) if values else None
    if expression.startswith("integration.response.body"):
        path = expression.removeprefix("integration.response.body").lstrip(".")
        if not path:
            return body.decode("utf-8", "replace")
        try:
            return lookup(json.loads(body), path)
        except ValueError:
            return None
    return sources.value(expression)


_LOOSE_STATUS: Final = re.compile(r"""[{,]\s*["']?statusCode["']?\s*:\s*(\d+)\s*[,}]""")


def _mock_status(body: bytes) -> int | None:
    """The status a mock's request template gives. AWS reads JSON loosely there: R `{statusCode: 200}`."""
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except ValueError:
        found = _LOOSE_STATUS.search(text)
        return int(found[1]) if found else None
    status = document.get("statusCode") if isinstance(document, dict) else None
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def context_of(
    api: Api, stage: str, deployment_id: str, request: Request, request_id: str, extended_id: str
) -> dict[str, Any]:
    """The `$context` variables (D "Variables for data transformations") that need no authorizer."""
    now = clock.current().time()
    host = request.headers.get("Host") or ""
    return {
        "accountId": api.account_id,
        "apiId": api.id,
        "deploymentId": deployment_id,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "extendedRequestId": extended_id,
        "httpMethod": request.method,
        "identity": {"sourceIp": request.source_ip, "userAgent": request.headers.get("User-Agent")},
        "path": f"/{stage}{request.path}",
        "protocol": request.protocol,
        "requestId": request_id,
        "requestTime": f"{datetime.fromtimestamp(now, UTC):%d/%b/%Y:%H:%M:%S +0000}",
        "requestTimeEpoch": int(now * 1000),
        "stage": stage,
    }
