"""What a method calls: HTTP_PROXY and HTTP (through a VPC link, or to the loopback), and MOCK.

Which headers are dropped, remapped or added: R `test_apigateway_integrations.py::TestApiGatewayHeaderRemapping` and
`test_apigateway_http.py`.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from practice import http_client, machines, network
from practice.apigateway.snapshot import Api, Integration, vpc_link, vpc_link_v2
from practice.locking import unlocked

from . import destinations
from .errors import ConfigurationError, GatewayError, Kind
from .journal import Journal, as_header_map
from .mapping import Mapped, render_stage_variables, render_uri
from .messages import Headers, Request
from .patience import wall_seconds

__all__ = ["Call", "Outcome", "dropped_from_request", "exchange", "prepare"]

# R: never reach the integration, not even by proxy.
_DROPPED_AT_THE_DOOR: Final = (
    *("Connection", "Content-Length", "Content-MD5", "Expect", "Max-Forwards", "Proxy-Authenticate", "Server"),
    *("TE", "Transfer-Encoding", "Trailer", "Upgrade", "WWW-Authenticate"),
)
# R: a proxy does not pass these on, but a mapping can set them.
_NOT_PASSED: Final = ("Host", "Content-Encoding")
# R: not even a mapping can set these.
_NEVER_SENT: Final = ("Expect", "Proxy-Authenticate", "TE", "Via")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PATH_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/%]|[^\x00-\x7f]")
# D "Amazon API Gateway quotas": the payload size of an answer.
_PAYLOAD_LIMIT: Final = 10 * 1024 * 1024
_INTERNAL: Final = "There was an internal error while executing your request"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an integration, ready to be sent."""

    integration: Integration
    method: str
    uri: str
    headers: Headers
    body: bytes
    connection_id: str | None


def dropped_from_request(headers: Headers) -> Headers:
    """The headers that the rest of the gateway sees."""
    kept = headers.copy()
    kept.remove(*_DROPPED_AT_THE_DOOR)
    return kept


def prepare(
    integration: Integration,
    request: Request,
    mapped: Mapped,
    *,
    api_id: str,
    trace_id: str,
    stage_variables: Mapping[str, str],
    body: bytes,
    proxy: bool,
    extra_headers: Mapping[str, str] | None = None,
) -> Call:
    """Make the integration's request of the method's. `body` is what a template made of it, or the body itself."""
    if proxy:
        headers = request.headers.copy()
        headers.remove(*_NOT_PASSED)
    else:
        headers = Headers()
    for name, value in {**mapped.headers, **(extra_headers or {})}.items():
        headers.set(name, value)
    headers.remove(*_NEVER_SENT)
    headers.default("Accept", "application/json")
    headers.default("User-Agent", f"AmazonAPIGateway_{api_id}")
    method = integration.http_method
    if not method or method == "ANY":
        method = request.method
    media_type = request.headers.get("Content-Type")
    if not proxy and media_type and request.method not in _BODILESS:
        headers.default("Content-Type", media_type)
    headers.set("X-Amzn-Trace-Id", trace_id)
    headers.set("X-Amzn-Apigateway-Api-Id", api_id)
    uri = render_uri(integration.uri or "", mapped.path, stage_variables)
    connection_id = None
    if integration.connection_type == "VPC_LINK":
        connection_id = render_stage_variables(integration.connection_id or "", stage_variables)
    return Call(
        integration=integration,
        method=method,
        uri=_with_query(uri, request.query if proxy else "", mapped.query),
        headers=headers,
        body=body,
        connection_id=connection_id,
    )


def _with_query(uri: str, passed: str, mapped: Mapping[str, list[str]]) -> str:
    """The URI's own query, the caller's as it came, and what is mapped, which replaces the caller's of that name.

    R test_http_proxy_integration_request_data_mappings, but for the replacing, which nobody recorded.
    """
    base, _, own = uri.partition("?")
    names = {quote(name, safe="") for name in mapped} | set(mapped)
    kept = passed
    if names:
        kept = "&".join(part for part in passed.split("&") if part and part.partition("=")[0] not in names)
    added = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, values in mapped.items() for value in values
    )
    query = "&".join(part for part in (own, kept, added) if part)
    return f"{base}?{query}" if query else base


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where a URI leads: the scheme, the Host header, the port, and the target to ask for."""

    scheme: str
    authority: str
    hostname: str
    port: int
    target: str


def _parse(uri: str) -> _Endpoint:
    """Take a URI apart without changing it, as strictly as AWS does."""
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        raise ConfigurationError("Invalid endpoint address")
    end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
    authority, target = rest[:end], rest[end:].partition("#")[0]
    path = target.partition("?")[0]
    for index, character in enumerate(path):
        if not _PATH_CHARACTERS.fullmatch(character):
            # Java's URISyntaxException, which the log quotes: reason, index, input. T re:Post.
            raise ConfigurationError(f"Illegal character in path at index {len(uri) - len(rest) + end + index}: {uri}")
    try:
        parts = urlsplit(f"//{authority}")
        hostname, port = parts.hostname, parts.port
    except ValueError:
        hostname, port = None, None
    if not hostname or "{" in authority or " " in authority:
        raise ConfigurationError("Invalid endpoint address")
    if not target.startswith("/"):
        target = f"/{target}"
    scheme = scheme.lower()
    if port is None:
        port = 443 if scheme == "https" else 80
    # What is before the @ is for nobody to read: a Host header has none (RFC 9110, 7.2).
    return _Endpoint(scheme, authority.rpartition("@")[2], hostname, port, target)


@dataclass(slots=True)
class Outcome:
    """Where the request through a link got to, for the reader of the log."""

    hop: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BackendAnswer:
    """What the backend answered, or a load balancer in its place."""

    status: int
    headers: Headers
    body: bytes


def exchange(api: Api, call: Call, journal: Journal, outcome: Outcome) -> BackendAnswer:
    """Send the request and get the backend's answer, or raise the gateway error that AWS answers."""
    endpoint = _parse(call.uri)
    journal.say(f"Endpoint request URI: {call.uri}", data=True)
    journal.say(f"Endpoint request headers: {as_header_map(call.headers)}", data=True)
    journal.say_body("Endpoint request body after transformations: ", call.body)
    journal.say(f"Sending request to {call.uri}")
    deadline = time.monotonic() + wall_seconds(call.integration.timeout_ms / 1000)
    forwarded: tuple[tuple[str, str], ...] = ()
    instance_id = None
    if call.connection_id is None:
        with unlocked():
            addresses = destinations.judge(endpoint.hostname, endpoint.port, deadline)
    else:
        reached = _through_link(api, call, endpoint, outcome)
        if isinstance(reached, network.Answered):
            answer = BackendAnswer(reached.status, Headers(reached.headers), reached.body)
            return _received(journal, answer, time.monotonic())
        addresses, forwarded, instance_id = [(reached.host, reached.port)], reached.forwarded, reached.instance_id
    headers = Headers([("Host", call.headers.get("Host") or endpoint.authority)])
    for name, value in call.headers:
        if name.lower() != "host":
            headers.add(name, value)
    for name, value in forwarded:
        before = headers.get(name) if name == "X-Forwarded-For" else None
        headers.set(name, f"{before}, {value}" if before else value)
    if call.body or call.method not in _BODILESS:
        headers.set("Content-Length", str(len(call.body)))
    started = time.monotonic()
    try:
        with unlocked():
            received = _send(addresses, call, endpoint, headers, deadline)
    except http_client.NoAnswerInTime:
        outcome.hop, outcome.reason = "backend", "the backend took longer than the integration's timeout"
        if instance_id is not None:
            machines.restart_if_hung()
        raise GatewayError(Kind.TIMEOUT, log="Execution failed due to a timeout error") from None
    except http_client.AnswerTooLarge as error:
        outcome.hop, outcome.reason = "backend", "the backend's answer is larger than API Gateway allows"
        raise ConfigurationError(
            f"Integration response of reported length {error.length} is larger than allowed maximum of "
            f"{_PAYLOAD_LIMIT} bytes."
        ) from None
    except http_client.BrokenAnswer as error:
        outcome.hop, outcome.reason = "backend", f"the exchange broke off: {error}"
        raise GatewayError(
            Kind.NETWORK, log="Execution failed due to a network error communicating with endpoint"
        ) from None
    except OSError as error:
        outcome.hop, outcome.reason = "backend", f"no connection: {error}"
        if call.connection_id is not None:
            raise ConfigurationError(_INTERNAL) from None
        raise ConfigurationError("Invalid endpoint address") from None
    return _received(journal, BackendAnswer(received.status, Headers(received.headers), received.body), started)


def _send(
    addresses: list[tuple[str, int]], call: Call, endpoint: _Endpoint, headers: Headers, deadline: float
) -> http_client.Answer:
    """Send it to the first address that takes a connection."""
    verify = not call.integration.tls_insecure_skip_verification
    refused = OSError("no address")
    for host, port in addresses:
        tls = endpoint.scheme == "https"
        address = http_client.Address(host, port, tls, endpoint.hostname if tls else None, verify)
        left = deadline - time.monotonic()
        try:
            return http_client.send(
                address, call.method, endpoint.target, headers, call.body, left, limit=_PAYLOAD_LIMIT
            )
        except OSError as error:
            refused = error
    raise refused


def _received(journal: Journal, answer: BackendAnswer, started: float) -> BackendAnswer:
    journal.integration_latency_ms = round((time.monotonic() - started) * 1000)
    journal.integration_status = answer.status
    journal.say(f"Received response. Status: {answer.status}, Integration latency: {journal.integration_latency_ms} ms")
    journal.say(f"Endpoint response headers: {as_header_map(answer.headers)}", data=True)
    journal.say_body("Endpoint response body before transformations: ", answer.body)
    return answer


def _through_link(api: Api, call: Call, endpoint: _Endpoint, outcome: Outcome) -> network.Backend | network.Answered:
    """Link, load balancer, target: the URI's host plays no part in it (D, API reference of Integration.uri)."""
    link_id = call.connection_id or ""
    arn, source = call.integration.integration_target or "", network.PRIVATE_LINK
    if arn:
        status, source = _link_v2(api, link_id)
    else:
        link = vpc_link(api.account_id, api.region, link_id)
        status = "" if link is None else link.status
        arn = link.target_arns[0] if link is not None and link.target_arns else ""
    if status != "AVAILABLE" or not arn:
        outcome.hop = "vpc-link" if link_id else "stage-variables"
        outcome.reason = f"VPC link {link_id!r} {f'is {status}' if status else 'does not exist'}"
        raise ConfigurationError(_INTERNAL)
    host = call.headers.get("Host") or endpoint.authority
    asked = network.Asked(call.method, host.partition(":")[0], endpoint.target.partition("?")[0])
    reached = network.connect(api.account_id, api.region, arn, endpoint.port, source=source, asked=asked)
    if not isinstance(reached, network.Backend):
        outcome.hop, outcome.reason = reached.hop, reached.reason
    if isinstance(reached, network.Unreachable):
        raise ConfigurationError(_INTERNAL)
    return reached


def _link_v2(api: Api, link_id: str) -> tuple[str, network.Source]:
    """The state of a link V2 as the request meets it, and one of its interfaces."""
    link = vpc_link_v2(api.account_id, api.region, link_id)
    if link is None:
        return "", network.PRIVATE_LINK
    status = link.status
    link.request()
    if not link.interfaces:
        return status, network.PRIVATE_LINK
    return status, network.Source.at(random.choice(link.interfaces))  # which one, nobody knows
