"""Gateway responses: what API Gateway answers by itself, AWS's defaults and what an API puts in their place.

Defaults and their inheritance are recorded (localstack test_gateway_response_crud, test_gateway_response_put,
test_update_gateway_response).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from practice.apigateway.errors import BadRequest, NotFound
from practice.apigateway.patch import Patch
from practice.apigateway.snapshot import GatewayResponse

__all__ = ["DEFAULT_STATUSES", "effective", "gateway_response", "patched", "to_json"]

_TEMPLATE: Final = MappingProxyType({"application/json": '{"message":$context.error.messageString}'})

# None: DEFAULT_4XX and DEFAULT_5XX have no status of their own.
DEFAULT_STATUSES: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "ACCESS_DENIED": "403",
        "API_CONFIGURATION_ERROR": "500",
        "AUTHORIZER_CONFIGURATION_ERROR": "500",
        "AUTHORIZER_FAILURE": "500",
        "BAD_REQUEST_BODY": "400",
        "BAD_REQUEST_PARAMETERS": "400",
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
        "EXPIRED_TOKEN": "403",
        "INTEGRATION_FAILURE": "504",
        "INTEGRATION_TIMEOUT": "504",
        "INVALID_API_KEY": "403",
        "INVALID_SIGNATURE": "403",
        "MISSING_AUTHENTICATION_TOKEN": "403",
        "QUOTA_EXCEEDED": "429",
        "REQUEST_TOO_LARGE": "413",
        "RESOURCE_NOT_FOUND": "404",
        "THROTTLED": "429",
        "UNAUTHORIZED": "401",
        "UNSUPPORTED_MEDIA_TYPE": "415",
        "WAF_FILTERED": "403",
    }
)


def effective(response_type: str, customised: Mapping[str, GatewayResponse]) -> GatewayResponse:
    """The response of a type: the API's own, else what its DEFAULT_4XX or DEFAULT_5XX makes of AWS's default."""
    if response_type in customised:
        return customised[response_type]
    status = DEFAULT_STATUSES[response_type]
    family = customised.get(f"DEFAULT_{status[0]}XX") if status else None
    if family is None:
        return GatewayResponse(response_type, status, MappingProxyType({}), _TEMPLATE)
    return replace(family, response_type=response_type, status_code=family.status_code or status)


def gateway_response(response_type: str, body: Mapping[str, Any]) -> GatewayResponse:
    """The response that PutGatewayResponse makes; what is not given is AWS's default (recorded)."""
    return GatewayResponse(
        response_type,
        body.get("statusCode") or DEFAULT_STATUSES[response_type],
        MappingProxyType(dict(body.get("responseParameters") or {})),
        MappingProxyType(dict(body.get("responseTemplates") or _TEMPLATE)),
    )


def patched(current: GatewayResponse, patch: Patch) -> GatewayResponse:
    """The response after one patch of UpdateGatewayResponse."""
    match patch.segments:
        case ("statusCode",) if patch.op == "replace":
            return replace(current, status_code=patch.value)
        case ("responseParameters", name):
            return replace(current, response_parameters=_entry(current.response_parameters, name, patch))
        case ("responseTemplates", content_type):
            return replace(current, response_templates=_entry(current.response_templates, content_type, patch))
    raise BadRequest(f"Invalid patch path {patch.path}")


def _entry(entries: Mapping[str, str], key: str, patch: Patch) -> Mapping[str, str]:
    if patch.op != "remove" and not patch.value:
        raise BadRequest(f"Invalid null or empty value in {patch.segments[0]}")
    if patch.op != "add" and key not in entries:
        raise NotFound("Invalid parameter name specified")
    rest = {name: value for name, value in entries.items() if name != key}
    return MappingProxyType(rest if patch.op == "remove" else rest | {key: patch.value or ""})


def to_json(response: GatewayResponse, *, customised: bool) -> dict[str, Any]:
    """As GetGatewayResponse answers."""
    answer: dict[str, Any] = {
        "responseType": response.response_type,
        "defaultResponse": not customised,
        "responseParameters": dict(response.response_parameters),
        "responseTemplates": dict(response.response_templates),
    }
    if response.status_code:
        answer["statusCode"] = response.status_code
    return answer
