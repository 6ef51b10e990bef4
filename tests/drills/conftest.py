"""Practice accounts in this process, one for a module's drills: the stack is repaired from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from drills.bench import Bench
from practice.clock import ManualClock, ScaledClock
from practice.dataplane import integrations
from practice.server import serve
from runbook.accounts import Account, Kind, connect
from runbook.aws import Aws
from runbook.control import Control
from runbook.parameters import validated
from tests.stack import Hurry


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    """For commands, which wait by themselves: the clock runs fast."""
    with serve(clock=ScaledClock(6000.0), quotas=False, token="drills") as account:
        yield connect(Kind.PRACTICE, validated({}), endpoint_url=account.url)


@pytest.fixture(scope="module")
def hurried(_port: int, _connected: Callable[[int], Aws]) -> Iterator[Account]:
    """For all else: the clock moves when somebody waits, however busy the machine is."""
    clock = ManualClock()
    with serve(_port, clock=clock, quotas=False) as account:
        aws = _connected(_port)
        aws.control = Hurry(clock)
        yield replace(connect(Kind.PRACTICE, validated({}), endpoint_url=account.url), aws=aws)
        aws.control = Control()


@pytest.fixture
def bench(hurried: Account, monkeypatch: pytest.MonkeyPatch) -> Bench:
    # A service that is slow takes its time on the wall, which no clock of ours moves.
    monkeypatch.setattr(integrations, "wall_seconds", lambda aws_seconds: min(aws_seconds, 0.3))
    return Bench(hurried, validated({"stack": "drill"}))
