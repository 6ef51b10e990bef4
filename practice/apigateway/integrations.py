"""Integrations and their responses: what a request makes of one, and what a patch changes.

The values are frozen; each function answers a new one or refuses in AWS's words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from practice import ACCOUNT_ID
from practice.apigateway.errors import BadRequest, Forbidden, NotFound
from practice.apigateway.mapping import check_integration_parameters, check_integration_response_parameters
from practice.apigateway.patch import Patch, as_bool, require_op
from practice.apigateway.snapshot import Integration, IntegrationResponse, Method

__all__ = [
    "check_target",
    "integration",
    "integration_response",
    "patched_integration",
    "patched_integration_response",
]

# D: "Custom timeout between 50 and 29,000 milliseconds. The default value is 29,000 milliseconds or 29 seconds."
# A quota request raises the upper limit for regional and private APIs; a fresh account has not made one.
_TIMEOUT_MS: Final = range(50, 29_001)
_DEFAULT_TIMEOUT_MS: Final = 29_000

_HTTP_TYPES: Final = ("HTTP", "HTTP_PROXY")
_AWS_ARN: Final = re.compile(r"arn:[\w-]+:apigateway:[a-zA-Z0-9-]+:[a-zA-Z0-9.-]+:(?:path|action)/.*", re.DOTALL)
_CONTENT_TYPE: Final = re.compile(r"[\w.+*$-]+/[\w.+*;= -]+|\$default")


def integration(body: Mapping[str, Any], method: Method, resource_id: str) -> Integration:
    """The integration that PutIntegration makes for a method. Raise BadRequest for one AWS does not take."""
    kind = body["type"]
    http_method = body.get("httpMethod")
    uri = body.get("uri")
    connection_type = body.get("connectionType")
    if kind != "MOCK" and not http_method:
        raise BadRequest("Enumeration value for HttpMethod must be non-empty")
    _check_uri(kind, uri)
    _check_role(kind, uri, body.get("credentials"))
    if kind in _HTTP_TYPES and connection_type is None:
        connection_type = "INTERNET"
    parameters = body.get("requestParameters") or {}
    check_integration_parameters(parameters, method)
    templates = body.get("requestTemplates") or {}
    _check_content_types(templates)
    tls = body.get("tlsConfig")
    return Integration(
        type=kind,
        http_method=None if kind == "MOCK" else http_method,
        uri=uri,
        connection_type=connection_type,
        connection_id=body.get("connectionId"),
        integration_target=body.get("integrationTarget"),
        credentials=body.get("credentials"),
        request_parameters=MappingProxyType(dict(parameters)),
        request_templates=MappingProxyType({key: text or None for key, text in templates.items()}),
        passthrough_behavior=_passthrough(body.get("passthroughBehavior")),
        content_handling=body.get("contentHandling"),
        timeout_ms=_timeout(body.get("timeoutInMillis")),
        cache_namespace=body.get("cacheNamespace") or resource_id,
        cache_key_parameters=tuple(body.get("cacheKeyParameters") or ()),
        tls_insecure_skip_verification=None if tls is None else bool(tls.get("insecureSkipVerification")),
        response_transfer_mode=body.get("responseTransferMode"),
    )


def _check_role(kind: str, uri: str | None, credentials: str | None) -> None:
    """Raise what AWS raises for a role that is missing or another account's (R moto's test_put_integration_validation).

    A Lambda function may be called by its own policy instead of a role, and "arn:aws:iam::*:user/*" hands on the
    caller's identity (D: PutIntegration, credentials).
    """
    if credentials and not re.match(rf"arn:[\w-]+:iam::({ACCOUNT_ID}|\*):", credentials):
        raise Forbidden("Cross-account pass role is not allowed.")
    if kind == "AWS" and not credentials and ":lambda:path/" not in (uri or ""):
        raise BadRequest("Role ARN must be specified for AWS integrations")


def check_target(value: Integration, *, is_v2: bool) -> None:
    """Raise BadRequest for an integration over a link V2 (``is_v2``, by its own id) that names no load balancer."""
    if is_v2 and not value.integration_target:
        # T: hashicorp/terraform-provider-aws#45230, aws-controllers-k8s/community#2924
        raise BadRequest(f"IntegrationTarget is required for VpcLinkV2 {value.connection_id}.")


def patched_integration(current: Integration, patch: Patch, method: Method) -> Integration:
    """The integration after one patch. Raise BadRequest for a path or operation that UpdateIntegration lacks."""
    value = patch.value
    match patch.segments:
        case ("requestParameters", name):
            parameters = _patched_map(current.request_parameters, name, patch, "Invalid parameter name specified")
            check_integration_parameters(parameters, method)
            return replace(current, request_parameters=parameters)
        case ("requestTemplates", content_type):
            templates = _patched_map(
                current.request_templates, content_type, patch, "Content-Type specified was not found"
            )
            _check_content_types(templates)
            return replace(current, request_templates=templates)
        case ("cacheKeyParameters", name):
            require_op(patch, "add", "remove", "replace")
            rest = tuple(key for key in current.cache_key_parameters if key != name)
            return replace(current, cache_key_parameters=rest if patch.op == "remove" else (*rest, name))
        case ("uri",):
            require_op(patch, "replace")
            _check_uri(current.type, value)
            return replace(current, uri=value)
        case ("httpMethod",):
            require_op(patch, "replace")
            if not value:
                raise BadRequest("Enumeration value for HttpMethod must be non-empty")
            return replace(current, http_method=value)
        case ("timeoutInMillis",):
            require_op(patch, "replace")
            return replace(current, timeout_ms=_timeout(value))
        case ("passthroughBehavior",):
            require_op(patch, "replace")
            return replace(current, passthrough_behavior=_passthrough(value))
        case ("tlsConfig", "insecureSkipVerification"):
            require_op(patch, "replace")
            return replace(current, tls_insecure_skip_verification=as_bool(value))
        case (member,) if member in _PLAIN_MEMBERS:
            require_op(patch, "replace")
            if member == "credentials":
                _check_role(current.type, current.uri, value)
            change: dict[str, Any] = {_PLAIN_MEMBERS[member]: value or None}
            return replace(current, **change)
    raise BadRequest(f"Invalid patch path {patch.path}")


_PLAIN_MEMBERS: Final[Mapping[str, str]] = {
    "connectionId": "connection_id",
    "connectionType": "connection_type",
    "contentHandling": "content_handling",
    "credentials": "credentials",
    "cacheNamespace": "cache_namespace",
    "integrationTarget": "integration_target",
    "responseTransferMode": "response_transfer_mode",
}


def integration_response(status_code: str, body: Mapping[str, Any], method: Method) -> IntegrationResponse:
    """The response that PutIntegrationResponse makes. Raise BadRequest for one AWS does not take."""
    parameters = body.get("responseParameters")
    templates = body.get("responseTemplates")
    check_integration_response_parameters(parameters or {}, method.method_responses.get(status_code))
    _check_content_types(templates or {})
    return IntegrationResponse(
        status_code=status_code,
        selection_pattern=body.get("selectionPattern"),
        response_parameters=None if parameters is None else MappingProxyType(dict(parameters)),
        # An empty template is answered as null (recorded: put-integration-response-template-empty).
        response_templates=(
            None if templates is None else MappingProxyType({key: text or None for key, text in templates.items()})
        ),
        content_handling=body.get("contentHandling"),
    )


def patched_integration_response(current: IntegrationResponse, patch: Patch, method: Method) -> IntegrationResponse:
    """The response after one patch of UpdateIntegrationResponse."""
    match patch.segments:
        case ("responseParameters", name):
            parameters = _patched_map(
                current.response_parameters or {}, name, patch, "Invalid parameter name specified"
            )
            declared = method.method_responses.get(current.status_code)
            check_integration_response_parameters(parameters, declared)
            return replace(current, response_parameters=parameters)
        case ("responseTemplates", content_type):
            templates = _patched_map(
                current.response_templates or {}, content_type, patch, "Content-Type specified was not found"
            )
            _check_content_types(templates)
            return replace(current, response_templates=templates)
        case ("selectionPattern",):
            require_op(patch, "replace")
            return replace(current, selection_pattern=patch.value)
        case ("contentHandling",):
            require_op(patch, "replace")
            return replace(current, content_handling=patch.value or None)
    raise BadRequest(f"Invalid patch path {patch.path}")


def _patched_map(current: Mapping[str, Any], key: str, patch: Patch, missing: str) -> MappingProxyType[str, Any]:
    """A map member after one patch. Raise NotFound with `missing` for a key to remove or replace that is not there."""
    require_op(patch, "add", "remove", "replace")
    if patch.op != "add" and key not in current:
        raise NotFound(missing)
    changed = dict(current)
    if patch.op == "remove":
        del changed[key]
    else:
        changed[key] = patch.value
    return MappingProxyType(changed)


def _check_uri(kind: str, uri: str | None) -> None:
    match kind:
        case "HTTP" | "HTTP_PROXY":
            parts = urlsplit(uri or "")
            if parts.scheme not in ("http", "https") or not parts.netloc:
                raise BadRequest("Invalid HTTP endpoint specified for URI")
        case "AWS" | "AWS_PROXY":
            if not (uri or "").startswith("arn:"):
                raise BadRequest("Invalid ARN specified in the request")
            if not _AWS_ARN.fullmatch(uri or ""):
                raise BadRequest("AWS ARN for integration must contain path or action")
            service = (uri or "").split(":")[4]
            if kind == "AWS_PROXY" and service not in ("lambda", "firehose"):
                raise BadRequest(
                    "Integrations of type 'AWS_PROXY' currently only supports "
                    "Lambda function and Firehose stream invocations."
                )


def _timeout(value: Any) -> int:
    if value is None:
        return _DEFAULT_TIMEOUT_MS
    try:
        milliseconds = int(value)
    except ValueError:
        milliseconds = -1
    if milliseconds not in _TIMEOUT_MS:
        raise BadRequest(f"Timeout should be between {_TIMEOUT_MS.start} ms and {_TIMEOUT_MS[-1]} ms")
    return milliseconds


def _passthrough(value: str | None) -> str:
    # What AWS answers to another value is not known; see UNKNOWN.md.
    return value or "WHEN_NO_MATCH"


def _check_content_types(templates: Mapping[str, Any]) -> None:
    for content_type in templates:
        if not _CONTENT_TYPE.fullmatch(content_type):
            raise BadRequest(
                f"Validation Result: warnings : [], errors : [Invalid content type specified: {content_type}]"
            )
