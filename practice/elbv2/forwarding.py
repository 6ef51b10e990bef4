"""What an Application Load Balancer makes of an HTTP request: which of its rules takes it, and its own answers.

D: "Listener rules for your Application Load Balancer" and "Condition types"; its own answers are K (nginx's pages, with
`Server: awselb/2.0`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from moto.elbv2.models import FakeAction, FakeListener

__all__ = ["Asked", "action_for", "fixed_response", "own_page"]

_TITLES: Final = {503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
_CONFIGS: Final = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request the rules look at."""

    method: str
    host: str
    path: str


def action_for(listener: FakeListener, asked: Asked) -> FakeAction | None:
    """The last action of the rule that takes the request; None when that hangs on a condition that is not judged."""
    own = sorted(listener._non_default_rules.values(), key=lambda rule: int(rule.priority))
    for rule in own:
        takes = [_meets(condition, asked) for condition in rule.conditions]
        if None in takes and False not in takes:
            return None
        if all(takes):
            return rule.actions[-1]
    return listener.default_actions[-1]


def _meets(condition: Mapping[str, Any], asked: Asked) -> bool | None:
    field = str(condition.get("Field", ""))
    values = condition.get("Values") or condition.get(_CONFIGS.get(field, ""), {}).get("Values", [])
    match field:
        case "path-pattern":
            return any(_fits(value, asked.path) for value in values)
        case "host-header":
            # Host names are compared without regard to case.
            return any(_fits(value.lower(), asked.host.lower()) for value in values)
        case "http-request-method":
            return asked.method in values
    return None


def _fits(pattern: str, text: str) -> bool:
    """Wildcards are `*` and `?`."""
    parts = (".*" if mark == "*" else "." if mark == "?" else re.escape(mark) for mark in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def own_page(status: int) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body with which a load balancer says in its own name what is wrong."""
    title = f"{status} {_TITLES.get(status, HTTPStatus(status).phrase)}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return _headers("text/html", page.encode())


def fixed_response(action: FakeAction) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of a fixed-response action."""
    config = action.data.get("FixedResponseConfig", {})
    headers, body = _headers(config.get("ContentType") or "text/plain", (config.get("MessageBody") or "").encode())
    return int(config["StatusCode"]), headers, body


def _headers(content_type: str, body: bytes) -> tuple[list[tuple[str, str]], bytes]:
    return [("Server", "awselb/2.0"), ("Content-Type", content_type), ("Content-Length", str(len(body)))], body
