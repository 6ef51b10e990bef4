"""An account behind a proxy that counts, and a command line that finds it by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from practice.judging import Judge
from practice.server import Account
from tests.faults.proxy import Proxy
from tests.never.recorder import Recorder


@pytest.fixture
def counted(practice_account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Proxy]:
    """Everything that reaches the account goes through here."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "RUNBOOK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    with Proxy(practice_account.url).serving() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Every request that changes something, as the account gets it."""
    recorded = Recorder()
    judge = Judge.__call__

    def judged(self: Judge, environ: Mapping[str, Any], body: bytes) -> Any:
        recorded(environ, body)
        return judge(self, environ, body)

    monkeypatch.setattr(Judge, "__call__", judged)
    return recorded


def writes(proxy: Proxy) -> list[str]:
    """The requests that may have changed something."""
    return [name for name in proxy.counted if not name.startswith(("Describe", "Get", "List"))]
