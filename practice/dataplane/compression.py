"""Payload compression (D "Payload compression for REST APIs"), on where an API has a `minimumCompressionSize`."""

from __future__ import annotations

import gzip
import zlib

from practice.apigateway.snapshot import Snapshot

from .errors import GatewayError, Kind
from .messages import Request, Response

__all__ = ["compress", "decompress"]


def decompress(body: bytes, encoding: str | None, snapshot: Snapshot) -> bytes:
    """The request's body as the integration gets it. Raise GatewayError for one that is not what its header says."""
    if snapshot.minimum_compression_size is None or not body or encoding is None:
        return body
    try:
        match encoding.strip().lower():
            case "gzip":
                return gzip.decompress(body)
            case "deflate":
                return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise GatewayError(Kind.BAD_BODY) from None
    return body


def compress(response: Response, request: Request, snapshot: Snapshot) -> None:
    """Compress an answer that is long enough, where the caller takes it and the backend has not done so."""
    smallest = snapshot.minimum_compression_size
    if smallest is None or len(response.body) < smallest or "Content-Encoding" in response.headers:
        return
    wanted = (request.headers.get("Accept-Encoding") or "").split(",")
    accepted = {part.partition(";")[0].strip().lower() for part in wanted}
    if "gzip" in accepted:
        response.body = gzip.compress(response.body, 6)
        response.headers.set("Content-Encoding", "gzip")
    elif "deflate" in accepted:
        response.body = zlib.compress(response.body)
        response.headers.set("Content-Encoding", "deflate")
