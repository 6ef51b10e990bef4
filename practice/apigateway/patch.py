"""Patch operations, as API Gateway's Update operations take them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from practice.apigateway.errors import BadRequest

__all__ = ["Patch", "as_bool", "patches", "require_op", "require_replace_of"]


@dataclass(frozen=True, slots=True)
class Patch:
    """One operation. `segments` are the path's parts with `~1` and `~0` unescaped (RFC 6901)."""

    op: str
    path: str
    value: str | None
    from_path: str | None

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts, unescaped."""
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in self.path.split("/")[1:])

    def entry_of(self, member: str) -> str | None:
        """The key this patches in the map `member` (`/variables/X` → `X`), or None when it is another path."""
        match self.segments:
            case (first, key) if first == member:
                return key
        return None


def patches(body: Mapping[str, Any]) -> Sequence[Patch]:
    """The request's operations.

    Raise BadRequest "Invalid patch path null" for one without a path (recorded: update-gateway-no-path).
    """
    found = []
    for operation in body.get("patchOperations") or ():
        path = operation.get("path")
        if path is None:
            raise BadRequest("Invalid patch path null")
        found.append(Patch(operation.get("op", ""), path, operation.get("value"), operation.get("from")))
    return found


def require_op(patch: Patch, *allowed: str) -> None:
    """Refuse an operation that a known path does not take (recorded for UpdateRestApi and UpdateMethod)."""
    if patch.op not in allowed:
        raise BadRequest(f"Invalid patch operation specified. Must be one of: [{', '.join(allowed)}]")


def require_replace_of(patch: Patch, paths: Collection[str]) -> None:
    """Refuse all but `replace` of the given paths, in the words of UpdateResource, UpdateModel and UpdateApiKey."""
    if patch.op != "replace":
        raise BadRequest(
            f"Invalid patch path  '{patch.path}' specified for op '{patch.op}'. Please choose supported operations"
        )
    if patch.path not in paths:
        raise BadRequest(
            f"Invalid patch path  '{patch.path}' specified for op 'replace'. Must be one of: [{', '.join(paths)}]"
        )


def as_bool(value: str | None) -> bool:
    """API Gateway reads every text but `true` as false (recorded: wrong-value-type)."""
    return (value or "").lower() == "true"
