"""Stacks are found by their tag, with state, age and when they may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runbook.stacks import PARTS, Stack, expired, stacks, until
from tests.stack import Stack as Practised

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ttl", "means"),
    [
        ("45m", NOON + timedelta(minutes=45)),
        ("8h", NOON + timedelta(hours=8)),
        (" 2 d ", NOON + timedelta(days=2)),
        ("2026-12-01T18:00Z", datetime(2026, 12, 1, 18, tzinfo=UTC)),
        ("2026-12-01T18:00", datetime(2026, 12, 1, 18, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("soon", None),
        ("8", None),
        ("", None),
        ("99999d", NOON + timedelta(days=99999)),
    ],
)
def test_what_a_ttl_means(ttl: str, means: datetime | None) -> None:
    assert until(ttl, NOON) == means


def test_a_duration_from_nothing_means_nothing() -> None:
    assert until("8h", None) is None


def test_only_what_is_past_its_ttl_is_expired() -> None:
    def stack(name: str, expires: datetime | None) -> Stack:
        return Stack(name, PARTS, NOON, expires)

    found = [stack("past", NOON), stack("later", NOON + timedelta(seconds=1)), stack("forever", None)]
    assert [each.name for each in expired(found, NOON)] == ["past"]


def test_whole_and_half_stacks_are_listed_and_nothing_else(stack: Practised) -> None:
    aws, service = stack.aws, stack.service
    assert stacks(aws) == []
    stack.up(tags={"ttl": "8h"})
    aws.elbv2.create_target_group(
        Name="half-targets",
        Protocol="TCP",
        Port=80,
        VpcId=service.vpc,
        Tags=[{"Key": "runbook:stack", "Value": "half"}],
    )
    aws.elbv2.create_target_group(Name="demo2-targets", Protocol="TCP", Port=80, VpcId=service.vpc)
    demo, half = stacks(aws)
    assert (demo.name, demo.state, demo.parts) == ("demo", "whole", PARTS)
    assert demo.created
    assert demo.expires == demo.created + timedelta(hours=8)
    assert demo.age(demo.created + timedelta(hours=3)) == timedelta(hours=3)
    assert (half.name, half.state, half.created) == ("half", "only target group", None)
    assert half.missing == PARTS[1:]

    assert [each.name for each in expired(stacks(aws), demo.expires)] == ["demo"]
    stack.down()
    assert [each.name for each in stacks(aws)] == ["half"]


def test_the_longest_wish_counts(stack: Practised) -> None:
    stack.up(tags={"ttl": "8h"})
    (api,) = stack.aws.apigateway.get_rest_apis()["items"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    stack.aws.apigateway.tag_resource(resourceArn=arn, tags={"ttl": "2d"})
    (found,) = stacks(stack.aws)
    assert found.ttl == "2d"
    stack.aws.apigateway.tag_resource(resourceArn=arn, tags={"ttl": "for ever"})
    (found,) = stacks(stack.aws)
    assert (found.ttl, found.expires) == ("for ever", None)


def test_more_than_one_page_of_tags(stack: Practised) -> None:
    for number in range(23):
        stack.aws.elbv2.create_target_group(
            Name=f"s{number:02}-targets",
            Protocol="TCP",
            Port=80,
            VpcId=stack.service.vpc,
            Tags=[{"Key": "runbook:stack", "Value": f"s{number:02}"}],
        )
    assert [found.name for found in stacks(stack.aws)] == [f"s{number:02}" for number in range(23)]
