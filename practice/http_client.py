"""A bounded HTTP/1.1 client for what is behind a load balancer or an integration.

Answers are read by h11, which is strict: what could be understood in two ways is an error. Requests are written here:
every client library normalises or refuses some request targets (percent-encodings, dot segments, Latin-1), and a
gateway must hand on the target as it is. One deadline covers the whole exchange, however slowly the bytes come.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import h11

__all__ = ["Address", "Answer", "AnswerTooLarge", "BrokenAnswer", "NoAnswerInTime", "probe", "send"]

_IDLE_PER_BACKEND: Final = 128
# A server ends idle connections when it likes; one that idled this long (wall seconds) is not tried again.
_IDLE_SECONDS: Final = 30.0
_IDEMPOTENT: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"})
_CHUNK: Final = 1 << 16
_LONGEST_HEAD: Final = 1 << 16
# A server has reason to send a few (RFC 9110, 15.2); without a bound they would be read until the time is up.
_INTERIM_ANSWERS: Final = 32
_SPLITS_A_REQUEST: Final = re.compile(rb"[\r\n\0]")


class NoAnswerInTime(Exception):
    """The backend had not answered in full when the time was up."""


class BrokenAnswer(Exception):
    """The connection failed, or what came is not HTTP."""


class AnswerTooLarge(Exception):
    """The body is longer than the limit. `length` is what the head announces, else what had been read by then."""

    def __init__(self, length: int) -> None:
        super().__init__(f"the answer has {length} bytes or more")
        self.length = length


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
    headers: list[tuple[str, str]]
    body: bytes


class _Connection:
    """One connection, which carries one exchange after another."""

    idle_since = 0.0

    def __init__(self, address: Address, deadline: float) -> None:
        self.socket = socket.create_connection((address.host, address.port), timeout=_left(deadline))
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if address.tls:
                self.socket.settimeout(_left(deadline))
                name = address.server_name or address.host
                self.socket = _tls_context(address.verify).wrap_socket(self.socket, server_hostname=name)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.socket.close()

    @property
    def is_readable(self) -> bool:
        """Whether the other side has closed it, or sent what nobody asked for."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(0))

    def write(self, data: bytes, deadline: float) -> None:
        self.socket.settimeout(_left(deadline))
        self.socket.sendall(data)

    def read(self, deadline: float) -> bytes:
        self.socket.settimeout(_left(deadline))
        return self.socket.recv(_CHUNK)


def _tls_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


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
            if time.monotonic() - connection.idle_since < _IDLE_SECONDS and not connection.is_readable:
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


_pool = _Pool()


class _Exchange:
    """One request and its answer over a connection, until a deadline."""

    def __init__(self, connection: _Connection, method: str, deadline: float) -> None:
        self._connection, self._method, self._deadline = connection, method, deadline
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self.has_begun = False
        """Whether anything of an answer has come."""

    @property
    def leaves_connection_open(self) -> bool:
        """Whether the connection can carry another request, and nothing on it could be mistaken for its answer."""
        return self._http.their_state is h11.DONE and not self._http.trailing_data[0]

    def write(self, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        # h11 is told what it needs to understand the answer; the request's own bytes are not its business.
        self._http.send(h11.Request(method=self._method, target="/", headers=[("Host", "backend")]))
        self._http.send(h11.EndOfMessage())
        lines = [f"{self._method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        head = [line.encode("latin-1", "replace") for line in lines]
        if any(_SPLITS_A_REQUEST.search(line) for line in head) or " " in target:
            raise BrokenAnswer("the request cannot be sent: a line break in its target or headers")
        self._connection.write(b"\r\n".join([*head, b"", b""]), self._deadline)
        if body:
            self._connection.write(body, self._deadline)

    def read_head(self) -> h11.Response:
        """The head of the answer. Interim answers are skipped."""
        for _ in range(_INTERIM_ANSWERS):
            event = self._next_event()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                break
        raise BrokenAnswer("it switches protocols unasked, or never ends its interim answers")

    def read_body(self, head: h11.Response, limit: int) -> bytes:
        announced = next((int(value) for name, value in head.headers if name == b"content-length"), 0)
        if announced > limit and self._method != "HEAD" and head.status_code not in {204, 304}:
            raise AnswerTooLarge(announced)
        parts: list[bytes] = []
        length = 0
        while isinstance(event := self._next_event(), h11.Data):
            length += len(event.data)
            if length > limit:
                raise AnswerTooLarge(length)
            parts.append(bytes(event.data))
        return b"".join(parts)

    def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = self._connection.read(self._deadline)
            if not data and not self.has_begun:
                raise ConnectionResetError("the connection was closed without an answer")
            self.has_begun = True
            self._http.receive_data(data)
        return event


def send(
    address: Address,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    timeout: float,
    *,
    limit: int,
) -> Answer:
    """Make one exchange within `timeout` wall seconds, and read no more than `limit` bytes of a body.

    Raises NoAnswerInTime, AnswerTooLarge, BrokenAnswer, or OSError when no connection could be opened. A kept
    connection may turn out to be closed just as it is used, and then the request is sent again on a new one: so only
    requests that may be repeated (RFC 9110, 9.2.2) go out on kept connections.
    """
    headers = list(headers)
    deadline = time.monotonic() + timeout
    kept = _pool.take(address) if method in _IDEMPOTENT else None
    if kept is not None:
        exchange = _Exchange(kept, method, deadline)
        try:
            return _complete(exchange, kept, address, target, headers, body, limit)
        except ConnectionError as error:
            if exchange.has_begun:
                raise BrokenAnswer(str(error)) from error
    connection = _connect(address, deadline)
    try:
        return _complete(_Exchange(connection, method, deadline), connection, address, target, headers, body, limit)
    except ConnectionError as error:
        raise BrokenAnswer(str(error)) from error


def probe(address: Address, target: str, headers: Iterable[tuple[str, str]], timeout: float) -> int:
    """The status that a GET gets within `timeout` wall seconds, over a connection of its own. Raises as `send`."""
    deadline = time.monotonic() + timeout
    with contextlib.closing(_connect(address, deadline)) as connection, _translated():
        exchange = _Exchange(connection, "GET", deadline)
        exchange.write(target, headers, b"")
        return exchange.read_head().status_code


def _connect(address: Address, deadline: float) -> _Connection:
    try:
        return _Connection(address, deadline)
    except TimeoutError as error:
        raise NoAnswerInTime from error
    except ssl.SSLError as error:
        raise BrokenAnswer(str(error)) from error


def _complete(
    exchange: _Exchange,
    connection: _Connection,
    address: Address,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    limit: int,
) -> Answer:
    try:
        with _translated():
            exchange.write(target, headers, body)
            head = exchange.read_head()
            fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items()]
            answer = Answer(head.status_code, fields, exchange.read_body(head, limit))
    except BaseException:
        connection.close()
        raise
    if exchange.leaves_connection_open:
        _pool.give(address, connection)
    else:
        connection.close()
    return answer


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """What can go wrong in an exchange, in this module's terms; a lost connection stays a ConnectionError."""
    try:
        yield
    except ConnectionError:
        raise
    except TimeoutError as error:
        raise NoAnswerInTime from error
    except (h11.ProtocolError, OSError, ValueError) as error:
        raise BrokenAnswer(str(error)) from error


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
