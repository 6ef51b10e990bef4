"""Who may call: the API's resource policy, the method's authorization, its API key, and how often.

What cannot be carried out on the loopback (a Lambda authorizer, a Cognito user pool) is answered as AWS answers when
it has no valid token or cannot call the authorizer; nothing is let in that AWS would not have been able to judge.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from practice import CREDENTIALS, clock, iam, policy
from practice.apigateway.snapshot import Api, Method, MethodSettings, Route, Snapshot
from practice.policy import Decision, decide

from .errors import ConfigurationError, GatewayError, Kind
from .journal import Journal
from .messages import Request

__all__ = ["authorize", "check_api_key", "check_policy", "reset", "throttle"]


# ---------------------------------------------------------------------------------------------- resource policy


def check_policy(api: Api, snapshot: Snapshot, stage: str, request: Request, *, signed: bool) -> None:
    """Judge the API's resource policy for a caller who is not signed in. Raise GatewayError (403).

    D "API Gateway resource policies affect authorization workflow": without a policy everybody may; with one, and no
    IAM authorization, only an explicit allow lets in.
    """
    if not snapshot.policy:
        return
    root = f"arn:aws:execute-api:{api.region}:{api.account_id}:{api.id}"
    resource = f"{root}/{stage}/{request.method}{request.path}"
    context = {"aws:sourceip": [request.source_ip]}
    if agent := request.headers.get("User-Agent"):
        context["aws:useragent"] = [agent]
    decision = decide([_for_everybody(snapshot.policy, root)], policy.Request("execute-api:Invoke", resource, context))
    if decision is Decision.EXPLICIT_DENY or (decision is Decision.IMPLICIT_DENY and not signed):
        masked = _masked(resource, api.account_id)
        explicit = " with an explicit deny" if decision is Decision.EXPLICIT_DENY else ""
        # T re:Post "api-gateway-403-error-lambda-authorizer", D "Troubleshoot your resource policy".
        message = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {masked}{explicit}"
        raise GatewayError(Kind.ACCESS_DENIED, message)


@lru_cache(maxsize=256)
def _for_everybody(text: str, root: str) -> Mapping[str, Any]:
    """The statements of a resource policy that are about everybody, with the ARNs that AWS lets one shorten in full."""
    try:
        document = json.loads(text)
    except ValueError:
        raise ConfigurationError("the API's resource policy cannot be read") from None
    statements = []
    for statement in _list(document.get("Statement")):
        if statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
            resources = [
                each.replace("execute-api:/", f"{root}/", 1) if each.startswith("execute-api:/") else each
                for each in _list(statement.get("Resource"))
            ]
            statements.append({**statement, "Resource": resources})
    return {"Statement": statements}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


# ------------------------------------------------------------------------------------------------ authorization


def authorize(api: Api, stage: str, method: Method, request: Request, journal: Journal) -> None:
    """Judge the method's authorization. Raise GatewayError."""
    kind = method.authorization_type
    if kind == "AWS_IAM":
        _check_caller(api, stage, request, _check_signature(request))
    elif kind in {"CUSTOM", "COGNITO_USER_POOLS"}:
        _check_token(api, method, request, journal)


def _check_token(api: Api, method: Method, request: Request, journal: Journal) -> None:
    authorizer = api.authorizer(method.authorizer_id or "") or {}
    journal.say(f"Starting authorizer: {method.authorizer_id} for request: {journal.request_id}")
    source = authorizer.get("identitySource") or "method.request.header.Authorization"
    for expression in source.split(","):
        place, _, name = expression.strip().removeprefix("method.request.").partition(".")
        present = name in request.headers if place == "header" else f"{name}=" in f"&{request.query}"
        if not present:
            # D "Lambda authorizer": a missing identity source is a 401 without a call of the function.
            journal.say(f"Unauthorized request: {journal.request_id}", error=True)
            raise GatewayError(Kind.UNAUTHORIZED)
    if method.authorization_type == "COGNITO_USER_POOLS":
        # There is no user pool here, so no token is one of its.
        journal.say(f"Unauthorized request: {journal.request_id}", error=True)
        raise GatewayError(Kind.UNAUTHORIZED)
    raise GatewayError(
        Kind.AUTHORIZER_CONFIGURATION,
        log="Execution failed due to configuration error: the practice account has no Lambda function to authorize",
    )


def _check_caller(api: Api, stage: str, request: Request, access_key_id: str) -> None:
    """AWS_IAM: what the caller's own policies allow, in the account's one way of judging it."""
    call = iam.Call(
        access_key_id=access_key_id,
        region=api.region,
        service="execute-api",
        method=request.method,
        path=request.path,
        body=request.body,
        headers={"token": request.headers.get("X-Amz-Security-Token") or ""},
        account_id=api.account_id,
    )
    resource = f"arn:aws:execute-api:{api.region}:{api.account_id}:{api.id}/{stage}/{request.method}{request.path}"
    try:
        message = iam.refusal(call, [policy.Request("execute-api:Invoke", resource)])
    except iam.UnknownCallerError:
        raise GatewayError(Kind.INVALID_TOKEN) from None
    if message is not None:
        # T: the account's number is masked here as in a resource policy's refusal.
        raise GatewayError(Kind.ACCESS_DENIED, message.replace(resource, _masked(resource, api.account_id)))


def _masked(arn: str, account_id: str) -> str:
    return arn.replace(account_id, "*" * 8 + account_id[-4:])


def _check_signature(request: Request) -> str:
    """AWS_IAM: Signature Version 4 by a key that the account knows. Answer its id."""
    authorization = request.headers.get("Authorization") or ""
    if not authorization.startswith("AWS4-HMAC-SHA256 "):
        raise GatewayError(Kind.MISSING_TOKEN)
    fields = dict(
        part.strip().partition("=")[::2] for part in authorization.removeprefix("AWS4-HMAC-SHA256 ").split(",")
    )
    scope = fields.get("Credential", "").split("/")
    secret = _secret_of(scope[0])
    if secret is None or len(scope) != 5:
        raise GatewayError(Kind.INVALID_TOKEN)
    if _signature(request, scope, fields.get("SignedHeaders", "").split(";"), secret) != fields.get("Signature"):
        raise GatewayError(
            Kind.INVALID_SIGNATURE,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )
    return scope[0]


def _signature(request: Request, scope: list[str], signed: list[str], secret: str) -> str:
    auth = SigV4Auth(Credentials(scope[0], secret), scope[3], scope[2])
    host = request.headers.get("Host") or ""
    # The canonical path is the one on the wire, encoded once more, as any service but S3 does it.
    copy = AWSRequest(request.method, f"https://{host}{request.target}", data=request.body)
    for name in signed:
        copy.headers[name] = ",".join(request.headers.all(name))
    copy.context["timestamp"] = request.headers.get("X-Amz-Date") or ""
    # Only what the caller signed takes part.
    auth.headers_to_sign = lambda _: copy.headers  # type: ignore[method-assign, assignment]
    canonical = auth.canonical_request(copy)
    return auth.signature(auth.string_to_sign(copy, canonical), copy)


def _secret_of(access_key_id: str) -> str | None:
    if access_key_id == CREDENTIALS.access_key_id:
        return CREDENTIALS.secret_access_key
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    for tokens in list(sts_backends.values()):
        for sts in list(tokens.values()):
            for session in list(sts.assumed_roles):
                if session.access_key_id == access_key_id:
                    return str(session.secret_access_key)

    for account in list(iam_backends.values()):
        for store in list(account.values()):
            for user in list(store.users.values()):
                for key in user.access_keys:
                    if key.access_key_id == access_key_id and key.status == "Active":
                        return str(key.secret_access_key)
    return None


# ------------------------------------------------------------------------------------------- API keys, throttling


def check_api_key(
    api: Api, stage: str, method: Method, snapshot: Snapshot, route: Route, request: Request, journal: Journal
) -> None:
    """Judge the API key where the method wants one. Raise GatewayError (403, 429)."""
    value = request.headers.get("X-API-Key") or ""
    shown, where = _starred(value), f"API Stage {api.id}/{stage}"
    journal.say(f"Verifying Usage Plan for request: {journal.request_id}. API Key: {shown} API Stage: {api.id}/{stage}")
    if not method.api_key_required:
        journal.say(
            f"API Key authorized because method '{request.method} {route.path}' does not require API Key. Request "
            "will not contribute to throttle or quota limits"
        )
        journal.say(f"Usage Plan check succeeded for API Key {shown} and {where}")
        return
    key = api.api_key(stage, value) if value and snapshot.api_key_source == "HEADER" else None
    if key is None:
        raise GatewayError(Kind.INVALID_API_KEY)
    if key.rate_limit is not None and not _buckets.take(
        ("key", key.usage_plan_id, key.id), key.rate_limit, float(key.burst_limit or 0)
    ):
        raise GatewayError(Kind.THROTTLED)
    journal.say("API Key authorized for request.")
    journal.say(f"Usage Plan check succeeded for API Key {shown} and {where}")


def _starred(value: str) -> str:
    return "*" * max(0, len(value) - 6) + value[-6:] if value else ""


def throttle(api: Api, stage: str, route: Route, method: Method, settings: MethodSettings) -> None:
    """Count the request against the method's limits on the account's clock. Raise GatewayError (429)."""
    if settings.throttling_rate_limit < 0:
        return
    key = ("method", api.id, stage, route.path, method.http_method)
    if not _buckets.take(key, settings.throttling_rate_limit, float(max(settings.throttling_burst_limit, 0))):
        raise GatewayError(Kind.THROTTLED)


class _Buckets:
    """Token buckets (D "Throttle requests to your REST APIs"): the rate fills them, the burst is how much they hold."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, ...], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: Iterable[str], rate: float, burst: float) -> bool:
        now = clock.current().time()
        name = tuple(key)
        with self._lock:
            level, since = self._levels.get(name, (burst, now))
            level = min(burst, level + max(0.0, now - since) * rate)
            allowed = level >= 1.0
            self._levels[name] = (level - 1.0 if allowed else level, now)
        return allowed

    def clear(self) -> None:
        with self._lock:
            self._levels.clear()


_buckets: Final = _Buckets()


def reset() -> None:
    """Forget what was counted."""
    _buckets.clear()
