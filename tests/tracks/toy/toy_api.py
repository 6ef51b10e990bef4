"""Toy API: a REST API that nothing answers behind

The first of two steps.

**Takes** a moment. **Costs** nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runbook.aws import Aws
from runbook.outcome import Drifted, Missing
from runbook.parameters import Parameters
from runbook.parts import Counting, Part, Tagged
from runbook.permissions import CHECK, DOWN, LIST, LIST_APIS_AND_LINKS, UP, Scope, Statement
from runbook.picture import Box, Place
from runbook.record import is_ours, parameters_from, record, tag_differences
from runbook.removing import Resource

BOX = Box(Place.URL, "Toy API", ("{name}",))
OUTPUTS = {"toy-api-id": "id"}
_MAKE = Statement("MakeToys", lambda scope: [scope.gateway("/restapis")], Scope.asked)
_DELETE = Statement("DeleteToys", lambda scope: [scope.gateway("/restapis/*")], Scope.owned)
PERMISSIONS = (
    LIST_APIS_AND_LINKS.allow(CHECK, DOWN, LIST, actions="apigateway:GET"),
    _MAKE.allow(UP, actions="apigateway:POST"),
    _DELETE.allow(DOWN, actions="apigateway:DELETE"),
)


def _all(aws: Aws, _: Counting) -> Iterator[Tagged]:
    for api in aws.apigateway.get_rest_apis()["items"]:
        if api["name"].endswith("-toy"):
            yield Tagged(api.get("tags", {}), api["createdDate"])


PART = Part("toy API", _all)


@dataclass(frozen=True)
class ToyApi:
    id: str
    name: str
    root: str
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def summary(self) -> str:
        return f"{self.name} is there"


def find(aws: Aws, stack: str) -> ToyApi | None:
    for api in aws.apigateway.get_rest_apis()["items"]:
        if api["name"] == f"{stack}-toy" and is_ours(api.get("tags", {}), stack):
            return ToyApi(api["id"], api["name"], api["rootResourceId"], tuple(sorted(api["tags"].items())))
    return None


def recall(aws: Aws, stack: str) -> dict[str, Any]:
    found = find(aws, stack)
    return parameters_from(dict(found.tags)) if found else {}


def check(aws: Aws, params: Parameters) -> ToyApi | Missing | Drifted[ToyApi]:
    found = find(aws, params.stack)
    if found is None:
        return Missing("there is no toy API")
    differences = tag_differences(dict(found.tags), record(params))
    return Drifted(found, differences) if differences else found


def do(aws: Aws, params: Parameters) -> ToyApi:
    if find(aws, params.stack) is None:
        aws.apigateway.create_rest_api(name=f"{params.stack}-toy", tags=record(params))
    made = find(aws, params.stack)
    assert made is not None
    return made


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    found = find(aws, params.stack)
    return [Resource("toy API", found.name, found.id)] if found else []


def undo(aws: Aws, params: Parameters) -> None:
    if found := find(aws, params.stack):
        aws.apigateway.delete_rest_api(restApiId=found.id)
