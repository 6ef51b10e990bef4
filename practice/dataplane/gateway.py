"""Turning a refusal into the answer, with the API's own gateway responses where it has some (D "Gateway responses")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from practice.apigateway.snapshot import GatewayResponse

from .errors import GatewayError, Kind
from .mapping import Sources
from .messages import Headers, Response
from .templates import render

__all__ = ["respond"]


def respond(error: GatewayError, customised: Mapping[str, GatewayResponse], sources: Sources | None = None) -> Response:
    """The answer to a request that ended in `error`. `sources` is what a customised answer may quote."""
    custom = _find(error, customised)
    status = int(custom.status_code) if custom is not None and custom.status_code else error.kind.status
    headers = Headers([("Content-Type", "application/json")])
    if custom is None or sources is None:
        body = _default_body(error)
    else:
        context: dict[str, Any] = {
            **sources.context,
            "error": {
                "message": error.message or "",
                "messageString": json.dumps(error.message),
                "responseType": error.kind.response_type,
                "validationErrorString": "",
            },
        }
        scope = Sources(sources.path, sources.query, sources.headers, sources.body, sources.stage_variables, context)
        body = _default_body(error)
        if custom.response_templates:
            media, template = _choose(custom.response_templates, sources.headers.get("Accept"))
            headers.set("Content-Type", media)
            body = render(template, scope, sources.body)
        for target, expression in custom.response_parameters.items():
            value = scope.value(expression)
            if value is not None:
                headers.set(target.removeprefix("gatewayresponse.header."), value)
    headers.set("x-amzn-ErrorType", error.kind.error_type)
    return Response(status, headers, body.encode())


def _find(error: GatewayError, customised: Mapping[str, GatewayResponse]) -> GatewayResponse | None:
    own = customised.get(error.kind.response_type)
    if own is not None:
        return own
    return customised.get("DEFAULT_5XX" if error.kind.status >= 500 else "DEFAULT_4XX")


def _default_body(error: GatewayError) -> str:
    # T, D: AccessDenied alone spells it with a capital.
    key = "Message" if error.kind is Kind.ACCESS_DENIED else "message"
    return json.dumps({key: error.message}, separators=(",", ":"), ensure_ascii=False)


def _choose(templates: Mapping[str, str], accept: str | None) -> tuple[str, str]:
    for media in (accept or "", "application/json"):
        if media in templates:
            return media, templates[media]
    return next(iter(templates.items()))
