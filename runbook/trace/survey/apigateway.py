"""What API Gateway answers: an API's stage, export, resources and deployments, and the VPC links of the region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from runbook.aws import Aws
from runbook.path.configuration import Configuration, exported
from runbook.trace.seen import Link, LinkV2

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import DeploymentTypeDef, ResourceTypeDef
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_apigatewayv2.type_defs import (
        ApiTypeDef,
        IntegrationTypeDef,
        RouteTypeDef,
        StageTypeDef,
        VpcLinkTypeDef,
    )

__all__ = [
    "all_v2_links",
    "deployments",
    "export",
    "protocol",
    "resources",
    "v1_links",
    "v2_apis",
    "v2_integrations",
    "v2_links",
    "v2_routes",
    "v2_stages",
]


def export(aws: Aws, api_id: str, stage: str) -> Configuration:
    """What a stage serves."""
    return exported(aws.export(api_id, stage))


def resources(aws: Aws, api_id: str) -> list[ResourceTypeDef]:
    """What is configured, with its methods."""
    pages = aws.apigateway.get_paginator("get_resources").paginate(
        restApiId=api_id, embed=["methods"], PaginationConfig={"PageSize": 500}
    )
    return [item for page in pages for item in page["items"]]


def deployments(aws: Aws, api_id: str) -> list[DeploymentTypeDef]:
    """The API's deployments, newest first."""
    # AWS does not say in which order it lists them, so that the newest may be on any page.
    pages = aws.apigateway.get_paginator("get_deployments").paginate(
        restApiId=api_id, PaginationConfig={"PageSize": 500}
    )
    return sorted(
        (item for page in pages for item in page["items"]), key=lambda item: item["createdDate"], reverse=True
    )


def v1_links(aws: Aws) -> dict[str, Link]:
    """The V1 links, by id."""
    pages = aws.apigateway.get_paginator("get_vpc_links").paginate(PaginationConfig={"PageSize": 500})
    return {
        item["id"]: Link(
            id=item["id"],
            name=item.get("name", ""),
            status=item.get("status", ""),
            message=item.get("statusMessage", ""),
            targets=tuple(item.get("targetArns", [])),
        )
        for page in pages
        for item in page["items"]
    }


def v2_links(aws: Aws) -> dict[str, LinkV2]:
    """The V2 links, by id."""
    return {
        item["VpcLinkId"]: LinkV2(
            id=item["VpcLinkId"],
            name=item.get("Name", ""),
            status=item.get("VpcLinkStatus", ""),
            message=item.get("VpcLinkStatusMessage", ""),
            subnets=tuple(item.get("SubnetIds", [])),
            groups=tuple(item.get("SecurityGroupIds", [])),
        )
        for item in all_v2_links(aws.apigatewayv2)
    }


def all_v2_links(client: ApiGatewayV2Client) -> Iterator[VpcLinkTypeDef]:
    """The V2 links, page by page; botocore has no paginator for them."""
    return _listed(client.get_vpc_links)


def protocol(aws: Aws, api_id: str) -> str:
    """HTTP or WEBSOCKET: what an API of the second interface speaks."""
    return aws.apigatewayv2.get_api(ApiId=api_id)["ProtocolType"]


def v2_apis(aws: Aws) -> Iterator[ApiTypeDef]:
    """HTTP and WebSocket APIs."""
    return _listed(aws.apigatewayv2.get_apis)


def v2_integrations(aws: Aws, api_id: str) -> Iterator[IntegrationTypeDef]:
    """Of an HTTP or WebSocket API."""
    return _listed(aws.apigatewayv2.get_integrations, ApiId=api_id)


def v2_routes(aws: Aws, api_id: str) -> Iterator[RouteTypeDef]:
    """Of an HTTP or WebSocket API."""
    return _listed(aws.apigatewayv2.get_routes, ApiId=api_id)


def v2_stages(aws: Aws, api_id: str) -> Iterator[StageTypeDef]:
    """Of an HTTP or WebSocket API."""
    return _listed(aws.apigatewayv2.get_stages, ApiId=api_id)


def _listed(operation: Callable[..., Any], **given: str) -> Iterator[Any]:
    """What an operation of API Gateway's second interface lists; its paging is asked for alike in all of them."""
    token: dict[str, str] = {}
    while True:
        page = operation(**given, **token)
        yield from page["Items"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
