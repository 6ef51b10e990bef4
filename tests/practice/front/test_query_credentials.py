"""Credentials in the query (presigned) are judged as those in the header: by permissions, by quotas, by region."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from practice.clock import ManualClock
from practice.server import Account, serve

from .conftest import Wire, presigned, signed

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REQUESTS = {
    "ec2": ("POST", "/", b"Action=DescribeInstances&Version=2016-11-15"),
    "elasticloadbalancing": ("POST", "/", b"Action=DescribeLoadBalancers&Version=2015-12-01"),
    "iam": ("POST", "/", b"Action=ListUsers&Version=2010-05-08"),
    "apigateway": ("GET", "/restapis", b""),
}


@pytest.fixture
def limited(wire: Wire) -> Iterator[Callable[[Any], str]]:
    """Make a user with a policy, or without any; answer its access key."""
    iam = boto3.client(
        "iam",
        endpoint_url=wire.account.url,
        region_name="us-east-1",
        aws_access_key_id="practice",
        aws_secret_access_key="practice",
        config=Config(retries={"total_max_attempts": 1}),
    )
    made: list[str] = []

    def make(policy: Any) -> str:
        name = f"user-{len(made)}"
        iam.create_user(UserName=name)
        made.append(name)
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return str(iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])

    yield make
    for name in made:
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        iam.delete_user(UserName=name)


@pytest.mark.parametrize("service", REQUESTS)
@pytest.mark.parametrize("may", [True, False])
def test_permissions_hold_wherever_the_credentials_are(
    wire: Wire, limited: Callable[[Any], str], service: str, may: bool
) -> None:
    allow = {"Effect": "Allow", "Action": [f"{service}:*"], "Resource": "*"}
    key = limited({"Version": "2012-10-17", "Statement": [allow]} if may else None)
    method, path, body = REQUESTS[service]
    in_header = wire.ask(method, path, FORM | signed(service, key=key), body)
    in_query = wire.ask(method, f"{path}?{presigned(service, key=key)}", FORM, body)
    assert in_header.status == in_query.status == (200 if may else 403)
    if method == "POST":  # all in the query, as a link has it
        assert wire.ask("GET", f"/?{body.decode()}&{presigned(service, key=key)}").status == in_query.status
    # The header's caller counts where both are given.
    both = wire.ask(method, f"{path}?{presigned(service)}", FORM | signed(service, key=key), body)
    assert both.status == in_header.status
    only_key = f"X-Amz-Credential={key}/20260101/us-east-1/{service}/aws4_request"
    assert wire.ask(method, f"{path}?{only_key}", FORM, body).status == in_query.status


def test_a_real_presigned_url_is_answered(wire: Wire) -> None:
    session = boto3.Session("practice", "practice", region_name="eu-west-1")
    for service, operation, expected in (
        ("sts", "get_caller_identity", b"GetCallerIdentityResult"),
        ("ec2", "describe_vpcs", b"vpcSet"),
        ("apigateway", "get_rest_apis", b"item"),
    ):
        client = session.client(service, endpoint_url=wire.account.url)
        url = client.generate_presigned_url(operation, HttpMethod="GET")
        answer = wire.ask("GET", url.removeprefix(wire.account.url))
        assert (answer.status, expected in answer.body) == (200, True), answer


def test_the_session_token_of_a_role_is_looked_at_in_the_query_too(wire: Wire) -> None:
    client = boto3.Session("practice", "practice", region_name="us-east-1").client
    iam, sts = client("iam", endpoint_url=wire.account.url), client("sts", endpoint_url=wire.account.url)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(allow))
    given = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session")["Credentials"]
    query = presigned("ec2", key=given["AccessKeyId"])
    form = b"Action=DescribeVpcs&Version=2016-11-15"
    token = given["SessionToken"].replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert wire.ask("POST", f"/?{query}&X-Amz-Security-Token={token}", FORM, form).status == 200
    assert wire.ask("POST", f"/?{query}", FORM, form).status == 401
    # A token beside it in a header is not the query's.
    assert wire.ask("POST", f"/?{query}", FORM | {"X-Amz-Security-Token": given["SessionToken"]}, form).status == 401


def test_quotas_count_wherever_the_credentials_are() -> None:
    with serve(clock=ManualClock()) as account:
        wire = Wire(account)
        statuses = [wire.ask("GET", f"/restapis?{presigned('apigateway')}").status for _ in range(20)]
        statuses += [wire.ask("GET", "/restapis", signed("apigateway")).status for _ in range(25)]
        assert statuses == [200] * 40 + [429] * 5
        assert wire.ask("GET", f"/restapis?{presigned('apigateway')}").status == 429
        assert _asked_by_boto3(account) == "TooManyRequestsException"


def _asked_by_boto3(account: Account) -> str:
    client = boto3.client(
        "apigateway",
        endpoint_url=account.url,
        region_name="us-east-1",
        aws_access_key_id="practice",
        aws_secret_access_key="practice",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as caught:
        client.get_rest_apis()
    return str(caught.value.response["Error"]["Code"])
