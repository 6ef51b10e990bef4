"""How the hosts that integrations may lead to reach an account."""

from __future__ import annotations

from typing import Any

import pytest

from practice import ALLOW_HOST_VARIABLE
from practice.__main__ import serve_forever
from practice.dataplane import destinations
from practice.server import serve


def test_a_background_account_takes_them_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_HOST_VARIABLE, "127.0.0.1:3000, localhost:3001")
    found: list[tuple[str, int | None]] = []

    def ready(account: Any) -> None:
        found.extend((each.name, each.port) for each in destinations._allowed)
        account.stop_requested.set()

    serve_forever(ready=ready)
    assert found == [("127.0.0.1", 3000), ("localhost", 3001)]


def test_an_account_does_not_begin_with_what_is_no_host() -> None:
    with pytest.raises(ValueError, match="http://a"), serve(allow_hosts=["http://a"]):
        pass


def test_the_next_account_in_this_process_allows_none() -> None:
    with serve(allow_hosts=["127.0.0.1"]):
        assert destinations._allowed
    assert not destinations._allowed
    assert destinations._own_port is None
