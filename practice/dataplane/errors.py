"""The refusals of the data plane and the gateway responses they become.

Statuses: AWS documentation, "Gateway response types". Messages and `x-amzn-ErrorType`: recorded on AWS where the
entry says R, otherwise as reported in public (T) or commonly known (K); `tests/practice/truth/UNKNOWN.md` lists what is
open.

    GatewayError            anything that becomes a gateway response; an API can customise its answer by type
    └── ConfigurationError  500; the caller sees "Internal server error", the log sees why
    NotPractised            what AWS would do and the practice account does not: answered plainly as such
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ConfigurationError", "GatewayError", "Kind", "NotPractised"]


@dataclass(frozen=True, slots=True)
class _Type:
    """What a type of gateway response answers when nobody customised it."""

    response_type: str
    status: int
    message: str | None
    error_type: str


class Kind:
    """The gateway responses that can come about here."""

    MISSING_TOKEN: Final = _Type(  # R test_routing_not_found
        "MISSING_AUTHENTICATION_TOKEN",
        403,
        "Missing Authentication Token",
        "MissingAuthenticationTokenException",
    )
    FORBIDDEN: Final = _Type("DEFAULT_4XX", 403, "Forbidden", "ForbiddenException")  # K: unknown API or stage
    INVALID_API_KEY: Final = _Type("INVALID_API_KEY", 403, "Forbidden", "ForbiddenException")  # K
    ACCESS_DENIED: Final = _Type("ACCESS_DENIED", 403, None, "AccessDeniedException")  # D, T
    UNAUTHORIZED: Final = _Type("UNAUTHORIZED", 401, "Unauthorized", "UnauthorizedException")  # D
    AUTHORIZER_CONFIGURATION: Final = _Type(  # K: the message is null
        "AUTHORIZER_CONFIGURATION_ERROR", 500, None, "AuthorizerConfigurationException"
    )
    INVALID_TOKEN: Final = _Type(  # K
        "INVALID_SIGNATURE",
        403,
        "The security token included in the request is invalid.",
        "UnrecognizedClientException",
    )
    INVALID_SIGNATURE: Final = _Type("INVALID_SIGNATURE", 403, None, "InvalidSignatureException")  # D
    THROTTLED: Final = _Type("THROTTLED", 429, "Too Many Requests", "TooManyRequestsException")  # D
    LIMIT_EXCEEDED: Final = _Type("QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException")  # D
    BAD_PARAMETERS: Final = _Type("BAD_REQUEST_PARAMETERS", 400, None, "BadRequestException")  # R
    BAD_BODY: Final = _Type("BAD_REQUEST_BODY", 400, "Invalid request body", "BadRequestException")  # R
    # D "Gateway response types": REQUEST_TOO_LARGE, 413; the words are T koki-develop/lgtm-generator#10's. Whether AWS
    # answers so for a body that is too large only when it is decompressed is not known.
    REQUEST_TOO_LARGE: Final = _Type(
        "REQUEST_TOO_LARGE", 413, "HTTP content length exceeded 10485760 bytes.", "RequestTooLargeException"
    )
    UNSUPPORTED_MEDIA: Final = _Type("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type", "BadRequestException")
    TIMEOUT: Final = _Type(  # T re:Post "api-gateway-504-errors"
        "INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", "InternalServerErrorException"
    )
    NETWORK: Final = _Type(  # D "INTEGRATION_FAILURE"
        "INTEGRATION_FAILURE",
        504,
        "Network error communicating with endpoint",
        "InternalServerErrorException",
    )
    CONFIGURATION: Final = _Type(  # R test_apigateway_header_remapping_http
        "API_CONFIGURATION_ERROR", 500, "Internal server error", "InternalServerErrorException"
    )


class GatewayError(Exception):
    """A request ends here, with a gateway response. `log` is the line the execution log gets, if any."""

    def __init__(self, kind: _Type, message: str | None = None, *, log: str | None = None) -> None:
        self.kind = kind
        self.message = kind.message if message is None else message
        self.log = log
        super().__init__(self.message or kind.response_type)


class ConfigurationError(GatewayError):
    """The API is built so that it cannot work. Only the log says why."""

    def __init__(self, why: str) -> None:
        super().__init__(Kind.CONFIGURATION, log=f"Execution failed due to configuration error: {why}")


class NotPractised(Exception):
    """AWS would carry this out; the practice account does not, and says so."""
