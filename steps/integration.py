r"""Integration: hand the request on, through the link

The method's integration passes the request to the load balancer unchanged (`HTTP_PROXY`) over the VPC link.
Which link and which host come from the stage: `${stageVariables.VPCLINK}` and `${stageVariables.VPCNLB}`.

**Why.** So one API can have a stage for testing and one for production, each with its own link and load balancer.

**Traps.** The endpoint URL's host is *not* used for routing, the link is: the host only becomes the `Host` header.
The URL's port is the load balancer's listener port. And `{proxy}` is filled in only because the integration maps it to
the method's path parameter.

**Takes** a moment. **Costs** nothing.

**In the console:** the method → Integration request → VPC link → Use proxy integration → Use stage variables.

```console
$ aws apigateway put-integration --rest-api-id ... --resource-id ... --http-method ANY \
    --type HTTP_PROXY --integration-http-method ANY --uri 'http://${stageVariables.VPCNLB}/{proxy}' \
    --connection-type VPC_LINK --connection-id '${stageVariables.VPCLINK}' \
    --request-parameters integration.request.path.proxy=method.request.path.proxy
```
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.aws import Aws
from runbook.creating import seen
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.path import gateway
from runbook.permissions import CHANGE_OUR_API, CHECK, DOWN, LOOK_AT_OUR_API, UP
from runbook.picture import Box, Place
from runbook.record import is_ours
from runbook.removing import Resource, unless_gone
from steps import any_method, proxy_resource, rest_api
from steps.any_method import PATH_PARAMETER, VERB, AnyMethod
from steps.rest_api import RestApi
from steps.target_group import TargetGroup

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import IntegrationTypeDef, MethodTypeDef, ResourceTypeDef

READS = ("port", "route_root")
PART_OF = RestApi
BOX = Box(Place.STAGE, "Integration", ("{uri}",), each="integrations", hops=("integration",))
HOPS = {"integration": ""}
TOPICS = {"Integration": ("routes",)}
LINK_VARIABLE = "VPCLINK"
HOST_VARIABLE = "VPCNLB"
CONNECTION_ID = f"${{stageVariables.{LINK_VARIABLE}}}"
DEFAULT_TIMEOUT = 29000  # milliseconds; the default and, unless a quota was raised, the longest
_HEADERS = "integration.request.header."
MAPPED_PATH = "integration.request.path.proxy"

PERMISSIONS = (
    LOOK_AT_OUR_API.allow(CHECK, actions="apigateway:GET"),
    CHANGE_OUR_API.allow(UP, actions="apigateway:PUT"),
    CHANGE_OUR_API.allow(UP, DOWN, actions="apigateway:DELETE"),
)


@dataclass(frozen=True, slots=True)
class ProxyIntegration:
    """The integration of one ANY method."""

    path: str
    type: str
    http_method: str
    uri: str
    connection_type: str
    connection_id: str
    mapped_path: str
    """What ``{proxy}`` in the endpoint URL is filled from."""
    timeout: int
    """Milliseconds API Gateway waits for the service."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that somebody mapped, such as the Host by which the service wants to be asked."""


@dataclass(frozen=True, slots=True)
class Integration:
    """The integrations: of ``/{proxy+}``, and of ``/`` if that is routed."""

    integrations: tuple[ProxyIntegration, ...]

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return ", ".join(f"{item.path} goes to {item.uri}" for item in self.integrations)


def endpoint_url(params: Parameters, path: str) -> str:
    """The endpoint URL; 80 is the port of ``http`` and need not be named."""
    port = "" if params.port == 80 else f":{params.port}"
    return f"http://${{stageVariables.{HOST_VARIABLE}}}{port}/" + ("{proxy}" if path == proxy_resource.PATH else "")


def check(
    aws: Aws, params: Parameters, api: RestApi, method: AnyMethod
) -> Integration | Missing | Drifted[Integration]:
    """Compare the integrations with what they should be. A timeout and headers that somebody chose are left."""
    return _compared(aws, params, api, [item.path for item in method.methods])


def foresee(aws: Aws, params: Parameters, api: RestApi) -> Integration | Missing | Drifted[Integration]:
    """Compare them with what they should be once the methods are there."""
    return _compared(aws, params, api, any_method.wanted_paths(params))


def _compared(
    aws: Aws, params: Parameters, api: RestApi, paths: Sequence[str]
) -> Integration | Missing | Drifted[Integration]:
    found = _integrations(gateway.resources(aws, api.id))
    if not found:
        return Missing(f"the {VERB} method has no integration")
    differences = tuple(difference for path in paths for difference in _differences(params, path, found.get(path)))
    fact = Integration(tuple(found[path] for path in paths if path in found))
    return Drifted(fact, differences) if differences else fact


def routed(params: Parameters, resources: Iterable[ResourceTypeDef]) -> list[ResourceTypeDef]:
    """An API's resources as they will be once this step and those before it have acted."""
    by_path = {item["path"]: item for item in resources}
    found = _integrations(by_path.values())
    for path in any_method.wanted_paths(params):
        if _differences(params, path, found.get(path)):
            item: ResourceTypeDef = by_path.get(path, {"id": "", "path": path})
            methods = item.get("resourceMethods", {})
            method: MethodTypeDef = {
                **methods.get(VERB, {}),
                "methodIntegration": _wanted(params, path, found.get(path)),
            }
            by_path[path] = {**item, "resourceMethods": {**methods, VERB: method}}
    root = by_path.get("/", {"path": "/"})
    if not params.route_root and "/" in found and found["/"].connection_type == "VPC_LINK":
        kept = {verb: method for verb, method in root.get("resourceMethods", {}).items() if verb != VERB}
        by_path["/"] = {**root, "resourceMethods": kept}
    return list(by_path.values())


def do(aws: Aws, params: Parameters, api: RestApi, method: AnyMethod, group: TargetGroup) -> Integration:
    """Put the integrations that are not as they should be; putting replaces what is there.

    The target group comes first: while it may not be replaced, requests go on to the port that it has.
    """
    del group
    found = _integrations(gateway.resources(aws, api.id))
    for item in method.methods:
        if not _differences(params, item.path, found.get(item.path)):
            continue
        wanted = _wanted(params, item.path, found.get(item.path))
        aws.apigateway.put_integration(
            restApiId=api.id,
            resourceId=item.resource,
            httpMethod=VERB,
            type=wanted["type"],
            integrationHttpMethod=wanted["httpMethod"],
            uri=wanted["uri"],
            connectionType=wanted["connectionType"],
            connectionId=wanted["connectionId"],
            requestParameters=wanted["requestParameters"],
            timeoutInMillis=wanted["timeoutInMillis"],
        )

    def made() -> Integration | None:
        match check(aws, params, api, method):
            case Integration() as fact:
                return fact
            case _:
                return None

    return seen(aws, made, what="the integration")


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The integrations of the stack's API."""
    return [Resource("integration", f"{VERB} {path}", resource) for _, resource, path in _ours(aws, params.stack)]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the integrations of the ANY methods from our API."""
    for api, resource, _ in _ours(aws, params.stack):
        with unless_gone():
            aws.apigateway.delete_integration(restApiId=api.id, resourceId=resource, httpMethod=VERB)


def _ours(aws: Aws, stack: str) -> list[tuple[RestApi, str, str]]:
    """The API, and the id and path of each resource whose method has an integration."""
    api = rest_api.find(aws, stack)
    if api is None or not is_ours(api.tags, stack):
        return []
    return [
        (api, item["id"], item["path"])
        for item in gateway.resources(aws, api.id)
        if item["path"] in (proxy_resource.PATH, "/")
        and "methodIntegration" in item.get("resourceMethods", {}).get(VERB, {})
    ]


def _differences(params: Parameters, path: str, found: ProxyIntegration | None) -> list[Difference]:
    if found is None:
        return [Difference(f"integration of {path}", "", "there")]
    wanted = [
        ("type", found.type, "HTTP_PROXY"),
        ("HTTP method", found.http_method, VERB),
        ("endpoint URL", found.uri, endpoint_url(params, path)),
        ("connection type", found.connection_type, "VPC_LINK"),
        ("connection id", found.connection_id, CONNECTION_ID),
        ("path mapping", found.mapped_path, PATH_PARAMETER if path == proxy_resource.PATH else ""),
    ]
    return [Difference(f"{what} of {path}", is_, should) for what, is_, should in wanted if is_ != should]


def _wanted(params: Parameters, path: str, found: ProxyIntegration | None) -> IntegrationTypeDef:
    """The integration of a path. A timeout and headers that somebody chose are kept."""
    own = {MAPPED_PATH: PATH_PARAMETER} if path == proxy_resource.PATH else {}
    return {
        "type": "HTTP_PROXY",
        "httpMethod": VERB,
        "uri": endpoint_url(params, path),
        "connectionType": "VPC_LINK",
        "connectionId": CONNECTION_ID,
        "requestParameters": {**(dict(found.headers) if found else {}), **own},
        "timeoutInMillis": found.timeout if found else DEFAULT_TIMEOUT,
    }


def _integrations(resources: Iterable[ResourceTypeDef]) -> dict[str, ProxyIntegration]:
    found: dict[str, ProxyIntegration] = {}
    for item in resources:
        integration = item.get("resourceMethods", {}).get(any_method.VERB, {}).get("methodIntegration")
        if integration is not None:
            found[item["path"]] = ProxyIntegration(
                path=item["path"],
                type=integration.get("type", ""),
                http_method=integration.get("httpMethod", ""),
                uri=integration.get("uri", ""),
                connection_type=integration.get("connectionType", "INTERNET"),
                connection_id=integration.get("connectionId", ""),
                mapped_path=integration.get("requestParameters", {}).get(MAPPED_PATH, ""),
                timeout=integration.get("timeoutInMillis", DEFAULT_TIMEOUT),
                headers=tuple(
                    (name, value)
                    for name, value in sorted(integration.get("requestParameters", {}).items())
                    if name.startswith(_HEADERS)
                ),
            )
    return found
