"""Mapping expressions: from a method's request to the integration's, and back.

D "Parameter mapping": a source is `method.request.PLACE.NAME` (PLACE: path, querystring, multivaluequerystring, header,
multivalueheader), `method.request.body[.PATH]`, `context.NAME`, `stageVariables.NAME`, or a static value in single
quotes. A source that holds nothing maps nothing. Header names are matched case-sensitively (R test_apigateway_http).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigurationError, GatewayError, Kind
from .messages import Headers

__all__ = ["Mapped", "Sources", "map_request", "render_stage_variables", "render_uri"]

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([^}]*)\}")
_PATH_VARIABLE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Sources:
    """What expressions may draw on. Path values are undecoded, query values decoded."""

    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Headers
    body: bytes
    stage_variables: Mapping[str, str]
    context: Mapping[str, Any]

    def value(self, expression: str) -> str | None:
        """The value of a request-side expression, or None when its source holds nothing."""
        if len(expression) >= 2 and expression[0] == expression[-1] == "'":
            return expression[1:-1]
        scope, _, name = expression.partition(".")
        if scope == "stageVariables":
            return self.stage_variables.get(name)
        if scope == "context":
            return lookup(self.context, name)
        if expression.startswith("method.request."):
            return self._from_request(expression.removeprefix("method.request."))
        return None

    def _from_request(self, expression: str) -> str | None:
        place, _, name = expression.partition(".")
        if place == "body":
            return self._from_body(name)
        reader = _PLACES.get(place)
        return None if reader is None else reader(self, name)

    def _from_body(self, path: str) -> str | None:
        if not path:
            return self.body.decode("utf-8", "replace")
        try:
            document = json.loads(self.body or b"{}")
        except ValueError:
            raise GatewayError(Kind.BAD_BODY, "Invalid JSON in request body") from None
        return lookup(document, path)


def _path(sources: Sources, name: str) -> str | None:
    return sources.path.get(name)


def _last_query(sources: Sources, name: str) -> str | None:
    values = sources.query.get(name)
    return values[-1] if values else None


def _all_queries(sources: Sources, name: str) -> str | None:
    values = sources.query.get(name)
    return ",".join(values) if values else None


def _last_header(sources: Sources, name: str) -> str | None:
    values = sources.headers.exactly(name)
    return values[-1] if values else None


def _all_headers(sources: Sources, name: str) -> str | None:
    values = sources.headers.exactly(name)
    return ",".join(values) if values else None


_PLACES: Mapping[str, Callable[[Sources, str], str | None]] = {
    "path": _path,
    "querystring": _last_query,
    "multivaluequerystring": _all_queries,
    "header": _last_header,
    "multivalueheader": _all_headers,
}


def lookup(document: Any, path: str) -> str | None:
    """Follow a dotted path with `[n]` steps into a JSON-like value; the value found as text."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    if document is None:
        return None
    return document if isinstance(document, str) else json.dumps(document)


@dataclass(slots=True)
class Mapped:
    """What the integration's request parameters came to."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


# R test_apigateway_header_remapping_http: mapping one of the first two ends in a 500.
_FORBIDDEN_HEADERS = frozenset({"content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id"})


def map_request(parameters: Mapping[str, str], sources: Sources) -> Mapped:
    """Evaluate an integration's request parameters. Raise ConfigurationError for a header that is not theirs to set."""
    mapped = Mapped()
    for target, expression in parameters.items():
        value = sources.value(expression)
        place, _, name = target.removeprefix("integration.request.").partition(".")
        if place == "header":
            if name.lower() in _FORBIDDEN_HEADERS:
                raise ConfigurationError(f"{name} header already present")
            if value is not None:
                mapped.headers[name] = value
        elif value is None:
            continue
        elif place == "path":
            mapped.path[name] = value
        elif place == "querystring":
            mapped.query[name] = (
                list(sources.query[expression.removeprefix("method.request.multivaluequerystring.")])
                if expression.startswith("method.request.multivaluequerystring.")
                else [value]
            )
    return mapped


def render_stage_variables(text: str, stage_variables: Mapping[str, str]) -> str:
    """Put the values of `${stageVariables.NAME}` in; a variable that is not set leaves nothing."""
    return _STAGE_VARIABLE.sub(lambda found: stage_variables.get(found[1], ""), text)


def render_uri(uri: str, path_values: Mapping[str, str], stage_variables: Mapping[str, str]) -> str:
    """An integration's URI for one request. A path variable that nothing is mapped to stays as it stands."""
    # Stage variables first: their braces would else look like a path variable's. What is put in is never read again.
    parts = re.split(r"(\$\{stageVariables\.[^}]*\})", uri)
    return "".join(
        render_stage_variables(part, stage_variables)
        if part.startswith("${stageVariables.")
        else _PATH_VARIABLE.sub(lambda found: path_values.get(found[1], found[0]), part)
        for part in parts
    )
