"""GetExport: what a stage has deployed, as OpenAPI 3.0 (`oas30`) or Swagger 2.0 (`swagger`).

The shapes are those of the exports recorded on AWS (localstack test_export_swagger_openapi and
test_export_oas30_openapi). `extensions=apigateway` adds the integrations. Members that hold AWS's default (a timeout
of 29 s, connection type INTERNET) are left out, as recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import yaml

from practice.apigateway.errors import BadRequest
from practice.apigateway.snapshot import Integration, Method, MethodResponse, Route, Snapshot

if TYPE_CHECKING:
    from practice.apigateway.rest_apis import RestApi

__all__ = ["document", "filename"]

_DEFAULT_TIMEOUT_MS: Final = 29_000
_LOCATIONS: Final = {"querystring": "query", "path": "path", "header": "header"}


def document(
    api: RestApi, stage_name: str, export_type: str, query: Mapping[str, str], accept: str | None
) -> tuple[str, str]:
    """The exported text and whether it is `yaml` or `json`.

    Raise BadRequest for a kind of export that is not offered, NotFound for a stage that is not there.
    """
    stage = api.stage(stage_name)
    if export_type not in _DIALECTS:
        raise BadRequest(f"No API exporter for type '{export_type}'")
    deployment = api.deployment(stage.deployment_id)
    exporter = _Exporter(
        api=api,
        snapshot=deployment.snapshot,
        dialect=_DIALECTS[export_type],
        extensions="apigateway" in query.get("extensions", "").split(","),
    )
    exported = exporter.export(stage_name, version(api, stage_name))
    if accept == "application/yaml":
        return yaml.safe_dump(exported, sort_keys=False), "yaml"
    return json.dumps(exported, indent=2), "json"


def version(api: RestApi, stage_name: str) -> str:
    """The API's own version, else when what the stage shows was deployed."""
    if api.version:
        return api.version
    created = api.deployment(api.stage(stage_name).deployment_id).created
    return datetime.fromtimestamp(int(created), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def filename(api: RestApi, stage_name: str, export_type: str, extension: str) -> str:
    """The name AWS gives the download (recorded: `oas30_1.0.0.json`)."""
    return f"{export_type}_{version(api, stage_name)}.{extension}"


class _Dialect(Protocol):
    """What differs between Swagger 2.0 and OpenAPI 3.0."""

    def frame(self, info: dict[str, Any], host: str, stage_name: str) -> dict[str, Any]: ...
    def parameter(self, name: str, location: str, *, required: bool) -> dict[str, Any]: ...
    def models(self, method: Method) -> dict[str, Any]: ...
    def response(self, response: MethodResponse) -> dict[str, Any]: ...
    def components(self, schemas: Mapping[str, Any], security: Mapping[str, Any]) -> dict[str, Any]: ...


class _Swagger:
    def frame(self, info: dict[str, Any], host: str, stage_name: str) -> dict[str, Any]:
        return {"swagger": "2.0", "info": info, "host": host, "basePath": f"/{stage_name}", "schemes": ["https"]}

    def parameter(self, name: str, location: str, *, required: bool) -> dict[str, Any]:
        return {"name": name, "in": location, "required": required, "type": "string"}

    def models(self, method: Method) -> dict[str, Any]:
        body = [
            {"in": "body", "name": model, "required": True, "schema": {"$ref": f"#/definitions/{model}"}}
            for model in dict.fromkeys(method.request_models.values())
        ]
        found: dict[str, Any] = {"parameters": body} if body else {}
        if method.request_models:
            found["consumes"] = list(method.request_models)
        produces = dict.fromkeys(
            content_type
            for response in method.method_responses.values()
            for content_type in response.response_models or ()
        )
        if produces:
            found["produces"] = list(produces)
        return found

    def response(self, response: MethodResponse) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": f"{response.status_code} response"}
        for model in (response.response_models or {}).values():
            answer["schema"] = {"$ref": f"#/definitions/{model}"}
        if headers := _headers(response):
            answer["headers"] = {name: {"type": "string"} for name in headers}
        return answer

    def components(self, schemas: Mapping[str, Any], security: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if security:
            found["securityDefinitions"] = dict(security)
        if schemas:
            found["definitions"] = dict(schemas)
        return found


class _OpenApi:
    def frame(self, info: dict[str, Any], host: str, stage_name: str) -> dict[str, Any]:
        server = {"url": f"https://{host}/{{basePath}}", "variables": {"basePath": {"default": stage_name}}}
        return {"openapi": "3.0.1", "info": info, "servers": [server]}

    def parameter(self, name: str, location: str, *, required: bool) -> dict[str, Any]:
        parameter: dict[str, Any] = {"name": name, "in": location}
        if required:
            parameter["required"] = True
        return parameter | {"schema": {"type": "string"}}

    def models(self, method: Method) -> dict[str, Any]:
        if not method.request_models:
            return {}
        content = {
            content_type: {"schema": {"$ref": f"#/components/schemas/{model}"}}
            for content_type, model in method.request_models.items()
        }
        return {"requestBody": {"content": content, "required": True}}

    def response(self, response: MethodResponse) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": f"{response.status_code} response"}
        if headers := _headers(response):
            answer["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
        answer["content"] = {
            content_type: {"schema": {"$ref": f"#/components/schemas/{model}"}}
            for content_type, model in (response.response_models or {}).items()
        }
        return answer

    def components(self, schemas: Mapping[str, Any], security: Mapping[str, Any]) -> dict[str, Any]:
        components: dict[str, Any] = {}
        if schemas:
            components["schemas"] = dict(schemas)
        if security:
            components["securitySchemes"] = dict(security)
        return {"components": components}


_DIALECTS: Final[Mapping[str, _Dialect]] = {"swagger": _Swagger(), "oas30": _OpenApi()}


class _Exporter:
    def __init__(self, *, api: RestApi, snapshot: Snapshot, dialect: _Dialect, extensions: bool) -> None:
        self._api = api
        self._snapshot = snapshot
        self._dialect = dialect
        self._extensions = extensions
        self._security: dict[str, Any] = {}

    def export(self, stage_name: str, version: str) -> dict[str, Any]:
        info = {"title": self._api.name, "version": version}
        if self._api.description:
            info["description"] = self._api.description
        host = f"{self._api.id}.execute-api.{self._api.region_name}.amazonaws.com"
        exported = self._dialect.frame(info, host, stage_name)
        exported["paths"] = {
            route.path: {_operation_key(method): self._operation(route, method) for method in route.methods.values()}
            for route in self._snapshot.routes.values()
            if route.methods
        }
        exported |= self._dialect.components(self._schemas(), self._security)
        if self._extensions:
            exported |= self._root_extensions()
        return exported

    def _operation(self, route: Route, method: Method) -> dict[str, Any]:
        operation: dict[str, Any] = {}
        if method.operation_name:
            operation["operationId"] = method.operation_name
        models = self._dialect.models(method)
        parameters = [*self._parameters(route, method), *models.pop("parameters", ())]
        operation |= models
        if parameters:
            operation["parameters"] = parameters
        if method.method_responses:
            operation["responses"] = {
                code: self._dialect.response(response) for code, response in method.method_responses.items()
            }
        elif isinstance(self._dialect, _Swagger):
            operation["responses"] = {}
        if security := list(self._security_of(method)):
            operation["security"] = security
        if self._extensions and method.integration is not None:
            operation["x-amazon-apigateway-integration"] = _integration(method.integration)
        return operation

    def _parameters(self, route: Route, method: Method) -> Iterator[dict[str, Any]]:
        declared = {}
        for name, required in method.request_parameters.items():
            _, _, location, short = name.split(".", 3)
            declared[short, _LOCATIONS[location]] = required
        for segment in route.path.split("/"):
            if segment.startswith("{"):
                declared[segment.strip("{}").rstrip("+"), "path"] = True
        for (short, location), required in declared.items():
            yield self._dialect.parameter(short, location, required=required)

    def _security_of(self, method: Method) -> Iterator[dict[str, list[str]]]:
        if method.authorization_type == "AWS_IAM":
            self._security["sigv4"] = {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
            }
            yield {"sigv4": []}
        elif method.authorizer_id in self._api.authorizers:
            authorizer = self._api.authorizers[method.authorizer_id]
            name = str(authorizer.name)
            scheme: dict[str, Any] = {
                "type": "apiKey",
                "name": (authorizer.identity_source or "Unused").rpartition(".")[2],
                "in": "header",
                "x-amazon-apigateway-authtype": (
                    "cognito_user_pools" if authorizer.type == "COGNITO_USER_POOLS" else "custom"
                ),
            }
            if self._extensions:
                scheme["x-amazon-apigateway-authorizer"] = {
                    member: value
                    for member, value in (
                        ("type", str(authorizer.type).lower()),
                        ("authorizerUri", authorizer.authorizer_uri),
                        ("authorizerResultTtlInSeconds", authorizer.authorizer_result_ttl),
                        ("identitySource", authorizer.identity_source),
                        ("providerARNs", authorizer.provider_arns),
                    )
                    if value is not None
                }
            self._security[name] = scheme
            yield {name: list(method.authorization_scopes)}
        if method.api_key_required:
            self._security["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
            yield {"api_key": []}

    def _schemas(self) -> dict[str, Any]:
        used = {
            model
            for _, method in self._snapshot.methods()
            for model in (
                *method.request_models.values(),
                *(
                    name
                    for response in method.method_responses.values()
                    for name in (response.response_models or {}).values()
                ),
            )
        }
        return {
            name: {key: value for key, value in json.loads(model.schema or "{}").items() if key != "$schema"}
            for name, model in self._api.models.items()
            if name in used
        }

    def _root_extensions(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._snapshot.gateway_responses:
            found["x-amazon-apigateway-gateway-responses"] = {
                name: {
                    "statusCode": response.status_code,
                    "responseParameters": dict(response.response_parameters),
                    "responseTemplates": dict(response.response_templates),
                }
                for name, response in self._snapshot.gateway_responses.items()
            }
        if self._snapshot.policy:
            found["x-amazon-apigateway-policy"] = json.loads(self._snapshot.policy)
        if self._snapshot.binary_media_types:
            found["x-amazon-apigateway-binary-media-types"] = list(self._snapshot.binary_media_types)
        return found


def _operation_key(method: Method) -> str:
    return "x-amazon-apigateway-any-method" if method.http_method == "ANY" else method.http_method.lower()


def _headers(response: MethodResponse) -> list[str]:
    return [name.removeprefix("method.response.header.") for name in response.response_parameters or ()]


def _integration(integration: Integration) -> dict[str, Any]:
    responses = {
        response.selection_pattern or "default": {
            member: value
            for member, value in (
                ("statusCode", response.status_code),
                ("responseParameters", dict(response.response_parameters or {})),
                ("responseTemplates", dict(response.response_templates or {})),
                ("contentHandling", response.content_handling),
            )
            if value
        }
        for response in integration.integration_responses.values()
    }
    private = integration.connection_type == "VPC_LINK"
    members: tuple[tuple[str, Any], ...] = (
        ("type", integration.type.lower()),
        ("credentials", integration.credentials),
        ("connectionId", integration.connection_id),
        ("httpMethod", integration.http_method),
        ("uri", integration.uri),
        ("responses", responses),
        ("requestParameters", dict(integration.request_parameters)),
        ("requestTemplates", dict(integration.request_templates)),
        ("passthroughBehavior", integration.passthrough_behavior.lower()),
        ("connectionType", "VPC_LINK" if private else None),
        ("integrationTarget", integration.integration_target),
        (
            "timeoutInMillis",
            None if integration.timeout_ms == _DEFAULT_TIMEOUT_MS else integration.timeout_ms,
        ),
        ("cacheNamespace", integration.cache_namespace if integration.cache_key_parameters else None),
        ("cacheKeyParameters", list(integration.cache_key_parameters)),
        ("contentHandling", integration.content_handling),
        (
            "tlsConfig",
            None
            if integration.tls_insecure_skip_verification is None
            else {"insecureSkipVerification": integration.tls_insecure_skip_verification},
        ),
    )
    return {member: value for member, value in members if value}
