"""AWS's quotas: what is throttled and what is full, how patient a run is, and that forty of them get through."""

from __future__ import annotations

import heapq
import random
import re
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker
from hypothesis import given, settings
from hypothesis import strategies as st

from practice import quotas as practice_quotas
from runbook.aws import REGION, SERVICE, _until_next_try
from runbook.explain import explain
from runbook.quotas import RESOURCE_QUOTAS, RequestQuota, is_limit, is_throttled, request_quota, resource_quotas

# What the steps, the trace and the drills change, by service: what may find the account full.
OPERATIONS = {
    "apigateway": ("CreateRestApi", "CreateVpcLink", "CreateResource", "CreateStage", "CreateDeployment"),
    "elbv2": (
        "CreateLoadBalancer",
        "CreateTargetGroup",
        "CreateListener",
        "ModifyListener",
        "RegisterTargets",
        "AddTags",
        "SetSubnets",
        "ModifyTargetGroup",
    ),
}


def modelled(service: str) -> dict[str, set[str]]:
    """The error codes that botocore's model names, each with the operations that answer it."""
    model = botocore.session.get_session().get_service_model(service)
    found: dict[str, set[str]] = {}
    for name in model.operation_names:
        for shape in model.operation_model(name).error_shapes:
            found.setdefault(str(shape.metadata.get("error", {}).get("code", shape.name)), set()).add(name)
    return found


ALL_CODES = sorted(
    {
        code
        for service in ("ec2", "elbv2", "apigateway", "apigatewayv2", "sts", "logs", "resourcegroupstaggingapi")
        for code in modelled(service)
        if re.search("Limit|TooMany|Thrott|Quota", code)
    }
)


@pytest.mark.parametrize("code", ALL_CODES)
def test_every_code_that_botocore_names_is_throttled_or_a_limit_and_not_both(code: str) -> None:
    assert is_throttled(code) != is_limit(code)
    assert is_throttled(code) is bool(re.search("Thrott|^TooManyRequests", code))


@pytest.mark.parametrize("code", sorted(ThrottledRetryableChecker._THROTTLED_ERROR_CODES))
def test_what_botocore_sends_again_is_throttled_but_for_one_code_that_is_a_limit(code: str) -> None:
    assert is_throttled(code) is (code != "LimitExceededException")


@pytest.mark.parametrize(
    ("code", "message", "status", "throttled"),
    [
        ("TooManyRequestsException", "Too Many Requests", 429, True),
        ("TooManyRequests", "", 429, True),
        ("Throttling", "Rate exceeded", 400, True),
        ("RequestLimitExceeded", "Request limit exceeded.", 503, True),
        ("LimitExceededException", "Rate exceeded", 429, True),
        ("LimitExceededException", "The request exceeded the rate limit.", 429, True),
        ("Unheard", "said so", 429, True),
        ("LimitExceededException", "said so", 429, False),
        ("LimitExceededException", "Maximum number of Resources for this API has been reached.", 429, False),
        ("ConflictException", "Maximum number of Authorizers for this API has been reached.", 429, False),
        ("BadRequestException", "There are too many Vpc Links defined for this account. Limit is 10.", 400, False),
        ("TooManyLoadBalancers", "The maximum number of load balancers has been reached", 400, False),
        ("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules … has been reached.", 400, False),
    ],
)
def test_throttling_is_told_from_a_limit(code: str, message: str, status: int, throttled: bool) -> None:
    assert is_throttled(code, message, status) is throttled
    assert is_limit(code, message) is (not throttled and code != "Unheard")


def test_every_limit_of_load_balancing_that_a_step_can_hit_has_its_quota() -> None:
    limits = {
        (operation, code)
        for code, operations in modelled("elbv2").items()
        if is_limit(code)
        for operation in operations & set(OPERATIONS["elbv2"])
    }

    # Of actions, and of load balancers that a target group is of, Service Quotas lists none: there is one.
    unknown = {code for operation, code in limits if not resource_quotas("elbv2", operation, code)}
    assert len(limits) > 10
    assert unknown == {"TooManyActions", "TargetGroupAssociationLimit"}


@pytest.mark.parametrize("operation", [each for each in OPERATIONS["apigateway"] if each != "CreateDeployment"])
def test_every_creation_in_api_gateway_has_its_quota(operation: str) -> None:
    assert resource_quotas("apigateway", operation, "LimitExceededException")


def test_the_quotas_have_codes_as_service_quotas_has_them() -> None:
    named = [quota for quota in RESOURCE_QUOTAS if quota.service]

    assert all(re.fullmatch("L-[0-9A-F]{8}", quota.code) for quota in named)
    assert len({quota.code for quota in named}) == len(named)


def full(operation: str, code: str, message: str, service: str = "") -> str:
    answered: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {SERVICE: service, REGION: "r-1"}}
    return explain(ClientError(answered, operation))


@pytest.mark.parametrize(
    ("service", "operation", "code", "named"),
    [
        (
            "apigateway",
            "CreateVpcLink",
            "LimitExceededException",
            '"VPC links" (20 unless raised, Service Quotas ',
        ),
        (
            "apigatewayv2",
            "CreateVpcLink",
            "BadRequestException",
            '"VPC links(V2)" (10 unless raised, Service Quotas',
        ),
        ("apigateway", "CreateRestApi", "LimitExceededException", '"Regional APIs" (600, cannot be raised, Service Qu'),
        ("apigateway", "CreateResource", "LimitExceededException", "L-01C8A9E0"),
        ("elbv2", "CreateLoadBalancer", "TooManyLoadBalancers", '"Network Load Balancers per Region" (50 unless rais'),
        ("elbv2", "CreateTargetGroup", "TooManyTargetGroups", "L-B22855CB"),
        ("ec2", "AuthorizeSecurityGroupIngress", "RulesPerSecurityGroupLimitExceeded", "(60 unless raised, Service"),
        ("apigateway", "CreateDeployment", "LimitExceededException", "which quota that is we do not know"),
    ],
)
def test_a_full_account_is_told_with_the_quota_and_what_to_do(
    service: str, operation: str, code: str, named: str
) -> None:
    told = full(operation, code, "The maximum number of these has been reached.", service)

    assert told.startswith(f"{operation}: The maximum number of these has been reached. ({code}). ")
    assert named in told
    assert "elete what is no longer needed" in told


def test_what_was_throttled_all_along_is_told_with_the_quota_and_how_long_it_was_waited_for() -> None:
    assert full("DeleteRestApi", "TooManyRequestsException", "Too Many Requests", "apigateway").endswith(
        "The account's quota (DeleteRestApi, 1 request in 30 s) is used up by others, and was waited for 50 minutes. "
        "Run this again when there is less going on in the account: it goes on from here."
    )


# --- how often --------------------------------------------------------------------------------------------------------


def test_the_quotas_are_those_that_the_practice_account_has() -> None:
    there = {name: value for name, value in vars(practice_quotas).items() if isinstance(value, practice_quotas.Quota)}
    pairs = {
        "_CREATE_EDGE_API": request_quota("apigateway", "CreateRestApi", edge=True),
        "_CREATE_API": request_quota("apigateway", "CreateRestApi"),
        "_DELETE_API": request_quota("apigateway", "DeleteRestApi"),
        "_PUT_API": request_quota("apigateway", "PutRestApi"),
        "_CREATE_DEPLOYMENT": request_quota("apigateway", "CreateDeployment"),
        "_CREATE_RESOURCE": request_quota("apigateway", "CreateResource"),
        "_GET_RESOURCES": request_quota("apigateway", "GetResources"),
        "_CREATE_LINK_V2": request_quota("apigatewayv2", "CreateVpcLink"),
        "_DELETE_LINK_V2": request_quota("apigatewayv2", "DeleteVpcLink"),
        "_OTHERS": request_quota("apigateway", "GetVpcLink"),
    }

    assert pairs.keys() == there.keys()
    for name, quota in pairs.items():
        assert quota.interval == pytest.approx(1 / there[name].rate), name
    assert request_quota("apigatewayv2", "GetVpcLink") == request_quota("apigateway", "GetVpcLink")


def through(quota: RequestQuota, runs: int, chance: random.Random) -> list[float]:
    """When each of so many runs that ask at the same moment gets through a bucket of one, or gave up (infinity)."""
    waiting = [(0.0, number, 1) for number in range(runs)]
    ended, free = [], 0.0
    random.seed(chance.random())
    while waiting:
        now, number, attempt = heapq.heappop(waiting)
        if now >= free:
            free = now + quota.interval
            ended.append(now)
        elif now >= quota.patience:
            ended.append(float("inf"))
        else:
            heapq.heappush(waiting, (now + _until_next_try(quota, attempt), number, attempt + 1))
    return ended


@settings(max_examples=40)
@given(
    operation=st.sampled_from(["DeleteRestApi", "CreateRestApi", "CreateDeployment", "CreateResource", "GetVpcLink"]),
    runs=st.integers(1, 40),
    chance=st.randoms(use_true_random=False),
)
def test_all_of_many_runs_get_through_one_quota(operation: str, runs: int, chance: random.Random) -> None:
    quota = request_quota("apigateway", operation)
    ended = through(quota, runs, chance)

    least = (runs - 1) * quota.interval
    assert max(ended) <= 1.6 * least + 3 * max(quota.interval, 20.0)


def test_runs_that_were_refused_together_do_not_come_back_together() -> None:
    quota = request_quota("apigateway", "DeleteRestApi")
    waits = [_until_next_try(quota, 1) for _ in range(24)]

    assert min(waits) >= 30.0
    assert max(waits) - min(waits) > 10.0
    assert len({round(each, 1) for each in waits}) > 15
