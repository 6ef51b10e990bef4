"""HTTP on the loopback: cheroot, made fit for clients that are slow, huge, malformed or many.

- An answer goes out in one piece: a client that sees head and body in two loses such answers on a busy machine
  (the AWS SDK for Go closes the connection between the two, and sends the request again).
- A body is read within a limit that whoever answers sets, and refused by its announced length before it is read. What
  was not read is never taken for the next request: the connection is closed.
- Heads and bodies have deadlines. A client that sends nothing holds no thread, and one that dawdles loses its thread
  to one that waits.
"""

from __future__ import annotations

import _pyio  # type: ignore[import-not-found]  # what cheroot's own reader is made of
import contextlib
import errno
import logging
import re
import socket
import threading
import time
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from cheroot.connections import ConnectionManager
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10, Server
from typing_extensions import override

__all__ = ["Body", "HttpServer", "MalformedError", "TooLargeError"]

_log = logging.getLogger(__name__)

Environ = dict[str, Any]

HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 30.0
"""How long the other side may take with a request's head, its body, and the answer."""

HEAD_BYTES: Final = 64 * 1024
HEADERS: Final = 256
MOST_THREADS: Final = 320
MOST_IDLE: Final = 256
"""Connections without a request on them."""

_LINGER_SECONDS: Final = 2.0
_DAWDLES: Final = 0.2
"""So many seconds after its first byte a request that is not there yet may lose its thread, when others wait."""

_PIECE: Final = 64 * 1024
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\r\n]*)?\r\n")  # RFC 9112, 7.1
_MOST_TRAILERS: Final = 64


class TooLargeError(Exception):
    """A request's body is above the limit; what of it is under way will not be read."""


class MalformedError(Exception):
    """A request's body is not what HTTP allows."""


class Body:
    """The body of one request, read once, whole, and within a limit."""

    def __init__(self, request: _Request, length: int | None) -> None:
        """`length` is what the head announces; None for a body in chunks."""
        self._request, self._source = request, request.conn.rfile
        self._length = length
        self.complete = length == 0

    def read(self, limit: int) -> bytes:
        """All of it. Raise TooLargeError, by the announced length before it is read, and MalformedError."""
        if self.complete:
            return b""
        if self._length is not None and self._length > limit:
            raise TooLargeError
        self._request.conn.begin(BODY_SECONDS)
        try:
            body = self._chunks(limit) if self._length is None else self._exactly(self._length)
        finally:
            self._request.conn.end()
        self.complete = True
        return body

    def _exactly(self, length: int) -> bytes:
        pieces = []
        while length and (piece := self._source.read(min(length, _PIECE))):
            pieces.append(piece)
            length -= len(piece)
        if length:
            raise ConnectionResetError(errno.ECONNRESET, "the body ended early")
        return b"".join(pieces)

    def _chunks(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        while size := self._size_of_chunk():
            if size > limit:
                raise TooLargeError
            limit -= size
            pieces.append(self._exactly(size))
            if self._source.read(2) != b"\r\n":
                raise MalformedError("a chunk does not end where it should")
        for _ in range(_MOST_TRAILERS):
            if self._line() == b"\r\n":
                return b"".join(pieces)
        raise TooLargeError

    def _size_of_chunk(self) -> int:
        found = _CHUNK.fullmatch(self._line())
        if found is None:
            raise MalformedError("a chunk has no size")
        return int(found[1], 16)

    def _line(self) -> bytes:
        return bytes(self._source.readline(1024))


class _RawHeaderReader(HeaderReader):
    """Reads headers, and keeps them as they came: order, spelling, repetitions, underscores."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def raw(self) -> list[tuple[str, str]]:
        """The headers of the request that this thread read last."""
        return getattr(self._local, "raw", [])

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        hdict = {} if hdict is None else hdict
        raw: list[tuple[str, str]] = []
        while (line := rfile.readline()) != b"\r\n":
            if not line:
                raise ValueError("Illegal end of headers.")
            name, colon, value = line.partition(b":")
            if not colon or not line.endswith(b"\r\n") or not _TOKEN.fullmatch(name):
                raise ValueError("Illegal header line.")
            if len(raw) == HEADERS:
                raise ValueError("Too many headers.")
            value = value.strip()
            raw.append((name.decode("latin-1"), value.decode("latin-1")))
            key = name.title()
            if key == b"Host" and key in hdict:
                raise ValueError("More than one Host header.")
            if b"_" not in name:  # WSGI would take it for the header with a hyphen in its place
                hdict[key] = hdict[key] + b", " + value if key in hdict else value
        self._local.raw = raw
        return hdict


class _TimedSocket(socket.SocketIO):
    """A socket's bytes, until a deadline."""

    def __init__(self, sock: socket.socket, mode: Any) -> None:
        super().__init__(sock, mode)
        self._socket = sock
        self.deadline = float("inf")

    def readinto(self, buffer: Any) -> int | None:
        self._hurry()
        return super().readinto(buffer)

    def write(self, data: Any) -> int | None:
        self._hurry()
        return super().write(data)

    def _hurry(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")  # cheroot knows it by these words
        self._socket.settimeout(min(left, HEAD_SECONDS))


class _Reader(StreamReader):
    def __init__(self, sock: socket.socket, bufsize: int) -> None:
        _pyio.BufferedReader.__init__(self, _TimedSocket(sock, "rb"), bufsize)
        self.bytes_read = 0


class _Writer(StreamWriter):
    """Holds back what is written until it is told that this is all."""

    def __init__(self, sock: socket.socket, bufsize: int) -> None:
        _pyio.BufferedWriter.__init__(self, _TimedSocket(sock, "wb"), bufsize)
        self.bytes_written = 0
        self.holds = False

    def _flush_unlocked(self) -> None:
        if not self.holds:
            super()._flush_unlocked()  # type: ignore[misc]  # not in cheroot's stubs

    def send(self) -> None:
        """Send what was held back."""
        self.holds = False
        self.flush()


def _make_file(sock: socket.socket, mode: str, bufsize: int) -> Any:
    return (_Reader if "r" in mode else _Writer)(sock, bufsize)


class _Connection(HTTPConnection):
    """A connection that knows since when its other side is waited for."""

    def __init__(self, server: HttpServer, sock: socket.socket, makefile: Any = None) -> None:
        del makefile
        super().__init__(server, sock, _make_file)
        self.unread = False
        """Whether something may be under way that will not be read."""

    def begin(self, seconds: float) -> None:
        """Wait for so many seconds of the other side's time."""
        self.rfile.raw.deadline = time.monotonic() + seconds
        self.server.waits_for(self)

    def end(self) -> None:
        """It is there."""
        self.server.waits_no_more_for(self)

    def communicate(self) -> bool:
        self.begin(HEAD_SECONDS)
        self.wfile.raw.deadline = float("inf")
        try:
            return bool(super().communicate())  # type: ignore[no-untyped-call]
        finally:
            self.end()

    def close(self) -> None:
        """Close; where something is under way, only after the other side could read the answer."""
        if self.unread:
            with contextlib.suppress(OSError):
                self._discard()
        super().close()

    def _discard(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + _LINGER_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            if not self.socket.recv(_PIECE):
                return


class _Unnamed(list[tuple[bytes, bytes]]):
    """The headers of an answer without the server's name, which cheroot adds and API Gateway's answers lack.

    R localstack test_apigateway_http.snapshot.json test_http_integration_with_lambda.
    """

    @override
    def append(self, header: tuple[bytes, bytes], /) -> None:
        if header[0] != b"Server":
            super().append(header)


class _Request(HTTPRequest):
    outheaders: list[tuple[bytes, bytes]]
    header_reader = _RawHeaderReader()
    rfile: Any

    def parse_request(self) -> None:
        super().parse_request()
        if not self.ready:
            self.conn.unread = True

    def read_request_headers(self) -> bool:
        """Also refuse what does not say clearly where its body ends."""
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        length, coding = self.inheaders.get(b"Content-Length"), self.inheaders.get(b"Transfer-Encoding")
        if length is not None and (coding is not None or not _LENGTH.fullmatch(length)):
            self.simple_response("400 Bad Request", "Malformed Content-Length Header.")
            return False
        if coding is not None and (coding.lower() != b"chunked" or not self.chunked_read):
            self.simple_response("400 Bad Request", "Malformed Transfer-Encoding Header.")
            return False
        return True

    def respond(self) -> None:
        """Answer in one piece."""
        self.conn.end()
        self.rfile = Body(self, None if self.chunked_read else int(self.inheaders.get(b"Content-Length", 0)))
        self.conn.wfile.holds = True
        self.server.gateway(self).respond()
        if self.ready:
            self.ensure_headers_sent()
        self.conn.wfile.raw.deadline = time.monotonic() + ANSWER_SECONDS
        self.conn.wfile.send()

    def send_headers(self) -> None:
        if not self.rfile.complete:
            self.close_connection = self.conn.unread = True
        self.outheaders = _Unnamed(self.outheaders)
        super().send_headers()

    def simple_response(self, status: str, msg: str = "") -> None:
        self.conn.wfile.holds = False
        super().simple_response(status, msg)


_Connection.RequestHandlerClass = _Request


class _Gateway(Gateway_10):
    """Adds what WSGI loses: the raw request target and the raw headers."""

    @override
    def get_environ(self) -> Environ:  # type: ignore[override]  # cheroot's stub says None
        environ: Environ = super().get_environ()  # type: ignore[no-untyped-call]
        environ["practice.headers"] = _Request.header_reader.raw
        environ["RAW_URI"] = environ["REQUEST_URI"]
        # Every percent sequence decoded, %2F too, as moto's own server does it.
        path = environ["REQUEST_URI"].partition("?")[0]
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
        return environ


class _Connections(ConnectionManager):
    def _expire(self, threshold: float) -> None:
        super()._expire(threshold)  # type: ignore[misc]  # not in cheroot's stubs
        self.server.make_room()


class HttpServer(Server):
    """cheroot, with a thread for every request that waits: a slow backend delays nobody else."""

    ConnectionClass = _Connection
    protocol = "HTTP/1.1"
    expiration_interval = 0.1
    max_request_header_size = HEAD_BYTES
    keep_alive_conn_limit = MOST_IDLE
    _connections: Any

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), None, numthreads=12, request_queue_size=512, server_name="practice")
        self.gateway = _Gateway
        self._lock = threading.Lock()
        self._waited_for: dict[_Connection, float] = {}

    def prepare(self) -> None:
        """Bind the port."""
        super().prepare()
        self._connections.close()
        self._connections = _Connections(self)

    def waits_for(self, connection: _Connection) -> None:
        """A thread waits for the other side of this connection."""
        with self._lock:
            self._waited_for[connection] = time.monotonic()

    def waits_no_more_for(self, connection: _Connection) -> None:
        """It has what it waited for."""
        with self._lock:
            self._waited_for.pop(connection, None)

    def process_conn(self, conn: Any) -> None:
        """Give a connection a thread, as soon as something comes from it."""
        if conn.last_used is None:
            self._await_first_byte(conn)
            return
        pool = self.requests
        if pool.idle <= pool.qsize and len(pool._threads) < MOST_THREADS:
            pool._threads.append(pool._spawn_worker())
        super().process_conn(conn)

    def _await_first_byte(self, conn: _Connection) -> None:
        selector = self._connections._selector
        idle = [(descriptor, each) for descriptor, each in selector.connections if each is not self]
        for descriptor, oldest in idle[: len(idle) - MOST_IDLE + 1]:
            selector.unregister(descriptor)
            oldest.close()
        self._connections.put(conn)

    def make_room(self) -> None:
        """Where requests wait for a thread, take it from those that do not come."""
        waiting = self.requests.qsize
        if not waiting or self.requests.idle or len(self.requests._threads) < MOST_THREADS:
            return
        late = time.monotonic() - _DAWDLES
        with self._lock:
            dawdling = [connection for connection, since in self._waited_for.items() if since < late]
        for connection in dawdling[:waiting]:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Stop at once: the selector, which would sleep on, is woken by a connection."""
        self._connections._stop_requested = True
        with contextlib.suppress(OSError):
            socket.create_connection(self.socket.getsockname()[:2], timeout=1).close()
        super().stop()

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Say it in Python's log."""
        _log.log(level, msg, exc_info=traceback)
