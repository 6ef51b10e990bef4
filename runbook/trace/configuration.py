"""What an API answers with: its routes, methods and integrations, read from a stage's export or from its resources.

The export tells what is *deployed*, the resources what is *configured*; both are read into the same shape, so that they
can be compared and judged alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import ResourceTypeDef

__all__ = [
    "DEFAULT_TIMEOUT",
    "VERBS",
    "Configuration",
    "Guard",
    "Integration",
    "Method",
    "differences",
    "exported",
    "located",
    "resourced",
]

DEFAULT_TIMEOUT = 29000  # milliseconds; exports leave the default out
ANY_KEY = "x-amazon-apigateway-any-method"
_INTEGRATION_KEY = "x-amazon-apigateway-integration"
VERBS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What ANY stands for (API reference, PutMethod)."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a method asks of its caller."""

    authorization: str = "NONE"
    """NONE, AWS_IAM, CUSTOM or COGNITO_USER_POOLS."""
    api_key: bool = False


@dataclass(frozen=True, slots=True)
class Integration:
    """What a method calls."""

    type: str
    http_method: str
    uri: str
    connection_type: str
    connection_id: str
    target: str
    """ARN of the load balancer behind a V2 link; empty for V1."""
    parameters: tuple[tuple[str, str], ...]
    timeout: int
    """Milliseconds."""
    responses: tuple[tuple[str, str], ...] = ()
    """For each integration response, the pattern of the service's statuses (empty: all others) and the status that is
    handed back for them; a proxy needs none."""

    @property
    def private(self) -> bool:
        """Whether it goes through a VPC link."""
        return self.connection_type == "VPC_LINK"

    @property
    def answers(self) -> bool:
        """Whether what comes back can be handed back at all."""
        return self.type != "HTTP" or bool(self.responses)

    @property
    def answers_all(self) -> bool:
        """Whether it can be whatever the service's status is."""
        return self.type != "HTTP" or "" in dict(self.responses)

    def spoils(self, status: int) -> bool:
        """Whether a good answer of the service may be handed back as this status."""
        return any(
            handed_back == str(status) and (not pattern or _is_pattern_of(pattern, "200"))
            for pattern, handed_back in self.responses
        )

    @property
    def mapped_paths(self) -> dict[str, str]:
        """What fills the placeholders of the endpoint URL."""
        prefix = "integration.request.path."
        return {name.removeprefix(prefix): value for name, value in self.parameters if name.startswith(prefix)}

    @property
    def host_header(self) -> str:
        """What a mapping sets the Host header to, if one does."""
        return dict(self.parameters).get("integration.request.header.Host", "")


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a path, with what it asks for and what it calls."""

    path: str
    verb: str
    guard: Guard
    integration: Integration | None
    resource: str = ""
    """Id of the resource; exports do not tell it, see :func:`located`."""
    declared: frozenset[str] = frozenset()
    """The request parameters it declares, such as ``method.request.path.proxy``; exports are not read for them."""
    statuses: frozenset[str] = frozenset()
    """The statuses it declares to answer with; exports are not read for them."""

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """All methods, by ``VERB path``, and the resource policy."""

    methods: Mapping[str, Method] = field(default_factory=dict)
    policy: Any = None

    @property
    def paths(self) -> list[str]:
        """The paths that have a method."""
        return sorted({method.path for method in self.methods.values()})


def exported(document: bytes) -> Configuration:
    """Read a stage's export (``oas30`` or ``swagger``, JSON, with the ``apigateway`` extensions)."""
    spec: dict[str, Any] = json.loads(document)
    schemes = spec.get("components", {}).get("securitySchemes", {}) or spec.get("securityDefinitions", {})
    methods = [
        Method(
            path=path,
            verb="ANY" if key == ANY_KEY else key.upper(),
            guard=_guard_of(operation.get("security", []), schemes),
            integration=_integration(operation[_INTEGRATION_KEY]) if _INTEGRATION_KEY in operation else None,
        )
        for path, operations in spec.get("paths", {}).items()
        for key, operation in operations.items()
        if isinstance(operation, dict) and (key == ANY_KEY or key.upper() in VERBS)
    ]
    return Configuration({str(method): method for method in methods}, spec.get("x-amazon-apigateway-policy"))


def resourced(resources: Iterable[ResourceTypeDef], policy: str | None = None) -> Configuration:
    """Read an API's resources, got with ``embed=methods``, and its resource policy as GetRestApi answers it."""
    methods = [
        Method(
            path=item["path"],
            verb=verb,
            guard=Guard(method.get("authorizationType", "NONE"), method.get("apiKeyRequired", False)),
            integration=_integration(dict(method["methodIntegration"])) if "methodIntegration" in method else None,
            resource=item["id"],
            declared=frozenset(method.get("requestParameters", {})),
            statuses=frozenset(method.get("methodResponses", {})),
        )
        for item in resources
        for verb, method in item.get("resourceMethods", {}).items()
    ]
    return Configuration({str(method): method for method in methods}, _policy(policy))


def located(served: Configuration, wanted: Configuration) -> Configuration:
    """What is served, with what only the resources tell of the methods that are still there."""
    methods = {
        key: replace(method, resource=now.resource, declared=now.declared, statuses=now.statuses)
        if (now := wanted.methods.get(key))
        else method
        for key, method in served.methods.items()
    }
    return Configuration(methods, served.policy)


def _policy(text: str | None) -> Any:
    if not text:
        return None
    for attempt in (text, text.replace('\\"', '"').replace("\\/", "/")):  # GetRestApi escapes the quotes
        try:
            return json.loads(attempt)
        except ValueError:
            continue
    return text


def _guard_of(security: list[dict[str, Any]], schemes: Mapping[str, Any]) -> Guard:
    authorization, api_key = "NONE", False
    for name in (name for entry in security for name in entry):
        scheme = schemes.get(name, {})
        match str(scheme.get("x-amazon-apigateway-authtype", "")):
            case "awsSigv4":
                authorization = "AWS_IAM"
            case "cognito_user_pools":
                authorization = "COGNITO_USER_POOLS"
            case "" if str(scheme.get("name", "")).lower() == "x-api-key":
                api_key = True
            case _:
                authorization = "CUSTOM"
    return Guard(authorization, api_key)


def _integration(said: Mapping[str, Any]) -> Integration:
    return Integration(
        # Exports write types in lower case, resources in upper case.
        type=str(said.get("type", "")).upper(),
        http_method=str(said.get("httpMethod") or ""),
        uri=str(said.get("uri") or ""),
        connection_type=str(said.get("connectionType") or "INTERNET"),
        connection_id=str(said.get("connectionId") or ""),
        target=str(said.get("integrationTarget") or ""),
        parameters=tuple(sorted((said.get("requestParameters") or {}).items())),
        timeout=int(said.get("timeoutInMillis") or DEFAULT_TIMEOUT),
        responses=tuple(sorted(_responses(said))),
    )


def _responses(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    # Exports say responses, by pattern; resources integrationResponses, by status.
    for pattern, response in (said.get("responses") or {}).items():
        yield ("" if pattern == "default" else pattern), str(response.get("statusCode", ""))
    for status, response in (said.get("integrationResponses") or {}).items():
        yield str(response.get("selectionPattern") or ""), str(response.get("statusCode") or status)


def _is_pattern_of(pattern: str, status: str) -> bool:
    try:
        return re.fullmatch(pattern, status) is not None
    except re.error:
        return False


def differences(served: Configuration, wanted: Configuration) -> dict[str, str]:
    """Per ``VERB path``, how what is served differs from what is configured, in words."""
    found: dict[str, str] = {}
    for key in sorted({*served.methods, *wanted.methods}):
        is_, should = served.methods.get(key), wanted.methods.get(key)
        if is_ is None:
            found[key] = "configured, not deployed"
        elif should is None:
            found[key] = "deployed, no longer configured"
        elif changed := [
            f"{name} deployed {old or 'not set'!s}, configured {new or 'not set'!s}"
            for name, old, new in zip(_COMPARED, _comparable(is_), _comparable(should), strict=True)
            if old != new
        ]:
            found[key] = "; ".join(changed)
    if served.policy != wanted.policy:
        found["resource policy"] = "deployed and configured differ"
    return found


_COMPARED = (
    "authorization",
    "API key",
    "integration type",
    "integration method",
    "endpoint URL",
    "connection type",
    "connection id",
    "integration target",
    "mapped parameters",
    "timeout",
    "integration responses",
)


def _comparable(method: Method) -> tuple[object, ...]:
    called = method.integration
    if called is None:
        return (method.guard.authorization, method.guard.api_key, *[None] * 9)
    return (
        method.guard.authorization,
        method.guard.api_key,
        called.type,
        called.http_method,
        called.uri,
        called.connection_type,
        called.connection_id,
        called.target,
        ", ".join(f"{name}={value}" for name, value in called.parameters),
        called.timeout,
        # A proxy hands everything back as it came, whatever responses are kept with it.
        ", ".join(f"{pattern or 'all others'}={status}" for pattern, status in called.responses)
        if called.type == "HTTP"
        else "",
    )
