"""The AWS API: moto's Flask applications, one call at a time, behind what is admitted at all.

What is judged here (operation, region, caller) is what is run: the request that moto sees is made anew from what was
judged, and moto asks this module which operation and region it is instead of looking again in its own places.
"""

from __future__ import annotations

import functools
import io
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlencode

from practice import clock as clocks
from practice import control, documents, operations, signing
from practice.eventual import StaleReads
from practice.failures import Answer, failure, format_of, refusal
from practice.judging import Judge
from practice.locking import locked
from practice.operations import Service

__all__ = ["LARGEST_BODY", "ControlPlane", "install"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_log = logging.getLogger(__name__)

LARGEST_BODY: Final = 6 * 1024 * 1024
"""D "Amazon API Gateway quotas": an API definition to import, the largest body of this path."""

_DEFINITIONS: Final = frozenset({"ImportRestApi", "PutRestApi"})
"""Their bodies may be YAML, and are looked at where they are read."""

_UNSIGNED: Final = f"this is a practice AWS account, and the request is not signed; GET {control.PREFIX} says more"
_READS = re.compile(r"^(Describe|Get|List)")
_SERVICE, _OPERATION, _REGION = "practice.service", "practice.operation", "practice.region"


class _Refused(Exception):
    """A request that does not reach moto."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class ControlPlane:
    """Answers AWS requests whose body has been read."""

    def __init__(self, judge: Judge, stale_reads: StaleReads | None, settle: Callable[[], None]) -> None:
        from moto.moto_server import werkzeug_app

        # moto lets every web page read its answers; AWS does not, and no page has business here.
        werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # imported there, and read at each use
        self._judge = judge
        self._stale_reads = stale_reads
        self._settle = settle

    def __call__(self, environ: Environ, body: bytes, respond: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        start_response = _dated(respond)
        environ = signing.with_header(environ)
        scope = signing.scope_of(environ)
        if scope is None:
            return _answer(start_response, failure("text", "403 Forbidden", "MissingAuthenticationToken", _UNSIGNED))
        form = format_of(scope.service, environ, body)
        try:
            service, environ, body = _admitted(environ, body, scope)
        except _Refused as refused:
            return _answer(start_response, refusal(form, refused.status, refused.code, str(refused)))
        try:
            with locked():
                if self._stale_reads is not None:
                    self._stale_reads.before(scope.service, environ, body)
                if (denied := self._judge(environ, body)) is not None:
                    return _answer(start_response, denied)
                self._settle()
                app = _application(service.moto)
                if self._stale_reads is None:
                    answer = app(environ, start_response)
                else:
                    answer = self._stale_reads(scope.service, app, environ, body, start_response)
                if service.name in {"ec2", "elbv2"} and not _READS.match(environ[_OPERATION]):
                    self._settle()
                return answer
        except NotImplementedError as error:
            return _answer(start_response, refusal(form, "501 Not Implemented", "NotImplemented", str(error)))
        except RecursionError:  # a document within a document: a policy in a parameter
            return _answer(start_response, refusal(form, "400 Bad Request", "SerializationException", _TOO_DEEP))
        except Exception as error:
            _log.exception("a control-plane call failed")
            detail = traceback.format_exception_only(error)[-1].strip()
            return _answer(start_response, failure(form, "500 Internal Server Error", "InternalFailure", detail))


_TOO_DEEP: Final = f"a document is nested deeper than {documents.DEEPEST} levels"


def _admitted(environ: Environ, body: bytes, scope: signing.Scope) -> tuple[Service, Environ, bytes]:
    """The request as it is judged and run. Raise _Refused."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise _Refused("415 Unsupported Media Type", "UnsupportedMediaType", "a compressed request is not read here")
    service = operations.service_of(scope.service, environ["PATH_INFO"])
    if service is None:
        raise _not_carried_out(scope.service)
    parameters: Mapping[str, str] = {}
    if service.is_query:
        try:
            parameters = operations.parameters_of(environ["QUERY_STRING"], body)
        except operations.FormError as error:
            raise _Refused("400 Bad Request", "MalformedQueryString", str(error)) from None
    operation = operations.operation_of(service, environ, parameters)
    if not operations.is_allowed(service, operation):
        raise _not_carried_out(scope.service, operation or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    if service.is_query:
        body = urlencode(parameters).encode()
        environ = environ | {
            "REQUEST_METHOD": "POST",
            "QUERY_STRING": "",
            "REQUEST_URI": "/",
            "RAW_URI": "/",
            "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
        }
    else:
        if operation not in _DEFINITIONS and documents.depth(body) > documents.DEEPEST:
            raise _Refused("400 Bad Request", "SerializationException", _TOO_DEEP)
        if not environ.get("CONTENT_TYPE", "").startswith("application/x-amz-json"):
            environ = environ | {"CONTENT_TYPE": "application/json"}  # no form, where moto looks for parameters too
    environ = environ | {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        _SERVICE: service,
        _OPERATION: operation,
        _REGION: scope.region,
    }
    environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
    return service, environ, body


def _not_carried_out(service: str, operation: str = "") -> _Refused:
    what = f"{service}: {operation}" if operation else f"the service {service}"
    return _Refused("501 Not Implemented", "NotImplemented", f"the practice account does not carry out {what}")


# -- moto -------------------------------------------------------------------------------------------------------------


@functools.cache
def _application(name: str) -> WSGIApp:
    """A moto backend as a Flask application. It knows no account, and compiling its routes takes longer than a run."""
    from moto.moto_server import werkzeug_app

    return werkzeug_app.create_backend_app(name)  # type: ignore[arg-type]  # moto wants a literal


def install() -> None:
    """Have moto run what was judged. May be called again."""
    from moto.core import responses

    setattr(responses, "method_names_from_class", _method_names)  # noqa: B010  (not exported: mypy says no)
    base: Any = responses.BaseResponse
    base._get_action = _admitted_action
    base.get_region_from_url = _admitted_region


def _admitted_action(self: Any) -> str | None:
    """In the place of moto's `_get_action`, which takes an operation's name from wherever a request has one."""
    environ = self.normalized_request.environ
    service: Service = environ[_SERVICE]
    if service.protocol != "rest-json":
        return str(environ[_OPERATION])
    # moto's router also learns here what the path's variables are.
    action: str | None = self._get_action_from_method_and_request_uri(self.normalized_request)
    if action and not operations.is_allowed(service, action):
        raise NotImplementedError(f"the practice account does not carry out {service.signing_name}: {action}")
    return action


def _admitted_region(self: Any, request: Any, full_url: str) -> str:
    """In the place of moto's, which believes a Host and a User-Agent more than the credentials."""
    del self, full_url
    return str(request.environ[_REGION])


@functools.cache
def _method_names(responses: type) -> list[str]:
    """The methods of one of moto's response classes; it lists them at every request, a sixth of the request's time."""
    from moto.core.utils import method_names_from_class

    return method_names_from_class(responses)


# -- answers ----------------------------------------------------------------------------------------------------------


def _dated(respond: StartResponse) -> StartResponse:
    """An answer's Date is the account's time: what says when something was made goes by the same clock."""

    def start_response(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        kept = [(name, value) for name, value in headers if name.lower() != "date"]
        date = format_datetime(clocks.current().now(), usegmt=True)
        return respond(status, [*kept, ("Date", date)], *rest)

    return start_response


def _answer(start_response: StartResponse, answer: Answer) -> Iterable[bytes]:
    status, headers, body = answer
    start_response(status, headers)
    return [body]
