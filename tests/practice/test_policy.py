"""IAM's evaluation logic, statement by statement."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.policy import Decision, Request, decide

RESTAPIS = "arn:aws:apigateway:us-east-1::/restapis"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "*", resource: Any = "*", **rest: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | rest


def deny(action: Any = "*", resource: Any = "*", **rest: Any) -> dict[str, Any]:
    return allow(action, resource, **rest) | {"Effect": "Deny"}


def ask(action: str = "apigateway:GET", resource: str = RESTAPIS, **context: list[str]) -> Request:
    return Request(action, resource, {key.replace("__", ":").lower(): value for key, value in context.items()})


def holds(operator: str, key: str, wanted: Any, context: dict[str, list[str]]) -> bool:
    statement = allow(Condition={operator: {key: wanted}})
    request = Request("apigateway:GET", RESTAPIS, {name.lower(): values for name, values in context.items()})
    return decide([policy(statement)], request) is Decision.ALLOW


def test_nothing_is_allowed_by_nothing() -> None:
    assert decide([], ask()) is Decision.IMPLICIT_DENY
    assert decide([policy()], ask()) is Decision.IMPLICIT_DENY


def test_a_deny_beats_an_allow_in_either_order() -> None:
    assert decide([policy(allow(), deny())], ask()) is Decision.EXPLICIT_DENY
    assert decide([policy(deny()), policy(allow())], ask()) is Decision.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("apigateway:GET", RESTAPIS, True),
        ("APIGateway:get", RESTAPIS, True),
        ("apigateway:*", RESTAPIS + "*", True),
        ("apigateway:G?T", RESTAPIS, True),
        (["ec2:*", "apigateway:GET"], ["arn:aws:s3:::x", RESTAPIS], True),
        ("apigateway:POST", RESTAPIS, False),
        ("apigateway:GET", RESTAPIS.upper(), False),
        ("apigateway:GET", RESTAPIS + "/[a-z]", False),
        ("apigateway:[GET]", RESTAPIS, False),
    ],
)
def test_actions_without_case_resources_with(action: Any, resource: Any, expected: bool) -> None:
    assert (decide([policy(allow(action, resource))], ask()) is Decision.ALLOW) is expected


def test_not_action_and_not_resource_mean_all_others() -> None:
    others = {"Effect": "Allow", "NotAction": "ec2:*", "NotResource": "arn:aws:s3:::*"}
    assert decide([policy(others)], ask()) is Decision.ALLOW
    assert decide([policy(others)], ask("ec2:DescribeVpcs")) is Decision.IMPLICIT_DENY
    assert decide([policy(others)], ask(resource="arn:aws:s3:::bucket")) is Decision.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "expected"),
    [
        ("StringEquals", "demo", ["demo"], True),
        ("StringEquals", ["a", "demo"], ["demo"], True),
        ("StringEquals", "Demo", ["demo"], False),
        ("StringEqualsIgnoreCase", "Demo", ["demo"], True),
        ("StringLike", "d*o", ["demo"], True),
        ("StringNotEquals", "demo", ["demo"], False),
        ("StringNotEquals", ["a", "b"], ["demo"], True),
        ("StringNotLike", "d*", ["demo"], False),
        ("ArnLike", "arn:aws:iam::*:role/x", ["arn:aws:iam::123456789012:role/x"], True),
        ("Bool", "true", ["True"], True),
        ("NumericLessThan", "10", ["9.5"], True),
        ("NumericGreaterThanEquals", "10", ["9.5"], False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", ["2026-11-24T00:00:00Z"], True),
        ("IpAddress", "127.0.0.0/8", ["127.0.0.1"], True),
        ("NotIpAddress", "127.0.0.0/8", ["127.0.0.1"], False),
        ("NoSuchOperator", "demo", ["demo"], False),
    ],
)
def test_operators(operator: str, wanted: Any, values: list[str], expected: bool) -> None:
    assert holds(operator, "aws:ResourceTag/stack", wanted, {"aws:resourcetag/stack": values}) is expected


def test_a_missing_key_fails_unless_the_operator_says_otherwise() -> None:
    assert not holds("StringEquals", "aws:ResourceTag/stack", "demo", {})
    assert holds("StringEqualsIfExists", "aws:ResourceTag/stack", "demo", {})
    assert holds("StringNotEquals", "aws:ResourceTag/stack", "demo", {})
    assert holds("ForAllValues:StringEquals", "aws:TagKeys", ["stack"], {})
    assert not holds("ForAnyValue:StringEquals", "aws:TagKeys", ["stack"], {})
    assert holds("Null", "aws:ResourceTag/stack", "true", {})
    assert not holds("Null", "aws:ResourceTag/stack", "false", {})


def test_quantifiers_over_several_values() -> None:
    keys = {"aws:TagKeys": ["stack", "owner"]}
    assert not holds("ForAllValues:StringEquals", "aws:TagKeys", ["stack"], keys)
    assert holds("ForAllValues:StringEquals", "aws:TagKeys", ["stack", "owner", "ttl"], keys)
    assert holds("ForAnyValue:StringEquals", "aws:TagKeys", ["stack"], keys)
    assert not holds("ForAnyValue:StringEquals", "aws:TagKeys", ["ttl"], keys)


def test_variables_are_filled_in_from_the_request() -> None:
    own = allow(resource="arn:aws:iam::1:user/${aws:username}")
    request = Request("iam:GetUser", "arn:aws:iam::1:user/ann", {"aws:username": ["ann"]})
    assert decide([policy(own)], request) is Decision.ALLOW
    assert decide([policy(own)], Request("iam:GetUser", "arn:aws:iam::1:user/bob", request.context)) is (
        Decision.IMPLICIT_DENY
    )


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_a_pattern_without_wildcards_matches_itself_only(pattern: str, value: str) -> None:
    if set(pattern) & set("*?$"):
        return
    allowed = decide([policy(allow(resource=pattern))], ask(resource=value)) is Decision.ALLOW
    assert allowed is (pattern == value)
