"""Failures of the account's own, in the format that a client of the service can read."""

from __future__ import annotations

import json
from typing import Final
from uuid import uuid4
from xml.sax.saxutils import escape

__all__ = ["failure"]

_QUERY_SERVICES: Final = frozenset({"elasticloadbalancing", "iam", "sts"})


def failure(service: str | None, status: str, code: str, message: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status, headers and body of an error, as WSGI wants them.

    EC2 and the query services speak XML, the others JSON (protocols: botocore's service models).
    """
    request_id = str(uuid4())
    if service == "ec2":
        kind = "text/xml;charset=UTF-8"
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif service in _QUERY_SERVICES:
        kind = "text/xml"
        text = (
            f"<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
            f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    elif service is None:
        kind, text = "text/plain", f"{code}: {message}\n"
    else:
        kind, text = "application/json", json.dumps({"__type": code, "message": message})
    body = text.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", code),
    ]
    return status, headers, body
