"""Every VPC link of the account and region, and who uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.trace.configuration import Configuration, Method, exported, resolved, resourced

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import RestApiTypeDef, StageTypeDef
    from mypy_boto3_apigatewayv2.type_defs import GetVpcLinksRequestTypeDef, VpcLinkTypeDef

__all__ = ["LinkUse", "links", "v2_links"]


@dataclass(frozen=True, slots=True)
class LinkUse:
    """One method of one stage that goes through a link; or a link that nobody uses, with no API."""

    link: str
    name: str
    status: str
    """As AWS says; empty for a link that is named but not there."""
    load_balancer: str
    """ARN; a V2 link has none of its own, but each integration over it."""
    api: str = ""
    api_name: str = ""
    stage: str = ""
    """Empty when the API has no stage yet."""
    resource: str = ""
    """The path."""
    method: str = ""
    deployed: bool = False
    configured: bool = False
    version: str = ""
    """V1 or V2; empty for a link that is not there."""

    def to_json(self) -> dict[str, Any]:
        """The same, for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Known:
    """A link as its list tells."""

    name: str = ""
    status: str = ""
    load_balancer: str = ""
    version: str = ""


def links(aws: Aws) -> tuple[LinkUse, ...]:
    """List all VPC links with each API, stage, resource and method that uses them, and the unused ones.

    One request for the links of each kind, one for each page of REST APIs, two an API and one a stage; API Gateway's
    own pace (GetResources 5 in 2 seconds) is waited out. Links that are named but not there are listed too, without a
    status. What HTTP APIs do with V2 links is not looked at.
    """
    gateway = aws.apigateway
    known = {
        item["id"]: _Known(item.get("name", ""), item.get("status", ""), ", ".join(item.get("targetArns", [])), "V1")
        for page in gateway.get_paginator("get_vpc_links").paginate(PaginationConfig={"PageSize": 500})
        for item in page["items"]
    }
    known |= {
        item["VpcLinkId"]: _Known(item.get("Name", ""), item.get("VpcLinkStatus", ""), "", "V2")
        for item in v2_links(aws)
    }
    uses = [
        (link_id, target, api, stage, method, deployed, configured)
        for page in gateway.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 500})
        for api in page["items"]
        for link_id, target, stage, method, deployed, configured in _uses(aws, api)
    ]
    found = []
    for link_id, target, api, stage, method, deployed, configured in uses:
        item = known.get(link_id, _Known())
        found.append(
            LinkUse(
                link=link_id,
                name=item.name,
                status=item.status,
                load_balancer=target or item.load_balancer,
                api=api["id"],
                api_name=api.get("name", ""),
                stage=stage,
                resource=method.path,
                method=method.verb,
                deployed=deployed,
                configured=configured,
                version=item.version,
            )
        )
    used = {use.link for use in found}
    found += [
        LinkUse(key, item.name, item.status, item.load_balancer, version=item.version)
        for key, item in known.items()
        if key not in used
    ]
    return tuple(sorted(found, key=lambda use: (use.link, use.api, use.stage, use.resource, use.method)))


def v2_links(aws: Aws) -> Iterator[VpcLinkTypeDef]:
    """What GetVpcLinks of API Gateway's second interface answers, page by page; botocore has no paginator for it."""
    token: GetVpcLinksRequestTypeDef = {}
    while True:
        page = aws.apigatewayv2.get_vpc_links(**token)
        yield from page["Items"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _uses(aws: Aws, api: RestApiTypeDef) -> Iterator[tuple[str, str, str, Method, bool, bool]]:
    """Link id, target ARN, stage, method, and whether that is deployed and configured."""
    resources = [
        item
        for page in aws.apigateway.get_paginator("get_resources").paginate(
            restApiId=api["id"], embed=["methods"], PaginationConfig={"PageSize": 500}
        )
        for item in page["items"]
    ]
    configured = resourced(resources)
    stages = aws.apigateway.get_stages(restApiId=api["id"])["item"]
    for stage in stages:
        deployed = _served(aws, api["id"], stage)
        now, then = _through_links(configured, stage), _through_links(deployed, stage)
        for key in sorted({*now, *then}):
            method = now.get(key) or then[key]
            yield key[0], key[1], stage["stageName"], method, key in then, key in now
    if not stages:
        for key, method in sorted(_through_links(configured, None).items()):
            yield key[0], key[1], "", method, False, True


def _served(aws: Aws, api_id: str, stage: StageTypeDef) -> Configuration:
    try:
        body = aws.apigateway.get_export(
            restApiId=api_id,
            stageName=stage["stageName"],
            exportType="oas30",
            parameters={"extensions": "apigateway"},
            accepts="application/json",
        )["body"].read()
    except ClientError as error:
        if code_of(error) == "NotFoundException":  # deleted meanwhile
            return Configuration()
        raise
    return exported(body)


def _through_links(configuration: Configuration, stage: StageTypeDef | None) -> dict[tuple[str, str, str, str], Method]:
    """By link id, target, path and verb: the methods that go through a link, with the stage's variables filled in."""
    variables = stage.get("variables", {}) if stage is not None else None
    found = {}
    for method in configuration.methods.values():
        called = method.integration
        if called is not None and called.private:
            link = called.connection_id if variables is None else resolved(called.connection_id, variables)
            found[link, called.target, method.path, method.verb] = method
    return found
