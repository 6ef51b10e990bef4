"""VPC links as API Gateway answers them: V1 for REST APIs, V2 for either kind of API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.path.gateway import paged
from runbook.record import is_ours

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import VpcLinkResponseTypeDef, VpcLinkTypeDef
    from mypy_boto3_apigatewayv2.type_defs import GetVpcLinkResponseTypeDef
    from mypy_boto3_apigatewayv2.type_defs import VpcLinkTypeDef as VpcLinkV2TypeDef

__all__ = ["Link", "LinkV2", "get", "get_v2", "listed", "listed_v2"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """A V1 link, to one Network Load Balancer."""

    id: str
    name: str
    status: str
    """AVAILABLE, PENDING, DELETING or FAILED; empty where AWS does not say."""
    message: str
    """Why it has this status, in AWS's words."""
    targets: tuple[str, ...]
    """ARNs of load balancers."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The list was recorded without them where the single answer has them."""

    @classmethod
    def of(cls, item: VpcLinkTypeDef | VpcLinkResponseTypeDef) -> Link:
        """Read one."""
        return cls(
            id=item["id"],
            name=item.get("name", ""),
            status=item.get("status", ""),
            message=item.get("statusMessage", ""),
            targets=tuple(item.get("targetArns", [])),
            tags=item.get("tags", {}),
        )

    def is_of(self, stack: str) -> bool:
        """Whether it carries the stack's tag."""
        return is_ours(self.tags, stack)

    def __str__(self) -> str:
        status = self.status or "in an unknown state"
        return f"{status} ({self.message})" if self.message else status


@dataclass(frozen=True, slots=True)
class LinkV2:
    """A V2 link, into subnets; each integration over it names the load balancer."""

    id: str
    name: str
    status: str
    message: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    """Security groups of its network interfaces."""

    @classmethod
    def of(cls, item: VpcLinkV2TypeDef | GetVpcLinkResponseTypeDef) -> LinkV2:
        """Read one."""
        return cls(
            id=item["VpcLinkId"],
            name=item.get("Name", ""),
            status=item.get("VpcLinkStatus", ""),
            message=item.get("VpcLinkStatusMessage", ""),
            subnets=tuple(item.get("SubnetIds", [])),
            groups=tuple(item.get("SecurityGroupIds", [])),
        )


def listed(aws: Aws) -> dict[str, Link]:
    """All V1 links of the account and region, by id; perhaps without their tags."""
    pages = aws.apigateway.get_paginator("get_vpc_links").paginate(PaginationConfig={"PageSize": 500})
    return {link.id: link for page in pages for link in map(Link.of, page.get("items", []))}


def get(aws: Aws, link_id: str) -> Link | None:
    """One V1 link with its tags; None when there is none of this id."""
    return _if_there(lambda: Link.of(aws.apigateway.get_vpc_link(vpcLinkId=link_id)))


def listed_v2(aws: Aws) -> dict[str, LinkV2]:
    """All V2 links of the account and region, by id."""
    return {link.id: link for link in map(LinkV2.of, paged(aws.apigatewayv2.get_vpc_links))}


def get_v2(aws: Aws, link_id: str) -> LinkV2 | None:
    """One V2 link; None when there is none of this id."""
    return _if_there(lambda: LinkV2.of(aws.apigatewayv2.get_vpc_link(VpcLinkId=link_id)))


def _if_there(question: Callable[[], T]) -> T | None:
    try:
        return question()
    except ClientError as error:
        if code_of(error) == "NotFoundException":
            return None
        raise
