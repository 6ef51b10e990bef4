"""The integration: what the method calls, with which URL, and how long it waits."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.trace.command import SHOW_LINKS, cli, deploying, lines
from runbook.trace.configuration import DEFAULT_TIMEOUT, Integration, Method
from runbook.trace.endpoint import host_part, placeholders, variables_in
from runbook.trace.model import FROM_SERVICE, Finding, Symptom, Weight, known
from runbook.trace.target import Target
from runbook.trace.way import Way

__all__ = ["judge"]

# A service that answers at all within a second is the usual case; a limit below is more likely a slip than a wish.
_SHORT_TIMEOUT = 1000  # milliseconds


def judge(way: Way) -> Iterator[Finding]:
    """What the method that is followed calls."""
    method = way.aim.method
    if way.configuration is None or method is None:
        yield way.not_reached("integration", "No method is met.")
        return
    called = method.integration
    instead = "" if way.aim.met else f"(Of {method}, as the request meets no method.) "
    if called is None:
        yield Finding("integration", Weight.BREAKS, f"{instead}{method} has no integration.", "Put one, and deploy.")
        return
    said = f"{called.type} {called.http_method} {called.uri}"
    if not called.private:
        yield _not_private(way, called, said)
        return
    if not called.connection_id:
        change = _to_link(way, called)
        yield Finding(
            "integration",
            Weight.BREAKS,
            f"{method} goes over a VPC link but names none.",
            "Set the connection id to the link's id or to a stage variable that holds it, and deploy.",
            way.patch(*change) if change else SHOW_LINKS,
        )
    yield from _url(way, called, method)
    if called.type == "HTTP" and not called.answers:
        yield Finding(
            "integration",
            Weight.BREAKS,
            f"{said} is no proxy and has no integration response, so that no answer can be handed back.",
            "Put an integration response (or put the integration anew, as HTTP_PROXY), and deploy.",
            _answering(method, way.target),
        )
    if called.timeout < _SHORT_TIMEOUT:
        yield Finding(
            "integration",
            Weight.MAY_BREAK,
            f"The integration gives up after {called.timeout} ms; the default is {DEFAULT_TIMEOUT} ms.",
            "Allow the service more time, and deploy.",
            way.patch("/timeoutInMillis", str(DEFAULT_TIMEOUT)),
            explains=frozenset({Symptom.TIMED_OUT}),
        )
    if method.verb == "ANY" and called.http_method not in ("ANY", "", way.target.method):
        yield Finding(
            "integration",
            Weight.MAY_BREAK,
            f"{method} passes every request on as {called.http_method}.",
            "Let the integration use the caller's method (ANY), and deploy.",
            way.patch("/httpMethod", "ANY"),
            explains=FROM_SERVICE,
        )
    yield Finding("integration", Weight.FACT, f"{instead}{said} over VPC link {called.connection_id or 'none'}.")


def _not_private(way: Way, called: Integration, said: str) -> Finding:
    """An integration that goes through no link: only one mistake can be seen in it."""
    host = way.aim.endpoint.host if way.aim.endpoint else ""
    balancer = known(way.front.balancers).get(way.front.balancer_named(host))
    if balancer is None or balancer.get("Scheme") != "internal":
        said += " goes through no VPC link; trace does not follow it further."
        return Finding("integration", Weight.UNKNOWN, said)
    return Finding(
        "integration",
        Weight.BREAKS,
        f"{said} goes over the internet (connection type {called.connection_type}), but {host} is an internal load "
        "balancer that only a VPC link reaches.",
        "Set the connection type to VPC_LINK with the link's id, and deploy.",
        way.patch("/connectionType", "VPC_LINK", *_to_link(way, called)),
    )


def _to_link(way: Way, called: Integration) -> tuple[str, ...]:
    """The change that names the link of the endpoint URL's load balancer, where none is named."""
    link = None if called.connection_id else way.link_of_host
    return ("/connectionId", link.id) if link else ()


def _answering(method: Method, target: Target) -> str:
    """Hand every answer back as a 200, as a new method of the console does."""
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": method.verb}
    return lines(
        "" if "200" in method.statuses else cli("apigateway", "put-method-response", **resource, status_code=200),
        cli("apigateway", "put-integration-response", **resource, status_code=200),
        deploying(target),
    )


def _url(way: Way, called: Integration, method: Method) -> Iterator[Finding]:
    """The endpoint URL: every placeholder must be mapped, and the path be handed on as it came."""
    wanted = placeholders(called.uri)
    for name in wanted:
        mapping = called.mapped_paths.get(name)
        if mapping is None:
            yield Finding(
                "integration",
                Weight.BREAKS,
                f"{{{name}}} in {called.uri} is mapped from nothing, so it stays as it is, which is no legal path.",
                "Map it to the method's path parameter (which the method must declare), and deploy.",
                way.patch(*_mapping(name)),
            )
        elif _is_literal(mapping):
            yield Finding(
                "integration",
                Weight.MAY_BREAK,
                f"{{{name}}} is mapped to the literal {mapping}: every path becomes that one.",
                f"Map it to method.request.path.{name}, and deploy.",
                way.patch(*_mapping(name)),
                explains=FROM_SERVICE,
            )
    greedy = next((segment[1:-2] for segment in method.path.split("/") if segment.endswith("+}")), "")
    came, endpoint = way.target.path, way.aim.endpoint
    if greedy and not _handed_on(greedy, called) and not wanted:
        yield Finding(
            "integration",
            Weight.MAY_BREAK,
            f"The endpoint URL {called.uri} does not hand on the path that {method.path} takes in.",
            f"End the endpoint URL in /{{{greedy}}}, map it, and deploy.",
            way.patch("/uri", f"{called.uri.rstrip('/')}/{{{greedy}}}", *_mapping(greedy)),
            explains=FROM_SERVICE,
        )
    elif (
        way.aim.met
        and endpoint
        and endpoint.path.strip("/") != came.strip("/")
        and not any(_is_literal(called.mapped_paths.get(name, "")) for name in wanted)
    ):
        from_variable = _path_from_variable(called.uri)
        yield Finding(
            "stage-variables" if from_variable else "integration",
            Weight.MAY_BREAK,
            f"The path is rewritten: {came} is asked of the service as {endpoint.path} ({called.uri}).",
            "If the service does not know that path, hand it on as it came, and deploy.",
            "" if from_variable else way.patch(*_as_it_came(called, method)),
            explains=FROM_SERVICE,
            otherwise=Weight.FACT,
        )


def _mapping(name: str) -> tuple[str, str]:
    return f"/requestParameters/integration.request.path.{name}", f"method.request.path.{name}"


def _is_literal(mapping: str) -> bool:
    return bool(mapping) and not mapping.startswith(("method.request.", "context.", "stageVariables."))


def _as_it_came(called: Integration, method: Method) -> list[str]:
    """The changes that ask the service for the method's own path."""
    path = method.path.replace("+}", "}")
    missing = [name for name in placeholders(path) if name not in called.mapped_paths]
    scheme, separator, _ = called.uri.partition("://")
    return [
        "/uri",
        f"{scheme}{separator}{host_part(called.uri)}{path}",
        *(change for name in missing for change in _mapping(name)),
    ]


def _handed_on(greedy: str, called: Integration) -> bool:
    """Whether the service learns the path otherwise than by the endpoint URL's: by its query or a header."""
    others = (value for name, value in called.parameters if not name.startswith("integration.request.path."))
    return f"method.request.path.{greedy}" in others


def _path_from_variable(uri: str) -> bool:
    """Whether the part of the URL behind the host comes from a stage variable too."""
    path = uri.partition("://")[2].partition("/")[2]
    return bool(variables_in(path)) and not placeholders(uri)
