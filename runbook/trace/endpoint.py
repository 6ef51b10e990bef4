"""Endpoint URLs: the stage variables and path placeholders that they are written with, and where they lead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["PLAIN", "Endpoint", "host_part", "placeholders", "resolved", "variables_in"]

PLAIN = frozenset({"TCP", "TCP_UDP", "HTTP"})
"""What a load balancer's listener or target group speaks that takes plain HTTP."""
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([^}]*)\}")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an endpoint URL leads: which Host header, which listener port, which path."""

    scheme: str
    host: str
    port: int
    path: str
    names_port: bool

    @classmethod
    def of(cls, url: str) -> Endpoint | None:
        """Take a URL apart; None for one that names no host."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or (443 if parts.scheme == "https" else 80),
            path=parts.path or "/",
            names_port=port is not None,
        )


def host_part(uri: str) -> str:
    """Host and port of an endpoint URL, as they are written: variables are not filled in."""
    return uri.partition("://")[2].partition("/")[0]


def variables_in(text: str) -> list[str]:
    """The names of the stage variables that a text refers to."""
    return _STAGE_VARIABLE.findall(text)


def resolved(text: str, variables: Mapping[str, str], paths: Mapping[str, str] | None = None) -> str:
    """The text with stage variables and path placeholders filled in; an unset variable leaves nothing."""
    # Placeholders first would take ${stageVariables.X} for one of theirs.
    parts = re.split(r"(\$\{stageVariables\.[^}]*\})", text)
    return "".join(
        _STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), part)
        if part.startswith("${stageVariables.")
        else _PLACEHOLDER.sub(lambda found: (paths or {}).get(found[1], found[0]), part)
        for part in parts
    )


def placeholders(uri: str) -> list[str]:
    """The path placeholders of an endpoint URL."""
    return _PLACEHOLDER.findall(_STAGE_VARIABLE.sub("", uri))
