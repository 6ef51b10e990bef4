"""A proxy on the loopback between the runbook and a practice account: it counts requests and disturbs some.

It stands where the network stands, so that what it does to a request looks to both sides as a bad network does.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import botocore.session

__all__ = ["Exchange", "Fault", "Proxy", "Response", "pass_on"]


@dataclass(frozen=True)
class Response:
    """An answer, as it is passed on."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def error(cls, exchange: Exchange, status: int, code: str, message: str, *, date: float | None = None) -> Response:
        """An error in the form of the protocol that the request speaks; ``date`` is when AWS thinks it is."""
        when = ("Date", formatdate(date, usegmt=True))
        if exchange.service == "apigateway":
            body = json.dumps({"message": message})
            headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code))
            return cls(status, (*headers, when), body.encode())
        told = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        body = (
            f"<Response><Errors><Error>{told}</Error></Errors><RequestID>0</RequestID></Response>"
            if exchange.service == "ec2"
            else f"<ErrorResponse><Error><Type>Sender</Type>{told}</Error><RequestId>0</RequestId></ErrorResponse>"
        )
        return cls(status, (("Content-Type", "text/xml"), when), body.encode())


@dataclass
class Exchange:
    """One AWS request on its way, and what can be done with it."""

    number: int
    """Counted from 1, in the order of arrival."""
    service: str
    operation: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    handler: _Handler

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return not self.operation.startswith(("Get", "Describe", "List"))

    def forward(self) -> Response:
        """Let the account carry it out, and take its answer."""
        return self.handler.forward(self)

    def answer(self, response: Response) -> None:
        """Pass an answer on."""
        self.handler.relay(response)

    def reset(self) -> None:
        """Break the connection, as a router that forgot it does."""
        self.handler.reset()

    def wait_until_given_up(self) -> None:
        """Wait until the client has closed the connection."""
        self.handler.wait_until_given_up()


Fault = Callable[[Exchange], None]


def pass_on(exchange: Exchange) -> None:
    """No fault."""
    exchange.answer(exchange.forward())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        if self.upstream:
            self.upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that was killed
            super().handle()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.proxy._take(self, self.command, self.path, list(self.headers.items()), body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass  # noqa: N815

    def forward(self, exchange: Exchange) -> Response:
        upstream = self.upstream
        if upstream is None:
            parts = urlsplit(self.server.proxy.upstream)
            upstream = self.upstream = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        upstream.putrequest(exchange.method, exchange.target, skip_host=True, skip_accept_encoding=True)
        for name, value in exchange.headers:
            upstream.putheader(name, value)
        upstream.endheaders(exchange.body)
        answer = upstream.getresponse()
        return Response(answer.status, tuple(answer.getheaders()), answer.read())

    def relay(self, response: Response) -> None:
        skipped = ("connection", "transfer-encoding", "content-length")
        lines = [f"HTTP/1.1 {response.status} {http.client.responses.get(response.status, '-')}"]
        lines += [f"{name}: {value}" for name, value in response.headers if name.lower() not in skipped]
        lines += [f"Content-Length: {len(response.body)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + response.body)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        # The handler's files keep the socket open; detached, closing it sends the reset at once.
        socket.close(self.connection.detach())

    def wait_until_given_up(self) -> None:
        self.close_connection = True
        self.connection.settimeout(60)
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def log_message(self, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: Proxy

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.proxy.errors.append(_current_error())


def _current_error() -> BaseException | None:
    import sys

    return sys.exc_info()[1]


@dataclass
class Proxy:
    """Passes everything on to ``upstream``; AWS requests are counted and go through ``fault``."""

    upstream: str
    fault: Fault = pass_on
    access_key_id: str | None = None
    """Whose requests they are made: what the client says of itself is overwritten."""
    counted: list[str] = field(default_factory=list)
    """The operations in the order of arrival."""
    errors: list[BaseException | None] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _idle: threading.Condition = field(default_factory=threading.Condition)
    _under_way: int = 0

    @contextlib.contextmanager
    def serving(self) -> Iterator[Proxy]:
        """Serve until the block ends."""
        server = _Server(("127.0.0.1", 0), _Handler)
        server.proxy = self
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=functools.partial(server.serve_forever, 0.05), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def arm(self, fault: Fault = pass_on) -> None:
        """Count anew, and do this to what comes."""
        with self._lock:
            self.counted, self.fault = [], fault

    def drain(self) -> None:
        """Wait until the account has carried out what is under way."""
        with self._idle:
            if not self._idle.wait_for(lambda: self._under_way == 0, timeout=60):
                raise TimeoutError("requests are still under way")

    def _take(self, handler: _Handler, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> None:
        service, operation = _name(method, target, headers, body)
        exchange = Exchange(0, service, operation, method, target, headers, body, handler)
        with self._idle:
            self._under_way += 1
        try:
            if not operation:  # what a practice account says of itself, or the invoke URL
                pass_on(exchange)
                return
            if self.access_key_id:
                exchange.headers = [
                    (name, re.sub(r"Credential=[^/]+", f"Credential={self.access_key_id}", value))
                    for name, value in headers
                ]
            with self._lock:
                self.counted.append(operation)
                exchange.number = len(self.counted)
                fault = self.fault
            fault(exchange)
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()


_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_SERVICES = {"elasticloadbalancing": "elbv2"}


def _name(method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> tuple[str, str]:
    """The AWS service and operation of a request; empty for one that is not signed."""
    signed = next(
        (match for name, value in headers if name.lower() == "authorization" if (match := _SCOPE.search(value))), None
    )
    if signed is None:
        return "", ""
    service = _SERVICES.get(signed[1], signed[1])
    if action := parse_qs(body.decode("latin-1")).get("Action"):
        return service, action[0]
    path = target.partition("?")[0].rstrip("/")
    for operation, wanted, pattern in _rest_operations(service):
        if method == wanted and pattern.fullmatch(path):
            return service, operation
    return service, f"{method} {path}"


@functools.cache
def _rest_operations(service: str) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """A REST service's operations, from botocore's model; the most literal paths first."""
    model: Mapping[str, Any] = botocore.session.get_session().get_service_model(service)._service_description  # type: ignore[attr-defined]
    rules = [
        (name, shape["http"]["method"], shape["http"]["requestUri"].partition("?")[0].rstrip("/"))
        for name, shape in model["operations"].items()
    ]
    rules.sort(key=lambda rule: (rule[2].count("{"), -len(rule[2])))
    return tuple(
        (
            name,
            method,
            re.compile(
                "".join(
                    ".+" if part.endswith("+}") else "[^/]+" if part.startswith("{") else re.escape(part)
                    for part in re.split(r"(\{[^}]+\})", uri)
                )
            ),
        )
        for name, method, uri in rules
    )
