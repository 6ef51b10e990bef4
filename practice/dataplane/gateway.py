"""Turning a refusal into the answer, with the API's own gateway responses where it has some (D "Gateway responses")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from practice.apigateway.snapshot import GatewayResponse

from .errors import GatewayError, Kind, NotPractised
from .mapping import Sources
from .messages import Headers, Response
from .templates import render

__all__ = ["described", "refuse", "respond"]


def respond(error: GatewayError, customised: Mapping[str, GatewayResponse], sources: Sources | None = None) -> Response:
    """The answer to a request that ended in `error`. `sources` is what a customised answer may quote: its context
    holds the error as `described`.
    """
    custom = _find(error, customised)
    if custom is None or sources is None:
        response = Response(error.kind.status, _json_headers(), _default_body(error))
    else:
        try:
            response = _customised(error, custom, sources)
        except NotPractised as limit:
            return refuse(limit)
    response.headers.set("x-amzn-ErrorType", error.kind.error_type)
    return response


def described(error: GatewayError) -> dict[str, Any]:
    """`$context.error` (D "Variables for data transformations")."""
    return {
        "message": error.message or "",
        "messageString": json.dumps(error.message),
        "responseType": error.kind.response_type,
        "validationErrorString": "",
    }


def refuse(limit: NotPractised) -> Response:
    """What the practice account cannot do, said in its own name: AWS would not answer this."""
    headers = _json_headers()
    headers.set("X-Practice-Refused", "true")
    return Response(501, headers, json.dumps({"message": f"Not practised: {limit}"}).encode())


def _json_headers() -> Headers:
    return Headers([("Content-Type", "application/json")])


def _customised(error: GatewayError, custom: GatewayResponse, sources: Sources) -> Response:
    response = Response(int(custom.status_code or error.kind.status), _json_headers(), _default_body(error))
    if custom.response_templates:
        media, template = _choose(custom.response_templates, sources.headers.get("Accept"))
        response.headers.set("Content-Type", media)
        response.body = render(template, sources, sources.body).encode()
    for target, expression in custom.response_parameters.items():
        try:
            value = sources.value(expression)
        except GatewayError:
            # The body that the expression reads may be what the request was refused for.
            value = None
        if value is not None:
            response.headers.set(target.removeprefix("gatewayresponse.header."), value)
    return response


def _find(error: GatewayError, customised: Mapping[str, GatewayResponse]) -> GatewayResponse | None:
    own = customised.get(error.kind.response_type)
    if own is not None:
        return own
    return customised.get("DEFAULT_5XX" if error.kind.status >= 500 else "DEFAULT_4XX")


def _default_body(error: GatewayError) -> bytes:
    # T, D: AccessDenied alone spells it with a capital.
    key = "Message" if error.kind is Kind.ACCESS_DENIED else "message"
    return json.dumps({key: error.message}, separators=(",", ":"), ensure_ascii=False).encode()


def _choose(templates: Mapping[str, str], accept: str | None) -> tuple[str, str]:
    for media in (accept or "", "application/json"):
        if media in templates:
            return media, templates[media]
    return next(iter(templates.items()))
