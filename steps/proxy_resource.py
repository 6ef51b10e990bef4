"""Proxy resource: one path that stands for all

The greedy path variable `{proxy+}` under `/` takes every path below the stage, however deep.

**Why.** The service behind decides on its own paths; the API hands all of them on.

**Traps.** `{proxy+}` does not match `/` itself (`route_root` adds that). And a resource can have only one child
with a variable, so another one next to it is refused.

**Takes** a moment. **Costs** nothing.

**In the console:** Resources → / → Create resource → Proxy resource → `{proxy+}`.

```console
$ aws apigateway create-resource --rest-api-id ... --parent-id ... --path-part '{proxy+}'
```
"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import create_once, seen, shown
from runbook.errors import CannotContinue
from runbook.operations import Operation
from runbook.outcome import Missing
from runbook.parameters import Parameters
from runbook.path import gateway
from runbook.permissions import CHANGE_OUR_API, CHECK, DOWN, LOOK_AT_OUR_API, UP
from runbook.picture import Box, Place
from runbook.record import is_ours
from runbook.removing import Resource, unless_gone
from steps import rest_api
from steps.rest_api import RestApi

PART_OF = RestApi
BOX = Box(Place.STAGE, "Resource", ("{path}",), hops=("route",))
HOPS = {"route": "method "}
OPERATIONS = (Operation("apigateway", "CreateResource", again=False),)
TOPICS = {"Resource": ("routes",)}
PATH_PART = "{proxy+}"
PATH = f"/{PATH_PART}"

PERMISSIONS = (
    LOOK_AT_OUR_API.allow(CHECK, actions="apigateway:GET"),
    CHANGE_OUR_API.allow(UP, actions="apigateway:POST"),
    CHANGE_OUR_API.allow(UP, DOWN, actions="apigateway:DELETE"),
)


@dataclass(frozen=True, slots=True)
class ProxyResource:
    """The greedy resource as it is on AWS."""

    id: str
    path: str

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"{self.path} is there"


def check(aws: Aws, params: Parameters, api: RestApi) -> ProxyResource | Missing:
    """Whether the API has the resource."""
    del params
    found = _find(aws, api.id)
    return found or Missing(f"API {api.name} has no resource {PATH}")


def do(aws: Aws, params: Parameters, api: RestApi) -> ProxyResource:
    """Create the resource. Raises :class:`CannotContinue` when another variable child is in its place."""
    del params
    if found := _find(aws, api.id):
        return found
    for item in gateway.resources(aws, api.id):
        if item.get("parentId") == api.root_resource and item.get("pathPart", "").startswith("{"):
            raise CannotContinue(
                f"API {api.name} already has the resource {item['path']} under /, and AWS allows one with a variable "
                "there. Remove it in API Gateway if it is no longer needed, and run again."
            )
    try:
        create_once(
            aws,
            lambda: aws.apigateway.create_resource(restApiId=api.id, parentId=api.root_resource, pathPart=PATH_PART)[
                "id"
            ],
            lambda: made.id if (made := _find(aws, api.id)) else None,
            what="resource",
        )
    except ClientError as error:
        # Another run made it at the same moment: a resource of this path, and a child with a variable, exist only once.
        refused = code_of(error) in ("ConflictException", "BadRequestException")
        if not refused or shown(aws, lambda: _find(aws, api.id), what=f"resource {PATH}") is None:
            raise
    return seen(aws, lambda: _find(aws, api.id), what=f"resource {PATH}")


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The resource of the stack's API."""
    return [Resource("resource", found.path, found.id) for _, found in _ours(aws, params.stack)]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the resource from our API, with its method and integration."""
    for api, found in _ours(aws, params.stack):
        with unless_gone():
            aws.apigateway.delete_resource(restApiId=api.id, resourceId=found.id)


def _ours(aws: Aws, stack: str) -> list[tuple[RestApi, ProxyResource]]:
    api = rest_api.find(aws, stack)
    if api is None or not is_ours(api.tags, stack) or not (found := _find(aws, api.id)):
        return []
    return [(api, found)]


def _find(aws: Aws, api_id: str) -> ProxyResource | None:
    return next(
        (ProxyResource(item["id"], item["path"]) for item in gateway.resources(aws, api_id) if item["path"] == PATH),
        None,
    )
