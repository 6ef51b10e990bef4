"""Reads that are stale for a moment after a write, as AWS's are everywhere on this path (opt-in).

D: EC2 API reference, "Eventual consistency"; API Gateway is as little immediate. How long AWS takes is not documented;
the moment's length is the caller's choice.

What a client has asked before is what it may get an old answer to: before a write is carried out, every remembered
read is answered once more and kept, and a repetition of it within the moment gets that answer. A read that was never
asked before sees the present.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from practice import clock

__all__ = ["StaleReads"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_REMEMBERED: Final = 128
_QUERY_SERVICES: Final = frozenset({"ec2", "elasticloadbalancing"})
_READS: Final = ("Describe", "Get", "List")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, list(self.headers))
        return [self.body]


@dataclass(slots=True)
class _Read:
    """A read that was asked: how to ask again, and the answers of before recent writes with the time they last."""

    app: WSGIApp
    environ: Mapping[str, Any]
    body: bytes
    old: list[tuple[float, _Answer]] = field(default_factory=list)

    def ask(self) -> _Answer:
        return _run(self.app, self.environ, self.body)


class StaleReads:
    """Answers control-plane requests of one served account. Call it while holding the turn."""

    def __init__(self, seconds: float) -> None:
        """`seconds` of AWS time is how long a read may be stale."""
        self._seconds = seconds
        self._reads: OrderedDict[tuple[str, ...], _Read] = OrderedDict()

    def reset(self) -> None:
        """Forget what was asked so far."""
        self._reads.clear()

    def __call__(
        self, service: str, app: WSGIApp, environ: Environ, body: bytes, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer the request, or a read as it would have been answered a moment ago."""
        if _is_read(service, environ, body):
            return self._read(service, app, environ, body).send(start_response)
        return _run(app, environ, body).send(start_response)

    def before(self, service: str, environ: Environ, body: bytes) -> None:
        """If the request is a write, keep what reads answer before it.

        Asking for targets' health gives the turn to others meanwhile, so this comes before the write is judged.
        """
        if (service in _QUERY_SERVICES or service == "apigateway") and not _is_read(service, environ, body):
            until = clock.current().time() + self._seconds
            for read in list(self._reads.values()):
                read.old.append((until, read.ask()))

    def _read(self, service: str, app: WSGIApp, environ: Environ, body: bytes) -> _Answer:
        key = (service, environ["REQUEST_METHOD"], environ["REQUEST_URI"], body.decode("latin-1"), _region(environ))
        read = self._reads.setdefault(key, _Read(app, dict(environ), body))
        self._reads.move_to_end(key)
        if len(self._reads) > _REMEMBERED:
            self._reads.popitem(last=False)
        now = clock.current().time()
        read.old = [(until, answer) for until, answer in read.old if until > now]
        return read.old[0][1] if read.old else read.ask()


def _is_read(service: str, environ: Environ, body: bytes) -> bool:
    if service == "apigateway":
        return bool(environ["REQUEST_METHOD"] == "GET")
    if service in _QUERY_SERVICES:
        return parse_qs(body.decode("latin-1")).get("Action", [""])[0].startswith(_READS)
    return False


def _region(environ: Mapping[str, Any]) -> str:
    """The credential's region, which decides whom a request is for as much as its path does."""
    return str(environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/", 4)[2:3])


def _run(app: WSGIApp, environ: Mapping[str, Any], body: bytes) -> _Answer:
    started: list[tuple[str, tuple[tuple[str, str], ...]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        started.append((status, tuple(headers)))

    content = b"".join(app({**environ, "wsgi.input": io.BytesIO(body)}, start_response))
    status, headers = started[-1]
    return _Answer(status, headers, content)
