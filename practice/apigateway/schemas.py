"""Models of a REST API: JSON schemas that a method's bodies are described by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from practice.apigateway.errors import BadRequest
from practice.apigateway.patch import Patch, require_replace_of

__all__ = ["Model"]

_PATHS: Final = ("/description", "/schema")


@dataclass(frozen=True, slots=True)
class Model:
    """A model. What is refused is recorded: localstack test_apigateway_api.snapshot.json TestApiGatewayApiModels."""

    id: str
    name: str
    schema: str
    content_type: str
    description: str | None = None

    @classmethod
    def of(cls, model_id: str, body: Mapping[str, Any]) -> Model:
        """CreateModel's. Raise BadRequest."""
        if not body.get("name"):
            raise BadRequest("Model name must be non-empty")
        schema, content_type = body.get("schema") or "", body["contentType"]
        _check_schema(schema, content_type)
        return cls(model_id, body["name"], schema, content_type, body.get("description"))

    def patched(self, patch: Patch) -> Model:
        """The model with one operation of UpdateModel carried out. Raise BadRequest."""
        require_replace_of(patch, _PATHS)
        if patch.path == "/description":
            return replace(self, description=patch.value)
        _check_schema(patch.value or "", self.content_type)
        return replace(self, schema=patch.value or "")

    def to_json(self) -> dict[str, Any]:
        """As GetModel answers."""
        answer = {"id": self.id, "name": self.name, "schema": self.schema, "contentType": self.content_type}
        return answer | ({"description": self.description} if self.description else {})


def _check_schema(schema: str, content_type: str) -> None:
    if not schema:
        raise BadRequest("Model schema must have at least 1 property or array items defined")
    if content_type != "application/json":
        return
    try:
        right = isinstance(json.loads(schema), dict)
    except ValueError:
        right = False
    if not right:
        # T: boto/boto3#435, amazon-archives/aws-apigateway-importer#75
        raise BadRequest(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]"
        )
