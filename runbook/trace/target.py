"""What to trace: an invoke URL, an API id with a stage and path, or the name of a stack of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from runbook.aws import Aws
from runbook.errors import BadInput, quoted
from runbook.parameters import validated
from runbook.path.gateway import rest_apis
from runbook.record import is_ours, parameters_from
from runbook.stacks import no_such_stack

__all__ = ["Target", "is_elsewhere", "parse_target"]

# https://API.execute-api.REGION.amazonaws.com/STAGE/PATH; with a VPC endpoint's id for private APIs.
_INVOKE_HOST = re.compile(
    r"(?P<api>[a-z0-9]+)(?:-vpce-[0-9a-f]+)?\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
)
_API_ID = re.compile(r"[a-z0-9]{10}")
_STACK = re.compile(r"[A-Za-z0-9-]{1,20}")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}|\$default")  # the latter of HTTP APIs
# What a request line and a header may hold (RFC 9110, RFC 3986); nobody takes longer ones.
_ON_THE_WIRE = re.compile(r"[!-~]{0,8192}")
_METHOD = re.compile(r"[A-Z]{1,20}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_HEADER_VALUE = re.compile(r"[\t -~]{0,10240}")


@dataclass(frozen=True, slots=True)
class Target:
    """A request to follow."""

    api_id: str
    """Empty when the URL does not tell the API: a custom domain."""
    stage: str
    path: str
    """Absolute, below the stage, as it goes over the wire; ``/`` when nothing was said."""
    url: str
    method: str = "GET"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with the real request; for an API key or a token."""
    expect_status: int | None = None
    """The status that counts as success; by default any below 400."""


def parse_target(
    text: str,
    aws: Aws,
    *,
    stage: str | None = None,
    path: str | None = None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Target:
    """Read what a person typed: an invoke URL, an API id (``ID`` or ``ID/STAGE/PATH``), or the name of a stack.

    A stack is found by its tag and gives stage, test path and expected status; ``stage`` and ``path`` go before what
    the text or the stack says. Raises :class:`BadInput`.
    """
    _check(method, path or "", headers or {})
    text = text.strip()
    if not text:
        raise BadInput("target", "is empty.", "Give an invoke URL, an API id with a stage, or a stack's name.")
    if "://" in text:
        return _from_url(text, aws, path=path, method=method, headers=headers or {})
    head, _, rest = text.partition("/")
    named_stage, slash, below = rest.partition("/")
    if not rest and _STACK.fullmatch(head) and (stack := _from_stack(head, aws, stage, path, method, headers or {})):
        return stack
    if not _API_ID.fullmatch(head):
        absent = no_such_stack(aws, head) if not rest and _STACK.fullmatch(head) else None
        raise BadInput(
            "target",
            f"{quoted(text)} is neither an invoke URL, nor an API id, nor a stack of this account and region.",
            absent.there if absent else f"Stacks carry the tag runbook:stack; the region is {aws.region}.",
        )
    chosen = stage or named_stage
    if not chosen:
        raise BadInput("target", f"API {head} needs a stage.", f"Give it as {head}/STAGE/PATH.")
    if not _STAGE.fullmatch(chosen) or not _ON_THE_WIRE.fullmatch(below):
        raise BadInput(
            "target",
            f"{quoted(text)} is not an API id with a stage and a path.",
            f"A stage has 1 to 128 letters, digits, hyphens and underscores; a path has {_ENCODED}",
        )
    return _made(aws, head, chosen, path or f"{slash}{below}" or "/", method, headers or {})


_ENCODED = "other than plain characters percent-encoded."


def _check(method: str, path: str, headers: Mapping[str, str]) -> None:
    """Nothing may leave that would be another request than the one that was meant. Raises :class:`BadInput`."""
    if not _METHOD.fullmatch(method):
        raise BadInput("method", f"{quoted(method)} is not an HTTP method such as GET.")
    if not _ON_THE_WIRE.fullmatch(path):
        raise BadInput("path", f"{quoted(path)} is not a path such as /orders/7, with {_ENCODED}")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise BadInput("header", f"{quoted(name)} is not the name of a header.")
        if not _HEADER_VALUE.fullmatch(value):
            # The value itself is not shown: it may be a key.
            raise BadInput("header", f"the value of {name} is longer than 10240, or has other than plain characters.")


def _from_url(text: str, aws: Aws, *, path: str | None, method: str, headers: Mapping[str, str]) -> Target:
    if text.lower().startswith(("ws://", "wss://")):
        raise BadInput(
            "target",
            f"{quoted(text)} is the URL of a WebSocket API, which trace does not follow.",
            "It follows REST APIs.",
        )
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets without an address, a port that is no number
        usable = False
    if not usable or not _ON_THE_WIRE.fullmatch(text):
        raise BadInput(
            "target", f"{quoted(text)} is not a URL.", f"An invoke URL begins with https:// and has {_ENCODED}"
        )
    found = _INVOKE_HOST.fullmatch((parts.hostname or "").lower())
    if found:
        if found["region"] != aws.region:
            raise BadInput(
                "target",
                f"the URL is of region {found['region']}, not {aws.region}.",
                f"Give region {found['region']}.",
            )
        api_id = found["api"]
        name, slash, below = parts.path.removeprefix("/").partition("/")
    elif own := _like(text, aws):
        api_id, name, slash, below = own
    else:
        # A custom domain, or a name of somebody's own: what it leads to is not to be seen in the URL.
        return Target("", "", parts.path or "/", text, method, parts.query, headers)
    wanted = path or f"{slash}{below}" or "/"
    url = _whole(aws, api_id, name, wanted, parts.query) if path or not name else text
    return Target(api_id, name, wanted, url, method, parts.query, headers)


def is_elsewhere(url: str, aws: Aws) -> bool:
    """Whether this is an invoke URL of AWS, while the account has its own form of them."""
    hosts = (urlsplit(each).hostname or "" for each in (url, aws.invoke_url("api", "stage")))
    return [bool(_INVOKE_HOST.fullmatch(host)) for host in hosts] == [True, False]


def _like(text: str, aws: Aws) -> tuple[str, str, str, str] | None:
    """API, stage, slash and path of a URL in the form that this account's invoke URLs have."""
    form = re.escape(aws.invoke_url("APIID", "STAGENAME"))
    pattern = form.replace("APIID", "(?P<api>[^/]+)", 1).replace("STAGENAME", "(?P<stage>[^/?#]*)", 1)
    found = re.match(rf"{pattern}(?P<slash>/?)(?P<path>[^?#]*)", text, re.IGNORECASE)
    return (found["api"], found["stage"], found["slash"], found["path"]) if found else None


def _from_stack(
    name: str, aws: Aws, stage: str | None, path: str | None, method: str, headers: Mapping[str, str]
) -> Target | None:
    api = next((item for item in rest_apis(aws) if is_ours(item.get("tags", {}), name)), None)
    if api is None:
        return None
    remembered = validated({"stack": name, **parameters_from(api.get("tags", {}))})
    return _made(
        aws,
        api["id"],
        stage or remembered.stage,
        path or remembered.test_path,
        method,
        headers,
        expect_status=remembered.expect_status,
    )


def _made(
    aws: Aws,
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: Mapping[str, str],
    *,
    expect_status: int | None = None,
) -> Target:
    wanted, _, query = path.partition("?")
    wanted = wanted if wanted.startswith("/") else f"/{wanted}"
    url = _whole(aws, api_id, stage, wanted, query)
    return Target(api_id, stage, wanted, url, method, query, headers, expect_status)


def _whole(aws: Aws, api_id: str, stage: str, path: str, query: str) -> str:
    return f"{aws.invoke_url(api_id, stage)}{path}" + (f"?{query}" if query else "")
