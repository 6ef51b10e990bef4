"""Failures and refusals of the account's own, in the format that a client of the service can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import uuid4
from xml.sax.saxutils import escape

__all__ = ["REFUSED", "Answer", "failure", "format_of", "refusal"]

Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers and body, as WSGI wants them."""

REFUSED: Final = ("X-Practice-Refused", "true")
"""Marks what the practice account refuses in its own name, where AWS would not, or not so."""

_QUERY_SERVICES: Final = frozenset({"elasticloadbalancing", "iam", "sts"})
_XML_SERVICES: Final = frozenset({"s3", "s3express", "s3-outposts", "cloudfront", "route53"})


def format_of(service: str | None, environ: Mapping[str, Any], body: bytes = b"") -> str:
    """The protocol that an answer is read by: `ec2`, `query`, `xml`, `json`, `cbor`, or `text` where none is known.

    A service that the account does not have is known by its request, since that is written in its protocol.
    """
    if service is None:
        return "text"
    if service == "ec2":
        return "ec2"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "cbor"
    if service in _QUERY_SERVICES:
        return "query"
    if service in _XML_SERVICES:
        return "xml"
    if "HTTP_X_AMZ_TARGET" not in environ and environ.get("CONTENT_TYPE", "").startswith(
        "application/x-www-form-urlencoded"
    ):
        return "query"
    if "Action" in parse_qs(environ.get("QUERY_STRING", "")) or body.startswith(b"Action="):
        return "query"
    return "json"


def failure(form: str, status: str, code: str, message: str) -> Answer:
    """An error of the account's own in a format of :func:`format_of` (protocols: botocore's parsers)."""
    request_id = str(uuid4())
    match form:
        case "ec2":
            kind = "text/xml;charset=UTF-8"
            body = (
                f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            ).encode()
        case "query" | "xml":
            # The same for both: where the error is in the document is read leniently, and is AWS's own for query.
            kind = "text/xml"
            body = (
                f"<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
                f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            ).encode()
        case "cbor":
            kind = "application/cbor"
            body = b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", message)))
        case "json":
            kind, body = "application/json", json.dumps({"__type": code, "message": message}).encode()
        case _:
            kind, body = "text/plain", f"{code}: {message}\n".encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", code),
    ]
    if form == "cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return status, headers, body


def refusal(form: str, status: str, code: str, message: str) -> Answer:
    """The same for what the account refuses in its own name."""
    status, headers, body = failure(form, status, code, message)
    return status, [*headers, REFUSED], body


def _cbor_text(text: str) -> bytes:
    """A text string in CBOR (RFC 8949, 3.1: major type 3, its length in two bytes)."""
    data = text.encode()[:0xFFFF]
    return b"\x79" + len(data).to_bytes(2, "big") + data
