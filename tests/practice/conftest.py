"""A served practice account whose clock the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from practice import CREDENTIALS
from practice.clock import ManualClock
from practice.server import Account, serve


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def account(clock: ManualClock) -> Iterator[Account]:
    with serve(clock=clock) as served:
        yield served


@pytest.fixture
def client(account: Account) -> Any:
    """``client("ec2")``: a boto3 client of the account."""
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
        region_name=account.region,
    )
    return lambda service: session.client(
        service,
        endpoint_url=account.url,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )


@pytest.fixture
def defaults(account: Account) -> dict[str, Any]:
    """Ids of the seeded VPC, subnets, instances and security group."""
    return httpx.get(f"{account.url}/_practice").json()["defaults"]
