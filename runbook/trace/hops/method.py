"""The method: whether the route takes the request's."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.trace.command import cli
from runbook.trace.model import Finding, Weight
from runbook.trace.way import Way

__all__ = ["judge"]


def judge(way: Way) -> Iterator[Finding]:
    """The method that is met."""
    route = way.aim.match
    if way.configuration is None or route is None:
        yield way.not_reached("method", "No route is met.")
    elif route.method is None:
        verbs = ", ".join(each.verb for each in way.configuration.methods.values() if each.path == route.path)
        yield Finding(
            "method",
            Weight.BREAKS,
            f"{route.path} has no method for {way.target.method}; it has: {verbs}.",
            f"Call it with {verbs}, or add the method and deploy.",
            cli("apigateway", "get-resources", rest_api_id=way.target.api_id, embed="methods"),
        )
    else:
        yield Finding("method", Weight.FACT, f"{route.method} answers.")
