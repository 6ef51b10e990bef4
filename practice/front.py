"""What stands before everything else: which requests are heard at all, and how much of them is read.

By the name that the account is called by, by the marks of a web page, and by size; then the invoke URL, ``/_practice``
or the AWS API answers.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from practice import control, control_plane, dataplane, origins, signing
from practice.failures import Answer, format_of, refusal
from practice.http_server import Body, MalformedError, TooLargeError

__all__ = ["Front"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_MOST_INVOCATIONS: Final = 256
"""Requests to invoke URLs at a time. Fewer than the server has threads: while all wait for a backend that hangs, the
account still answers."""


class Front:
    """The WSGI application of a served account."""

    def __init__(
        self,
        names: origins.Names,
        *,
        knobs: control.Control,
        aws: control_plane.ControlPlane,
        heard: Callable[[float], None],
    ) -> None:
        """`heard` is called with the (monotonic) time of each request that keeps the account alive."""
        self._names, self._knobs, self._aws, self._heard = names, knobs, aws, heard
        self._invocations = threading.BoundedSemaphore(_MOST_INVOCATIONS)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path: str = environ["PATH_INFO"]
        host = environ.get("HTTP_HOST", "")
        is_named_api = origins.is_execute_api(origins.without_port(host))
        is_invocation = is_named_api or path.startswith(dataplane.PREFIX)
        if (refused := self._refusal(environ, host, is_invocation)) is not None:
            # Read as far as that is little: then the connection can go on.
            return self._send(start_response, refused, environ, control.LARGEST_BODY)
        is_control = not is_named_api and (path == control.PREFIX or path.startswith(control.PREFIX + "/"))
        if is_invocation:
            limit = dataplane.LARGEST_BODY
        else:
            limit = control.LARGEST_BODY if is_control else control_plane.LARGEST_BODY
        source: Body = environ["wsgi.input"]
        try:
            body = source.read(limit)
        except TooLargeError:
            if is_invocation:
                return dataplane.too_large(start_response)
            text = f"the body is larger than {limit} bytes"
            return self._send(start_response, _refused(environ, "413 Content Too Large", "RequestEntityTooLarge", text))
        except MalformedError as error:
            return self._send(start_response, _refused(environ, "400 Bad Request", "MalformedRequest", str(error)))
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        if is_control and environ["REQUEST_METHOD"] == "GET":
            return self._knobs(environ, start_response)  # looking whether it is there keeps nothing alive
        self._heard(time.monotonic())
        if is_invocation:
            return self._invoke(environ, start_response)
        return self._knobs(environ, start_response) if is_control else self._aws(environ, body, start_response)

    def _refusal(self, environ: Environ, host: str, is_invocation: bool) -> Answer | None:
        if not self._names.include(host):
            text = f"this practice account does not answer to the name {host or '(none)'}; call it by its address"
            return _refused(environ, "403 Forbidden", "UnknownHost", text)
        if is_invocation:
            return None  # what pages of other origins may read there, the API's own CORS decides
        mark = origins.browser_mark(environ["practice.headers"])
        if mark is not None or environ["REQUEST_METHOD"] == "OPTIONS":
            text = f"web pages have no access here, only to invoke URLs ({mark or 'OPTIONS'} is a browser's)"
            return _refused(environ, "403 Forbidden", "AccessDenied", text)
        return None

    def _invoke(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._invocations.acquire(blocking=False):
            text = f"{_MOST_INVOCATIONS} requests wait for their integrations"
            return self._send(start_response, refusal("json", "503 Service Unavailable", "ServiceUnavailable", text))
        try:
            return dataplane.application(environ, start_response)
        finally:
            self._invocations.release()

    @staticmethod
    def _send(
        start_response: StartResponse, answer: Answer, environ: Environ | None = None, limit: int = 0
    ) -> Iterable[bytes]:
        if environ is not None:
            with contextlib.suppress(TooLargeError, MalformedError):  # the connection ends with this answer then
                environ["wsgi.input"].read(limit)
        status, headers, body = answer
        start_response(status, headers)
        return [] if environ is not None and environ["REQUEST_METHOD"] == "HEAD" else [body]


def _refused(environ: Environ, status: str, code: str, text: str) -> Answer:
    """A refusal that the client can read: in the protocol of the service that it is for."""
    scope = signing.scope_of(signing.with_header(environ))
    return refusal(format_of(scope.service if scope else None, environ), status, code, text)
