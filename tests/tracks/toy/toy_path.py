"""Toy path: a resource in the toy API

The second of two steps.

**Takes** a moment. **Costs** nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from runbook.aws import Aws
from runbook.outcome import Missing
from runbook.parameters import Parameters
from runbook.picture import Box, Place
from tests.tracks.toy.toy_api import ToyApi

PART_OF = ToyApi
READS = ("stage",)
BOX = Box(Place.STAGE, "Toy path", ("{path}",))
OUTPUTS = {"toy-path": "path"}


class HasARoot(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def root(self) -> str: ...


@dataclass(frozen=True)
class ToyPath:
    path: str

    @property
    def summary(self) -> str:
        return f"{self.path} is there"


def check(aws: Aws, params: Parameters, api: HasARoot) -> ToyPath | Missing:
    path = f"/{params.stage}"
    paths = {each["path"] for each in aws.apigateway.get_resources(restApiId=api.id)["items"]}
    return ToyPath(path) if path in paths else Missing(f"there is no path {path}")


def do(aws: Aws, params: Parameters, api: HasARoot) -> ToyPath:
    aws.apigateway.create_resource(restApiId=api.id, parentId=api.root, pathPart=params.stage)
    return ToyPath(f"/{params.stage}")


def undo(aws: Aws, params: Parameters) -> None:
    """It goes with its API."""
