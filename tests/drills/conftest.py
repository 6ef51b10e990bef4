"""A bench in this process, on an account whose clock runs fast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drills.bench import Bench
from practice.clock import ScaledClock
from practice.server import serve
from runbook.accounts import Account, Kind, connect
from runbook.parameters import validated


@pytest.fixture(scope="session")
def served() -> Iterator[Account]:
    """One account for all drills of a process: boto3's clients and moto's models are loaded once."""
    with serve(clock=ScaledClock(6000.0), quotas=False, token="drills") as account:
        yield connect(Kind.PRACTICE, validated({}), endpoint_url=account.url)


@pytest.fixture
def bench(served: Account) -> Bench:
    return Bench(served, validated({"stack": "drill"}))
