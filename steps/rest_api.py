"""REST API: the public front

An empty API, regional or edge-optimised. Regional is served from this region; edge-optimised comes through
CloudFront's locations all over the world. TLS ends here.

**Why.** Throttling, authorizers, resource policies and logs belong to the API, and every request has to pass it.

**Trap.** AWS makes another API each time it is asked, of the same name too; so we look before creating.

**Takes** a second; AWS allows one creation in 3 seconds (regional) or 30 (edge-optimised). **Costs** nothing by
the hour; 3.50 USD per million requests in us-east-1.

**In the console:** API Gateway → Create API → REST API → Build.

```console
$ aws apigateway create-rest-api --name demo-api --endpoint-configuration types=REGIONAL
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runbook.aws import Aws
from runbook.creating import create_once, seen, shown
from runbook.errors import NotOurs
from runbook.operations import Operation
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.parts import Counting, Part, Tagged
from runbook.path import gateway
from runbook.permissions import CHANGE_OUR_API, CHECK, DOWN, LIST, LIST_APIS_AND_LINKS, LOOK_AT_OUR_API, UP
from runbook.picture import Box, Place
from runbook.price import Price
from runbook.quotas import EDGE_CREATION, RequestQuota
from runbook.record import is_ours, parameters_from, record, tag_differences
from runbook.removing import Resource, unless_gone
from steps._tags import MAKE_APIS_AND_LINKS, TAG_API_GATEWAY, retag_api_gateway
from steps.preflight import PrivateService

READS = ("endpoint_type",)
PRICES = (
    Price(
        "requests to a REST API",
        3.5,
        "million, of the first 333 million of a month",
        "https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/"
        "cost-optimization.html",
        "2026-11-29",
    ),
)

BOX = Box(Place.URL, "REST API", ("{name}", "{id}"), hops=("access",))
HOPS = {"dns-name": "endpoint type"}


def _creation_quota(request: Mapping[str, Any]) -> RequestQuota | None:
    types = request.get("endpointConfiguration", {}).get("types", ())
    return EDGE_CREATION if "EDGE" in types else None


# AWS makes another each time it is asked.
OPERATIONS = (Operation("apigateway", "CreateRestApi", again=False, quota=_creation_quota),)
TOPICS = {"RestApi": ("api",)}
OUTPUTS = {"rest-api-id": "id"}

PERMISSIONS = (
    LIST_APIS_AND_LINKS.allow(CHECK, DOWN, LIST, actions="apigateway:GET"),
    LOOK_AT_OUR_API.allow(CHECK, actions="apigateway:GET"),
    MAKE_APIS_AND_LINKS.allow(UP, actions="apigateway:POST"),
    *TAG_API_GATEWAY,
    CHANGE_OUR_API.allow(UP, actions="apigateway:PATCH"),
    CHANGE_OUR_API.allow(UP, DOWN, actions="apigateway:DELETE"),
)


def _all(aws: Aws, _: Counting) -> Iterator[Tagged]:
    for api in gateway.rest_apis(aws):
        yield Tagged(api.get("tags", {}), api.get("createdDate"), api=api["id"])


PART = Part("REST API", _all)


@dataclass(frozen=True, slots=True)
class RestApi:
    """The REST API as it is on AWS."""

    id: str
    name: str
    endpoint_type: str
    root_resource: str
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)
    policy: str = field(default="", repr=False)
    """Its resource policy as AWS answers it; empty for none."""

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"{self.id}, {self.endpoint_type}"


def name_of(stack: str) -> str:
    """The REST API's name; names are not unique on AWS."""
    return f"{stack}-api"


def find(aws: Aws, stack: str) -> RestApi | None:
    """The REST API that is ours, the oldest if there are several; else one of this name that is not ours."""
    named = _candidates(aws, stack)
    return next((api for api in named if is_ours(api.tags, stack)), named[0] if named else None)


def recall(aws: Aws, stack: str) -> dict[str, Any]:
    """The parameters that the REST API remembers."""
    found = find(aws, stack)
    return parameters_from(found.tags) if found and is_ours(found.tags, stack) else {}


def check(aws: Aws, params: Parameters) -> RestApi | Missing | Drifted[RestApi]:
    """Compare the REST API with what it should be."""
    found = find(aws, params.stack)
    if found is None:
        return Missing(f"there is no REST API {name_of(params.stack)}")
    if not is_ours(found.tags, params.stack) and not params.adopt:
        raise NotOurs("REST API", found.name, found.id, params.stack)
    extra = [api.id for api in _ours(aws, params.stack) if api.id != found.id]
    name = name_of(params.stack)
    differences = (
        *([Difference("name", found.name, name)] if found.name != name else []),
        *(
            [Difference("endpoint type", found.endpoint_type, params.endpoint_type)]
            if found.endpoint_type != params.endpoint_type
            else []
        ),
        *([Difference("another REST API of ours", ", ".join(extra), "")] if extra else []),
        *tag_differences(found.tags, record(params)),
    )
    return Drifted(found, differences) if differences else found


def do(aws: Aws, params: Parameters, service: PrivateService) -> RestApi:
    """Create the REST API, or change it to what it should be. Nothing is made before the preflight is passed."""
    del service
    match check(aws, params):
        case Missing():
            found = _create(aws, params)
        case Drifted(fact, _):
            found = fact
        case fact:
            return fact
    if extra := [api for api in _ours(aws, params.stack) if api.id != found.id]:
        _delete(aws, extra)
        aws.note(f"REST API {found.id} is kept; {', '.join(api.id for api in extra)}, another of ours, was deleted.")
    wanted = {
        "/name": (found.name, name_of(params.stack)),
        f"/endpointConfiguration/types/{found.endpoint_type}": (found.endpoint_type, params.endpoint_type),
    }
    if changed := {path: value for path, (is_, value) in wanted.items() if is_ != value}:
        aws.apigateway.update_rest_api(
            restApiId=found.id,
            patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in changed.items()],
        )
    retag_api_gateway(aws, f"/restapis/{found.id}", found.tags, record(params))
    return found


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The REST APIs that carry the stack's tag."""
    return [Resource("REST API", api.name, api.id) for api in _ours(aws, params.stack)]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the REST APIs of ours, with all that is in them."""
    _delete(aws, _ours(aws, params.stack))


def _ours(aws: Aws, stack: str) -> list[RestApi]:
    return [api for api in _candidates(aws, stack) if is_ours(api.tags, stack)]


def _delete(aws: Aws, apis: Iterable[RestApi]) -> None:
    for api in apis:
        with unless_gone():
            aws.apigateway.delete_rest_api(restApiId=api.id)


def _candidates(aws: Aws, stack: str) -> list[RestApi]:
    """The APIs of this name or with the stack's tag, the oldest first."""
    return [
        RestApi(
            id=item["id"],
            name=item.get("name", ""),
            endpoint_type=" ".join(item.get("endpointConfiguration", {}).get("types", [])),
            root_resource=item.get("rootResourceId", ""),
            created=item.get("createdDate"),
            tags=item.get("tags", {}),
            policy=item.get("policy", ""),
        )
        for item in gateway.rest_apis(aws)
        if item.get("name") == name_of(stack) or is_ours(item.get("tags", {}), stack)  # its name can be changed
    ]


def _create(aws: Aws, params: Parameters) -> RestApi:
    def create() -> str:
        return aws.apigateway.create_rest_api(
            name=name_of(params.stack),
            description=f"Private service of stack {params.stack}",
            endpointConfiguration={"types": [params.endpoint_type]},
            tags=record(params),
        )["id"]

    def look() -> RestApi | None:
        found = find(aws, params.stack)
        return found if found and is_ours(found.tags, params.stack) else None

    def mine() -> bool | None:
        return True if made in {api.id for api in _ours(aws, params.stack)} else None

    made = create_once(aws, create, lambda: found.id if (found := look()) else None, what="REST API")
    # Two runs that both made one keep the oldest; what is too many is deleted by do, so it must be seen.
    shown(aws, mine, what="the new REST API")
    return seen(aws, look, what="the REST API")
