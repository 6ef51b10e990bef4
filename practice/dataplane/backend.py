"""HTTP/1.1 to a backend on the loopback, over connections that are kept.

`http.client` and not urllib3 or httpx: those normalise the request target (percent-encodings, dot segments), and a
gateway must hand on the target as it is. What it lacks, and this adds: a pool, a limit on the whole exchange rather
than on each read, and targets and headers beyond ASCII.
"""

from __future__ import annotations

import http.client
import ipaddress
import select
import socket
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final, cast

from .messages import Headers

__all__ = ["Address", "Answer", "BackendTimeout", "BrokenAnswer", "is_loopback", "send"]

_IDLE_PER_BACKEND: Final = 128
# A server ends idle connections when it likes; one that idled this long (wall seconds) is not tried again.
_IDLE_SECONDS: Final = 30.0
_IDEMPOTENT: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"})
_CHUNK: Final = 1 << 16


class BackendTimeout(Exception):
    """The backend had not answered in full when the time was up."""


class BrokenAnswer(Exception):
    """The connection failed, or what came is not HTTP."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect. With `tls`, `server_name` is the name the certificate must be for."""

    host: str
    port: int
    tls: bool = False
    server_name: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What the backend answered."""

    status: int
    headers: Headers
    body: bytes


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, without asking any resolver."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Connection(http.client.HTTPConnection):
    """One connection. Targets and header values are sent as the Latin-1 bytes they were received as."""

    idle_since = 0.0

    def _encode_request(self, request: str) -> bytes:
        return request.encode("latin-1", "replace")

    def _validate_path(self, url: str) -> None:
        # The gateway has judged the target by AWS's rules; only what would split the request line is refused.
        if any(character in url for character in "\r\n \0"):
            raise http.client.InvalidURL(f"{url!r} cannot be sent")


class _TlsConnection(_Connection):
    """The same inside TLS."""

    def __init__(self, address: Address, timeout: float) -> None:
        super().__init__(address.host, address.port, timeout=timeout)
        self._address = address

    def connect(self) -> None:
        super().connect()
        context = ssl.create_default_context()
        if not self._address.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        name = self._address.server_name or self._address.host
        self.sock = context.wrap_socket(self.sock, server_hostname=name)


class _Pool:
    """Idle connections by address, the latest used first."""

    def __init__(self) -> None:
        self._idle: dict[Address, deque[_Connection]] = {}
        self._lock = threading.Lock()

    def take(self, address: Address) -> _Connection | None:
        """A kept connection that is still open, or None."""
        while True:
            with self._lock:
                idle = self._idle.get(address)
                connection = idle.pop() if idle else None
            if connection is None:
                return None
            if time.monotonic() - connection.idle_since < _IDLE_SECONDS and not _has_input(connection):
                return connection
            connection.close()

    def give(self, address: Address, connection: _Connection) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            idle = self._idle.setdefault(address, deque())
            idle.append(connection)
            surplus = idle.popleft() if len(idle) > _IDLE_PER_BACKEND else None
        if surplus is not None:
            surplus.close()


def _has_input(connection: _Connection) -> bool:
    """An idle connection has nothing to say: readable means closed by the other side."""
    sock = connection.sock
    if sock is None:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


_pool = _Pool()


def send(address: Address, method: str, target: str, headers: Headers, body: bytes, timeout: float) -> Answer:
    """Make one exchange within `timeout` wall seconds.

    Raises BackendTimeout, BrokenAnswer, or OSError when no connection could be opened. A kept connection may turn out
    to be closed just as it is used, and then the request is sent again on a new one: so only requests that may be
    repeated (RFC 9110, 9.2.2) go out on kept connections.
    """
    deadline = time.monotonic() + timeout
    connection = _pool.take(address) if method in _IDEMPOTENT else None
    if connection is not None:
        try:
            return _exchange(connection, address, method, target, headers, body, deadline)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            connection.close()
    if address.tls:
        connection = _TlsConnection(address, max(timeout, 0.001))
    else:
        connection = _Connection(address.host, address.port, timeout=max(timeout, 0.001))
    try:
        connection.connect()
        cast("socket.socket", connection.sock).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError as error:
        connection.close()
        raise BackendTimeout from error
    except ssl.SSLError as error:
        connection.close()
        raise BrokenAnswer(str(error)) from error
    except OSError:
        connection.close()
        raise
    try:
        return _exchange(connection, address, method, target, headers, body, deadline)
    except (http.client.RemoteDisconnected, ConnectionError) as error:
        connection.close()
        raise BrokenAnswer(str(error)) from error


def _exchange(
    connection: _Connection,
    address: Address,
    method: str,
    target: str,
    headers: Headers,
    body: bytes,
    deadline: float,
) -> Answer:
    sock = cast("socket.socket", connection.sock)
    try:
        sock.settimeout(_left(deadline))
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.endheaders(body or None)
        sock.settimeout(_left(deadline))
        response = connection.getresponse()
        chunks = []
        while True:
            sock.settimeout(_left(deadline))
            chunk = response.read1(_CHUNK)
            if not chunk:
                break
            chunks.append(chunk)
    except (http.client.RemoteDisconnected, ConnectionError):
        raise
    except TimeoutError as error:
        connection.close()
        raise BackendTimeout from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        connection.close()
        raise BrokenAnswer(str(error)) from error
    if response.length:
        connection.close()
        raise BrokenAnswer("the answer ended early")
    answer = Answer(response.status, Headers(response.getheaders()), b"".join(chunks))
    # read1 leaves a body of known length open at its end, and an open answer bars the next request.
    response.close()
    if response.will_close:
        connection.close()
    else:
        _pool.give(address, connection)
    return answer


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
