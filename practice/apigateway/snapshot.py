"""What an API Gateway REST API is made of, as values, and what of it the data plane may see.

A live REST API holds these frozen values in its resources and replaces them when an operation changes one, so a
deployment's snapshot is the same values gathered by path: nothing is copied, and nothing deployed can change later.

The data plane asks `resolve` for an API by its id and `vpc_link` for a link; it gets views, never moto's own objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from practice.locking import locked

if TYPE_CHECKING:
    from practice.apigateway.models import ApiGatewayBackend
    from practice.apigateway.rest_apis import RestApi
    from practice.apigateway.stages import Stage
    from practice.apigatewayv2.links import VpcLinkV2

__all__ = [
    "AccessLog",
    "Api",
    "ApiKeyView",
    "GatewayResponse",
    "Integration",
    "IntegrationResponse",
    "LinkView",
    "Method",
    "MethodResponse",
    "MethodSettings",
    "RequestValidator",
    "Route",
    "Snapshot",
    "StageView",
    "resolve",
    "snapshot_of",
    "vpc_link",
    "vpc_link_v2",
]

_EMPTY: Mapping[str, Any] = MappingProxyType({})


def _empty() -> Mapping[str, Any]:
    return _EMPTY


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """How a backend's answer becomes the method's answer of one status."""

    status_code: str
    selection_pattern: str | None = None
    response_parameters: Mapping[str, str] | None = None
    response_templates: Mapping[str, str | None] | None = None
    content_handling: str | None = None


@dataclass(frozen=True, slots=True)
class MethodResponse:
    """A status that a method declares, with the headers and models it may answer (None: never given)."""

    status_code: str
    response_models: Mapping[str, str] | None = None
    response_parameters: Mapping[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    """What a method calls. `timeout_ms` is in milliseconds; `http_method` is None for MOCK.

    `connection_id` is kept as it was given: a VPC link's id, or an expression such as
    `${stageVariables.VPCLINK}` that the data plane resolves for each request.
    """

    type: str
    http_method: str | None = None
    uri: str | None = None
    connection_type: str | None = None
    connection_id: str | None = None
    integration_target: str | None = None
    credentials: str | None = None
    request_parameters: Mapping[str, str] = field(default_factory=_empty)
    request_templates: Mapping[str, str | None] = field(default_factory=_empty)
    passthrough_behavior: str = "WHEN_NO_MATCH"
    content_handling: str | None = None
    timeout_ms: int = 29000
    cache_namespace: str = ""
    cache_key_parameters: tuple[str, ...] = ()
    tls_insecure_skip_verification: bool | None = None
    response_transfer_mode: str | None = None
    integration_responses: Mapping[str, IntegrationResponse] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class Method:
    """An HTTP method of a resource, `ANY` included. `request_parameters` maps a declared name such as
    `method.request.path.proxy` to whether it is required.
    """

    http_method: str
    authorization_type: str = "NONE"
    authorizer_id: str | None = None
    authorization_scopes: tuple[str, ...] = ()
    api_key_required: bool = False
    request_parameters: Mapping[str, bool] = field(default_factory=_empty)
    request_models: Mapping[str, str] = field(default_factory=_empty)
    request_validator_id: str | None = None
    operation_name: str | None = None
    integration: Integration | None = None
    method_responses: Mapping[str, MethodResponse] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class Route:
    """A resource as it was deployed: its full path (`/{proxy+}`), its id and its methods by name."""

    path: str
    resource_id: str
    methods: Mapping[str, Method] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """A customised gateway response; `response_type` is for instance `MISSING_AUTHENTICATION_TOKEN`.

    `practice.apigateway.gateway_responses.effective` finds the one that holds, defaults included.
    """

    response_type: str
    status_code: str | None = None
    response_parameters: Mapping[str, str] = field(default_factory=_empty)
    response_templates: Mapping[str, str] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class RequestValidator:
    """What a method's request validator looks at."""

    id: str
    name: str
    body: bool = False
    parameters: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the service answers it."""
        return {
            "id": self.id,
            "name": self.name,
            "validateRequestBody": self.body,
            "validateRequestParameters": self.parameters,
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything of a REST API that a deployment freezes. `routes` is keyed by path."""

    routes: Mapping[str, Route] = field(default_factory=_empty)
    gateway_responses: Mapping[str, GatewayResponse] = field(default_factory=_empty)
    binary_media_types: tuple[str, ...] = ()
    minimum_compression_size: int | None = None
    api_key_source: str = "HEADER"
    disable_execute_api_endpoint: bool = False
    policy: str | None = None
    validators: Mapping[str, RequestValidator] = field(default_factory=_empty)
    """By id."""
    models: Mapping[str, str] = field(default_factory=_empty)
    """JSON schemas as text, by the model's name."""

    def methods(self) -> Iterator[tuple[Route, Method]]:
        """Each method with the route it belongs to, in the order the resources were made."""
        for route in self.routes.values():
            for method in route.methods.values():
                yield route, method


@dataclass(frozen=True, slots=True)
class MethodSettings:
    """A stage's settings for one method. `throttling_rate_limit` is in requests a second; -1 is unlimited."""

    logging_level: str = "OFF"
    data_trace_enabled: bool = False
    metrics_enabled: bool = False
    throttling_rate_limit: float = -1.0
    throttling_burst_limit: int = -1


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where a stage's access log goes, and each line's format with `$context` variables."""

    destination_arn: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage at one moment, with the snapshot of the deployment it points to."""

    name: str
    deployment_id: str
    snapshot: Snapshot
    variables: Mapping[str, str] = field(default_factory=_empty)
    method_settings: Mapping[str, MethodSettings] = field(default_factory=_empty)
    """Keyed as AWS does: `*/*`, or the resource path with `~1` for each slash, then `/` and the method."""
    access_log: AccessLog | None = None
    tracing: bool = False

    def settings_for(self, path: str, http_method: str) -> MethodSettings:
        """The settings that hold for a method: its own, else the stage's, else AWS's defaults."""
        own = f"{path.lstrip('/').replace('/', '~1')}/{http_method}" if path != "/" else f"~1/{http_method}"
        for key in (own, f"~1{own}", "*/*"):
            if key in self.method_settings:
                return self.method_settings[key]
        return _DEFAULT_SETTINGS


_DEFAULT_SETTINGS = MethodSettings()


@dataclass(frozen=True, slots=True)
class ApiKeyView:
    """An API key that a usage plan lets into a stage. Rates are in requests a second."""

    id: str
    name: str | None
    usage_plan_id: str
    rate_limit: float | None = None
    burst_limit: int | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A VPC link (V1) at one moment."""

    id: str
    name: str
    status: str
    status_message: str | None
    target_arns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Api:
    """A REST API, found. It reads the live API each time, so that a view of it never goes stale by itself."""

    id: str
    account_id: str
    region: str
    _backend: ApiGatewayBackend = field(repr=False)
    _api: RestApi = field(repr=False)

    @property
    def name(self) -> str:
        """The API's name; not unique."""
        return self._api.name

    @property
    def endpoint_types(self) -> tuple[str, ...]:
        """EDGE, REGIONAL or PRIVATE."""
        return tuple(self._api.endpoint_configuration["types"])

    @property
    def can_log(self) -> bool:
        """Whether the account names a role that API Gateway may write CloudWatch Logs with."""
        return self._backend.can_log

    def configured(self) -> Snapshot:
        """What is configured now, deployed or not: what TestInvokeMethod runs."""
        return snapshot_of(self._api)

    def stage(self, name: str) -> StageView | None:
        """The stage of that name, or None. Names are case-sensitive."""
        while (stage := self._api.stages.get(name)) is not None:
            # A stage may move on, and its old deployment go, between the two looks.
            if (deployment := self._api.deployments.get(stage.deployment_id)) is not None:
                return _stage_view(stage, deployment.snapshot)
        return None

    def stages(self) -> tuple[str, ...]:
        """The names of all stages."""
        return tuple(self._api.stages)

    def authorizer(self, authorizer_id: str) -> Mapping[str, Any] | None:
        """The authorizer of that id as GetAuthorizer answers it, or None."""
        authorizer = self._api.authorizers.get(authorizer_id)
        return None if authorizer is None else authorizer.to_json()

    def api_key(self, stage_name: str, value: str) -> ApiKeyView | None:
        """The enabled API key with that value, if a usage plan lets it into the stage."""
        return self._backend.admitted_key(self.id, stage_name, value)


def snapshot_of(rest_api: RestApi) -> Snapshot:
    """Gather what a deployment of this API would freeze now."""
    return Snapshot(
        routes=MappingProxyType(
            {
                resource.path: Route(resource.path, resource.id, MappingProxyType(dict(resource.methods)))
                for resource in rest_api.resources.values()
            }
        ),
        gateway_responses=MappingProxyType(dict(rest_api.gateway_responses)),
        binary_media_types=tuple(rest_api.binaryMediaTypes),
        minimum_compression_size=rest_api.minimum_compression_size,
        api_key_source=rest_api.api_key_source,
        disable_execute_api_endpoint=rest_api.disableExecuteApiEndpoint,
        policy=rest_api.policy,
        validators=MappingProxyType(dict(rest_api.request_validators)),
        models=MappingProxyType({model.name: model.schema or "{}" for model in rest_api.models.values()}),
    )


def _stage_view(stage: Stage, snapshot: Snapshot) -> StageView:
    settings = {
        key: MethodSettings(
            logging_level=value.get("loggingLevel", "OFF"),
            data_trace_enabled=value["dataTraceEnabled"],
            metrics_enabled=value["metricsEnabled"],
            throttling_rate_limit=value.get("throttlingRateLimit", -1.0),
            throttling_burst_limit=value.get("throttlingBurstLimit", -1),
        )
        for key, value in stage.method_settings.items()
    }
    log = stage.access_log_settings
    return StageView(
        name=stage.name,
        deployment_id=stage.deployment_id,
        snapshot=snapshot,
        variables=MappingProxyType(dict(stage.variables)),
        method_settings=MappingProxyType(settings),
        access_log=AccessLog(log.get("destinationArn"), log.get("format")) if log else None,
        tracing=stage.tracing_enabled,
    )


def _backends() -> Iterator[ApiGatewayBackend]:
    from moto.apigateway.models import apigateway_backends

    for account in list(apigateway_backends.values()):
        yield from list(account.values())  # type: ignore[misc]


def resolve(api_id: str) -> Api | None:
    """Find a REST API by id in any account and region of the practice account, as `execute-api` does."""
    for backend in _backends():
        rest_api = backend.apis.get(api_id)
        if rest_api is not None:
            return Api(api_id, backend.account_id, backend.region_name, backend, rest_api)
    return None


def vpc_link(account_id: str, region: str, link_id: str) -> LinkView | None:
    """The VPC link of that id, or None where it does not exist (a link being deleted does, as DELETING)."""
    for backend in _backends():
        if (backend.account_id, backend.region_name) == (account_id, region):
            link = backend.link(link_id)
            if link is None:
                return None
            return LinkView(link.id, link.name, link.status, link.status_message, tuple(link.target_arns))
    return None


def vpc_link_v2(account_id: str, region: str, link_id: str) -> VpcLinkV2 | None:
    """The VPC link V2 of that id, with its interfaces there where they are due; None where it does not exist."""
    from moto.apigatewayv2.models import apigatewayv2_backends

    backend: Any = apigatewayv2_backends[account_id][region]
    link: VpcLinkV2 | None = backend.link(link_id)
    if link is not None and link.status == "AVAILABLE" and not link.interfaces:
        with locked():
            backend.settle()
    return link
