"""The practice account over HTTP: one loopback server in front of the control plane, the data plane and the knobs."""

from __future__ import annotations

import importlib
import ipaddress
import secrets
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from practice import ACCOUNT_ID, DEFAULT_REGION, control, control_plane, dataplane, machines, origins, seed, tokens
from practice import clock as clocks
from practice.eventual import StaleReads
from practice.front import Front
from practice.http_server import HttpServer
from practice.judging import Judge
from practice.locking import locked

if TYPE_CHECKING:
    from practice.apigatewayv2.models import ApiGatewayV2Backend
    from practice.clock import Clock
    from practice.elbv2.models import ELBv2Backend

__all__ = ["Account", "serve", "settle"]


# -- moto -------------------------------------------------------------------------------------------------------------


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
    import practice.apigateway
    import practice.apigatewayv2
    import practice.ec2
    import practice.elbv2
    import practice.managed_policies

    practice.ec2.install()
    practice.elbv2.install()
    practice.apigateway.install()
    practice.apigatewayv2.install()
    practice.managed_policies.install()
    control_plane.install()


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


# -- the account ------------------------------------------------------------------------------------------------------


@dataclass
class Account:
    """A practice account that is being served."""

    url: str
    clock: Clock
    region: str
    account_id: str = ACCOUNT_ID
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    """What its owner's commands send to change it by `/_practice`."""
    last_request: float = field(default_factory=time.monotonic)
    """Wall time (monotonic) of the last request; looking whether it is there does not count."""
    stop_requested: threading.Event = field(default_factory=threading.Event)
    """Set when somebody wants it to end."""
    judge: Judge = field(default_factory=Judge)
    """What refuses a control-plane request before it is carried out."""
    stale_reads: StaleReads | None = None
    """What makes reads stale for a moment after a write, where that is wanted."""

    @property
    def control_headers(self) -> dict[str, str]:
        """What a request to `/_practice` that changes something must bring."""
        return {tokens.HEADER: self.token}

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

    server = HttpServer(host, port)
    server.prepare()
    bound = server.socket.getsockname()[1]
    dataplane.exclude_port(bound)
    account = Account(
        f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{bound}",  # noqa: S104
        clocks.current(),
        region,
        token=token or secrets.token_hex(16),
        judge=Judge(quotas=quotas),
        stale_reads=StaleReads(eventual) if eventual > 0 else None,
    )
    server.wsgi_app = _front(account, host)
    thread = threading.Thread(target=server.serve, name="practice-account", daemon=True)
    thread.start()
    try:
        with tokens.served_here(account.token):
            yield account
    finally:
        server.stop()
        thread.join()
        machines.reset()
        machines.use_stand_in(None)
        dataplane.allow_hosts(())
        dataplane.exclude_port(None)


def _front(account: Account, host: str) -> Front:
    def heard(moment: float) -> None:
        account.last_request = moment

    return Front(
        origins.Names(host),
        knobs=control.Control(
            account.region,
            lambda: account.url,
            token=account.token,
            reset=account.reset,
            shut_down=account.stop_requested.set,
        ),
        aws=control_plane.ControlPlane(account.judge, account.stale_reads, settle),
        heard=heard,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
