"""What API Gateway answers: a REST API's resources, stages, export and deployments, and other APIs' routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runbook.aws import Aws
from runbook.path.configuration import Configuration, exported

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import DeploymentTypeDef, ResourceTypeDef, RestApiTypeDef, StageTypeDef
    from mypy_boto3_apigatewayv2.type_defs import ApiTypeDef, IntegrationTypeDef, RouteTypeDef
    from mypy_boto3_apigatewayv2.type_defs import StageTypeDef as StageV2TypeDef

__all__ = [
    "deployments",
    "export",
    "paged",
    "protocol",
    "resources",
    "rest_apis",
    "stages",
    "v2_apis",
    "v2_integrations",
    "v2_routes",
    "v2_stages",
]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def rest_apis(aws: Aws) -> list[RestApiTypeDef]:
    """All REST APIs of the account and region, the oldest first."""
    pages = aws.apigateway.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 500})
    found = [item for page in pages for item in page.get("items", [])]
    return sorted(found, key=lambda item: (item.get("createdDate", _LONG_AGO), item["id"]))


def resources(aws: Aws, api_id: str) -> list[ResourceTypeDef]:
    """All resources of an API with their methods and integrations: one question for all who ask within a pass."""
    pages = aws.apigateway.get_paginator("get_resources").paginate(
        restApiId=api_id, embed=["methods"], PaginationConfig={"PageSize": 500}
    )
    return [item for page in pages for item in page.get("items", [])]


def stages(aws: Aws, api_id: str) -> list[StageTypeDef]:
    """All stages of an API with their variables. AWS answers them in one page."""
    return aws.apigateway.get_stages(restApiId=api_id).get("item", [])


def export(aws: Aws, api_id: str, stage: str) -> Configuration:
    """What a stage serves."""
    return exported(aws.export(api_id, stage))


def deployments(aws: Aws, api_id: str) -> list[DeploymentTypeDef]:
    """All deployments of an API, the newest first."""
    # AWS does not say in which order it lists them, so that the newest may be on any page.
    pages = aws.apigateway.get_paginator("get_deployments").paginate(
        restApiId=api_id, PaginationConfig={"PageSize": 500}
    )
    found = [item for page in pages for item in page.get("items", [])]
    return sorted(found, key=lambda item: (item.get("createdDate", _LONG_AGO), item["id"]), reverse=True)


def protocol(aws: Aws, api_id: str) -> str:
    """HTTP or WEBSOCKET: what an API of the second interface speaks."""
    return aws.apigatewayv2.get_api(ApiId=api_id)["ProtocolType"]


def v2_apis(aws: Aws) -> Iterator[ApiTypeDef]:
    """HTTP and WebSocket APIs."""
    return paged(aws.apigatewayv2.get_apis)


def v2_integrations(aws: Aws, api_id: str) -> Iterator[IntegrationTypeDef]:
    """Of an HTTP or WebSocket API."""
    return paged(aws.apigatewayv2.get_integrations, ApiId=api_id)


def v2_routes(aws: Aws, api_id: str) -> Iterator[RouteTypeDef]:
    """Of an HTTP or WebSocket API."""
    return paged(aws.apigatewayv2.get_routes, ApiId=api_id)


def v2_stages(aws: Aws, api_id: str) -> Iterator[StageV2TypeDef]:
    """Of an HTTP or WebSocket API."""
    return paged(aws.apigatewayv2.get_stages, ApiId=api_id)


def paged(operation: Callable[..., Any], **given: str) -> Iterator[Any]:
    """What an operation of API Gateway's second interface lists, page by page: botocore has few paginators for it."""
    token: dict[str, str] = {}
    while True:
        page = operation(**given, **token)
        yield from page.get("Items", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
