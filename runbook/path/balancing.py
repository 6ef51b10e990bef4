"""What Elastic Load Balancing answers: load balancers, listeners, target groups, and the health of targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook import command_line
from runbook.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef, LoadBalancerTypeDef, TargetGroupTypeDef

__all__ = ["Registered", "attributes", "balancers", "group_attributes", "health", "listeners", "target_groups"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A target as its group tells, and how the health checks find it."""

    id: str
    port: int
    """0: it has none, as a Lambda function."""
    state: str
    reason: str
    description: str

    @property
    def named(self) -> str:
        """It, as the AWS CLI's option ``--targets`` takes it."""
        return command_line.shorthand(Id=self.id, **({"Port": str(self.port)} if self.port else {}))

    def __str__(self) -> str:
        return f"{self.id.rpartition('loadbalancer/')[2]}{f':{self.port}' if self.port else ''}"


def balancers(aws: Aws) -> dict[str, LoadBalancerTypeDef]:
    """All of the region, by ARN."""
    pages = aws.elbv2.get_paginator("describe_load_balancers").paginate()
    return {item["LoadBalancerArn"]: item for page in pages for item in page.get("LoadBalancers", [])}


def attributes(aws: Aws, balancer: str) -> dict[str, str]:
    """A load balancer's."""
    return _by_key(aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"])


def listeners(aws: Aws, balancer: str) -> list[ListenerTypeDef]:
    """A load balancer's."""
    pages = aws.elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
    return [item for page in pages for item in page.get("Listeners", [])]


def target_groups(aws: Aws) -> dict[str, TargetGroupTypeDef]:
    """All of the region, by ARN."""
    pages = aws.elbv2.get_paginator("describe_target_groups").paginate()
    return {item["TargetGroupArn"]: item for page in pages for item in page.get("TargetGroups", [])}


def group_attributes(aws: Aws, group: str) -> dict[str, str]:
    """A target group's."""
    return _by_key(aws.elbv2.describe_target_group_attributes(TargetGroupArn=group)["Attributes"])


def health(aws: Aws, group: str) -> list[Registered]:
    """The targets registered with a group."""
    found = []
    for item in aws.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]:
        state = item.get("TargetHealth", {})
        found.append(
            Registered(
                id=item["Target"]["Id"],
                port=item["Target"].get("Port", 0),
                state=state.get("State", ""),
                reason=state.get("Reason", ""),
                description=state.get("Description", ""),
            )
        )
    return found


def _by_key(attributes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(item["Key"]): str(item.get("Value", "")) for item in attributes}
