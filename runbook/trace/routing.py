"""Which method a request meets.

"API Gateway resources": a static segment goes before a variable one, a variable one before a greedy one, at the first
segment where they differ; the method named goes before ANY.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook.path.configuration import VERBS, Configuration, Method

__all__ = ["Match", "match"]


@dataclass(frozen=True, slots=True)
class Match:
    """The route a request meets."""

    path: str
    values: Mapping[str, str]
    """What the path's variables stand for, undecoded."""
    method: Method | None
    """None: the route has no method for this verb."""


def match(configuration: Configuration, verb: str, path: str) -> Match | None:
    """The route of a request and its method; None where no route fits the path."""
    fitting: dict[str, Mapping[str, str]] = {}
    for template in configuration.paths:
        values = _fit(template, path)
        if values is not None:
            fitting[template] = values
    if not fitting:
        return None
    ranked = sorted(fitting, key=lambda template: [_rank(segment) for segment in _segments(template)])
    for template in ranked:
        method = configuration.methods.get(f"{verb} {template}")
        if method is None and verb in VERBS:
            method = configuration.methods.get(f"ANY {template}")
        if method is not None:
            return Match(template, fitting[template], method)
    return Match(ranked[0], fitting[ranked[0]], None)


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/") if path.strip("/") else []


def _rank(segment: str) -> int:
    if not segment.startswith("{"):
        return 0
    return 2 if segment.endswith("+}") else 1


def _fit(template: str, path: str) -> dict[str, str] | None:
    wanted, given = _segments(template), _segments(path)
    values: dict[str, str] = {}
    for position, segment in enumerate(wanted):
        if position >= len(given):
            return None
        match _rank(segment):
            case 2:
                values[segment[1:-2]] = "/".join(given[position:])
                return values
            case 1 if not given[position]:
                return None  # a variable stands for something
            case 1:
                values[segment[1:-1]] = given[position]
            case _ if segment != given[position]:
                return None
    return values if len(given) == len(wanted) else None
