"""A removal that is run again; apart from other tests of output, since a process serves one account at a time."""

from __future__ import annotations

import os

import pytest

from practice.server import Account
from tests.inprocess import runbook


def test_a_second_down_in_an_account_without_stacks_is_no_failure(
    practice_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "RUNBOOK_")) and name != "RUNBOOK_HOME"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", practice_account.url)
    again = runbook("down")
    assert again.code == 0
    assert "There is no stack demo in us-east-1. There are no other stacks either." in again.out
