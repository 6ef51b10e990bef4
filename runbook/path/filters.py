"""What EC2 answers about which packets may pass: security group rules, network ACLs, and routes to the internet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runbook.aws import Aws
from runbook.path.packets import Acl, Rule
from runbook.record import STACK

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

__all__ = ["acls", "internet", "rules", "rules_of_stack"]


def rules(aws: Aws, groups: Sequence[str]) -> list[Rule]:
    """Of these security groups, inbound and outbound."""
    return _rules(aws, {"Name": "group-id", "Values": list(groups)})


def rules_of_stack(aws: Aws, stack: str) -> list[Rule]:
    """Those that carry the stack's tag, in any security group."""
    return _rules(aws, {"Name": f"tag:{STACK}", "Values": [stack]})


def _rules(aws: Aws, which: FilterTypeDef) -> list[Rule]:
    pages = aws.ec2.get_paginator("describe_security_group_rules").paginate(Filters=[which])
    return [Rule.of(item) for page in pages for item in page["SecurityGroupRules"]]


def acls(aws: Aws, vpc: str) -> list[Acl]:
    """A VPC's."""
    pages = aws.ec2.get_paginator("describe_network_acls").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return [Acl.of(item) for page in pages for item in page["NetworkAcls"]]


def internet(aws: Aws, vpc: str) -> dict[str, bool]:
    """By subnet, whether its route table leads to an internet gateway; the main route table's has no subnet's name."""
    pages = aws.ec2.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    leads: dict[str, bool] = {}
    for table in (table for page in pages for table in page["RouteTables"]):
        leading = any(
            route.get("GatewayId", "").startswith("igw-") and route.get("State") != "blackhole"
            for route in table.get("Routes", [])
        )
        for each in table.get("Associations", []):
            if each.get("Main"):
                leads[""] = leading
            if each.get("SubnetId"):
                leads[each["SubnetId"]] = leading
    return leads
