"""Everything there is in an account on the drills' path, as it would be told to somebody who cares for no id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx

from runbook.accounts import Account

__all__ = ["picture"]

_IDS = re.compile(
    r"\b(?:i|sg|sgr|vpc|subnet|eni|eni-attach|acl|aclassoc|igw|rtb|rtbassoc|ami|vol|r)-[0-9a-f]{8,17}\b"
    r"|\b[0-9a-f]{16}\b"  # the end of an ARN, and of a load balancer's name
    r"|(?<=10\.20\.)\d+\.\d+"
)
_VARYING = {
    "id", "createdDate", "lastUpdatedDate", "deploymentId", "rootResourceId", "parentId", "vpcLinkId", "cacheNamespace",
    "CreatedTime", "LaunchTime", "AttachTime", "StateTransitionReason", "StateReason", "PrivateDnsName", "MacAddress",
    "OwnerId", "ReservationId", "ClientToken", "restApiId", "VPCLINK", "UsageOperationUpdateTime", "PublicDnsName",
    "AvailableIpAddressCount", "private_ip", "ResponseMetadata", "url", "AttachmentId", "instance_id",
}  # fmt: skip


def picture(account: Account) -> dict[str, list[str]]:
    """Per kind of thing, what is there."""
    aws = account.aws
    gateway, elb, ec2 = aws.apigateway, aws.elbv2, aws.ec2
    apis = gateway.get_rest_apis()["items"]
    balancers = [item["LoadBalancerArn"] for item in elb.describe_load_balancers()["LoadBalancers"]]
    groups = [item["TargetGroupArn"] for item in elb.describe_target_groups()["TargetGroups"]]
    listeners = [item for arn in balancers for item in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]]
    arns = [*balancers, *groups, *(item["ListenerArn"] for item in listeners)]
    found: dict[str, Any] = {
        "APIs": apis,
        "links": [gateway.get_vpc_link(vpcLinkId=item["id"]) for item in gateway.get_vpc_links()["items"]],
        "plans": gateway.get_usage_plans()["items"],
        "keys": gateway.get_api_keys()["items"],
        "balancers": elb.describe_load_balancers()["LoadBalancers"],
        "listeners": listeners,
        "groups": elb.describe_target_groups()["TargetGroups"],
        "tags": elb.describe_tags(ResourceArns=arns)["TagDescriptions"] if arns else [],
        "instances": [
            item
            for each in ec2.describe_instances()["Reservations"]
            for item in each["Instances"]
            if item["State"]["Name"] not in ("terminated", "shutting-down")
        ],
        "VPCs": ec2.describe_vpcs()["Vpcs"],
        "subnets": ec2.describe_subnets()["Subnets"],
        "network ACLs": ec2.describe_network_acls()["NetworkAcls"],
        "security groups": ec2.describe_security_groups()["SecurityGroups"],
        "rules": ec2.describe_security_group_rules()["SecurityGroupRules"],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "internet gateways": ec2.describe_internet_gateways()["InternetGateways"],
        "machines": httpx.get(f"{account.endpoint_url}/_practice/machines", trust_env=False).json()["machines"],
    }
    of_api: dict[str, Callable[[str], Any]] = {
        "resources": lambda api: gateway.get_resources(restApiId=api, embed=["methods"])["items"],
        "stages": lambda api: gateway.get_stages(restApiId=api)["item"],
        "deployments": lambda api: gateway.get_deployments(restApiId=api)["items"],
        "authorizers": lambda api: gateway.get_authorizers(restApiId=api)["items"],
    }
    of_group: dict[str, Callable[[str], Any]] = {
        "targets": lambda arn: [
            item
            for item in elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            if item["TargetHealth"]["State"] != "draining"  # on their way out
        ],
        "group attributes": lambda arn: elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"],
    }
    found |= {kind: [item for api in apis for item in ask(api["id"])] for kind, ask in of_api.items()}
    found |= {kind: [item for arn in groups for item in ask(arn)] for kind, ask in of_group.items()}
    found["balancer attributes"] = [
        item for arn in balancers for item in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    ]
    return {kind: sorted(_told(item) for item in items) for kind, items in found.items()}


def _told(item: Any) -> str:
    return _IDS.sub("#", json.dumps(_steady(item), sort_keys=True, default=str))


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(each) for key, each in value.items() if key not in _VARYING}
    if isinstance(value, list):
        return sorted((_steady(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True, default=str))
    return value
