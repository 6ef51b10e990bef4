"""What EC2 answers about which packets may pass: security group rules, network ACLs, and routes to the internet."""

from __future__ import annotations

from collections.abc import Sequence

from runbook.aws import Aws
from runbook.trace.packets import Acl, Rule

__all__ = ["acls", "internet", "rules"]


def rules(aws: Aws, groups: Sequence[str]) -> list[Rule]:
    """Of these security groups."""
    pages = aws.ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "group-id", "Values": list(groups)}]
    )
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
