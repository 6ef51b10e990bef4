"""The URL: whether there is such an API, and whether it answers there."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.trace.command import cli, deploying, lines, patch
from runbook.trace.model import Finding, Symptom, Unseen, Weight
from runbook.trace.way import Way

__all__ = ["judge"]


def judge(way: Way) -> Iterator[Finding]:
    """The API and its endpoint."""
    target = way.target
    match way.front.api:
        case Unseen(why):
            yield Finding("dns-name", Weight.UNKNOWN, f"The API could not be looked at: {why}.")
        case None:
            unseen = way.front.protocol
            more = f" Whether an HTTP API has it: {unseen.why}." if isinstance(unseen, Unseen) else ""
            yield Finding(
                "dns-name",
                Weight.BREAKS,
                f"There is no REST API {target.api_id} in this account and region.{more}",
                "Use the API's id as it is now; an API that was made anew has another one.",
                cli("apigateway", "get-rest-apis", query="items[].[id,name]"),
            )
        case api:
            endpoint = api.get("endpointConfiguration", {})
            kind = " ".join(endpoint.get("types", []))
            if api.get("disableExecuteApiEndpoint"):
                yield Finding(
                    "dns-name",
                    Weight.BREAKS,
                    f"The API's own endpoint is disabled (disableExecuteApiEndpoint=true): {target.url} is refused, "
                    "only custom domains answer.",
                    "Enable the endpoint and deploy, or call the custom domain.",
                    lines(
                        cli(
                            "apigateway",
                            "update-rest-api",
                            rest_api_id=target.api_id,
                            patch_operations=patch("replace", "/disableExecuteApiEndpoint", "false"),
                        ),
                        deploying(target),
                    ),
                )
            elif kind == "PRIVATE":
                yield Finding(
                    "dns-name",
                    Weight.MAY_BREAK,
                    "The API is PRIVATE: its name resolves only inside a VPC that has an endpoint for execute-api.",
                    "Call it from such a VPC.",
                    explains=frozenset({Symptom.NO_ANSWER, Symptom.DENIED, Symptom.FORBIDDEN}),
                    otherwise=Weight.FACT,
                )
            yield Finding("dns-name", Weight.FACT, f"API {api.get('name', '')!r} ({target.api_id}), {kind or 'EDGE'}.")
