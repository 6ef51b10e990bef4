r"""Deployment: make it live, under a stage

A deployment is a snapshot of the API; a stage is the public name that serves one. What is changed in the API
afterwards is *not* live until the next deployment.

**Why.** The invoke URL is the stage's. Stage variables, throttling and logs are the stage's too.

**Trap.** "I changed it and nothing happens" is a missing deployment. So the stage's export, which tells what is
deployed, is compared with what is configured, and only a difference is deployed again.

**Takes** seconds, and some more until every gateway host serves it; AWS allows one deployment in 5 seconds.
**Costs** nothing by the hour.

**In the console:** Deploy API → New stage.

```console
$ aws apigateway create-deployment --rest-api-id ...
$ aws apigateway create-stage --rest-api-id ... --stage-name prod --deployment-id ...
$ aws apigateway get-export --rest-api-id ... --stage-name prod --export-type oas30 \
    --parameters extensions=apigateway deployed.json
```
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import create_once, seen, shown
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.record import is_ours, stack_tags, tag_differences
from runbook.removing import unless_gone
from steps import rest_api
from steps._tags import retag_api_gateway
from steps.integration import Integration
from steps.rest_api import RestApi

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import DeploymentTypeDef, ResourceTypeDef, StageTypeDef

PART_OF = RestApi
KEPT = 5
"""How many deployments of ours are kept to go back to (``rollback``)."""
_DESCRIPTION = "runbook "
_VERB_KEYS = {"x-amazon-apigateway-any-method": "ANY"}
_INTEGRATION = "x-amazon-apigateway-integration"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the stage serves."""

    id: str
    stage: str
    invoke_url: str
    """Of the stage, without a slash at its end."""

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"stage {self.stage} serves what is configured"


@dataclass(frozen=True, slots=True)
class RouteConfiguration:
    """What decides how one method of one path is answered; the same read from the API or from a stage's export."""

    guarded: bool
    """An authorizer or an API key is asked for."""
    type: str
    http_method: str
    uri: str
    connection_type: str
    connection_id: str
    request_parameters: tuple[tuple[str, str], ...]
    passthrough: str
    timeout: int


Configuration = dict[str, RouteConfiguration]
"""By ``VERB path``."""


def find(aws: Aws, stack: str) -> list[StageTypeDef]:
    """The stages of the stack's API."""
    api = rest_api.find(aws, stack)
    return stages(aws, api.id) if api else []


def stages(aws: Aws, api_id: str) -> list[StageTypeDef]:
    """All stages of an API with their variables: one question for several steps."""
    return aws.apigateway.get_stages(restApiId=api_id)["item"]


def check(
    aws: Aws, params: Parameters, api: RestApi, integration: Integration
) -> Deployment | Missing | Drifted[Deployment]:
    """Whether the stage is there and what it serves is what is configured."""
    del integration
    stage = _stage(aws, api.id, params.stage)
    if stage is None:
        return Missing(f"API {api.name} is not deployed to a stage {params.stage}")
    configured = configuration(rest_api.resources(aws, api.id))
    differences = (
        *_unlike(aws, api.id, stage, configured),
        *tag_differences(stage.get("tags", {}), stack_tags(params)),
    )
    fact = Deployment(stage["deploymentId"], params.stage, aws.invoke_url(api.id, params.stage))
    return Drifted(fact, differences) if differences else fact


def do(aws: Aws, params: Parameters, api: RestApi, integration: Integration) -> Deployment:
    """Deploy what is configured, if that is not what the stage serves."""
    del integration
    configured = configuration(rest_api.resources(aws, api.id))
    description = described(configured)
    stage = _stage(aws, api.id, params.stage)
    if stage is None:
        deployment_id = _made(aws, api.id, description, than="") or _deploy(aws, api.id, description, than="")
        try:
            aws.apigateway.create_stage(
                restApiId=api.id,
                stageName=params.stage,
                deploymentId=deployment_id,
                tags=stack_tags(params),
            )
        except ClientError as error:
            # Made by a request whose answer was lost, or by another run.
            if code_of(error) != "ConflictException":
                raise
    else:
        if changes(configured, deployed(aws, api.id, params.stage)):
            served = stage["deploymentId"]
            deployment_id = _made(aws, api.id, description, than=served) or _deploy(
                aws, api.id, description, than=served
            )
            aws.apigateway.update_stage(
                restApiId=api.id,
                stageName=params.stage,
                patchOperations=[{"op": "replace", "path": "/deploymentId", "value": deployment_id}],
            )
            _forget_old(aws, api.id)
        path = f"/restapis/{api.id}/stages/{params.stage}"
        retag_api_gateway(aws, path, stage.get("tags", {}), stack_tags(params))

    def made() -> Deployment | None:
        stage = _stage(aws, api.id, params.stage)
        url = aws.invoke_url(api.id, params.stage)
        return Deployment(stage["deploymentId"], params.stage, url) if stage else None

    return seen(aws, made, what=f"stage {params.stage}")


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the stage from our API, and the deployments that no stage serves any more."""
    api = rest_api.find(aws, params.stack)
    if api is None or not is_ours(api.tags, params.stack):
        return
    if _stage(aws, api.id, params.stage) is not None:
        with unless_gone():
            aws.apigateway.delete_stage(restApiId=api.id, stageName=params.stage)
    served = {stage["deploymentId"] for stage in stages(aws, api.id)}
    _delete(
        aws,
        api.id,
        [
            item["id"]
            for item in history(aws, api.id)
            if item["id"] not in served and item.get("description", "").startswith(_DESCRIPTION)
        ],
    )


def configuration(resources: list[ResourceTypeDef]) -> Configuration:
    """What is configured, from the API's resources."""
    return {
        f"{verb} {item['path']}": _route(
            guarded=method.get("authorizationType", "NONE") != "NONE" or method.get("apiKeyRequired", False),
            integration=dict(method["methodIntegration"]),
        )
        for item in resources
        for verb, method in item.get("resourceMethods", {}).items()
        if "methodIntegration" in method
    }


def deployed(aws: Aws, api_id: str, stage: str) -> Configuration:
    """What a stage serves, from its export."""
    paths: dict[str, dict[str, Any]] = json.loads(aws.export(api_id, stage)).get("paths", {})
    return {
        f"{_VERB_KEYS.get(key, key.upper())} {path}": _route(
            guarded=bool(method.get("security")), integration=method[_INTEGRATION]
        )
        for path, methods in paths.items()
        for key, method in methods.items()
        if isinstance(method, dict) and _INTEGRATION in method
    }


def changes(configured: Configuration, served: Configuration) -> tuple[Difference, ...]:
    """What is configured but not deployed, or deployed but no longer configured."""
    differences: list[Difference] = []
    for route in sorted({*configured, *served}):
        is_, should = served.get(route), configured.get(route)
        if is_ is None or should is None:
            differences.append(Difference(f"deployed {route}", "there" if is_ else "", "there" if should else ""))
            continue
        found, wanted = asdict(is_), asdict(should)
        differences += [
            Difference(f"deployed {name.replace('_', ' ')} of {route}", str(found[name]), str(wanted[name]))
            for name in wanted
            if found[name] != wanted[name]
        ]
    return tuple(differences)


def described(configured: Configuration) -> str:
    """What a deployment of ours is described by: that it is ours, and a digest of what it serves."""
    return f"{_DESCRIPTION}{digest(configured)}"


def digest(configured: Configuration) -> str:
    """A short name for a configuration, to know a deployment of ours by."""
    text = json.dumps({route: asdict(value) for route, value in configured.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _route(*, guarded: bool, integration: dict[str, Any]) -> RouteConfiguration:
    return RouteConfiguration(
        guarded=guarded,
        # Exports write types in lower case, resources in upper case.
        type=str(integration.get("type", "")).upper(),
        http_method=integration.get("httpMethod", ""),
        uri=integration.get("uri", ""),
        connection_type=integration.get("connectionType", "INTERNET"),
        connection_id=integration.get("connectionId", ""),
        request_parameters=tuple(sorted(integration.get("requestParameters", {}).items())),
        passthrough=str(integration.get("passthroughBehavior", "WHEN_NO_MATCH")).upper(),
        timeout=integration.get("timeoutInMillis", 29000),
    )


def _unlike(aws: Aws, api_id: str, stage: StageTypeDef, configured: Configuration) -> tuple[Difference, ...]:
    """How what the stage serves is unlike what is configured; and which deployment would serve that, if there is one.

    There is one after ``rollback``, and after somebody chose another deployment by hand.
    """
    found = changes(configured, deployed(aws, api_id, stage["stageName"]))
    served = stage["deploymentId"]
    newer = _made(aws, api_id, described(configured), than=served) if found else None
    return (*([Difference("deployment", served, newer)] if newer else []), *found)


def _forget_old(aws: Aws, api_id: str) -> None:
    """Delete deployments of ours beyond the last few, unless a stage serves them."""
    served = {stage["deploymentId"] for stage in stages(aws, api_id)}
    ours = [item for item in history(aws, api_id) if item.get("description", "").startswith(_DESCRIPTION)]
    _delete(aws, api_id, [item["id"] for item in ours[KEPT:] if item["id"] not in served])


def _stage(aws: Aws, api_id: str, name: str) -> StageTypeDef | None:
    return next((stage for stage in stages(aws, api_id) if stage["stageName"] == name), None)


def history(aws: Aws, api_id: str) -> list[DeploymentTypeDef]:
    """All deployments of an API, the newest first."""
    pages = aws.apigateway.get_paginator("get_deployments").paginate(
        restApiId=api_id, PaginationConfig={"PageSize": 500}
    )
    found = [item for page in pages for item in page["items"]]
    return sorted(found, key=lambda item: (item["createdDate"], item["id"]), reverse=True)


def _made(aws: Aws, api_id: str, description: str, *, than: str) -> str | None:
    """The deployment of this configuration that is newer than the one that is served; the oldest such."""
    newer = [
        item["id"]
        for item in takewhile(lambda item: item["id"] != than, history(aws, api_id))
        if item.get("description") == description
    ]
    return newer[-1] if newer else None


def _deploy(aws: Aws, api_id: str, description: str, *, than: str) -> str:
    """A deployment without a stage: the stage is made with tags, which this call does not take."""
    made = create_once(
        aws,
        lambda: aws.apigateway.create_deployment(restApiId=api_id, description=description)["id"],
        lambda: _made(aws, api_id, description, than=than),
        what="deployment",
    )
    shown(
        aws,
        lambda: True if made in {item["id"] for item in history(aws, api_id)} else None,
        what=f"deployment {made}",
    )
    kept = _made(aws, api_id, description, than=than) or made
    if kept != made:  # another run made one at the same moment: both keep the oldest
        _delete(aws, api_id, [made])
    return kept


def _delete(aws: Aws, api_id: str, deployments: Iterable[str]) -> None:
    """Delete deployments; one that a stage serves by now stays, as AWS has it."""
    for deployment in deployments:
        try:
            with unless_gone():
                aws.apigateway.delete_deployment(restApiId=api_id, deploymentId=deployment)
        except ClientError as error:
            if code_of(error) != "BadRequestException":
                raise
