"""The route: whether a path that the API answers fits the request's."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.trace.command import cli
from runbook.trace.model import Finding, Weight
from runbook.trace.way import Way

__all__ = ["judge"]


def judge(way: Way) -> Iterator[Finding]:
    """The route that is met."""
    configuration, path, met = way.configuration, way.target.path, way.aim.match
    if configuration is None:
        yield way.not_reached("route")
        return
    routes = ", ".join(configuration.paths) or "none"
    if met is None:
        only_root = path.strip("/") == ""
        yield Finding(
            "route",
            Weight.BREAKS,
            f"No route fits {path}; deployed are: {routes}."
            + (" A {proxy+} does not match the root itself." if only_root and "+}" in routes else ""),
            "Call a path below the root, or route / as well." if only_root else "Add a resource for the path, deploy.",
            cli("apigateway", "get-resources", rest_api_id=way.target.api_id, embed="methods"),
            # Our steps route the root only on request.
            step="" if only_root else None,
        )
        return
    yield Finding("route", Weight.FACT, f"{path} meets {met.path}.")
    if "/" not in configuration.paths:
        yield Finding("route", Weight.ADVICE, "/ itself is not routed: it answers 403 Missing Authentication Token.")
