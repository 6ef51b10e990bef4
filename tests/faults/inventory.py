"""Everything in an account's region that a run could make, change or leave behind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["Inventory", "normalised", "take_stock"]

Inventory = dict[str, list[dict[str, Any]]]
"""By kind; each thing as AWS describes it, with its children."""

_VOLATILE = frozenset(
    {
        "createdDate",
        "lastUpdatedDate",
        "CreatedTime",
        "CreateTime",
        "LaunchTime",
        "AttachTime",
        "ResponseMetadata",
        "State",
    }
)


def take_stock(clients: Mapping[str, Any]) -> Inventory:
    """Ask for all of it. Times are left out, and states of what only exists or not."""
    ec2, elbv2, gateway = clients["ec2"], clients["elbv2"], clients["apigateway"]
    groups = elbv2.describe_target_groups()["TargetGroups"]
    balancers = elbv2.describe_load_balancers()["LoadBalancers"]
    found = {
        "load balancer": [
            {
                **balancer,
                "Tags": _tags(elbv2, balancer["LoadBalancerArn"]),
                "Listeners": [
                    {**item, "Tags": _tags(elbv2, item["ListenerArn"])}
                    for item in elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
                ],
            }
            for balancer in balancers
        ],
        "target group": [
            {
                **group,
                "Tags": _tags(elbv2, group["TargetGroupArn"]),
                "Attributes": _sorted(
                    elbv2.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
                ),
                "Targets": _sorted(
                    item["Target"]
                    for item in elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
                        "TargetHealthDescriptions"
                    ]
                    if item["TargetHealth"]["State"] != "draining"
                ),
            }
            for group in groups
        ],
        "security group": ec2.describe_security_groups()["SecurityGroups"],
        "security group rule": ec2.describe_security_group_rules()["SecurityGroupRules"],
        "network interface": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "instance": [item for group in ec2.describe_instances()["Reservations"] for item in group["Instances"]],
        "vpc link": [gateway.get_vpc_link(vpcLinkId=item["id"]) for item in gateway.get_vpc_links()["items"]],
        "rest api": [
            {
                **api,
                "resources": _sorted(gateway.get_resources(restApiId=api["id"], embed=["methods"])["items"]),
                "stages": _sorted(gateway.get_stages(restApiId=api["id"])["item"]),
                "deployments": _sorted(gateway.get_deployments(restApiId=api["id"])["items"]),
            }
            for api in gateway.get_rest_apis()["items"]
        ],
    }
    return {kind: _sorted(_steady(item) for item in items) for kind, items in found.items()}


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(item) for key, item in value.items() if key not in _VOLATILE}
    return [_steady(item) for item in value] if isinstance(value, list) else value


def _tags(elbv2: Any, arn: str) -> list[dict[str, str]]:
    return _sorted(elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _sorted(items: Any) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=str))


_NAMES = (
    (re.compile(r"\b(?:sgr|sg|eni-attach|ela-attach|eni|subnet|vpc|i|r|acl|vol|ami)-[0-9a-f]{8,17}\b"), "id"),
    (
        re.compile(
            r"\b(?P<keep>(?:net/|loadbalancer/net/|targetgroup/|listener/net/)[^/\"]+)/[0-9a-f]{16}(?:/[0-9a-f]{16})?"
        ),
        "arn",
    ),
    (re.compile(r"(?P<keep>-nlb-)[0-9a-f]{10,32}(?=\.elb)|(?P<keep2>-nlb)-[0-9a-f]{16}"), "dns"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "ip"),
    (re.compile(r"\bip-(?:\d{1,3}-){3}\d{1,3}\b"), "host"),
    (re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"), "mac"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "id"),
)


def normalised(inventory: Inventory) -> Inventory:
    """The same with identifiers and addresses made alike, so that two stacks can be compared."""
    text = json.dumps(inventory, sort_keys=True, default=str)
    for item in inventory["network interface"]:
        if item["InterfaceType"] == "network_load_balancer":  # rules must name these, and no other address
            text = text.replace(f'"{item["PrivateIpAddress"]}/32"', '"<load balancer>/32"')
    for api in inventory["rest api"]:
        for each in (api, *api["resources"], *api["deployments"]):
            text = text.replace(f'"{each["id"]}"', '"<id>"')
    for link in inventory["vpc link"]:
        text = text.replace(f'"{link["id"]}"', '"<id>"')
    for pattern, kind in _NAMES:
        text = pattern.sub(lambda match, kind=kind: f"{_kept(match)}<{kind}>", text)
    return {kind: _alike(items) for kind, items in json.loads(text).items()}


def _alike(value: Any) -> Any:
    """Lists in one order: what decided it before were the identifiers."""
    if isinstance(value, dict):
        return {key: _alike(item) for key, item in value.items()}
    return _sorted(_alike(item) for item in value) if isinstance(value, list) else value


def _kept(match: re.Match[str]) -> str:
    return next((value for value in match.groupdict().values() if value), "")
