"""ImportRestApi and PutRestApi: an API from an OpenAPI 3.0 or Swagger 2.0 document with AWS's extensions.

What is imported: resources, methods with their parameters, responses and models, integrations, binary media types
and the resource policy. The reverse of `practice.apigateway.export`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import yaml

from practice.apigateway import integrations, methods
from practice.apigateway.errors import BadRequest, ServiceError
from practice.apigateway.snapshot import Method

if TYPE_CHECKING:
    from practice.apigateway.rest_apis import Resource, RestApi

__all__ = ["apply", "new_api", "parse"]

_ANY: Final = "x-amazon-apigateway-any-method"
_INTEGRATION: Final = "x-amazon-apigateway-integration"
_METHODS: Final = ("get", "put", "post", "delete", "patch", "options", "head", _ANY)
_LOCATIONS: Final = {"query": "querystring", "path": "path", "header": "header"}

Document = Mapping[str, Any]


def parse(text: str) -> Document:
    """The document in a request's body. Raise BadRequest for what is none (recorded: import-api-bad-yaml-file)."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        document = None
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & set(document)):
        raise BadRequest("Invalid OpenAPI input.")
    return document


def new_api(document: Document, query: Mapping[str, str]) -> dict[str, Any]:
    """CreateRestApi's request for a document; `query` may hold `endpointConfigurationTypes`."""
    info = document.get("info") or {}
    body: dict[str, Any] = {"name": info.get("title", "")}
    for member in ("description", "version"):
        if info.get(member):
            body[member] = str(info[member])
    types = query.get("endpointConfigurationTypes")
    if types:
        body["endpointConfiguration"] = {"types": types.split(",")}
    return body


def apply(api: RestApi, document: Document, *, overwrite: bool) -> None:
    """Put the document's resources and methods into the API; with `overwrite`, in the place of all that is there.

    Raise BadRequest for what cannot be put, naming the method and path (T: Testlio/lambda-tools#56).
    """
    if overwrite:
        root = api.resources[api.root_resource_id]
        root.methods.clear()
        api.resources.clear()
        api.resources[root.id] = root
    for name, schema in _schemas(document).items():
        api.add_model(name, "", json.dumps(schema), "application/json")
    if "x-amazon-apigateway-binary-media-types" in document:
        api.binaryMediaTypes = list(document["x-amazon-apigateway-binary-media-types"])
    if "x-amazon-apigateway-policy" in document:
        api.policy = json.dumps(document["x-amazon-apigateway-policy"])
    for path, operations in (document.get("paths") or {}).items():
        resource = _resource(api, path)
        shared = operations.get("parameters") or []
        for key in _METHODS:
            if key in operations:
                http_method = "ANY" if key == _ANY else key.upper()
                _put(api, resource, http_method, operations[key], shared)


def _resource(api: RestApi, path: str) -> Resource:
    """The resource of a path, made with all above it where it is not there."""
    by_path = {resource.path: resource for resource in api.resources.values()}
    here = api.resources[api.root_resource_id]
    for part in path.strip("/").split("/") if path != "/" else ():
        wanted = f"{here.path.rstrip('/')}/{part}"
        try:
            here = by_path.get(wanted) or api.create_resource(here.id, part)
        except ServiceError as refusal:
            raise _during_import(f"Unable to create resource at path '{wanted}': {refusal.message}") from refusal
    return here


def _put(api: RestApi, resource: Resource, http_method: str, operation: Document, shared: list[Any]) -> None:
    where = f"on '{http_method}' for resource at path '{resource.path}'"
    try:
        method = methods.method(http_method, _method_body(operation, shared), api)
    except ServiceError as refusal:
        raise _during_import(f"Unable to put method {where}: {refusal.message}") from refusal
    responses = dict(_method_responses(operation))
    method = replace(
        method,
        method_responses=MappingProxyType(
            {code: methods.method_response(code, body) for code, body in responses.items()}
        ),
    )
    extension = operation.get(_INTEGRATION)
    if extension is not None:
        try:
            method = _with_integration(method, extension, resource.id)
        except ServiceError as refusal:
            raise _during_import(f"Unable to put integration {where}: {refusal.message}") from refusal
    resource.methods[http_method] = method


def _method_body(operation: Document, shared: list[Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"authorizationType": "NONE", "requestParameters": {}, "requestModels": {}}
    if "operationId" in operation:
        body["operationName"] = operation["operationId"]
    for parameter in (*shared, *(operation.get("parameters") or ())):
        location = _LOCATIONS.get(parameter.get("in", ""))
        if location:
            name = f"method.request.{location}.{parameter['name']}"
            body["requestParameters"][name] = bool(parameter.get("required"))
        elif parameter.get("in") == "body" and (model := _model(parameter.get("schema"))):
            for content_type in operation.get("consumes") or ["application/json"]:
                body["requestModels"][content_type] = model
    for content_type, media in ((operation.get("requestBody") or {}).get("content") or {}).items():
        if model := _model(media.get("schema")):
            body["requestModels"][content_type] = model
    for requirement in operation.get("security") or ():
        if "api_key" in requirement:
            body["apiKeyRequired"] = True
        if "sigv4" in requirement:
            body["authorizationType"] = "AWS_IAM"
    return body


def _method_responses(operation: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for code, response in (operation.get("responses") or {}).items():
        if not str(code).isdecimal():
            continue
        body: dict[str, Any] = {}
        if headers := response.get("headers"):
            body["responseParameters"] = {f"method.response.header.{name}": False for name in headers}
        models = {
            content_type: model
            for content_type, media in (response.get("content") or {}).items()
            if (model := _model(media.get("schema")))
        }
        if model := _model(response.get("schema")):
            models |= dict.fromkeys(operation.get("produces") or ["application/json"], model)
        if models:
            body["responseModels"] = models
        yield str(code), body


def _with_integration(method: Method, extension: Document, resource_id: str) -> Method:
    members = dict(extension)
    members["type"] = str(members.get("type", "")).upper()
    if "passthroughBehavior" in members:
        members["passthroughBehavior"] = str(members["passthroughBehavior"]).upper()
    value = integrations.integration(members, method, resource_id)
    responses = {}
    for pattern, response in (extension.get("responses") or {}).items():
        code = str(response["statusCode"])
        body = dict(response)
        if pattern != "default":
            body["selectionPattern"] = pattern
        responses[code] = integrations.integration_response(code, body, method)
    return replace(method, integration=replace(value, integration_responses=MappingProxyType(responses)))


def _schemas(document: Document) -> Mapping[str, Any]:
    found = document.get("definitions") or (document.get("components") or {}).get("schemas") or {}
    return found if isinstance(found, dict) else {}


def _model(schema: Any) -> str | None:
    reference = schema.get("$ref", "") if isinstance(schema, dict) else ""
    return reference.rpartition("/")[2] or None


def _during_import(error: str) -> BadRequest:
    return BadRequest(f"Errors found during import:\n\t{error}")
