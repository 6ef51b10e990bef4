"""Mapping expressions: which names and values API Gateway takes in parameter mappings.

Sources: the developer guide's parameter mapping reference (D); the messages from localstack's recordings (R) and
from aws-cdk#17318, amazon-archives/aws-apigateway-importer#104, #121, #209 (T).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from practice.apigateway.errors import BadRequest
from practice.apigateway.snapshot import Method, MethodResponse

__all__ = [
    "check_integration_parameters",
    "check_integration_response_parameters",
    "check_request_parameter_names",
]

_NAME = r"[a-zA-Z0-9._$:\-]+"
_METHOD_REQUEST: Final = re.compile(
    rf"method\.request\.(?:querystring|multivaluequerystring|path|header|multivalueheader)\.({_NAME})"
)
_DECLARED: Final = re.compile(rf"method\.request\.(?:querystring|path|header)\.({_NAME})")
_INTEGRATION_REQUEST: Final = re.compile(rf"integration\.request\.(?:querystring|path|header)\.{_NAME}")
_METHOD_RESPONSE: Final = re.compile(rf"method\.response\.header\.{_NAME}")
_LITERAL: Final = re.compile(r"'[^']*'")
_ANYWHERE: Final = rf"(?:stageVariables\.\w+|context\.{_NAME})"
_REQUEST_VALUE: Final = re.compile(rf"{_METHOD_REQUEST.pattern}|method\.request\.body(?:\..+)?|{_ANYWHERE}")
_RESPONSE_VALUE: Final = re.compile(
    rf"integration\.response\.(?:header|multivalueheader)\.{_NAME}|integration\.response\.body(?:\..+)?|{_ANYWHERE}"
)


def check_request_parameter_names(names: Iterable[str]) -> None:
    """Refuse what a method cannot declare.

    Raise BadRequest for a malformed name, and for one name in two of query string, header and path.
    """
    seen: set[str] = set()
    for name in names:
        found = _DECLARED.fullmatch(name)
        if found is None:
            raise _invalid_expression(name)
        if found[1] in seen:
            raise BadRequest("Parameter names must be unique across querystring, header and path")
        seen.add(found[1])


def check_integration_parameters(parameters: Mapping[str, str | None], method: Method) -> None:
    """Refuse a request mapping that is malformed or takes a parameter the method does not declare."""
    for target, value in _expressions(parameters):
        if not _INTEGRATION_REQUEST.fullmatch(target):
            raise _invalid_expression(target)
        if _LITERAL.fullmatch(value):
            continue
        if not _REQUEST_VALUE.fullmatch(value):
            raise _invalid_expression(value)
        if _METHOD_REQUEST.fullmatch(value) and _single_valued(value) not in method.request_parameters:
            raise _undeclared(value)


def check_integration_response_parameters(
    parameters: Mapping[str, str | None], method_response: MethodResponse | None
) -> None:
    """Refuse a response mapping that is malformed or sets a header the method response does not declare."""
    if parameters and method_response is None:
        raise _mapping_error("No method response exists for method.")
    for target, value in _expressions(parameters):
        if not _METHOD_RESPONSE.fullmatch(target):
            raise _mapping_error("Invalid mapping identifier specified")
        if method_response is not None and target not in (method_response.response_parameters or {}):
            raise _undeclared(target)
        if not (_LITERAL.fullmatch(value) or _RESPONSE_VALUE.fullmatch(value)):
            raise _invalid_expression(value)


def _expressions(parameters: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """A mapping's targets and values; one that a patch left without a value has `null`, which is no expression."""
    for target, value in parameters.items():
        yield target, "null" if value is None else value


def _single_valued(name: str) -> str:
    """`multivalueheader.X` is the same declared parameter as `header.X`."""
    return name.replace(".multivalue", ".", 1)


def _invalid_expression(expression: str) -> BadRequest:
    return _mapping_error(f"Invalid mapping expression specified: {expression}")


def _undeclared(parameter: str) -> BadRequest:
    return _mapping_error(f"Invalid mapping expression parameter specified: {parameter}")


def _mapping_error(error: str) -> BadRequest:
    return BadRequest(f"Invalid mapping expression specified: Validation Result: warnings : [], errors : [{error}]")
