"""AWS's managed policies: there without being made, and nobody's to change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from practice import ACCOUNT_ID
from practice.server import Account

AWS = "arn:aws:iam::aws:policy/"
LOGS = f"{AWS}service-role/AmazonAPIGatewayPushToCloudWatchLogs"
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


@pytest.fixture
def iam(client: Callable[[str], Any]) -> Any:
    return client("iam")


@pytest.mark.parametrize(
    "name",
    ["AmazonEC2ReadOnlyAccess", "AmazonAPIGatewayAdministrator", "ReadOnlyAccess", "job-function/Billing"],
)
def test_a_managed_policy_is_attached_read_and_detached(iam: Any, name: str) -> None:
    arn = AWS + name
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    assert [each["PolicyArn"] for each in iam.list_attached_user_policies(UserName="ann")["AttachedPolicies"]] == [arn]
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"]["Statement"]
    iam.detach_user_policy(UserName="ann", PolicyArn=arn)
    assert iam.list_attached_user_policies(UserName="ann")["AttachedPolicies"] == []


def test_a_managed_policy_permits_what_it_says(iam: Any, session: Any, account: Account) -> None:
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    gateway = session.client(
        "apigateway",
        endpoint_url=account.url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        gateway.get_rest_apis()
    iam.attach_user_policy(UserName="ann", PolicyArn=f"{AWS}AmazonAPIGatewayAdministrator")
    assert gateway.get_rest_apis()["items"] == []


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("delete_policy", {}),
        ("create_policy_version", {"PolicyDocument": DOCUMENT, "SetAsDefault": True}),
        ("delete_policy_version", {"VersionId": "v1"}),
        ("set_default_policy_version", {"VersionId": "v1"}),
        ("tag_policy", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_policy", {"TagKeys": ["a"]}),
    ],
)
def test_a_managed_policy_is_not_changed(iam: Any, operation: str, parameters: dict[str, Any]) -> None:
    before = iam.get_policy(PolicyArn=LOGS)["Policy"]
    with pytest.raises(ClientError) as caught:
        getattr(iam, operation)(PolicyArn=LOGS, **parameters)
    assert "cannot be changed" in caught.value.response["Error"]["Message"]
    assert iam.get_policy(PolicyArn=LOGS)["Policy"] == before


def test_own_policies_beside_them(iam: Any) -> None:
    made = iam.create_policy(PolicyName="mine", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    assert [each["Arn"] for each in iam.list_policies(Scope="Local")["Policies"]] == [made]
    assert iam.list_policies(Scope="AWS", OnlyAttached=True)["Policies"] == []
    iam.create_policy_version(PolicyArn=made, PolicyDocument=json.dumps(json.loads(DOCUMENT)), SetAsDefault=True)
    iam.delete_policy_version(PolicyArn=made, VersionId="v1")
    iam.delete_policy(PolicyArn=made)
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_they_are_read_only_when_they_are_asked_for(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=DOCUMENT)
    backend = iam_backends[ACCOUNT_ID]["aws"]
    assert "managed_policies" not in vars(backend)
    iam.get_policy(PolicyArn=LOGS)
    assert len(vars(backend)["managed_policies"]) > 1000
