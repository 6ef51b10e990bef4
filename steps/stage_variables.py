r"""Stage variables: which link, and which host

The stage gets two variables: VPCLINK, the id of the VPC link, and VPCNLB, the load balancer's DNS name. The
integration takes both from here.

**Why.** The link can be exchanged without touching the API: make a new one, change the variable, delete the old one.

**Traps.** Without VPCLINK every call is a 500. A wrong VPCNLB still answers as long as the service does not care which
host it is asked for, because the link alone decides where the request goes.

**Takes** a moment; some seconds until every gateway host has it. **Costs** nothing.

**In the console:** Stages → the stage → Stage variables → Manage variables.

```console
$ aws apigateway update-stage --rest-api-id ... --stage-name prod --patch-operations \
    op=replace,path=/variables/VPCLINK,value=abc123 op=replace,path=/variables/VPCNLB,value=demo-nlb-....amazonaws.com
```
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook.aws import Aws
from runbook.creating import seen
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.path import gateway
from runbook.path.links import Link
from runbook.permissions import CHANGE_OUR_API, CHECK, LOOK_AT_OUR_API, UP
from runbook.picture import Box, Place
from runbook.record import is_ours
from runbook.removing import Resource
from steps import _links, rest_api
from steps.deployment import Deployment
from steps.integration import HOST_VARIABLE, LINK_VARIABLE
from steps.load_balancer import LoadBalancer
from steps.rest_api import RestApi
from steps.vpc_link import VpcLink

READS = ("stage",)
PART_OF = RestApi
BOX = Box(
    Place.STAGE,
    "Stage variables",
    ("VPCLINK={vpclink}", "VPCNLB={vpcnlb}"),
    hops=("stage-variables",),
    short="Variables",
)
HOPS = {"stage-variables": ""}

PERMISSIONS = (
    LOOK_AT_OUR_API.allow(CHECK, actions="apigateway:GET"),
    CHANGE_OUR_API.allow(UP, actions="apigateway:PATCH"),
    *_links.PERMISSIONS,
)


@dataclass(frozen=True, slots=True)
class StageVariables:
    """The stage's two variables."""

    vpclink: str
    vpcnlb: str

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"{LINK_VARIABLE} is {self.vpclink}, {HOST_VARIABLE} is {self.vpcnlb}"


def check(
    aws: Aws, params: Parameters, api: RestApi, deployment: Deployment, link: VpcLink, balancer: LoadBalancer
) -> StageVariables | Missing | Drifted[StageVariables]:
    """Whether the stage names the link and the load balancer, and no link is left that it named before."""
    wanted = {LINK_VARIABLE: link.id, HOST_VARIABLE: balancer.dns_name}
    return _compared(aws, params, api, deployment.stage, wanted, link)


def foresee(
    aws: Aws,
    params: Parameters,
    api: RestApi,
    deployment: Deployment | None,
    link: VpcLink | None,
    balancer: LoadBalancer | None,
) -> StageVariables | Missing | Drifted[StageVariables]:
    """Whether the stage will name the link and the load balancer once there are others."""
    wanted = {
        LINK_VARIABLE: link.id if link else "the new link's id",
        HOST_VARIABLE: balancer.dns_name if balancer else "the new load balancer's DNS name",
    }
    return _compared(aws, params, api, deployment.stage if deployment else params.stage, wanted, link)


def _compared(
    aws: Aws, params: Parameters, api: RestApi, stage: str, wanted: dict[str, str], link: VpcLink | None
) -> StageVariables | Missing | Drifted[StageVariables]:
    found = _variables(aws, api.id, stage)
    if not any(name in found for name in wanted):
        return Missing(f"stage {stage} has neither {LINK_VARIABLE} nor {HOST_VARIABLE}")
    superseded = _superseded(aws, params, link) if link else []
    fact = StageVariables(found.get(LINK_VARIABLE, ""), found.get(HOST_VARIABLE, ""))
    differences = (
        *(
            Difference(name, found.get(name, ""), value)
            for name, value in wanted.items()
            if found.get(name, "") != value
        ),
        *(Difference(f"old VPC link {old.id}", "there", "") for old in superseded),
    )
    return Drifted(fact, differences) if differences else fact


def do(
    aws: Aws, params: Parameters, api: RestApi, deployment: Deployment, link: VpcLink, balancer: LoadBalancer
) -> StageVariables:
    """Set the variables; then delete links of ours that the stage named before."""
    found = _variables(aws, api.id, deployment.stage)
    wanted = {LINK_VARIABLE: link.id, HOST_VARIABLE: balancer.dns_name}
    changed = {name: value for name, value in wanted.items() if found.get(name) != value}
    if changed:
        aws.apigateway.update_stage(
            restApiId=api.id,
            stageName=deployment.stage,
            patchOperations=[
                {"op": "replace", "path": f"/variables/{name}", "value": value} for name, value in changed.items()
            ],
        )
    _links.delete(aws, _superseded(aws, params, link))

    def made() -> StageVariables | None:
        match check(aws, params, api, deployment, link, balancer):
            case StageVariables() as fact:
                return fact
            case _:
                return None

    return seen(aws, made, what="the stage's variables")


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The two variables of the stage."""
    _, found = _ours(aws, params)
    return [Resource("stage variable", name, value) for name, value in found.items()]


def undo(aws: Aws, params: Parameters) -> None:
    """Remove the two variables from the stage of our API."""
    api, found = _ours(aws, params)
    if api is not None and found:
        aws.apigateway.update_stage(
            restApiId=api.id,
            stageName=params.stage,
            patchOperations=[{"op": "remove", "path": f"/variables/{name}"} for name in found],
        )


def _ours(aws: Aws, params: Parameters) -> tuple[RestApi | None, dict[str, str]]:
    """The stack's API, and what the two variables of its stage are set to."""
    api = rest_api.find(aws, params.stack)
    if api is None or not is_ours(api.tags, params.stack):
        return None, {}
    found = _variables(aws, api.id, params.stage)
    return api, {name: found[name] for name in (LINK_VARIABLE, HOST_VARIABLE) if name in found}


def _variables(aws: Aws, api_id: str, stage: str) -> dict[str, str]:
    found = next((item for item in gateway.stages(aws, api_id) if item["stageName"] == stage), None)
    return dict(found.get("variables", {})) if found else {}


def _superseded(aws: Aws, params: Parameters, link: VpcLink) -> list[Link]:
    return [old for old in _links.ours(aws, params.stack) if old.id != link.id and old.status != "DELETING"]
