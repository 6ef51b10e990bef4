"""A served account for a whole module, and requests to it that no well-behaved client would send."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from practice.clock import ManualClock
from practice.server import Account, serve


def signed(service: str, *, key: str = "AKIAPRACTICEEXAMPLE0") -> dict[str, str]:
    """The header of a request that is signed for a service; no signature is looked at."""
    scope = f"{key}/20260101/us-east-1/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def presigned(service: str, *, key: str = "AKIAPRACTICEEXAMPLE0") -> str:
    """The same in a query string."""
    return (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={key}%2F20260101%2Fus-east-1%2F{service}%2Faws4_request"
        "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    )


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_refused(self) -> bool:
        """Refused in the account's own name."""
        return self.status >= 400 and self.headers.get("x-practice-refused") == "true"


@dataclass
class Wire:
    """One account, and connections to it that send what they are given."""

    account: Account
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.port = urlsplit(self.account.url).port or 0

    def connect(self, timeout: float = 20.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def ask(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """One request, exactly so, on a connection of its own."""
        fields = {"Host": f"127.0.0.1:{self.port}"} | dict(headers or {})
        if body or method in {"POST", "PUT", "PATCH"}:
            fields.setdefault("Content-Length", str(len(body)))
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        with self.connect() as connection:
            connection.sendall(head.encode("latin-1") + b"Connection: close\r\n\r\n" + body)
            return answer_of(everything(connection))

    def talk(self, data: bytes) -> list[int]:
        """The statuses of all answers to these bytes, until the other side closes."""
        with self.connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", everything(connection))]

    def about(self) -> dict[str, Any]:
        """What the account says of itself."""
        found: dict[str, Any] = json.loads(self.ask("GET", "/_practice").body)
        return found


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes, or breaks off."""
    pieces = []
    try:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def answer_of(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return Answer(int(first.split()[1]), headers, body)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with serve(clock=ManualClock(), quotas=False) as account:
        yield Wire(account)
