"""``python -m practice``: serve a practice account in the foreground."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from practice import ALLOW_HOST_VARIABLE, DEFAULT_REGION, background, clock, tokens

if TYPE_CHECKING:
    from practice.server import Account

__all__ = ["main", "serve_forever"]


def serve_forever(
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    allow_other_hosts: bool = False,
    time_scale: float = 60.0,
    backend: str | None = None,
    allow_hosts: Sequence[str] | None = None,
    region: str = DEFAULT_REGION,
    quotas: bool = True,
    eventual: float = 0.0,
    idle: float | None = None,
    runtime_file: Path | None = None,
    ready: Callable[[Account], None] | None = None,
) -> None:
    """Serve until Ctrl-C, SIGTERM, ``POST /_practice/stop``, or ``idle`` wall seconds without a request.

    ``ready`` is called with the ``practice.server.Account`` once it answers; ``runtime_file`` is written then and
    removed at the end. Without one, the account's token is where commands of the same user look for it. Without
    ``allow_hosts`` those of the environment variable are taken. ``quotas``, ``backend`` and the rest are those of
    ``practice.server.serve``, which says what is raised, too.
    """
    from practice.runtime_files import announced
    from practice.server import serve

    if allow_hosts is None:
        allow_hosts = os.environ.get(ALLOW_HOST_VARIABLE, "").replace(",", " ").split()
    token = os.environ.get(tokens.VARIABLE) or secrets.token_hex(16)
    with serve(
        port,
        host=host,
        allow_other_hosts=allow_other_hosts,
        clock=clock.ScaledClock(time_scale),
        backend=backend,
        allow_hosts=allow_hosts,
        region=region,
        quotas=quotas,
        eventual=eventual,
        token=token,
    ) as account:

        def end(signum: int, frame: FrameType | None) -> None:
            del signum, frame
            account.stop_requested.set()

        with contextlib.suppress(ValueError):  # only the main thread may; elsewhere the caller ends us
            signal.signal(signal.SIGTERM, end)
            signal.signal(signal.SIGINT, end)
        found_by_commands = (
            background.published(runtime_file, account.url, token) if runtime_file else announced(account.url, token)
        )
        with found_by_commands:
            if ready is not None:
                ready(account)
            _wait(account, idle)


def _wait(account: Account, idle: float | None) -> None:
    while not account.stop_requested.wait(timeout=1.0 if idle is None else min(1.0, idle)):
        if idle is not None and account.idle_seconds >= idle:
            return


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m practice", description="Serve a practice AWS account.")
    parser.add_argument("--port", type=int, default=0, help="port on the loopback (default: any free one)")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: 127.0.0.1)")
    parser.add_argument(
        "--allow-other-hosts", action="store_true", help="allow --host to be an address that others can reach"
    )
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--time-scale", type=float, default=60.0, help="AWS seconds a wall second (default: 60)")
    speed.add_argument("--realtime", action="store_const", dest="time_scale", const=1.0, help="the same as 1")
    parser.add_argument("--backend", help="a service of yours that stands in for the machines: http://127.0.0.1:3000")
    parser.add_argument(
        "--allow-host",
        action="append",
        dest="allow_hosts",
        metavar="HOST[:PORT]",
        help=f"a host that integrations may send requests to; repeatable (or set {ALLOW_HOST_VARIABLE})",
    )
    parser.add_argument("--region", default=DEFAULT_REGION, help="where the private service is")
    parser.add_argument(
        "--no-quotas", action="store_false", dest="quotas", help="do not hold clients to API Gateway's request quotas"
    )
    parser.add_argument(
        "--eventual",
        type=float,
        nargs="?",
        const=5.0,
        default=0.0,
        metavar="SECONDS",
        help="reads may be stale for so many AWS seconds after a write (default: never; without a number: 5)",
    )
    parser.add_argument("--idle", type=float, help="end after so many wall seconds without a request")
    parser.add_argument("--runtime-file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    runtime_file: Path | None = options.runtime_file
    try:
        # Held before anything that takes time: a second account does not come up, not even for a moment.
        with background.only_one(runtime_file) if runtime_file else contextlib.nullcontext():
            serve_forever(**vars(options), ready=_greet)
    except background.AlreadyRunsError as error:
        print(f"practice: {error}", file=sys.stderr)
        return background.ALREADY_RUNS
    except (ValueError, OSError, KeyError) as error:
        print(f"practice: {error}", file=sys.stderr)
        return 2
    return 0


def _greet(account: Account) -> None:
    from practice.runtime_files import file_of

    print(f"practice account {account.account_id} in {account.region}: {account.url}")
    print(f"its token for changes by /_practice: {file_of(account.token)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
