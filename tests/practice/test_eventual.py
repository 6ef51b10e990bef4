"""Reads are stale for a moment after a write, where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from practice.clock import ManualClock
from practice.server import serve

MOMENT = 5


@pytest.fixture
def client(clock: ManualClock, session: boto3.Session) -> Iterator[Callable[[str], Any]]:
    with serve(clock=clock, quotas=False, eventual=MOMENT) as account:
        config = Config(retries={"total_max_attempts": 1})
        yield lambda service: session.client(service, endpoint_url=account.url, config=config)


def names(gateway: Any) -> list[str]:
    return [api["name"] for api in gateway.get_rest_apis()["items"]]


def test_a_list_asked_before_does_not_show_what_was_just_made(client: Any, clock: ManualClock) -> None:
    gateway = client("apigateway")
    assert names(gateway) == []
    gateway.create_rest_api(name="new")
    assert names(gateway) == []
    clock.advance(MOMENT)
    assert names(gateway) == ["new"]


def test_what_was_just_deleted_is_still_shown(client: Any, clock: ManualClock) -> None:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="old")["id"]
    gateway.get_rest_api(restApiId=api)
    gateway.delete_rest_api(restApiId=api)
    assert gateway.get_rest_api(restApiId=api)["name"] == "old"
    clock.advance(MOMENT)
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_rest_api(restApiId=api)


def test_each_write_becomes_visible_in_its_turn(client: Any, clock: ManualClock) -> None:
    gateway = client("apigateway")
    names(gateway)
    gateway.create_rest_api(name="first")
    clock.advance(MOMENT - 1)
    gateway.create_rest_api(name="second")
    assert names(gateway) == []
    clock.advance(1)
    assert names(gateway) == ["first"]
    clock.advance(MOMENT - 1)
    assert names(gateway) == ["first", "second"]


def test_a_refused_write_changes_no_answer(client: Any) -> None:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="one")["id"]
    before = gateway.get_resources(restApiId=api)["items"]
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.create_resource(restApiId=api, parentId="none", pathPart="x")
    assert gateway.get_resources(restApiId=api)["items"] == before


def test_ec2_reads_are_stale_too(client: Any, clock: ManualClock) -> None:
    ec2 = client("ec2")
    before = len(ec2.describe_vpcs()["Vpcs"])
    ec2.create_vpc(CidrBlock="10.9.0.0/16")
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    clock.advance(MOMENT)
    assert len(ec2.describe_vpcs()["Vpcs"]) == before + 1


def test_writes_are_judged_on_the_present(client: Any) -> None:
    gateway = client("apigateway")
    names(gateway)
    api = gateway.create_rest_api(name="new")
    made = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="x")
    assert made["path"] == "/x"
