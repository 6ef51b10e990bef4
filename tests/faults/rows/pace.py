"""Throttling at the pace of API Gateway's real quotas: somebody else has just used one up.

The practice account holds its clients to the quotas that AWS documents, on its own clock; see ``practice/quotas.py``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..proxy import Exchange, Response, pass_on
from ..row import Position, Row, begin, succeeded, whole
from ..world import Setting, World

__all__ = ["ROWS"]

AS_PRACTISED = Setting(time_scale=60.0)
INTERVALS = {"CreateRestApi": 3.0, "CreateDeployment": 5.0, "DeleteRestApi": 30.0}
"""AWS seconds between two requests ("Quotas for creating, deploying and managing a REST API")."""


@dataclass
class _Somebody:
    """Somebody else in the same account, who has an API and uses up a quota right before our request."""

    world: World
    operation: str
    api: str
    ours: list[float]
    refused: int = 0

    def __call__(self, exchange: Exchange) -> None:
        if exchange.operation != self.operation:
            pass_on(exchange)
            return
        if not self.ours:
            self._use_up()
        self.ours.append(time.monotonic())
        response: Response = exchange.forward()
        self.refused += response.status == 429
        exchange.answer(response)

    def _use_up(self) -> None:
        gateway, api = self.world.clients["apigateway"], self.api
        match self.operation:
            case "CreateRestApi":
                self.api = gateway.create_rest_api(name="somebody-else", endpointConfiguration={"types": ["REGIONAL"]})[
                    "id"
                ]
            case "CreateDeployment":
                (root,) = gateway.get_resources(restApiId=api)["items"]
                here = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
                gateway.put_method(**here, authorizationType="NONE")
                gateway.put_integration(**here, type="MOCK")
                gateway.create_deployment(restApiId=api)
            case "DeleteRestApi":
                gateway.delete_rest_api(restApiId=self.api)
                self.api = ""


def _paced(world: World, position: Position) -> None:
    begin(world, position.command)
    gateway = world.clients["apigateway"]
    there = "" if position.operation == "CreateRestApi" else gateway.create_rest_api(name="somebody-else")["id"]
    somebody = _Somebody(world, position.operation, there, [])
    succeeded(world.run(position.command, fault=somebody))
    assert somebody.refused, "was not throttled"
    assert len(somebody.ours) <= 3, f"{len(somebody.ours)} requests"
    interval = INTERVALS[position.operation] / world.setting.time_scale
    gaps = [later - sooner for sooner, later in zip(somebody.ours, somebody.ours[1:], strict=False)]
    assert min(gaps) >= 0.9 * interval, f"sent again after {min(gaps):.2f} s, not {interval:.2f} s"
    if somebody.api:
        gateway.delete_rest_api(restApiId=somebody.api)
    whole(world, position.command)


ROWS = (
    Row(
        "somebody else has used up a quota",
        lambda world: [
            Position("up", "CreateRestApi", 1),
            Position("up", "CreateDeployment", 1),
            Position("down", "DeleteRestApi", 1),
        ],
        _paced,
        AS_PRACTISED,
    ),
)
