"""OpenAPI 3.0 and Swagger 2.0 documents, read: their parts with references followed, whichever of the two they are.

What is made of them is in `practice.apigateway.importing`; the reverse is `practice.apigateway.export`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from practice import documents
from practice.apigateway.errors import BadRequest

__all__ = ["Document", "Operation", "declared_parameters", "parse"]

_ANY: Final = "x-amazon-apigateway-any-method"
_METHODS: Final = ("get", "put", "post", "delete", "patch", "options", "head", _ANY)
_LOCATIONS: Final = {"query": "querystring", "path": "path", "header": "header"}
_DEEPEST_REFERENCE: Final = 32


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    path: str
    """With the base path before it, where that was asked for."""
    http_method: str
    parts: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    """Its own and the path's, references followed."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document and where in it references lead."""

    root: Mapping[str, Any]

    def member(self, name: str) -> Any:
        """An extension at the top, such as ``x-amazon-apigateway-policy``; None where there is none."""
        return self.root.get(name)

    @property
    def info(self) -> Mapping[str, Any]:
        """Title, version and description."""
        return _mapping(self.root.get("info"))

    @property
    def schemas(self) -> Mapping[str, Any]:
        """The models, by name."""
        return _mapping(self.root.get("definitions") or self._components.get("schemas"))

    @property
    def security_schemes(self) -> Mapping[str, Any]:
        """What a method may ask of its callers, by name."""
        return _mapping(self.root.get("securityDefinitions") or self._components.get("securitySchemes"))

    @property
    def endpoint_configuration(self) -> Mapping[str, Any]:
        """``x-amazon-apigateway-endpoint-configuration``: at the top (Swagger) or of the server (OpenAPI 3)."""
        name = "x-amazon-apigateway-endpoint-configuration"
        return _mapping(self._server.get(name) or self.root.get(name))

    def operations(self, base_path: str) -> Iterator[Operation]:
        """All operations; ``base_path`` is ``ignore``, ``prepend`` or ``split``, and says what their paths begin with.

        D "Set the OpenAPI basePath property"; R test_import_rest_apis_with_base_path_swagger, .._oas30.
        """
        before = self._before_paths(base_path)
        for path, item in _mapping(self.root.get("paths")).items():
            found = _mapping(self.followed(item))
            shared = found.get("parameters") or ()
            for key in _METHODS:
                if key in found:
                    parts = _mapping(found[key])
                    own = parts.get("parameters") or ()
                    parameters = tuple(_mapping(self.followed(each)) for each in (*shared, *own))
                    http_method = "ANY" if key == _ANY else key.upper()
                    whole = f"{before}{path}" if path != "/" or not before else before
                    yield Operation(whole, http_method, parts, parameters)

    def paths(self, base_path: str) -> Iterator[str]:
        """All paths, those without an operation too."""
        before = self._before_paths(base_path)
        for path in _mapping(self.root.get("paths")):
            yield f"{before}{path}" if path != "/" or not before else before

    def followed(self, part: Any) -> Any:
        """A part of the document, or what its ``$ref`` leads to within the document.

        Raise BadRequest for a reference that leads nowhere (AWS's words are unknown).
        """
        for _ in range(_DEEPEST_REFERENCE):
            reference = part.get("$ref") if isinstance(part, dict) else None
            if not isinstance(reference, str):
                return part
            part = self._at(reference)
        raise BadRequest("Errors found during import:\n\tA reference leads to itself")

    def _at(self, reference: str) -> Any:
        here: Any = self.root
        for segment in reference.removeprefix("#/").split("/"):
            key = segment.replace("~1", "/").replace("~0", "~")
            if not reference.startswith("#/") or not isinstance(here, dict) or key not in here:
                raise BadRequest(f"Errors found during import:\n\tUnable to resolve reference '{reference}'")
            here = here[key]
        return here

    def _before_paths(self, how: str) -> str:
        segments = [segment for segment in self._base_path.split("/") if segment]
        match how:
            case "prepend":
                kept = segments
            case "split":
                kept = segments[1:]
            case _:
                kept = []
        return "".join(f"/{segment}" for segment in kept)

    @property
    def _base_path(self) -> str:
        """Swagger's ``basePath``; OpenAPI 3's variable of that name, else the path of its server."""
        if "swagger" in self.root:
            return str(self.root.get("basePath") or "")
        variable = _mapping(_mapping(self._server.get("variables")).get("basePath"))
        return str(variable.get("default") or urlsplit(str(self._server.get("url") or "")).path)

    @property
    def _server(self) -> Mapping[str, Any]:
        servers = self.root.get("servers")
        return _mapping(servers[0]) if isinstance(servers, list) and servers else {}

    @property
    def _components(self) -> Mapping[str, Any]:
        return _mapping(self.root.get("components"))


def parse(text: str) -> Document:
    """The document in a request's body. Raise BadRequest for what is none (recorded: import-api-bad-yaml-file)."""
    root = documents.read(text)
    if not isinstance(root, dict) or not ({"openapi", "swagger"} & set(root)):
        raise BadRequest("Invalid OpenAPI input.")
    return Document(root)


def declared_parameters(operation: Operation) -> dict[str, bool]:
    """The method's request parameters, each with whether it is required.

    A path's variables are, declared or not (R test_import_and_validate_rest_api[swagger-mock-cors.json]).
    """
    found = {
        f"method.request.path.{segment[1:-1].rstrip('+')}": True
        for segment in operation.path.split("/")
        if segment.startswith("{") and segment.endswith("}")
    }
    for parameter in operation.parameters:
        if (location := _LOCATIONS.get(str(parameter.get("in", "")))) and "name" in parameter:
            name = f"method.request.{location}.{parameter['name']}"
            found[name] = location == "path" or bool(parameter.get("required"))
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
