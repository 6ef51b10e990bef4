"""Authorizers of a REST API, as they are kept; who asks them is the data plane."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from practice.apigateway.errors import BadRequest
from practice.apigateway.patch import Patch, require_replace_of

__all__ = ["Authorizer", "check_uri"]

_URI: Final = re.compile(r"arn:aws[a-z-]*:apigateway:[a-z]+(-[a-z]+)+-\d+:lambda:path/[^/]+/functions/.+/invocations")
_TTLS: Final = range(3600 + 1)
_COGNITO: Final = "COGNITO_USER_POOLS"
_PATHS: Final = {
    "/authType": "auth_type",
    "/authorizerCredentials": "authorizer_credentials",
    "/authorizerResultTtlInSeconds": "authorizer_result_ttl",
    "/authorizerUri": "authorizer_uri",
    "/identitySource": "identity_source",
    "/identityValidationExpression": "identity_validation_expression",
    "/name": "name",
}


@dataclass(frozen=True, slots=True)
class Authorizer:
    """An authorizer."""

    id: str
    name: str
    type: str
    auth_type: str
    authorizer_result_ttl: int | None
    authorizer_uri: str | None = None
    authorizer_credentials: str | None = None
    identity_source: str | None = None
    identity_validation_expression: str | None = None
    provider_arns: tuple[str, ...] = ()

    @classmethod
    def of(cls, authorizer_id: str, members: Mapping[str, Any]) -> Authorizer:
        """The one that these members of CreateAuthorizer make. Raise BadRequest."""
        kind = members["type"]
        given = members.get("authorizerResultTtlInSeconds")
        # R localstack test_apigateway_import.snapshot.json: 300 unless given; D, AWS CLI reference, create-authorizer,
        # examples: Cognito's has none, and what `authType` is by default.
        default = None if kind == _COGNITO else 300
        return cls(
            authorizer_id,
            members["name"],
            kind,
            members.get("authType") or ("cognito_user_pools" if kind == _COGNITO else "custom"),
            default if given is None else _ttl(given),
            members.get("authorizerUri"),
            members.get("authorizerCredentials"),
            members.get("identitySource"),
            members.get("identityValidationExpression"),
            tuple(members.get("providerARNs") or ()),
        )

    def patched(self, patch: Patch) -> Authorizer:
        """The authorizer with one operation of UpdateAuthorizer carried out. Raise BadRequest."""
        if patch.path == "/providerARNs" and patch.op in ("add", "remove"):
            rest = tuple(arn for arn in self.provider_arns if arn != patch.value)
            return replace(self, provider_arns=(*rest, patch.value or "") if patch.op == "add" else rest)
        require_replace_of(patch, _PATHS)
        value: Any = patch.value
        match patch.path:
            case "/authorizerResultTtlInSeconds":
                value = _ttl(value)
            case "/authorizerUri":
                check_uri(self.type, value)
        return replace(self, **{_PATHS[patch.path]: value})

    def to_json(self) -> dict[str, Any]:
        """As GetAuthorizer answers."""
        optional = {
            "authorizerResultTtlInSeconds": self.authorizer_result_ttl,
            "authorizerUri": self.authorizer_uri,
            "authorizerCredentials": self.authorizer_credentials,
            "identitySource": self.identity_source,
            "identityValidationExpression": self.identity_validation_expression,
            "providerARNs": list(self.provider_arns) or None,
        }
        answer: dict[str, Any] = {"id": self.id, "name": self.name, "type": self.type, "authType": self.auth_type}
        return answer | {member: value for member, value in optional.items() if value is not None}


def check_uri(kind: str, uri: str | None) -> None:
    """Raise BadRequest where an authorizer of that kind is to call something that is no function."""
    if kind != _COGNITO and not _URI.fullmatch(uri or ""):
        # T: hashicorp/terraform-provider-aws#1757, serverless-heaven/serverless-aws-alias#101
        raise BadRequest(
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation."
        )


def _ttl(value: Any) -> int:
    """D, API reference: at most 3600; 0 is no caching. The words of the refusal are ours."""
    try:
        seconds = int(value)
    except (TypeError, ValueError):
        seconds = -1
    if seconds not in _TTLS:
        raise BadRequest(f"authorizerResultTtlInSeconds must be between 0 and {_TTLS[-1]}")
    return seconds
