"""Payload compression (D "Payload compression for REST APIs"), on where an API has a `minimumCompressionSize`."""

from __future__ import annotations

import gzip
import zlib
from typing import Final

from practice.apigateway.snapshot import Snapshot

from .errors import GatewayError, Kind
from .messages import Request, Response

__all__ = ["compress", "decompress"]

_GZIP: Final = 31
_WINDOWS: Final = {"gzip": _GZIP, "deflate": 15}
"""How zlib calls the formats."""


def decompress(body: bytes, encoding: str | None, snapshot: Snapshot, limit: int) -> bytes:
    """The request's body as the integration gets it. Raise GatewayError for one that is not what its header says.

    One that grows above `limit` is refused as soon as it does: a megabyte may hold a gigabyte.
    """
    if snapshot.minimum_compression_size is None or not body or encoding is None:
        return body
    window = _WINDOWS.get(encoding.strip().lower())
    if window is None:
        return body
    whole = bytearray()
    try:
        while body:  # a gzip file may have several members
            member = zlib.decompressobj(window)
            whole += member.decompress(body, limit + 1 - len(whole))
            if len(whole) > limit:
                raise GatewayError(Kind.REQUEST_TOO_LARGE)
            if not member.eof:
                raise GatewayError(Kind.BAD_BODY)
            body = member.unused_data.lstrip(b"\0") if window == _GZIP else b""
    except zlib.error:
        raise GatewayError(Kind.BAD_BODY) from None
    return bytes(whole)


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
