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

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import create_once, seen, shown
from runbook.operations import Operation
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.path import gateway
from runbook.path.configuration import Configuration, differences, digest, exported, resourced
from runbook.permissions import CHANGE_OUR_API, CHECK, DOWN, LOOK_AT_OUR_API, UP
from runbook.picture import Box, Place
from runbook.record import is_ours, stack_tags, tag_differences
from runbook.removing import Resource, unless_gone
from steps import rest_api
from steps._tags import TAG_API_GATEWAY, retag_api_gateway
from steps.integration import Integration, routed
from steps.rest_api import RestApi

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import StageTypeDef

READS = ("stage",)
PART_OF = RestApi
BOX = Box(Place.STAGE, "Deployment", ("{stage} {id}",), hops=("stage", "deployment"))
HOPS = {"stage": "", "deployment": "deploy"}
OPERATIONS = (
    Operation("apigateway", "CreateDeployment", again=False),
    Operation("apigateway", "CreateStage"),
)
TOPICS = {"Deployment": ("stages",), "Stage": ("stages",)}
KEPT = 5
"""How many deployments of ours are kept to go back to (``rollback``)."""
_DESCRIPTION = "runbook "

OUTPUTS = {"stage-url": "invoke_url", "deployment-id": "id"}

PERMISSIONS = (
    LOOK_AT_OUR_API.allow(CHECK, actions="apigateway:GET"),
    CHANGE_OUR_API.allow(UP, actions="apigateway:POST apigateway:PATCH"),
    CHANGE_OUR_API.allow(UP, DOWN, actions="apigateway:DELETE"),
    *TAG_API_GATEWAY,
)


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


def find(aws: Aws, stack: str) -> list[StageTypeDef]:
    """The stages of the stack's API."""
    api = rest_api.find(aws, stack)
    return gateway.stages(aws, api.id) if api else []


def check(
    aws: Aws, params: Parameters, api: RestApi, integration: Integration
) -> Deployment | Missing | Drifted[Deployment]:
    """Whether the stage is there and what it serves is what is configured."""
    del integration
    return _compared(aws, params, api, configured(aws, api))


def foresee(aws: Aws, params: Parameters, api: RestApi) -> Deployment | Missing | Drifted[Deployment]:
    """Whether the stage serves what will be configured once the route is as it should be."""
    wanted = resourced(routed(params, gateway.resources(aws, api.id)), api.policy)
    return _compared(aws, params, api, wanted)


def _compared(
    aws: Aws, params: Parameters, api: RestApi, wanted: Configuration
) -> Deployment | Missing | Drifted[Deployment]:
    stage = _stage(aws, api.id, params.stage)
    if stage is None:
        return Missing(f"API {api.name} is not deployed to a stage {params.stage}")
    found = (
        *_unlike(aws, api.id, stage, wanted),
        *tag_differences(stage.get("tags", {}), stack_tags(params)),
    )
    fact = Deployment(stage["deploymentId"], params.stage, aws.invoke_url(api.id, params.stage))
    return Drifted(fact, found) if found else fact


def do(aws: Aws, params: Parameters, api: RestApi, integration: Integration) -> Deployment:
    """Deploy what is configured, if that is not what the stage serves."""
    del integration
    wanted = configured(aws, api)
    description = described(wanted)
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
        if changes(wanted, exported(aws.export(api.id, params.stage))):
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


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The stage, and the deployments that no other stage serves."""
    api = rest_api.find(aws, params.stack)
    if api is None or not is_ours(api.tags, params.stack):
        return []
    found = gateway.stages(aws, api.id)
    stage = [Resource("stage", params.stage, api.id) for item in found if item["stageName"] == params.stage]
    served = {item["deploymentId"] for item in found if item["stageName"] != params.stage}
    return [*stage, *(Resource("deployment", id=name) for name in _unserved(aws, api.id, served))]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the stage from our API, and the deployments that no stage serves any more."""
    api = rest_api.find(aws, params.stack)
    if api is None or not is_ours(api.tags, params.stack):
        return
    if _stage(aws, api.id, params.stage) is not None:
        with unless_gone():
            aws.apigateway.delete_stage(restApiId=api.id, stageName=params.stage)
    served = {stage["deploymentId"] for stage in gateway.stages(aws, api.id)}
    _delete(aws, api.id, _unserved(aws, api.id, served))


def _unserved(aws: Aws, api_id: str, served: Collection[str]) -> list[str]:
    """The deployments made by this step that are not among the ones that are served."""
    return [
        item["id"]
        for item in gateway.deployments(aws, api_id)
        if item["id"] not in served and item.get("description", "").startswith(_DESCRIPTION)
    ]


def configured(aws: Aws, api: RestApi) -> Configuration:
    """What is configured, from the API's resources and its resource policy."""
    return resourced(gateway.resources(aws, api.id), api.policy)


def changes(configured: Configuration, served: Configuration) -> tuple[Difference, ...]:
    """What is configured but not deployed, or deployed but no longer configured."""
    return tuple(
        Difference(
            f"deployed {f'{change.what} of ' if change.what else ''}{change.where}", change.deployed, change.configured
        )
        for change in differences(served, configured)
    )


def described(configured: Configuration) -> str:
    """What a deployment of ours is described by: that it is ours, and a digest of what it serves."""
    return f"{_DESCRIPTION}{digest(configured)}"


def _unlike(aws: Aws, api_id: str, stage: StageTypeDef, configured: Configuration) -> tuple[Difference, ...]:
    """How what the stage serves is unlike what is configured; and which deployment would serve that, if there is one.

    There is one after ``rollback``, and after somebody chose another deployment by hand.
    """
    found = changes(configured, exported(aws.export(api_id, stage["stageName"])))
    served = stage["deploymentId"]
    newer = _made(aws, api_id, described(configured), than=served) if found else None
    return (*([Difference("deployment", served, newer)] if newer else []), *found)


def _forget_old(aws: Aws, api_id: str) -> None:
    """Delete deployments of ours beyond the last few, unless a stage serves them."""
    served = {stage["deploymentId"] for stage in gateway.stages(aws, api_id)}
    ours = [item for item in gateway.deployments(aws, api_id) if item.get("description", "").startswith(_DESCRIPTION)]
    _delete(aws, api_id, [item["id"] for item in ours[KEPT:] if item["id"] not in served])


def _stage(aws: Aws, api_id: str, name: str) -> StageTypeDef | None:
    return next((stage for stage in gateway.stages(aws, api_id) if stage["stageName"] == name), None)


def _made(aws: Aws, api_id: str, description: str, *, than: str) -> str | None:
    """The deployment of this configuration that is newer than the one that is served; the oldest such."""
    newer = [
        item["id"]
        for item in takewhile(lambda item: item["id"] != than, gateway.deployments(aws, api_id))
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
        lambda: True if made in {item["id"] for item in gateway.deployments(aws, api_id)} else None,
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
