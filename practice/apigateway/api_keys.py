"""API keys, as values: what a request makes of one, what a patch changes, and how it is answered.

R localstack test_apigateway_extended.snapshot.json (TestApigatewayApiKeysCrud): the limits and their words, which
answers hold the value and the tags, and the order of lists.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from practice import clock
from practice.apigateway.errors import BadRequest
from practice.apigateway.patch import Patch, as_bool, require_replace_of

__all__ = ["ApiKey"]

_LENGTH: Final = range(20, 129)
_LONGEST_NAME: Final = 1024
_LONGEST_DESCRIPTION: Final = 125_000
_ALPHABET: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key. Times are in AWS seconds since the epoch."""

    id: str
    value: str
    created: float
    updated: float
    name: str | None = None
    description: str | None = None
    enabled: bool = False
    customer_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, key_id: str, body: Mapping[str, Any]) -> ApiKey:
        """What CreateApiKey makes. Raise BadRequest for what it does not take."""
        now = clock.current().time()
        value = body.get("value") or "".join(secrets.choice(_ALPHABET) for _ in range(40))
        if len(value) < _LENGTH.start:
            raise BadRequest(f"API Key value should be at least {_LENGTH.start} characters")
        if len(value) >= _LENGTH.stop:
            raise BadRequest(f"API Key value exceeds maximum size of {_LENGTH.stop - 1} characters")
        return cls(
            key_id,
            value,
            now,
            now,
            _name(body.get("name")),
            _description(body.get("description")),
            bool(body.get("enabled")),
            body.get("customerId"),
            dict(body.get("tags") or {}),
        )

    def patched(self, patch: Patch) -> ApiKey:
        """The key after one patch of UpdateApiKey. Raise BadRequest for a path or operation that it lacks."""
        require_replace_of(patch, ("/description", "/enabled", "/name", "/customerId"))
        updated = clock.current().time()
        match patch.path:
            case "/description":
                return replace(self, updated=updated, description=_description(patch.value))
            case "/enabled":
                return replace(self, updated=updated, enabled=as_bool(patch.value))
            case "/name":
                return replace(self, updated=updated, name=_name(patch.value))
            case _:
                return replace(self, updated=updated, customer_id=patch.value)

    def to_json(self, *, with_value: bool, with_tags: bool) -> dict[str, Any]:
        """As the service answers it."""
        members = {
            "id": self.id,
            "value": self.value if with_value else None,
            "name": self.name,
            "description": self.description,
            "customerId": self.customer_id,
        }
        return {member: value for member, value in members.items() if value} | {
            "enabled": self.enabled,
            "createdDate": int(self.created),
            "lastUpdatedDate": int(self.updated),
            "stageKeys": [],
            **({"tags": dict(self.tags)} if with_tags else {}),
        }


def _name(name: str | None) -> str | None:
    if name and len(name) > _LONGEST_NAME:
        raise BadRequest(f"Invalid API Key name, can be at most {_LONGEST_NAME} characters.")
    return name or None


def _description(description: str | None) -> str | None:
    if description and len(description) > _LONGEST_DESCRIPTION:
        raise BadRequest("Invalid API Key description specified.")
    return description or None
