"""What API Gateway's own model refuses before an operation runs: wrong types, enumerations and patterns.

AWS answers all violations of a request at once, the body's members first and in the model's order, then those of
the path (recorded: localstack test_apigateway_api, `update-method-response-invalid-statuscode-and-wrong-op`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from practice.apigateway.errors import ConstraintViolation, WrongType

__all__ = ["check"]

# The order in which AWS names an enumeration's members is that of a hash table, so it can only be recorded.
# Where no recording is known the model's order is used (see UNKNOWN.md in tests/practice/truth).
_RECORDED_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "Op": ("add", "remove", "move", "test", "replace", "copy"),
    "IntegrationType": ("HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"),
    "EndpointType": ("PRIVATE", "EDGE", "REGIONAL"),
    "IpAddressType": ("ipv4", "dualstack"),
    "ApiKeySourceType": ("AUTHORIZER", "HEADER"),
    "AuthorizerType": ("TOKEN", "REQUEST", "COGNITO_USER_POOLS"),
    "GatewayResponseType": (
        "REQUEST_TOO_LARGE",
        "RESOURCE_NOT_FOUND",
        "AUTHORIZER_CONFIGURATION_ERROR",
        "MISSING_AUTHENTICATION_TOKEN",
        "BAD_REQUEST_BODY",
        "INVALID_SIGNATURE",
        "INVALID_API_KEY",
        "BAD_REQUEST_PARAMETERS",
        "AUTHORIZER_FAILURE",
        "UNAUTHORIZED",
        "INTEGRATION_TIMEOUT",
        "ACCESS_DENIED",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
        "WAF_FILTERED",
        "QUOTA_EXCEEDED",
        "THROTTLED",
        "API_CONFIGURATION_ERROR",
        "UNSUPPORTED_MEDIA_TYPE",
        "INTEGRATION_FAILURE",
        "EXPIRED_TOKEN",
    ),
}


def check(operation: OperationModel, uri: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """Refuse a request that the model of its operation forbids.

    `uri` holds the path's parameters under their names in the model's request URI, `body` the JSON object sent.

    Raise WrongType for the first value of a wrong JSON type, else ConstraintViolation for all that is left.
    """
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return
    prefix = f"{operation.name[0].lower()}{operation.name[1:]}Input"
    violations: list[str] = []
    in_path: list[str] = []
    for member, member_shape in shape.members.items():
        wire = member_shape.serialization.get("name", member)
        match member_shape.serialization.get("location"):
            case None if body.get(wire) is not None:
                violations += _violations(body[wire], member_shape, f"{prefix}.{member}")
            case None if member in shape.required_members and "payload" not in shape.serialization:
                # K: the words of AWS's common front end; no recording of them for API Gateway is known.
                violations.append(
                    f"Value null at '{prefix}.{member}' failed to satisfy constraint: Member must not be null"
                )
            case "uri" if wire in uri:
                in_path += _violations(uri[wire], member_shape, member)
    if found := violations + in_path:
        noun = "error" if len(found) == 1 else "errors"
        raise ConstraintViolation(f"{len(found)} validation {noun} detected: {'; '.join(found)}")


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if value is None:
        return
    match shape:
        case StructureShape():
            if isinstance(value, Mapping):
                for member, member_shape in shape.members.items():
                    wire = member_shape.serialization.get("name", member)
                    yield from _violations(value.get(wire), member_shape, f"{path}.{member}")
        case ListShape():
            if isinstance(value, list):
                yield from _list_violations(value, shape, path)
        case MapShape():
            if isinstance(value, Mapping):
                for key, item in value.items():
                    yield from _violations(item, shape.value, f"{path}.{key}.member")
        case StringShape():
            yield from _string_violations(value, shape, path)


def _list_violations(values: list[Any], shape: ListShape, path: str) -> Iterator[str]:
    member = shape.member
    if isinstance(member, StringShape) and member.enum:
        # A list of enumeration members is judged as one value (recorded: create-with-invalid-types).
        if any(value not in member.enum for value in values):
            shown = f"[{', '.join(map(str, values))}]"
            yield (
                f"Value '{shown}' at '{path}' failed to satisfy constraint: "
                f"Member must satisfy constraint: [{_enum(member)}]"
            )
        return
    for number, value in enumerate(values, start=1):
        yield from _violations(value, member, f"{path}.{number}.member")


def _string_violations(value: Any, shape: StringShape, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        raise WrongType(f"class {_java_class(value)} can not be converted to an String")
    if shape.enum and value not in shape.enum:
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: {_enum(shape)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


def _enum(shape: StringShape) -> str:
    members = _RECORDED_ORDER.get(shape.name, tuple(shape.enum))
    return f"Member must satisfy enum value set: [{', '.join(members)}]"


def _java_class(value: Any) -> str:
    """The class AWS's front end names for a JSON value (recorded for booleans and numbers; else the JDK's own)."""
    match value:
        case bool():
            return "java.lang.Boolean"
        case int() | float():
            return "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
        case list():
            return "java.util.ArrayList"
        case _:
            return "java.util.LinkedHashMap"
