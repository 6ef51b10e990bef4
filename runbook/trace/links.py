"""Every VPC link of the account and region, and who uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runbook.aws import Aws
from runbook.path.configuration import Configuration, resourced
from runbook.path.gateway import (
    export,
    resources,
    rest_apis,
    stages,
    v2_apis,
    v2_integrations,
    v2_routes,
    v2_stages,
)
from runbook.path.links import listed, listed_v2
from runbook.quotas import request_quota
from runbook.trace.endpoint import resolved
from runbook.trace.survey.asking import if_there

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import RestApiTypeDef, StageTypeDef
    from mypy_boto3_apigatewayv2.type_defs import ApiTypeDef

__all__ = ["LinkUse", "links"]


@dataclass(frozen=True, slots=True)
class LinkUse:
    """One method or route of one stage that goes through a link; or a link that no API uses, without an API."""

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
    deployed: bool | None = False
    """None: not looked at, for an HTTP API's stage that is deployed by hand."""
    configured: bool = False
    version: str = ""
    """V1 or V2; empty for a link that is not there."""
    kind: str = ""
    """Of the API: REST, HTTP or WEBSOCKET."""

    def to_json(self) -> dict[str, Any]:
        """The same, for programs."""
        return asdict(self)


def links(aws: Aws, looked_at: Callable[[int, int], None] = lambda _done, _all: None) -> tuple[LinkUse, ...]:
    """List all VPC links with each API, stage, resource and method that uses them, and the unused ones.

    One request for the links of each kind, one for each page of REST APIs, two an API and one for each deployment that
    a stage serves; one for each HTTP or WebSocket API, and two more if it uses a link. The APIs are asked side by side,
    at API Gateway's own pace (GetResources 5 in 2 seconds), and ``looked_at`` hears how many of them were. Links that
    are named but not there are listed too, without a status.
    """
    alone = {
        link.id: LinkUse(link.id, link.name, link.status, ", ".join(link.targets), version="V1")
        for link in listed(aws).values()
    }
    alone |= {link.id: LinkUse(link.id, link.name, link.status, "", version="V2") for link in listed_v2(aws).values()}
    questions: list[Callable[[], list[LinkUse]]] = [partial(_uses, aws, api) for api in rest_apis(aws)]
    questions += [partial(_uses_v2, aws, api) for api in v2_apis(aws)]
    found = [
        replace(
            use,
            name=link.name,
            status=link.status,
            load_balancer=use.load_balancer or link.load_balancer,
            version=link.version,
        )
        for uses in aws.side_by_side(questions, request_quota("apigateway", "GetResources"), looked_at)
        for use in uses
        for link in [alone.get(use.link, use)]
    ]
    used = {use.link for use in found}
    found += [link for key, link in alone.items() if key not in used]
    return tuple(sorted(found, key=lambda use: (use.link, use.api, use.stage, use.resource, use.method)))


def _uses(aws: Aws, api: RestApiTypeDef) -> list[LinkUse]:
    """Who uses which link, as far as the API tells; nobody does through an API that was deleted meanwhile."""
    return if_there(lambda: list(_uses_of(aws, api)))() or []


def _uses_of(aws: Aws, api: RestApiTypeDef) -> Iterator[LinkUse]:
    configured = resourced(resources(aws, api["id"]))
    of_api = stages(aws, api["id"])
    exported: dict[str, Configuration] = {}  # stages that serve the same deployment serve the same
    for stage in of_api:
        deployment = stage.get("deploymentId", "")
        if deployment not in exported:
            # A stage may be deleted meanwhile.
            exported[deployment] = if_there(partial(export, aws, api["id"], stage["stageName"]))() or Configuration()
        served = exported[deployment]
        now, then = _through_links(configured, stage), _through_links(served, stage)
        for key in sorted({*now, *then}):
            yield _use(api, stage["stageName"], key, deployed=key in then, configured=key in now)
    if not of_api:
        for key in sorted(_through_links(configured, None)):
            yield _use(api, "", key, deployed=False, configured=True)


def _use(
    api: RestApiTypeDef, stage: str, key: tuple[str, str, str, str], *, deployed: bool, configured: bool
) -> LinkUse:
    link, target, path, verb = key
    return LinkUse(
        link, "", "", target, api["id"], api.get("name", ""), stage, path, verb, deployed, configured, kind="REST"
    )


def _uses_v2(aws: Aws, api: ApiTypeDef) -> list[LinkUse]:
    """As :func:`_uses`, of an HTTP or WebSocket API."""
    return if_there(lambda: list(_uses_of_v2(aws, api)))() or []


def _uses_of_v2(aws: Aws, api: ApiTypeDef) -> Iterator[LinkUse]:
    """What an HTTP or WebSocket API sends over which link, route by route and stage by stage."""
    api_id = api.get("ApiId", "")
    through = [each for each in v2_integrations(aws, api_id) if each.get("ConnectionType") == "VPC_LINK"]
    if not through:
        return
    routes, of_api = list(v2_routes(aws, api_id)), list(v2_stages(aws, api_id))
    for called in through:
        target = f"integrations/{called.get('IntegrationId')}"
        keys = [route["RouteKey"] for route in routes if route.get("Target") == target] or ["(no route)"]
        for stage in (*of_api, *([] if of_api else [None])):
            variables = stage.get("StageVariables", {}) if stage else None
            link = called.get("ConnectionId", "")
            for key in keys:
                method, _, path = key.partition(" ") if " " in key and key != "(no route)" else ("", "", key)
                yield LinkUse(
                    link=link if variables is None else resolved(link, variables),
                    name="",
                    status="",
                    load_balancer=_balancer_of(called.get("IntegrationUri", "")),
                    api=api_id,
                    api_name=api.get("Name", ""),
                    stage=stage["StageName"] if stage else "",
                    resource=path,
                    method=method,
                    deployed=False if stage is None else True if stage.get("AutoDeploy") else None,
                    configured=True,
                    kind=api["ProtocolType"],
                )


def _balancer_of(uri: str) -> str:
    """ARN of the load balancer of a listener, as a private integration of an HTTP API names it."""
    head, listener, tail = uri.partition(":listener/")
    return f"{head}:loadbalancer/{tail.rpartition('/')[0]}" if listener else ""


def _through_links(configuration: Configuration, stage: StageTypeDef | None) -> set[tuple[str, str, str, str]]:
    """Link id, target, path and verb of the methods that go through a link, with the stage's variables filled in."""
    variables = stage.get("variables", {}) if stage is not None else None
    return {
        (
            called.connection_id if variables is None else resolved(called.connection_id, variables),
            called.target,
            method.path,
            method.verb,
        )
        for method in configuration.methods.values()
        if (called := method.integration) is not None and called.private
    }
