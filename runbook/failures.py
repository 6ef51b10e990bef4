"""An exception in words an operator can act on."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from runbook.aws import REGION, SERVICE, code_of, on_loopback
from runbook.command_line import aws
from runbook.errors import RunbookError
from runbook.granting import action_of, assembled, lacking
from runbook.permissions import Permission
from runbook.quotas import (
    RequestQuota,
    ResourceQuota,
    is_limit,
    is_throttled,
    request_quota,
    resource_quotas,
)

__all__ = ["explained", "is_denied"]

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_INVALID_LOGIN = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "OptInRequired",
    }
)
# What a wrong clock is answered with; some are answers to other mistakes too.
_SIGNED_AT_THE_WRONG_TIME = frozenset(
    {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed", "AuthFailure"}
)
_CLOCK_MAY_BE_OFF = 240.0  # seconds; AWS accepts five minutes
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation"})


def explained(
    error: BaseException,
    *,
    step: str = "",
    stack: str = "",
    region: str = "",
    permissions: Sequence[Permission] = (),
) -> str:
    """One or a few sentences: what happened, and what to do about it.

    Where it happened, if that is known, makes the permission that is lacking more precise; it is looked for among
    ``permissions``, those that the steps or the command declare.
    """
    if isinstance(error, RunbookError):
        return str(error)
    if isinstance(error, ClientError):
        return _explain_answer(error, step, stack, region, permissions)
    if isinstance(error, SSOTokenLoadError | UnauthorizedSSOTokenError | TokenRetrievalError):
        return "The SSO login has expired. Renew it with: aws sso login (add --profile NAME for a named profile)."
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "No AWS credentials were found. Log in (aws sso login, or aws configure), or name a profile."
    if isinstance(error, CredentialRetrievalError):
        return f"The AWS credentials could not be read: {error}. Renew the login of this profile."
    if isinstance(error, EndpointConnectionError):
        url = str(error.kwargs.get("endpoint_url", ""))
        if on_loopback(url):
            at = "/".join(url.split("/")[:3])
            return f"Nothing answers at {at}. A practice account ends when it is stopped, or idle for an hour."
        return f"{error}. Check the network, and that the region exists and is enabled for the account."
    if isinstance(error, BotoCoreError):
        return f"AWS could not be asked: {error}"
    return f"{type(error).__name__}: {error}"


def _explain_answer(error: ClientError, step: str, stack: str, region: str, permissions: Sequence[Permission]) -> str:
    code = code_of(error)
    region = region or str(error.response.get("ResponseMetadata", {}).get(REGION, ""))
    message = str(error.response.get("Error", {}).get("Message", "")).strip()
    operation = error.operation_name
    if code in _SIGNED_AT_THE_WRONG_TIME and abs(ahead := _clock_ahead(error)) > _CLOCK_MAY_BE_OFF:
        return (
            f"This machine's clock is {round(abs(ahead) / 60)} minutes {'fast' if ahead > 0 else 'slow'}, "
            f"and AWS accepts five ({code}). Set it, and run this again: it goes on from here."
        )
    if code in _EXPIRED:
        return (
            f"The login has expired ({code}). Renew it (aws sso login, or new temporary credentials) "
            "and run this again: it goes on from here."
        )
    if code in _INVALID_LOGIN:
        where = f"region {region}" if region else "the region"
        command = aws("account", "enable-region", region_name=region) if region else ""
        enable = f" ({command})" if command else ""
        return (
            f"AWS does not accept the credentials, or {where} is not enabled for the account: {message.rstrip('.')} "
            f"({code}). Renew the login, or enable the region{enable}, and run this again."
        )
    if code in _DENIED:
        return _denied(operation, message, step, stack, region, permissions)
    answered = f"{operation}: {message or 'no message'} ({code})"
    service = str(error.response.get("ResponseMetadata", {}).get(SERVICE, ""))
    if is_limit(code, message):
        return f"{answered}. {_full(resource_quotas(service, operation, code), region)}"
    if is_throttled(code, message, error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)):
        return f"{answered}. {_crowded(request_quota(service, operation))}"
    return answered


def _full(quotas: Sequence[ResourceQuota], region: str) -> str:
    """What to do about an account that holds as many of a kind as it may."""
    if not quotas:
        return (
            "The account holds as many of these as its quota allows; which quota that is we do not know. Look in the "
            "console under Service Quotas, delete what is no longer needed or ask for more, and run this again."
        )
    named = "This is the quota " + " or ".join(map(str, quotas))
    looks = [
        aws(
            "service-quotas",
            "get-service-quota",
            service_code=quota.service,
            quota_code=quota.code,
            region=region or None,
        )
        for quota in quotas
        if quota.code
    ]
    look = f" The value in force: {looks[0]}." if len(looks) == 1 and looks[0] else ""
    raising = " or ask for more in Service Quotas" if any(quota.adjustable for quota in quotas) else ""
    return f"{named}.{look} Delete what is no longer needed{raising}, and run this again: it goes on from here."


def _crowded(quota: RequestQuota) -> str:
    """What to do when the account's quota had no room for so long."""
    return (
        f"The account's quota ({quota}) is used up by others, and was waited for {round(quota.patience / 60)} minutes. "
        "Run this again when there is less going on in the account: it goes on from here."
    )


def _clock_ahead(error: ClientError) -> float:
    """By how many seconds this machine's clock is ahead of AWS's, as far as the answer tells; else 0."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def is_denied(error: BaseException) -> bool:
    """Whether AWS refused it because the caller lacks a permission."""
    return isinstance(error, ClientError) and code_of(error) in _DENIED


_REFUSAL = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>\S+))?")


def _denied(operation: str, message: str, step: str, stack: str, region: str, permissions: Sequence[Permission]) -> str:
    # EC2 appends an encoded blob of up to a thousand characters that says nothing to a person.
    said = re.sub(r"\s*Encoded authorization failure message:\s*\S+", "", message) or operation
    needed = f" (step {step} needs it)" if step else ""
    refusal = _REFUSAL.search(said)
    statements = assembled(permissions)
    action = refusal["action"] if refusal else action_of(statements, operation)  # EC2 may name none in plain words
    if not action:
        return f"Not allowed: {said}{needed}"
    resource = (refusal["resource"] or "").rstrip(".") if refusal else ""
    statement = lacking(statements, action, resource, stack, region)
    said = said if refusal else f"{action}: {said}"
    return f"Not allowed: {said.rstrip('.')}{needed}. Statement to add to the caller's policy: {json.dumps(statement)}"
