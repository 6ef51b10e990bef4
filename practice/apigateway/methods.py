"""Methods and method responses: what a request makes of one, and what a patch changes.

What a method may refer to (authorizers, request validators, models) belongs to its API, which is asked through
`References`.
"""

# ruff: noqa: D102 - the members of References say what they are

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from practice.apigateway.errors import BadRequest, NotFound
from practice.apigateway.mapping import check_request_parameter_names
from practice.apigateway.patch import Patch, as_bool, require_op
from practice.apigateway.snapshot import Method, MethodResponse

__all__ = ["References", "method", "method_response", "patched_method", "patched_method_response"]

_HTTP_METHODS: Final = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
V = TypeVar("V")

_NEEDS_AUTHORIZER: Final = ("CUSTOM", "COGNITO_USER_POOLS")


class References(Protocol):
    """What of an API a method may name by id."""

    def has_authorizer(self, authorizer_id: str) -> bool: ...
    def has_request_validator(self, validator_id: str) -> bool: ...
    def has_model(self, name: str) -> bool: ...


def method(http_method: str, body: Mapping[str, Any], references: References) -> Method:
    """The method that PutMethod makes. Raise BadRequest for one AWS does not take."""
    if http_method not in _HTTP_METHODS:
        raise BadRequest(f"Invalid HttpMethod specified. Valid options are {','.join(_HTTP_METHODS)}")
    parameters = {name: bool(required) for name, required in (body.get("requestParameters") or {}).items()}
    check_request_parameter_names(parameters)
    return _checked(
        Method(
            http_method=http_method,
            authorization_type=body.get("authorizationType") or "NONE",
            authorizer_id=body.get("authorizerId"),
            authorization_scopes=tuple(body.get("authorizationScopes") or ()),
            api_key_required=bool(body.get("apiKeyRequired")),
            request_parameters=MappingProxyType(parameters),
            request_models=MappingProxyType(dict(body.get("requestModels") or {})),
            request_validator_id=body.get("requestValidatorId"),
            operation_name=body.get("operationName"),
        ),
        references,
    )


def patched_method(current: Method, patches: list[Patch], references: References) -> Method:
    """The method after all patches; what they refer to is judged at the end, as AWS does."""
    changed = current
    for patch in patches:
        changed = _patched(changed, patch)
    return _checked(changed, references)


def _patched(current: Method, patch: Patch) -> Method:
    value = patch.value
    match patch.segments:
        case ("requestParameters", name):
            require_op(patch, "add", "replace", "remove")
            parameters = dict(current.request_parameters)
            if patch.op == "remove":
                parameters.pop(name, None)
            else:
                parameters[name] = as_bool(value)
            check_request_parameter_names(parameters)
            return replace(current, request_parameters=MappingProxyType(parameters))
        case ("requestModels", content_type):
            require_op(patch, "add", "replace", "remove")
            models = dict(current.request_models)
            if patch.op == "remove":
                models.pop(content_type, None)
            else:
                models[content_type] = value or ""
            return replace(current, request_models=MappingProxyType(models))
        case ("authorizationScopes",):
            require_op(patch, "add", "remove")
            scopes = tuple(scope for scope in current.authorization_scopes if scope != value)
            return replace(current, authorization_scopes=scopes if patch.op == "remove" else (*scopes, value or ""))
        case ("authorizationType",):
            require_op(patch, "replace")
            return replace(current, authorization_type=value or "NONE")
        case ("authorizerId",):
            require_op(patch, "replace")
            return replace(current, authorizer_id=value or None)
        case ("apiKeyRequired",):
            require_op(patch, "replace")
            return replace(current, api_key_required=as_bool(value))
        case ("operationName",):
            require_op(patch, "replace")
            return replace(current, operation_name=value or None)
        case ("requestValidatorId",):
            require_op(patch, "replace")
            return replace(current, request_validator_id=value or None)
    raise BadRequest(f"Invalid patch path {patch.path}")


def _checked(checked: Method, references: References) -> Method:
    if checked.authorization_type not in _NEEDS_AUTHORIZER:
        # An authorizer named beside another type is ignored (recorded: skip-auth-id-with-wrong-type).
        checked = replace(checked, authorizer_id=None)
    elif not checked.authorizer_id or not references.has_authorizer(checked.authorizer_id):
        raise BadRequest(
            "Invalid authorizer ID specified. "
            "Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."
        )
    if checked.request_validator_id and not references.has_request_validator(checked.request_validator_id):
        raise BadRequest("Invalid Request Validator identifier specified")
    for model in checked.request_models.values():
        if not references.has_model(model):
            raise BadRequest(f"Invalid model identifier specified: {model}")
    return checked


def method_response(status_code: str, body: Mapping[str, Any]) -> MethodResponse:
    """The response that PutMethodResponse declares."""
    models = body.get("responseModels")
    parameters = body.get("responseParameters")
    return MethodResponse(
        status_code,
        None if models is None else MappingProxyType(dict(models)),
        None if parameters is None else MappingProxyType({name: bool(value) for name, value in parameters.items()}),
    )


def patched_method_response(current: MethodResponse, patch: Patch) -> MethodResponse:
    """The response after one patch. A map that a removal empties is no longer answered (recorded)."""
    match patch.segments:
        case ("responseParameters", name):
            parameters = dict(current.response_parameters or {})
            _patch_entry(parameters, name, as_bool(patch.value), patch, "Invalid parameter name specified")
            return replace(current, response_parameters=MappingProxyType(parameters) if parameters else None)
        case ("responseModels", content_type):
            models = dict(current.response_models or {})
            _patch_entry(models, content_type, patch.value or "", patch, "Content-Type specified was not found")
            return replace(current, response_models=MappingProxyType(models) if models else None)
    raise BadRequest(f"Invalid patch path {patch.path}")


def _patch_entry(entries: dict[str, V], key: str, value: V, patch: Patch, missing: str) -> None:
    require_op(patch, "add", "replace", "remove")
    if patch.op != "add" and key not in entries:
        raise NotFound(missing)
    if patch.op == "remove":
        del entries[key]
    else:
        entries[key] = value
