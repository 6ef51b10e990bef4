"""Which resource and method a request meets.

D "API Gateway resources": a static segment wins over a variable one, a variable over a greedy one, at the first segment
where they differ; the method named wins over ANY. A resource without any method is not deployed and does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from practice.apigateway.snapshot import Method, Route, Snapshot

__all__ = ["Match", "match", "path_parameters"]

# D (PutMethod): what ANY stands for.
_ANY = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


@dataclass(frozen=True, slots=True)
class Match:
    """A route and method found, with the path's variables as they came (undecoded)."""

    route: Route
    method: Method
    path_parameters: Mapping[str, str]


@lru_cache(maxsize=4096)
def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/")) if path.strip("/") else ()


def _given(path: str) -> list[str]:
    stripped = path.strip("/")
    return stripped.split("/") if stripped else []


def _rank(segment: str) -> int:
    if not segment.startswith("{"):
        return 0
    return 2 if segment.endswith("+}") else 1


@lru_cache(maxsize=4096)
def _precedence(path: str) -> tuple[int, ...]:
    return tuple(_rank(segment) for segment in _segments(path))


def path_parameters(template: str, path: str) -> dict[str, str] | None:
    """The variables of a resource's path in a request's, or None where they do not fit.

    Slashes around the request's path do not count, those within it do; values stay percent-encoded (R
    test_apigateway_lambda.py::test_lambda_aws_proxy_integration).
    """
    wanted = _segments(template)
    given = _given(path)
    values: dict[str, str] = {}
    for position, segment in enumerate(wanted):
        rank = _rank(segment)
        if rank == 2:
            rest = given[position:]
            if not rest:
                return None
            values[segment[1:-2]] = "/".join(rest)
            return values
        if position >= len(given):
            return None
        if rank == 1:
            if not given[position]:
                return None
            values[segment[1:-1]] = given[position]
        elif segment != given[position]:
            return None
    return values if len(given) == len(wanted) else None


def match(snapshot: Snapshot, http_method: str, path: str) -> Match | None:
    """Find the route and method, or None where AWS answers "Missing Authentication Token"."""
    best: tuple[tuple[int, ...], Match] | None = None
    for route in snapshot.routes.values():
        method = route.methods.get(http_method)
        if method is None and http_method in _ANY:
            method = route.methods.get("ANY")
        if method is None:
            continue
        values = path_parameters(route.path, path)
        if values is None:
            continue
        precedence = _precedence(route.path)
        if best is None or precedence < best[0]:
            best = (precedence, Match(route, method, values))
    return None if best is None else best[1]
