"""Calling an invoke URL with a real request. Whatever answers, it costs bounded time and memory.

httpx bounds each read, and the head of an answer; this adds a bound to the whole exchange and to the body, before and
after it is decompressed. Redirects are answers like any other: nobody follows them.
"""

from __future__ import annotations

import codecs
import contextlib
import socket
import threading
import zlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from runbook.aws import on_loopback

__all__ = ["LIMIT", "TIMEOUT", "USER_AGENT", "Client", "caller"]

# API Gateway gives up after 29 seconds by default; with a raised quota a Regional API may take up to five minutes. In
# wall seconds, for the whole answer.
TIMEOUT = httpx.Timeout(35.0, connect=10.0)
USER_AGENT = {"user-agent": "apigw-vpc-runbook"}
LIMIT: Final = 1 << 20
"""Bytes of a body that are read, and that it is decompressed to. What is beyond is not looked at."""

# Content codings, and how zlib calls their formats; some send raw data as "deflate".
_DECODED: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
_CHARSETS: Final = frozenset({"utf-8", "utf-16", "utf-32", "ascii", "shift_jis", "euc_jp", "euc_kr", "gb18030", "big5"})


def caller(url: str, *, timeout: httpx.Timeout = TIMEOUT) -> Client:
    """A client for requests to a URL; a practice account is never called over a proxy of the environment."""
    # Without TLS there are no certificates to load, which takes longer than all the rest.
    return Client(timeout=timeout, verify=not url.startswith("http:"), trust_env=not on_loopback(url))


class Client:
    """An HTTP client whose requests end in time with an answer of bounded size. Threads may share it."""

    def __init__(self, *, timeout: httpx.Timeout = TIMEOUT, verify: bool = True, trust_env: bool = True) -> None:
        self._seconds = timeout.read or 0.0
        self._http = httpx.Client(
            timeout=timeout,
            verify=verify,
            trust_env=trust_env,
            # Only what is decoded here: httpx itself decompresses without a bound.
            headers={"accept-encoding": "gzip, deflate"},
            # A connection of its own for each request, so that its end can be told to the right one.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """GET a URL; see ``request``."""
        return self.request("GET", url, headers)

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, *, json: object = None
    ) -> httpx.Response:
        """Send a request and answer what came, its body decompressed and cut at the limit.

        Raises httpx.ReadTimeout when it is not complete in time, and what httpx raises.
        """
        with (
            _Alarm(self._seconds) as alarm,
            self._http.stream(method, url, headers=headers, json=json, extensions={"trace": alarm.watch}) as answer,
        ):
            body = b""
            for part in answer.iter_raw():
                body += part
                if len(body) >= LIMIT:
                    break
        return _answer(answer, body[:LIMIT])


class _Alarm:
    """Ends an exchange that takes too long, by closing its connection under it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._rang = False
        self._stream: Any = None

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        if self._rang and (error is None or isinstance(error, httpx.TransportError)):
            raise self._timeout() from None

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the connection as soon as there is one (a trace of httpcore)."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._stream = info["return_value"]
        if self._rang:
            raise self._timeout()

    def _ring(self) -> None:
        self._rang = True
        connection = self._stream.get_extra_info("socket") if self._stream is not None else None
        if connection is not None:
            with contextlib.suppress(OSError):
                # Of the socket itself: TLS's own would take the session from under the thread that reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _timeout(self) -> httpx.ReadTimeout:
        return httpx.ReadTimeout(f"no complete answer within {self._seconds:.0f} s")


def _answer(answer: httpx.Response, body: bytes) -> httpx.Response:
    """The same answer with its body as read, in plain."""
    for coding in reversed(answer.headers.get("content-encoding", "").lower().replace(" ", "").split(",")):
        if coding in _DECODED:
            body = _decompressed(body, _DECODED[coding])
    framing = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in framing]
    whole = httpx.Response(answer.status_code, headers=headers, content=body, request=answer.request)
    whole.encoding = _charset(answer.charset_encoding)
    return whole


def _decompressed(body: bytes, formats: tuple[int, ...]) -> bytes:
    """A body decompressed, as far as it can be and the limit allows."""
    for bits in formats:
        unpacking = zlib.decompressobj(bits)
        with contextlib.suppress(zlib.error):
            return unpacking.decompress(body, LIMIT)
    return body


def _charset(declared: str | None) -> str:
    """The declared character set if it is one; some that Python knows besides decompress, or take very long."""
    with contextlib.suppress(LookupError, UnicodeError):
        name = codecs.lookup(declared or "utf-8").name
        if name in _CHARSETS or name.startswith(("iso8859-", "cp125")):
            return name
    return "utf-8"
