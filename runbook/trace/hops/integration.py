"""The integration: what the method calls, with which URL, and how long it waits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runbook.path.configuration import DEFAULT_TIMEOUT, MAPPED, Integration, Method
from runbook.trace.answer import Answer
from runbook.trace.command import SHOW_LINKS, cli, deploying, lines, show_method
from runbook.trace.endpoint import authority, host_part, placeholders, variables_in
from runbook.trace.model import FROM_SERVICE, Finding, Symptom, Weight, known
from runbook.trace.target import Target
from runbook.trace.way import Way
from runbook.trace.wording import listed

__all__ = ["judge", "to_blame"]

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
    if called.type == "MOCK":
        yield from _mock(way, called, method)
        return
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
    yield from _template(way, called, method)
    if not called.answers:
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


def to_blame(way: Way, answer: Answer, *, some_healthy: bool) -> Finding | None:
    """Nothing on the path explains the answer, but an integration that is no proxy may make it of a good one."""
    called, method = way.aim.integration, way.aim.met
    if called is None or method is None or called.type != "HTTP" or answer.status is None:
        return None
    patterns = listed(f"{pattern or 'all others'} as {status}" for pattern, status in called.responses)
    if not answer.by_gateway and called.spoils(answer.status):
        said = (
            f"What the service answers is handed back as {answer.status} by the integration's responses ({patterns})."
        )
        fix = "Let good answers be handed back as what they are, and deploy."
    elif answer.symptom is Symptom.INTERNAL and not called.answers_all and some_healthy:
        said = f"The integration's responses hand back {patterns}: for any other answer of the service there is none."
        fix = "Put an integration response without a pattern, for all others, and deploy."
    else:
        return None
    return Finding("integration", Weight.BREAKS, said, fix, show_method("get-integration", way.target, method), step="")


def _not_private(way: Way, called: Integration, said: str) -> Finding:
    """An integration that goes through no link: not much can be seen in it."""
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


def _answering(method: Method, target: Target, status: str = "200") -> str:
    """Hand every answer back as this status, as a new method of the console does as a 200."""
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": method.verb}
    return lines(
        None if status in method.statuses else cli("apigateway", "put-method-response", **resource, status_code=status),
        cli("apigateway", "put-integration-response", **resource, status_code=status),
        deploying(target),
    )


_STATUS_CODE = re.compile(r"""["']?statusCode["']?\s*:\s*["']?(\d{3})\b""")


def _mock(way: Way, called: Integration, method: Method) -> Iterator[Finding]:
    """A MOCK: its template names a status, and the integration response for that status makes the answer."""
    yield from _template(way, called, method)
    template = called.template_for(_media_type(way))
    statuses = list(dict.fromkeys(_STATUS_CODE.findall(template or "")))
    unanswered = [status for status in statuses if called.response_for(status) is None]
    undeclared = [
        back
        for status in statuses
        if (back := called.response_for(status)) and method.statuses and back not in method.statuses
    ]
    because, fix, command = "", "", ""
    if template is not None and not statuses:
        because = "its request template names no statusCode that is a number"
        fix = 'Let the template give a status, such as {"statusCode": 200}, and deploy.'
        command = show_method("get-integration", way.target, method)
    elif not called.responses:
        because = "it has no integration response, so that no answer can be made"
        fix = "Put an integration response (and the method response that it names), and deploy."
        command = _answering(method, way.target, (statuses or ["200"])[0])
    elif unanswered:
        there = listed(f"{pattern or 'all others'} as {status}" for pattern, status in called.responses)
        because = f"no integration response fits {listed(unanswered)}, which its template gives (there are: {there})"
        fix = "Put an integration response for that status (and the method response that it names), and deploy."
        command = _answering(method, way.target, unanswered[0])
    elif undeclared:
        because = f"its integration response names {listed(undeclared)}, for which the method has no method response"
        fix = "Put the method response, and deploy."
        command = _answering(method, way.target, undeclared[0])
    if any(status >= "400" for status in statuses):
        command = ""  # it would answer, but with an error: what it is to answer is not to be seen
    if because:
        yield Finding(
            "integration",
            Weight.MAY_BREAK,
            f"{method} is a MOCK integration, and {because}.",
            fix,
            command,
            explains=frozenset({Symptom.INTERNAL}),
        )
    gives = f" Its template gives {listed(statuses)}." if statuses else ""
    yield Finding(
        "integration",
        Weight.MAY_BREAK,
        f"{method} is a MOCK integration: API Gateway makes the answer up, and no service is asked.{gives}",
        "See which status its template and responses give; if the service is to answer, put an integration over the "
        "VPC link (HTTP_PROXY); deploy.",
        explains=FROM_SERVICE,
        otherwise=Weight.UNKNOWN,
    )


def _media_type(way: Way) -> str:
    sent = {name.lower(): value for name, value in way.target.headers.items()}
    return sent.get("content-type", "application/json").partition(";")[0].strip()


def _template(way: Way, called: Integration, method: Method) -> Iterator[Finding]:
    """A body for which there is no template: it is passed on, or refused, as the integration says."""
    media = _media_type(way)
    if called.type not in MAPPED or called.template_for(media) is not None:
        return
    refused = called.passthrough == "NEVER" or (called.passthrough == "WHEN_NO_TEMPLATES" and called.templates)
    if not refused and called.type != "MOCK":
        return
    there = listed(media for media, _ in called.templates) or "none"
    of_mock = called.type == "MOCK"
    yield Finding(
        "integration",
        Weight.MAY_BREAK,
        f"{method} is {'a MOCK' if of_mock else 'no proxy'}, and it has no request template for {media}, which is what "
        f"a request counts as that names no other type (there are: {there}): "
        + (
            f"with the passthrough behavior {called.passthrough} such a request is refused."
            if refused
            else "the request's own body is taken instead, which names no statusCode."
        ),
        f"Put a request template for {media}, and deploy.",
        way.patch(f"/requestTemplates/{media.replace('~', '~0').replace('/', '~1')}", '{"statusCode": 200}')
        if of_mock
        else show_method("get-integration", way.target, method),
        explains=frozenset({Symptom.REFUSED if refused else Symptom.INTERNAL}),
    )


def _url(way: Way, called: Integration, method: Method) -> Iterator[Finding]:
    """The endpoint URL: every placeholder must be mapped, and the path be handed on as it came."""
    wanted = placeholders(called.uri)
    own = [name.removesuffix("+") for name in placeholders(method.path)]
    for name in wanted:
        mapping = called.mapped_paths.get(name)
        # What the path has no variable for can only be its one variable by another name.
        source = name if name in own else own[0] if len(own) == 1 else ""
        mend = way.patch(*_mapping(name, source)) if source else ""
        if mapping is None:
            yield Finding(
                "integration",
                Weight.BREAKS,
                f"{{{name}}} in {called.uri} is mapped from nothing, so it stays as it is, which is no legal path.",
                "Map it to the method's path parameter (which the method must declare), and deploy.",
                mend,
            )
        elif _is_literal(mapping):
            yield Finding(
                "integration",
                Weight.MAY_BREAK,
                f"{{{name}}} is mapped to the literal {mapping}: every path becomes that one.",
                f"Map it to method.request.path.{source or name}, and deploy.",
                mend,
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


def _mapping(name: str, source: str = "") -> tuple[str, str]:
    return f"/requestParameters/integration.request.path.{name}", f"method.request.path.{source or name}"


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
    return bool(variables_in(uri.removeprefix(authority(uri))))
