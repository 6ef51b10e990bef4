"""Request validators: required parameters, and bodies against models.

R test_apigateway_common.py::TestApiGatewayCommon::test_api_gateway_request_validator and
…_with_ref_models; D "Request validation for REST APIs".
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT4

from practice.apigateway.snapshot import Method, Snapshot

from .errors import GatewayError, Kind
from .messages import Request, decoded_query
from .routing import Match

__all__ = ["validate"]


def validate(api_id: str, match: Match, snapshot: Snapshot, request: Request) -> None:
    """Judge a request by its method's validator, if it has one. Raise GatewayError (400)."""
    validator = snapshot.validators.get(match.method.request_validator_id or "")
    if validator is None:
        return
    if validator.parameters and (missing := _missing(match, request)):
        message = f"Missing required request parameters: [{', '.join(missing)}]"
        raise GatewayError(Kind.BAD_PARAMETERS, message, log=message)
    if validator.body and not _body_fits(api_id, match.method, snapshot, request):
        raise GatewayError(Kind.BAD_BODY, log="Request body does not match model schema")


def _missing(match: Match, request: Request) -> list[str]:
    query = decoded_query(request.query)
    missing = []
    for expression, required in sorted(match.method.request_parameters.items()):
        place, _, name = expression.removeprefix("method.request.").partition(".")
        match place:
            case "path":
                there = name in match.path_parameters
            case "header":
                there = bool(request.headers.exactly(name))
            case _:
                there = name in query
        if required and not there:
            missing.append(name)
    return missing


def _body_fits(api_id: str, method: Method, snapshot: Snapshot, request: Request) -> bool:
    """Whether the body fits the model of its content type; one without a model is not judged (D)."""
    media_type = (request.headers.get("Content-Type") or "application/json").partition(";")[0].strip()
    # Not at the top: where Jupyter is installed, jsonschema compiles a grammar of URLs, for seconds.
    import jsonschema  # type: ignore[import-untyped]

    models = method.request_models
    name = models.get(media_type, models.get("$default"))
    if name is None:
        return True
    try:
        instance = json.loads(request.body or b"{}")
        _validator(api_id, name, frozenset(snapshot.models.items())).validate(instance)
    except (ValueError, jsonschema.ValidationError, jsonschema.SchemaError, Unresolvable):
        return False
    return True


@lru_cache(maxsize=256)
def _validator(api_id: str, name: str, models: frozenset[tuple[str, str]]) -> Any:
    """A validator of the model. Models name one another by their URLs."""
    import jsonschema
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]

    schemas = {key: json.loads(text) for key, text in models}
    registry: Registry[Any] = Registry().with_resources(
        (f"https://apigateway.amazonaws.com/restapis/{api_id}/models/{key}", DRAFT4.create_resource(schema))
        for key, schema in schemas.items()
    )
    schema = schemas.get(name, {})
    return validator_for(schema, default=jsonschema.Draft4Validator)(schema, registry=registry)
