"""API Gateway's request quotas: how often an account may ask its control plane, in one region.

D: API Gateway developer guide, "Quotas for creating, deploying, and managing a REST API" (not to be raised). A request
beyond its quota is answered with TooManyRequestsException, 429, "Too Many Requests" (T: aws/aws-sdk-js#1014), and does
not count. Time is the clock's: an account that runs sixty times as fast allows sixty times as many a wall second.

A quota is a bucket of tokens: as many as may come at once, refilled at its rate.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from practice import clock

__all__ = ["Quotas"]


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `burst` requests at once, `rate` a second in the long run."""

    name: str
    burst: float
    rate: float


_CREATE_EDGE_API: Final = Quota("CreateRestApi (edge-optimized)", 1, 1 / 30)
_CREATE_API: Final = Quota("CreateRestApi (regional or private)", 1, 1 / 3)
_DELETE_API: Final = Quota("DeleteRestApi", 1, 1 / 30)
_PUT_API: Final = Quota("PutRestApi", 1, 1)
_CREATE_DEPLOYMENT: Final = Quota("CreateDeployment", 1, 1 / 5)
_CREATE_RESOURCE: Final = Quota("CreateResource", 5, 5)
_GET_RESOURCES: Final = Quota("GetResources", 5, 5 / 2)
_CREATE_LINK_V2: Final = Quota("CreateVpcLink (V2)", 1, 1 / 15)
_DELETE_LINK_V2: Final = Quota("DeleteVpcLink (V2)", 1, 1 / 30)
_OTHERS: Final = Quota("all other operations", 40, 10)

_BY_REQUEST: Final = tuple(
    (method, re.compile(path), quota)
    for method, path, quota in (
        ("DELETE", r"/restapis/[^/]+", _DELETE_API),
        ("PUT", r"/restapis/[^/]+", _PUT_API),
        ("POST", r"/restapis/[^/]+/deployments", _CREATE_DEPLOYMENT),
        ("POST", r"/restapis/[^/]+/resources/[^/]+", _CREATE_RESOURCE),
        ("GET", r"/restapis/[^/]+/resources", _GET_RESOURCES),
        ("POST", r"/v2/vpclinks", _CREATE_LINK_V2),
        ("DELETE", r"/v2/vpclinks/[^/]+", _DELETE_LINK_V2),
    )
)


class Quotas:
    """The buckets of all accounts and regions."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def admits(self, account_id: str, region: str, method: str, path: str, body: bytes) -> bool:
        """Whether a control-plane request is within its quota; if it is, it counts."""
        quota = _quota_of(method, path, body)
        key = (account_id, region, quota.name)
        now = clock.current().time()
        tokens, since = self._buckets.get(key, (quota.burst, now))
        tokens = min(quota.burst, tokens + (now - since) * quota.rate)
        # A client that waits exactly as long as documented must not fail by a rounding.
        admitted = tokens >= 1 - 1e-9
        self._buckets[key] = (tokens - 1 if admitted else tokens, now)
        return admitted


def _quota_of(method: str, path: str, body: bytes) -> Quota:
    path = path.rstrip("/")
    if method == "POST" and path == "/restapis":
        return _CREATE_EDGE_API if _is_edge(body) else _CREATE_API
    for wanted, pattern, quota in _BY_REQUEST:
        if wanted == method and pattern.fullmatch(path):
            return quota
    return _OTHERS


def _is_edge(body: bytes) -> bool:
    """Whether CreateRestApi's request is for an edge-optimized API, which is the default."""
    try:
        types = (json.loads(body).get("endpointConfiguration") or {}).get("types")
    except (ValueError, AttributeError):
        return True
    return not types or "EDGE" in types
