"""Who may do what on this path, beyond what the truth cases ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from practice.server import Account

TRUST = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **rest: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | rest


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    """The code and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error.get('Message')}"


@pytest.fixture
def user(account: Account, client: Any) -> Callable[..., Callable[[str], Any]]:
    """``user(statement, ...)``: clients of a new user with just these statements."""
    iam = client("iam")

    def make(*statements: dict[str, Any], name: str = "ann") -> Callable[[str], Any]:
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
        return clients(account, iam.create_access_key(UserName=name)["AccessKey"])

    return make


def clients(account: Account, key: dict[str, Any]) -> Callable[[str], Any]:
    session = boto3.Session(
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        region_name=account.region,
    )
    config = Config(retries={"total_max_attempts": 1})
    return lambda service: session.client(service, endpoint_url=account.url, config=config)


def test_the_accounts_own_credentials_may_do_all(client: Any) -> None:
    assert client("apigateway").create_rest_api(name="any")["id"]


def test_permissions_follow_the_policy_at_once(user: Any, client: Any) -> None:
    gateway = user()("apigateway")
    assert refused(gateway.get_rest_apis).startswith("AccessDeniedException: User: arn:aws:iam::123456789012:user/ann")
    client("iam").put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document(allow("apigateway:GET")))
    assert gateway.get_rest_apis()["items"] == []
    client("iam").delete_user_policy(UserName="ann", PolicyName="p")
    assert "not authorized" in refused(gateway.get_rest_apis)


def test_a_refused_request_changes_nothing(user: Any, client: Any) -> None:
    gateway = user(allow("apigateway:GET"))("apigateway")
    refused(gateway.create_rest_api, name="x")
    assert client("apigateway").get_rest_apis()["items"] == []


def test_a_managed_policy_counts_in_its_default_version(user: Any, client: Any) -> None:
    iam, gateway = client("iam"), user()("apigateway")
    arn = iam.create_policy(PolicyName="m", PolicyDocument=document(allow("ec2:*")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    refused(gateway.get_rest_apis)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("apigateway:*")), SetAsDefault=True)
    assert gateway.get_rest_apis()["items"] == []


def test_a_boundary_limits_what_an_identity_policy_gives(account: Account, client: Any) -> None:
    iam = client("iam")
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=document(allow("ec2:*")))["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST), PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(allow("*")))
    session = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="shift")
    assumed = clients(account, session["Credentials"])
    assert assumed("ec2").describe_vpcs()["Vpcs"]
    assert "because no permissions boundary allows the apigateway:GET action" in refused(
        assumed("apigateway").get_rest_apis
    )


def test_a_session_policy_limits_a_role(account: Account, client: Any) -> None:
    iam = client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST))
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(allow("*")))
    session = client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="shift", Policy=document(allow("apigateway:GET"))
    )
    gateway = clients(account, session["Credentials"])("apigateway")
    assert gateway.get_rest_apis()["items"] == []
    assert "because no session policy allows the apigateway:POST action" in refused(gateway.create_rest_api, name="x")


def test_a_deleted_key_does_not_become_the_accounts_own(user: Any, client: Any) -> None:
    elb = user(allow("*"))("elbv2")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    iam = client("iam")
    key = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"]
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    assert refused(elb.describe_load_balancers).startswith("InvalidClientTokenId")


def test_tags_on_creation_need_create_tags_with_the_creating_action(user: Any, defaults: dict[str, Any]) -> None:
    tagged = {
        "GroupName": "g",
        "Description": "g",
        "VpcId": defaults["vpc"],
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": [{"Key": "stack", "Value": "demo"}]}],
    }
    without = user(allow("ec2:CreateSecurityGroup"))("ec2")
    assert "ec2:CreateTags on resource: arn:aws:ec2:us-east-1:123456789012:security-group/*" in refused(
        without.create_security_group, **tagged
    )
    condition = {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup", "aws:RequestTag/stack": "demo"}}
    tagging = user(
        allow("ec2:CreateSecurityGroup"),
        allow("ec2:CreateTags", "arn:aws:ec2:*:*:security-group/*", Condition=condition),
        name="bob",
    )("ec2")
    assert tagging.create_security_group(**tagged)["GroupId"]


def test_a_tag_condition_on_a_security_group(user: Any, client: Any, defaults: dict[str, Any]) -> None:
    group = defaults["security_group"]
    rule = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.0.0.1/32"}]}
    condition = {"StringEquals": {"aws:ResourceTag/team": "web"}}
    ec2 = user(allow("ec2:AuthorizeSecurityGroupIngress", Condition=condition))("ec2")
    assert refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[rule]).startswith(
        "UnauthorizedOperation"
    )
    client("ec2").create_tags(Resources=[group], Tags=[{"Key": "team", "Value": "web"}])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def test_children_of_an_api_have_its_tags(user: Any, client: Any) -> None:
    owner = client("apigateway")
    ours = owner.create_rest_api(name="ours", tags={"stack": "demo"})
    theirs = owner.create_rest_api(name="theirs", tags={"stack": "other"})
    condition = {"StringEquals": {"aws:ResourceTag/stack": "demo"}}
    gateway = user(allow("apigateway:POST", Condition=condition))("apigateway")
    made = gateway.create_resource(restApiId=ours["id"], parentId=ours["rootResourceId"], pathPart="x")
    assert made["path"] == "/x"
    assert "AccessDenied" in refused(
        gateway.create_resource, restApiId=theirs["id"], parentId=theirs["rootResourceId"], pathPart="x"
    )


def test_the_service_linked_role_is_asked_for_once(user: Any, client: Any, defaults: dict[str, Any]) -> None:
    elb = user(allow("elasticloadbalancing:*"))("elbv2")
    wanted = {"Type": "network", "Scheme": "internal", "Subnets": defaults["subnets"]}
    assert "iam:CreateServiceLinkedRole" in refused(elb.create_load_balancer, Name="a", **wanted)
    client("elbv2").create_load_balancer(Name="b", **wanted)
    assert elb.create_load_balancer(Name="a", **wanted)["LoadBalancers"]


def test_a_wrong_session_token_is_no_caller(account: Account, client: Any) -> None:
    client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST))
    session = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="shift")
    wrong = session["Credentials"] | {"SessionToken": "wrong"}
    assert refused(clients(account, wrong)("ec2").describe_vpcs).startswith("AuthFailure")


def test_logs_are_judged_in_their_own_protocol(user: Any) -> None:
    assert "logs:DescribeLogGroups" in refused(user()("logs").describe_log_groups)


def test_tagging_is_judged_by_the_tags_that_are_there(user: Any, client: Any) -> None:
    api = client("apigateway").create_rest_api(name="ours", tags={"stack": "demo"})["id"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api}"
    condition = {"StringEquals": {"aws:ResourceTag/stack": "demo"}}
    gateway = user(allow("apigateway:PUT", "arn:aws:apigateway:*::/tags/*", Condition=condition))("apigateway")
    gateway.tag_resource(resourceArn=arn, tags={"stack": "other"})
    assert "AccessDenied" in refused(gateway.tag_resource, resourceArn=arn, tags={"more": "x"})
