"""The practice account over HTTP: one loopback server in front of the control plane, the data plane and the knobs."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import ipaddress
import logging
import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, unquote, unquote_to_bytes

from cheroot.server import HeaderReader, HTTPRequest
from cheroot.wsgi import Gateway_10, Server
from typing_extensions import override

from practice import ACCOUNT_ID, DEFAULT_REGION, control, dataplane, machines, seed
from practice import clock as clocks
from practice.eventual import StaleReads
from practice.failures import failure
from practice.judging import Judge
from practice.locking import locked

if TYPE_CHECKING:
    from practice.apigatewayv2.models import ApiGatewayV2Backend
    from practice.clock import Clock
    from practice.elbv2.models import ELBv2Backend

__all__ = ["Account", "serve", "settle"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_log = logging.getLogger(__name__)

EXECUTE_API_PATH: Final = "/_aws/execute-api/"
_EXECUTE_API_HOST = re.compile(r"^[a-z0-9-]+\.execute-api\.")
_SCOPE = re.compile(r"Credential=[^/,]+/\d+/([^/,]+)/([^/,]+)/aws4_request")
_UNSIGNED: Final = f"this is a practice AWS account, and the request is not signed; GET {control.PREFIX} says more"
_READS = re.compile(r"^(Describe|Get|List)")

# The signing name of a service -> moto's name of its backend.
_BACKENDS = {"elasticloadbalancing": "elb"}


# -- the server -------------------------------------------------------------------------------------------------------


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
            if not colon or not line.endswith(b"\r\n") or line[:1] in b" \t":
                raise ValueError("Illegal header line.")
            name, value = name.strip(), value.strip()
            raw.append((name.decode("latin-1"), value.decode("latin-1")))
            key = name.title()
            hdict[key] = hdict[key] + b", " + value if key in hdict and key != b"Host" else value
        self._local.raw = raw
        return hdict


class _Gateway(Gateway_10):
    """Adds what WSGI loses: the raw request target and the raw headers."""

    @override
    def get_environ(self) -> Environ:  # type: ignore[override]  # cheroot's stub says None
        environ: Environ = super().get_environ()  # type: ignore[no-untyped-call]
        environ["practice.headers"] = HTTPRequest.header_reader.raw
        environ["RAW_URI"] = environ["REQUEST_URI"]
        # Every percent sequence decoded, %2F too, as moto's own server does it.
        path = environ["REQUEST_URI"].partition("?")[0]
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
        return environ


HTTPRequest.header_reader = _RawHeaderReader()


class _Server(Server):
    """cheroot, with a thread for every request that waits: a slow backend delays nobody else."""

    _most_threads = 320

    def process_conn(self, conn: Any) -> None:
        pool = self.requests
        if pool.idle <= pool.qsize and len(pool._threads) < self._most_threads:
            pool._threads.append(pool._spawn_worker())
        super().process_conn(conn)

    def stop(self) -> None:
        """Stop at once: the selector, which would sleep on, is woken by a connection."""
        self._connections._stop_requested = True  # type: ignore[attr-defined]  # not in cheroot's stubs
        with contextlib.suppress(OSError):
            socket.create_connection(self.socket.getsockname()[:2], timeout=1).close()
        super().stop()

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        _log.log(level, msg, exc_info=traceback)


# -- the control plane ------------------------------------------------------------------------------------------------


def _import_jsonschema() -> None:
    """Import what moto's API Gateway needs, without a grammar of URLs that nobody here asks for.

    Where Jupyter is installed, jsonschema finds ``rfc3987_syntax``, which compiles that grammar for seconds when it
    is imported. jsonschema does without it, where it is not there.
    """
    grammar = "rfc3987_syntax"
    if grammar in sys.modules:
        return
    sys.modules[grammar] = None  # type: ignore[assignment]  # Python's way to say: not there
    try:
        importlib.import_module("jsonschema")
    finally:
        del sys.modules[grammar]


def install() -> None:
    """Put our backends in moto's place. May be called again."""
    _import_jsonschema()
    from moto.core import responses

    import practice.apigateway
    import practice.apigatewayv2
    import practice.ec2
    import practice.elbv2

    practice.ec2.install()
    practice.elbv2.install()
    practice.apigateway.install()
    practice.apigatewayv2.install()
    setattr(responses, "method_names_from_class", _method_names)  # noqa: B010  (not exported: mypy says no)


@functools.cache
def _method_names(responses: type) -> list[str]:
    """The methods of one of moto's response classes; it lists them at every request, a sixth of the request's time."""
    from moto.core.utils import method_names_from_class

    return method_names_from_class(responses)


def settle() -> None:
    """Let happen in the whole account what is due by now. Call it before a change: the past was judged without it."""
    from moto.apigatewayv2.models import apigatewayv2_backends
    from moto.elbv2.models import elbv2_backends

    for backend in list(elbv2_backends[ACCOUNT_ID].values()):
        cast("ELBv2Backend", backend).settle()
    for links in list(apigatewayv2_backends[ACCOUNT_ID].values()):
        cast("ApiGatewayV2Backend", links).settle()


def reset(region: str) -> None:
    """An account as new: everything gone, the private service of ``region`` there again."""
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data

    from practice.elbv2.associations import forget_all

    machines.reset()
    dataplane.reset()
    forget_all()
    seed.forget_all()
    # Not BackendDict.reset(): that builds every backend anew only to throw it away.
    in_use = cast("list[dict[str, Any]]", getattr(BackendDict, "_instances"))  # noqa: B009  (generic: mypy says no)
    for backend in list(in_use):
        backend.clear()
    in_use.clear()
    reset_model_data()
    install()
    seed.seed(region)


@functools.cache
def _application(name: str) -> Any:
    """A moto backend as a Flask application. It knows no account, and compiling its routes takes longer than a run."""
    from moto.moto_server import werkzeug_app

    return werkzeug_app.create_backend_app(name)  # type: ignore[arg-type]  # moto wants a literal


class _ControlPlane:
    """moto's Flask applications, one call at a time."""

    def __init__(self, judge: Judge, stale_reads: StaleReads | None) -> None:
        from moto.moto_server import werkzeug_app

        # moto lets every web page read its answers; AWS does not, and no page has business here.
        werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # imported there, and read at each use
        self._dispatcher = werkzeug_app.DomainDispatcherApplication(_application)
        self._apps: dict[str, WSGIApp] = {}
        self._judge = judge
        self._stale_reads = stale_reads

    def __call__(self, environ: Environ, respond: StartResponse) -> Iterable[bytes]:
        start_response = _dated(respond)
        # Read first, then take the turn: a client that dawdles holds up nobody.
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        service = self._service(environ)
        if service is None:
            return _answer(start_response, failure(None, "403 Forbidden", "MissingAuthenticationToken", _UNSIGNED))
        try:
            with locked():
                if self._stale_reads is not None:
                    self._stale_reads.before(service, environ, body)
                if (refusal := self._judge(environ, body)) is not None:
                    return _answer(start_response, refusal)
                settle()
                app = self._app(service, environ)
                if self._stale_reads is None:
                    answer = app(environ, start_response)
                else:
                    answer = self._stale_reads(service, app, environ, body, start_response)
                if service in {"ec2", "elasticloadbalancing"} and _changes_something(body):
                    settle()
                return answer
        except NotImplementedError as error:
            return _answer(start_response, failure(service, "501 Not Implemented", "NotImplemented", str(error)))
        except Exception as error:
            _log.exception("a control-plane call failed")
            detail = traceback.format_exception_only(error)[-1].strip()
            return _answer(start_response, failure(service, "500 Internal Server Error", "InternalFailure", detail))

    @staticmethod
    def _service(environ: Environ) -> str | None:
        match = _SCOPE.search(environ.get("HTTP_AUTHORIZATION") or unquote(environ["QUERY_STRING"]))
        return match[2].lower() if match else None

    def _app(self, service: str, environ: Environ) -> WSGIApp:
        """The application of a service; asking moto's dispatcher each time would take longer than many calls."""
        if service == "apigateway" and environ["PATH_INFO"].startswith("/v2/"):
            service = "apigatewayv2"  # both interfaces are signed for by the same name
        app = self._apps.get(service)
        if app is None:
            name = _BACKENDS.get(service, service)
            if name in {"ec2", "elb", "apigateway", "apigatewayv2", "iam", "sts", "logs"}:
                app = self._apps[service] = _application(name)
            else:
                app = self._dispatcher.get_application(environ)
        return app


def _dated(respond: StartResponse) -> StartResponse:
    """An answer's Date is the account's time: what says when something was made goes by the same clock."""

    def start_response(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        kept = [(name, value) for name, value in headers if name.lower() != "date"]
        date = format_datetime(clocks.current().now(), usegmt=True)
        return respond(status, [*kept, ("Date", date)], *rest)

    return start_response


def _changes_something(body: bytes) -> bool:
    action = parse_qs(body.decode("latin-1")).get("Action", [""])[0]
    return not _READS.match(action)


def _answer(start_response: StartResponse, answer: tuple[str, list[tuple[str, str]], bytes]) -> Iterable[bytes]:
    status, headers, body = answer
    start_response(status, headers)
    return [body]


# -- the account ------------------------------------------------------------------------------------------------------


@dataclass
class Account:
    """A practice account that is being served."""

    url: str
    clock: Clock
    region: str
    account_id: str = ACCOUNT_ID
    token: str | None = None
    """What tells this account from another on the same port."""
    last_request: float = field(default_factory=time.monotonic)
    """Wall time (monotonic) of the last request; looking whether it is there does not count."""
    stop_requested: threading.Event = field(default_factory=threading.Event)
    """Set when somebody wants it to end."""
    judge: Judge = field(default_factory=Judge)
    """What refuses a control-plane request before it is carried out."""
    stale_reads: StaleReads | None = None
    """What makes reads stale for a moment after a write, where that is wanted."""

    @property
    def idle_seconds(self) -> float:
        """Wall seconds since the last request."""
        return time.monotonic() - self.last_request

    def reset(self) -> None:
        """Everything gone, the private service there again."""
        with locked():
            reset(self.region)
            self.judge.reset()
            if self.stale_reads is not None:
                self.stale_reads.reset()


@contextmanager
def serve(
    port: int = 0,
    *,
    clock: Clock | None = None,
    region: str = DEFAULT_REGION,
    backend: str | None = None,
    allow_hosts: Iterable[str] = (),
    host: str = "127.0.0.1",
    allow_other_hosts: bool = False,
    token: str | None = None,
    quotas: bool = True,
    eventual: float = 0.0,
) -> Iterator[Account]:
    """Serve a fresh practice account until the ``with`` block ends.

    moto's state belongs to the process, so one account is served at a time; a second one begins anew.
    ``backend`` is a service of the user's own that stands in for the machines; ``allow_hosts`` are other hosts that
    integrations may lead to, each as HOST or HOST:PORT. ``quotas`` holds clients to API Gateway's request quotas, on
    the clock's time. ``eventual`` is how long (AWS seconds) a read may be stale after a write; 0 for never. Raise
    ValueError for a ``host`` that is not the loopback without ``allow_other_hosts``, for a ``backend`` that is not,
    for one of ``allow_hosts`` that names no host, and OSError when the port is taken.
    """
    if not allow_other_hosts and not _is_loopback(host):
        raise ValueError(f"the practice account has no real login: it is not served on {host} without being told twice")
    clocks.use(clock or clocks.ScaledClock())
    machines.use_stand_in(backend)
    dataplane.allow_hosts(allow_hosts)
    machines.warm_up()
    install()
    with locked():
        reset(region)

    server = _Server((host, port), None, numthreads=12, request_queue_size=512, server_name="practice")
    server.gateway = _Gateway
    server.protocol = "HTTP/1.1"
    server.expiration_interval = 0.2
    server.prepare()
    bound = server.socket.getsockname()[1]
    dataplane.exclude_port(bound)
    account = Account(
        f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{bound}",  # noqa: S104
        clocks.current(),
        region,
        token=token,
        judge=Judge(quotas=quotas),
        stale_reads=StaleReads(eventual) if eventual > 0 else None,
    )
    server.wsgi_app = _dispatch(account)
    thread = threading.Thread(target=server.serve, name="practice-account", daemon=True)
    thread.start()
    try:
        yield account
    finally:
        server.stop()
        thread.join()
        machines.reset()
        machines.use_stand_in(None)
        dataplane.allow_hosts(())
        dataplane.exclude_port(None)


def _dispatch(account: Account) -> WSGIApp:
    knobs = control.Control(
        account.region,
        lambda: account.url,
        token=account.token,
        reset=account.reset,
        shut_down=account.stop_requested.set,
    )
    control_plane = _ControlPlane(account.judge, account.stale_reads)

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if path == control.PREFIX or path.startswith(control.PREFIX + "/"):
            if environ["REQUEST_METHOD"] != "GET":
                account.last_request = time.monotonic()
            return knobs(environ, start_response)
        account.last_request = time.monotonic()
        if path.startswith(EXECUTE_API_PATH) or _EXECUTE_API_HOST.match(environ.get("HTTP_HOST", "")):
            return dataplane.application(environ, start_response)
        return control_plane(environ, start_response)

    return application


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
