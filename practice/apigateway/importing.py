"""ImportRestApi and PutRestApi: an API from a document with AWS's extensions.

Imported are resources, methods with parameters, responses, models, guards and validators, integrations, gateway
responses, media types, the resource policy and the API's own settings. Documentation parts are refused. What AWS
recorded: localstack test_apigateway_import.snapshot.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from practice.apigateway import gateway_responses, integrations, methods
from practice.apigateway.authorizers import Authorizer
from practice.apigateway.errors import BadRequest, ServiceError
from practice.apigateway.openapi import Document, Operation, declared_parameters
from practice.apigateway.snapshot import Method, RequestValidator

if TYPE_CHECKING:
    from practice.apigateway.rest_apis import Resource, RestApi

__all__ = ["apply", "new_api"]

_EXTENSION: Final = "x-amazon-apigateway-"
_MODELS_URL: Final = "https://apigateway.amazonaws.com/restapis/{api_id}/models/"


def new_api(document: Document, query: Mapping[str, str]) -> dict[str, Any]:
    """CreateRestApi's request for a document; ``query`` may hold ``endpointConfigurationTypes``."""
    body: dict[str, Any] = {"name": str(document.info.get("title") or "")}
    for member in ("description", "version"):
        if document.info.get(member):
            body[member] = str(document.info[member])
    endpoint: dict[str, Any] = {}
    if types := query.get("endpointConfigurationTypes"):
        endpoint["types"] = types.split(",")
    if ids := document.endpoint_configuration.get("vpcEndpointIds"):
        endpoint["vpcEndpointIds"] = ids
    return body | ({"endpointConfiguration": endpoint} if endpoint else {})


def apply(
    api: RestApi, document: Document, *, overwrite: bool, base_path: str = "ignore", fail_on_warnings: bool = False
) -> list[str]:
    """Put the document into the API, and answer the warnings; ``overwrite`` puts it in the place of all that is there.

    Raise BadRequest for what cannot be put, naming the method and path (T: Testlio/lambda-tools#56), and for
    warnings where these are to fail; NotImplementedError for what the account does not carry out.
    """
    if document.member(f"{_EXTENSION}documentation"):
        raise NotImplementedError("documentation parts are not part of the practice account")
    if base_path not in ("ignore", "prepend", "split"):
        raise BadRequest(f"Invalid base path mode specified: {base_path}")  # words unknown
    importing = _Import(api, document)
    if overwrite:
        _clear(api)
    importing.settings()
    importing.models()
    importing.validators()
    importing.authorizers()
    importing.gateway_responses()
    for path in document.paths(base_path):
        importing.resource(path)
    for operation in document.operations(base_path):
        importing.method(operation)
    if importing.warnings and fail_on_warnings:
        raise BadRequest("Warnings found during import:\n\t" + "\n\t".join(importing.warnings))
    return importing.warnings


def _clear(api: RestApi) -> None:
    root = api.resources[api.root_resource_id]
    root.methods.clear()
    api.resources.clear()
    api.resources[root.id] = root
    for kept in (api.models, api.authorizers, api.request_validators, api.gateway_responses):
        kept.clear()
    api.binaryMediaTypes = []


@dataclass
class _Import:
    """One document on its way into one API."""

    api: RestApi
    document: Document
    warnings: list[str] = field(default_factory=list)

    # What is the API's as a whole ---------------------------------------------------------------------------------

    def settings(self) -> None:
        api, info = self.api, self.document.info
        if info.get("title"):
            api.name = str(info["title"])
        for member in ("description", "version"):
            if info.get(member):
                setattr(api, member, str(info[member]))
        for media_type in self.document.member(f"{_EXTENSION}binary-media-types") or ():
            if media_type not in api.binaryMediaTypes:
                api.binaryMediaTypes = [*api.binaryMediaTypes, str(media_type)]
        if (policy := self.document.member(f"{_EXTENSION}policy")) is not None:
            api.policy = json.dumps(policy)
        if source := self.document.member(f"{_EXTENSION}api-key-source"):
            api.api_key_source = str(source).upper()
        if (size := self.document.member(f"{_EXTENSION}minimum-compression-size")) is not None:
            api.minimum_compression_size = int(size)
        if (off := self.document.endpoint_configuration.get("disableExecuteApiEndpoint")) is not None:
            api.disableExecuteApiEndpoint = bool(off)

    def models(self) -> None:
        for name, schema in self.document.schemas.items():
            description = schema.get("description", "") if isinstance(schema, dict) else ""
            self.api.add_model(name, str(description), json.dumps(self._with_urls(schema)), "application/json")

    def _with_urls(self, schema: Any) -> Any:
        """A schema whose references to models are by their URLs, as API Gateway keeps them."""
        if isinstance(schema, list):
            return [self._with_urls(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        return {
            key: _MODELS_URL.format(api_id=self.api.id) + value.rpartition("/")[2]
            if key == "$ref" and isinstance(value, str)
            else self._with_urls(value)
            for key, value in schema.items()
        }

    def validators(self) -> None:
        for name, flags in (self.document.member(f"{_EXTENSION}request-validators") or {}).items():
            known = self._validator(name)
            self.api.request_validators.pop(known or "", None)
            made = self.api.new_request_validator({"name": name, **flags})
            if known:  # of the same name: changed, and its id stays
                del self.api.request_validators[made.id]
                self.api.request_validators[known] = replace(made, id=known)

    def _validator(self, name: str) -> str | None:
        found: Iterator[RequestValidator] = (each for each in self.api.request_validators.values() if each.name == name)
        return next((each.id for each in found), None)

    def authorizers(self) -> None:
        for name, scheme in self.document.security_schemes.items():
            if definition := scheme.get(f"{_EXTENSION}authorizer"):
                self._authorizer(name, scheme, definition)

    def _authorizer(self, name: str, scheme: Mapping[str, Any], definition: Mapping[str, Any]) -> None:
        kind = str(definition.get("type", "")).upper()
        known = next((each.id for each in self.api.authorizers.values() if each.name == name), None)
        # A request authorizer names its sources; of the others the scheme's header is the source.
        source = definition.get("identitySource")
        if source is None and kind != "REQUEST":
            source = f"method.request.header.{scheme.get('name', 'Authorization')}"
        members: dict[str, Any] = {
            "name": name,
            "type": kind,
            "authType": str(scheme.get(f"{_EXTENSION}authtype") or "custom"),
            "providerARNs": definition.get("providerARNs"),
            "authorizerUri": definition.get("authorizerUri"),
            "authorizerCredentials": definition.get("authorizerCredentials"),
            "identitySource": source,
            "identityValidationExpression": definition.get("identityValidationExpression"),
            "authorizerResultTtlInSeconds": definition.get("authorizerResultTtlInSeconds"),
        }
        self.api.new_authorizer(members, known)

    def gateway_responses(self) -> None:
        for kind, response in (self.document.member(f"{_EXTENSION}gateway-responses") or {}).items():
            if kind not in gateway_responses.DEFAULT_STATUSES:
                raise _during_import(f"Unable to put gateway response '{kind}': Invalid gateway response type")
            status = response.get("statusCode")
            body = {**response, "statusCode": None if status is None else str(status)}
            self.api.put_gateway_response(kind, body)

    # Resources and methods ----------------------------------------------------------------------------------------

    def resource(self, path: str) -> Resource:
        """The resource of a path, made with all above it where it is not there."""
        by_path = {resource.path: resource for resource in self.api.resources.values()}
        here = self.api.resources[self.api.root_resource_id]
        for part in path.strip("/").split("/") if path.strip("/") else ():
            wanted = f"{here.path.rstrip('/')}/{part}"
            try:
                here = by_path.get(wanted) or self.api.create_resource(here.id, part)
            except ServiceError as refusal:
                raise _during_import(f"Unable to create resource at path '{wanted}': {refusal.message}") from refusal
        return here

    def method(self, operation: Operation) -> None:
        resource = self.resource(operation.path)
        where = f"on '{operation.http_method}' for resource at path '{resource.path}'"
        try:
            method = methods.method(operation.http_method, self._method_body(operation), self.api)
        except ServiceError as refusal:
            raise _during_import(f"Unable to put method {where}: {refusal.message}") from refusal
        responses = {
            code: methods.method_response(code, body) for code, body in self._method_responses(operation.parts)
        }
        method = replace(method, method_responses=MappingProxyType(responses))
        extension = self.document.followed(operation.parts.get(f"{_EXTENSION}integration"))
        if extension is not None:
            try:
                method = self._with_integration(method, extension, resource)
            except ServiceError as refusal:
                raise _during_import(f"Unable to put integration {where}: {refusal.message}") from refusal
        resource.methods[operation.http_method] = method

    def _method_body(self, operation: Operation) -> dict[str, Any]:
        parts = operation.parts
        body: dict[str, Any] = {"requestParameters": declared_parameters(operation), "requestModels": {}}
        if "operationId" in parts:
            body["operationName"] = parts["operationId"]
        for parameter in operation.parameters:
            if parameter.get("in") == "body" and (model := _model(parameter.get("schema"))):
                for content_type in parts.get("consumes") or self.document.member("consumes") or ["application/json"]:
                    body["requestModels"][content_type] = model
        request_body = self.document.followed(parts.get("requestBody")) or {}
        for content_type, media in (request_body.get("content") or {}).items():
            if model := _model(media.get("schema")):
                body["requestModels"][content_type] = model
        validator = parts.get(f"{_EXTENSION}request-validator") or self.document.member(
            f"{_EXTENSION}request-validator"
        )
        if validator:
            # One that the document does not define is refused as an id that names none.
            body["requestValidatorId"] = self._validator(str(validator)) or str(validator)
        return body | self._guard(parts)

    def _guard(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        """What the method asks of its callers: its own ``security``, else the document's."""
        guard: dict[str, Any] = {"authorizationType": "NONE"}
        if auth := parts.get(f"{_EXTENSION}auth"):
            guard["authorizationType"] = str(auth.get("type") or "NONE")
        requirements = parts["security"] if "security" in parts else self.document.member("security")
        for requirement in requirements or ():
            for name, scopes in requirement.items():
                guard |= self._required(name, scopes or [])
        return guard

    def _required(self, name: str, scopes: list[str]) -> dict[str, Any]:
        scheme = self.document.security_schemes.get(name, {})
        authorizer: Authorizer | None = next(
            (each for each in self.api.authorizers.values() if each.name == name), None
        )
        if authorizer is not None:
            cognito = authorizer.type == "COGNITO_USER_POOLS"
            return {
                "authorizationType": "COGNITO_USER_POOLS" if cognito else "CUSTOM",
                "authorizerId": authorizer.id,
                **({"authorizationScopes": scopes} if scopes else {}),
            }
        if str(scheme.get(f"{_EXTENSION}authtype", "")).lower() == "awssigv4":
            return {"authorizationType": "AWS_IAM"}
        if scheme.get("type") == "apiKey" and str(scheme.get("name", "")).lower() == "x-api-key":
            return {"apiKeyRequired": True}
        return {}

    def _method_responses(self, parts: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for code, reference in (parts.get("responses") or {}).items():
            if not str(code).isdecimal():
                continue
            response = self.document.followed(reference) or {}
            body: dict[str, Any] = {}
            if headers := response.get("headers"):
                body["responseParameters"] = {f"method.response.header.{name}": False for name in headers}
            models = {
                content_type: model
                for content_type, media in (response.get("content") or {}).items()
                if (model := _model(media.get("schema")))
            }
            if model := _model(response.get("schema")):
                produces = parts.get("produces") or self.document.member("produces") or ["application/json"]
                models |= dict.fromkeys(produces, model)
            if models:
                body["responseModels"] = models
            yield str(code), body

    def _with_integration(self, method: Method, extension: Mapping[str, Any], resource: Resource) -> Method:
        members = dict(extension)
        members["type"] = str(members.get("type", "")).upper()
        for member in ("passthroughBehavior", "contentHandling"):
            if member in members:
                members[member] = str(members[member]).upper()
        members["requestParameters"] = self._texts(method, resource, members.get("requestParameters") or {})
        value = integrations.integration(members, method, resource.id)
        responses = {}
        for pattern, response in (extension.get("responses") or {}).items():
            code = str(response.get("statusCode", ""))
            body = dict(response)
            if pattern != "default":
                body["selectionPattern"] = pattern
            responses[code] = integrations.integration_response(code, body, method)
        return replace(method, integration=replace(value, integration_responses=MappingProxyType(responses)))

    def _texts(self, method: Method, resource: Resource, parameters: Mapping[str, Any]) -> dict[str, str]:
        """The parameters that are texts; others are left out with a warning (R put-rest-api-oas30-srv-url)."""
        for name, value in parameters.items():
            if not isinstance(value, str):
                self.warnings.append(
                    f"Invalid format for 'requestParameters'. Expected type string for property '{name}' of resource "
                    f"'{resource.path}' and method '{method.http_method}' but got '{json.dumps(value)}'"
                )
        return {name: value for name, value in parameters.items() if isinstance(value, str)}


def _model(schema: Any) -> str | None:
    reference = schema.get("$ref", "") if isinstance(schema, dict) else ""
    return str(reference).rpartition("/")[2] or None


def _during_import(error: str) -> BadRequest:
    return BadRequest(f"Errors found during import:\n\t{error}")
