r"""ANY method: every HTTP verb, and the path declared as a parameter

One method that stands for GET, POST and all others. It declares the path parameter `proxy`.

**Why.** What a method does not declare, its integration may not use. The console declares the parameter by itself; no
SDK and no CLI does, and then the `{proxy}` of the endpoint URL stays as it is written.

**Takes** a moment. **Costs** nothing.

**In the console:** Resources → `/{proxy+}` → Create method → ANY.

```console
$ aws apigateway put-method --rest-api-id ... --resource-id ... --http-method ANY \
    --authorization-type NONE --request-parameters method.request.path.proxy=true
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import seen
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.path import gateway
from runbook.permissions import CHANGE_OUR_API, CHECK, DOWN, LOOK_AT_OUR_API, UP
from runbook.picture import Box, Place
from runbook.record import is_ours
from runbook.removing import Resource, unless_gone
from steps import proxy_resource, rest_api
from steps.proxy_resource import ProxyResource
from steps.rest_api import RestApi

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import ResourceTypeDef

READS = ("route_root",)
PART_OF = RestApi
BOX = Box(Place.STAGE, "Method", ("ANY {path}",), each="methods", hops=("method",))
HOPS = {"method": "method "}
TOPICS = {"Method": ("routes",)}
VERB = "ANY"
PATH_PARAMETER = "method.request.path.proxy"

PERMISSIONS = (
    LOOK_AT_OUR_API.allow(CHECK, actions="apigateway:GET"),
    CHANGE_OUR_API.allow(UP, actions="apigateway:PUT apigateway:PATCH"),
    CHANGE_OUR_API.allow(UP, DOWN, actions="apigateway:DELETE"),
)


@dataclass(frozen=True, slots=True)
class Method:
    """One ANY method."""

    path: str
    resource: str
    authorization: str
    """``NONE``, or who put an authorizer in front: that is left as it is."""
    declares_path: bool
    over_link: bool = field(default=False, repr=False)
    """Its integration goes over the VPC link."""


@dataclass(frozen=True, slots=True)
class AnyMethod:
    """The ANY methods: of ``/{proxy+}``, and of ``/`` if that is routed."""

    methods: tuple[Method, ...]

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return ", ".join(f"{VERB} {method.path}" for method in self.methods)


def check(
    aws: Aws, params: Parameters, api: RestApi, resource: ProxyResource
) -> AnyMethod | Missing | Drifted[AnyMethod]:
    """Whether the resources have their ANY method and it declares the path parameter."""
    return _compared(aws, params, api, [*_wanted(params, api, resource)])


def foresee(aws: Aws, params: Parameters, api: RestApi) -> AnyMethod | Missing | Drifted[AnyMethod]:
    """Compare them with what they should be once the resource is created."""
    return _compared(aws, params, api, wanted_paths(params))


def wanted_paths(params: Parameters) -> list[str]:
    """The paths that are routed to the service."""
    return [proxy_resource.PATH, *(["/"] if params.route_root else [])]


def _compared(
    aws: Aws, params: Parameters, api: RestApi, wanted: Sequence[str]
) -> AnyMethod | Missing | Drifted[AnyMethod]:
    methods = {method.path: method for method in _methods(gateway.resources(aws, api.id))}
    found = {path: methods[path] for path in wanted if path in methods}
    if not found:
        return Missing(f"{' and '.join(wanted)} has no method {VERB}")
    fact = AnyMethod(tuple(found.values()))
    differences = (
        *(Difference(f"method {VERB} of {path}", "there", "") for path in _surplus(params, methods)),
        *(Difference(f"method {VERB} of {path}", "", "there") for path in wanted if path not in found),
        *(
            Difference(f"{PATH_PARAMETER} of {method.path}", "", "declared")
            for method in found.values()
            if method.path == proxy_resource.PATH and not method.declares_path
        ),
    )
    return Drifted(fact, differences) if differences else fact


def do(aws: Aws, params: Parameters, api: RestApi, resource: ProxyResource) -> AnyMethod:
    """Create the methods, or declare the path parameter on what is there."""
    wanted = _wanted(params, api, resource)
    found = {method.path: method for method in _methods(gateway.resources(aws, api.id))}
    for path, resource_id in wanted.items():
        if path not in found:
            try:
                aws.apigateway.put_method(
                    restApiId=api.id,
                    resourceId=resource_id,
                    httpMethod=VERB,
                    authorizationType="NONE",
                    requestParameters={PATH_PARAMETER: True} if path == proxy_resource.PATH else {},
                )
            except ClientError as error:
                if code_of(error) != "ConflictException":  # made by a request whose answer was lost
                    raise
        elif path == proxy_resource.PATH and not found[path].declares_path:
            aws.apigateway.update_method(
                restApiId=api.id,
                resourceId=resource_id,
                httpMethod=VERB,
                patchOperations=[{"op": "add", "path": f"/requestParameters/{PATH_PARAMETER}", "value": "true"}],
            )

    for path in _surplus(params, found):
        with unless_gone():
            aws.apigateway.delete_method(restApiId=api.id, resourceId=found[path].resource, httpMethod=VERB)

    def made() -> AnyMethod | None:
        match check(aws, params, api, resource):
            case AnyMethod() as fact:
                return fact
            case _:
                return None

    return seen(aws, made, what=f"method {VERB}")


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The methods of the stack's API."""
    return [Resource("method", f"{VERB} {method.path}", method.resource) for _, method in _ours(aws, params.stack)]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the ANY methods from our API."""
    for api, method in _ours(aws, params.stack):
        with unless_gone():
            aws.apigateway.delete_method(restApiId=api.id, resourceId=method.resource, httpMethod=VERB)


def _ours(aws: Aws, stack: str) -> list[tuple[RestApi, Method]]:
    api = rest_api.find(aws, stack)
    if api is None or not is_ours(api.tags, stack):
        return []
    return [(api, method) for method in _methods(gateway.resources(aws, api.id))]


def _wanted(params: Parameters, api: RestApi, resource: ProxyResource) -> dict[str, str]:
    root = {"/": api.root_resource} if params.route_root else {}
    return {resource.path: resource.id, **root}


def _surplus(params: Parameters, methods: Mapping[str, Method]) -> list[str]:
    """A route of ``/`` over the link that is no longer wanted; one that leads elsewhere is somebody else's."""
    root = methods.get("/")
    return ["/"] if root and root.over_link and not params.route_root else []


def _methods(resources: Iterable[ResourceTypeDef]) -> list[Method]:
    return [
        Method(
            path=item["path"],
            resource=item["id"],
            authorization=method.get("authorizationType", "NONE"),
            declares_path=PATH_PARAMETER in method.get("requestParameters", {}),
            over_link=method.get("methodIntegration", {}).get("connectionType") == "VPC_LINK",
        )
        for item in resources
        if item["path"] in (proxy_resource.PATH, "/") and (method := item.get("resourceMethods", {}).get(VERB))
    ]
