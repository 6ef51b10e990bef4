"""What an API answers with: its routes, methods and integrations, read from a stage's export or from its resources.

The export tells what is *deployed*, the resources what is *configured*; both are read into the same shape, so that they
can be compared and judged alike.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import ResourceTypeDef

__all__ = [
    "DEFAULT_TIMEOUT",
    "MAPPED",
    "POLICY",
    "VERBS",
    "Change",
    "Configuration",
    "Guard",
    "Integration",
    "Method",
    "differences",
    "digest",
    "exported",
    "located",
    "resourced",
]

MAPPED = frozenset({"HTTP", "MOCK"})
"""The types of integration whose answers are made by integration responses, and whose requests by templates."""
DEFAULT_TIMEOUT = 29000  # milliseconds; exports leave the default out
ANY_KEY = "x-amazon-apigateway-any-method"
_INTEGRATION_KEY = "x-amazon-apigateway-integration"
POLICY = "resource policy"
"""What a :class:`Change` of the API's resource policy is filed under."""
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
    passthrough: str = "WHEN_NO_MATCH"
    """What happens to a body of a media type without a template: WHEN_NO_MATCH, WHEN_NO_TEMPLATES or NEVER."""
    content_handling: str = ""
    """CONVERT_TO_BINARY, CONVERT_TO_TEXT, or empty to hand bodies on as they are."""
    credentials: str = ""
    """ARN of the role it is called with; empty for none."""
    skips_verification: bool = False
    """Whether a backend's certificate need not come from a known authority."""
    responses: tuple[tuple[str, str], ...] = ()
    """For each integration response, the pattern of the service's statuses (empty: all others) and the status that is
    handed back for them; a proxy needs none."""
    templates: tuple[tuple[str, str], ...] = ()
    """The request templates, by media type; a proxy uses none."""

    @property
    def private(self) -> bool:
        """Whether it goes through a VPC link."""
        return self.connection_type == "VPC_LINK"

    @property
    def answers(self) -> bool:
        """Whether what comes back can be handed back at all."""
        return self.type not in MAPPED or bool(self.responses)

    @property
    def answers_all(self) -> bool:
        """Whether it can be whatever the service's status is."""
        return self.type not in MAPPED or "" in dict(self.responses)

    def template_for(self, media_type: str) -> str | None:
        """The request template for a body of this type; None where there is none."""
        templates = dict(self.templates)
        return templates.get(media_type, templates.get("$default"))

    def response_for(self, status: str) -> str | None:
        """The status that is handed back for one of the service's, or of a MOCK's template; None where nothing fits."""
        by_pattern = dict(self.responses)
        fitting = (back for pattern, back in self.responses if pattern and _is_pattern_of(pattern, status))
        return next(fitting, by_pattern.get(""))

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
        passthrough=str(said.get("passthroughBehavior") or "WHEN_NO_MATCH").upper(),
        content_handling=str(said.get("contentHandling") or "").upper(),
        credentials=str(said.get("credentials") or ""),
        skips_verification=bool((said.get("tlsConfig") or {}).get("insecureSkipVerification")),
        responses=tuple(sorted(_responses(said))),
        templates=tuple(sorted((media, text or "") for media, text in (said.get("requestTemplates") or {}).items())),
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


@dataclass(frozen=True, slots=True)
class Change:
    """One thing in which what a stage serves is not what is configured."""

    where: str
    """``VERB path``, or ``resource policy``."""
    what: str
    """Which part of the method; empty for all of it."""
    deployed: str
    configured: str


def differences(served: Configuration, wanted: Configuration) -> tuple[Change, ...]:
    """What is configured but not deployed, or deployed but no longer configured; by method, then the policy.

    The one comparison that ``check`` and ``trace`` go by. It compares what both the resources and an export hold; a
    member that an export leaves out has its default.
    """
    found: list[Change] = []
    for key in sorted({*served.methods, *wanted.methods}):
        is_, should = served.methods.get(key), wanted.methods.get(key)
        if is_ is None or should is None:
            found.append(Change(key, "", "there" if is_ else "", "there" if should else ""))
            continue
        old, new = _comparable(is_), _comparable(should)
        found += [
            Change(key, what, old.get(what, ""), new.get(what, ""))
            for what in {**old, **new}
            if old.get(what, "") != new.get(what, "")
        ]
    if served.policy != wanted.policy:
        found.append(Change(POLICY, "", _one_line(served.policy), _one_line(wanted.policy)))
    return tuple(found)


def digest(configuration: Configuration) -> str:
    """A short name for what is configured: the same for two configurations without :func:`differences`."""
    said = {key: _comparable(method) for key, method in configuration.methods.items()}
    text = json.dumps([said, configuration.policy], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _comparable(method: Method) -> dict[str, str]:
    """What decides how a method is answered, each part in words."""
    guard, called = method.guard, method.integration
    said = {"authorization": guard.authorization, "API key": "required" if guard.api_key else ""}
    if called is None:
        return said
    return said | {
        "integration type": called.type,
        "integration method": called.http_method,
        "endpoint URL": called.uri,
        "connection type": called.connection_type,
        "connection id": called.connection_id,
        "integration target": called.target,
        "mapped parameters": ", ".join(f"{name}={value}" for name, value in called.parameters),
        "timeout": str(called.timeout),
        "passthrough behavior": called.passthrough,
        "content handling": called.content_handling,
        "credentials": called.credentials,
        "certificate verification": "skipped" if called.skips_verification else "",
        # A proxy hands everything on and back as it came, whatever templates and responses are kept with it.
        "request templates": ""
        if called.type.endswith("_PROXY")
        else ", ".join(f"{media}={text}" for media, text in called.templates),
        "integration responses": ""
        if called.type.endswith("_PROXY")
        else ", ".join(f"{pattern or 'all others'}={status}" for pattern, status in called.responses),
    }


def _one_line(policy: Any) -> str:
    return "" if policy is None else json.dumps(policy, sort_keys=True)
