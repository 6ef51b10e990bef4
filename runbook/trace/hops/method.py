"""The method: whether the route takes the request's."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.trace.answer import Answer
from runbook.trace.command import cli, show_method
from runbook.trace.model import Finding, Weight
from runbook.trace.way import Way

__all__ = ["judge", "to_blame"]


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
            "Add an OPTIONS method that asks for neither a key nor authorization and answers with the CORS headers "
            "(Access-Control-Allow-Origin and others), and deploy: a browser asks so before the real request."
            if way.preflight
            else f"Call it with {verbs}, or add the method and deploy.",
            cli("apigateway", "get-resources", rest_api_id=way.target.api_id, embed="methods"),
        )
    else:
        yield Finding("method", Weight.FACT, f"{route.method} answers.")


def to_blame(way: Way, answer: Answer) -> Finding:
    """The gateway does not take the request, before anybody is asked."""
    said = "The request lacks what the method's validator, models or content types ask for"
    return Finding(
        "method",
        Weight.BREAKS,
        f"{said}: {answer.message or answer.status}.",
        "A browser's preflight (OPTIONS) has no body and none of the page's own headers: give the path an OPTIONS "
        "method of its own that asks for nothing, and deploy."
        if way.preflight
        else "Send what is asked for.",
        show_method("get-method", way.target, way.aim.met) if way.aim.met else "",
        step="",
    )
