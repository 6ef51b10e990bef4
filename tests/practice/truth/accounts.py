"""The two accounts that are asked: the practice account, and stock moto in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from practice import server
from practice.clock import ManualClock


class PracticeAccount:
    """The practice account, served, on a clock moved by hand."""

    def __init__(self, account: server.Account, clock: ManualClock) -> None:
        self.url = account.url
        self._account = account
        self._clock = clock

    def reset(self) -> None:
        self._account.reset()

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def invoke_url(self, api_id: str, stage: str) -> str:
        return f"{self.url}/_aws/execute-api/{api_id}/{stage}"


@contextmanager
def practice_account() -> Iterator[PracticeAccount]:
    """Serve a practice account."""
    clock = ManualClock()
    with server.serve(clock=clock) as account:
        yield PracticeAccount(account, clock)


class StockMoto:
    """moto as it is. It has no clock to move, and its invoke URL is the one AWS would give, on its own host."""

    def __init__(self, url: str) -> None:
        self.url = url

    def reset(self) -> None:
        httpx.post(f"{self.url}/moto-api/reset", trust_env=False).raise_for_status()

    def advance(self, seconds: float) -> None:
        pass

    def invoke_url(self, api_id: str, stage: str) -> str:
        return f"{self.url}/_aws/execute-api/{api_id}/{stage}"


_SERVE = """
import sys, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def stock_moto() -> Iterator[StockMoto]:
    """Serve stock moto in another process, since ours is patched."""
    # It reads its 1300 machine images anew at every reset; no case asks for one.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as images:
        images.write("[]")
        images.flush()
        with _serving(os.environ | {"MOTO_AMIS_PATH": images.name}) as moto:
            yield moto


@contextmanager
def _serving(environment: Mapping[str, str]) -> Iterator[StockMoto]:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_SERVE)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield StockMoto(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()
