"""API Gateway's refusals in its own words.

    ServiceError (moto's JsonRESTError: status, `x-amzn-ErrorType`, JSON body with `message`)
    ├── BadRequest            400 BadRequestException
    ├── Forbidden             403 AccessDeniedException
    ├── NotFound              404 NotFoundException
    ├── Conflict              409 ConflictException
    ├── ConstraintViolation   400 ValidationException (what the service's model forbids)
    └── WrongType             400 SerializationException

The status codes are botocore's (`apigateway/2015-07-09`, the exception shapes). Each message used by callers is
recorded on AWS or reported in public; `tests/practice/truth` holds the sources.
"""

from __future__ import annotations

import json

from moto.core.exceptions import JsonRESTError

__all__ = ["BadRequest", "Conflict", "ConstraintViolation", "Forbidden", "NotFound", "ServiceError", "WrongType"]


class ServiceError(JsonRESTError):
    """An error answer of API Gateway. AWS names the type in a header only; the body holds `message`."""

    error_code = "BadRequestException"

    def __init__(self, message: str) -> None:
        super().__init__(self.error_code, message)
        self.description = json.dumps({"message": message})


class BadRequest(ServiceError):
    """The request contradicts itself or the API it is made for."""


class Forbidden(ServiceError):
    """The request asks for what its caller may not hand on."""

    code = 403
    error_code = "AccessDeniedException"


class NotFound(ServiceError):
    """An id in the request names nothing."""

    code = 404
    error_code = "NotFoundException"


class Conflict(ServiceError):
    """Something of that name exists, or is still used."""

    code = 409
    error_code = "ConflictException"


class ConstraintViolation(ServiceError):
    """The request breaks the service's model: an enumeration, a pattern."""

    error_code = "ValidationException"


class WrongType(ServiceError):
    """A JSON value of a type that the service cannot turn into the member's."""

    error_code = "SerializationException"
