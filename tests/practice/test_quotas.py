"""Quotas count what was asked within them, by account and region, on the clock's time."""

from __future__ import annotations

import json

import pytest

from practice import clock as clocks
from practice.clock import ManualClock
from practice.quotas import Quotas


@pytest.fixture(autouse=True)
def clock() -> ManualClock:
    hand = ManualClock()
    previous = clocks.use(hand)
    yield hand
    clocks.use(previous)


def asked(quotas: Quotas, method: str, path: str, body: object = None, region: str = "us-east-1") -> bool:
    return quotas.admits("123456789012", region, method, path, json.dumps(body or {}).encode())


@pytest.mark.parametrize(
    ("method", "path", "body", "burst", "wait"),
    [
        ("POST", "/restapis", {}, 1, 30),
        ("POST", "/restapis", {"endpointConfiguration": {"types": ["EDGE"]}}, 1, 30),
        ("POST", "/restapis", {"endpointConfiguration": {"types": ["REGIONAL"]}}, 1, 3),
        ("DELETE", "/restapis/abc", None, 1, 30),
        ("PUT", "/restapis/abc", None, 1, 1),
        ("POST", "/restapis/abc/deployments", None, 1, 5),
        ("POST", "/restapis/abc/resources/def", None, 5, 0.2),
        ("GET", "/restapis/abc/resources", None, 5, 0.4),
        ("POST", "/v2/vpclinks", None, 1, 15),
        ("DELETE", "/v2/vpclinks/abc", None, 1, 30),
        ("GET", "/restapis", None, 40, 0.1),
        ("PATCH", "/restapis/abc/stages/prod", None, 40, 0.1),
    ],
)
def test_the_documented_rates(
    clock: ManualClock, method: str, path: str, body: object, burst: int, wait: float
) -> None:
    quotas = Quotas()
    assert all(asked(quotas, method, path, body) for _ in range(burst))
    assert not asked(quotas, method, path, body)
    clock.advance(wait * 0.9)
    assert not asked(quotas, method, path, body)
    clock.advance(wait * 0.1 + 0.001)
    assert asked(quotas, method, path, body)
    assert not asked(quotas, method, path, body)


def test_a_refused_request_does_not_count(clock: ManualClock) -> None:
    quotas = Quotas()
    asked(quotas, "DELETE", "/restapis/a")
    for _ in range(29):
        clock.advance(1)
        assert not asked(quotas, "DELETE", "/restapis/b")
    clock.advance(1)
    assert asked(quotas, "DELETE", "/restapis/b")


def test_operations_with_a_quota_of_their_own_leave_the_others_alone() -> None:
    quotas = Quotas()
    assert all(asked(quotas, "GET", "/vpclinks") for _ in range(40))
    assert not asked(quotas, "POST", "/vpclinks")
    assert asked(quotas, "DELETE", "/restapis/a")
    assert asked(quotas, "POST", "/restapis")


def test_regions_are_counted_apart() -> None:
    quotas = Quotas()
    assert asked(quotas, "DELETE", "/restapis/a")
    assert asked(quotas, "DELETE", "/restapis/b", region="eu-west-1")
    assert not asked(quotas, "DELETE", "/restapis/b")


def test_long_silence_saves_up_no_more_than_a_burst(clock: ManualClock) -> None:
    quotas = Quotas()
    asked(quotas, "GET", "/restapis")
    clock.advance(86_400)
    assert sum(asked(quotas, "GET", "/restapis") for _ in range(100)) == 40
