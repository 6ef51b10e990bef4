"""Endpoint URLs: the stage variables and path placeholders that they are written with, and where they lead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["PLAIN", "Endpoint", "authority", "host_part", "placeholders", "resolved", "settings", "variables_in"]

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


def authority(uri: str) -> str:
    """An endpoint URL up to its path, as it is written: scheme, host and port, of which any may be a variable's."""
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}" if separator else scheme.partition("/")[0]


def settings(template: str, variables: Mapping[str, str], wanted: Iterable[str]) -> dict[str, str]:
    """The stage variables, with values, that make a template one of the wanted texts; empty where none do.

    One variable is rather changed than several, and only what is not so already. What could be split between two
    variables in more than one way is not guessed.
    """
    texts, used = list(wanted), list(dict.fromkeys(variables_in(template)))
    if resolved(template, variables) in texts:
        return {}
    unset = [name for name in used if not variables.get(name)]
    attempts = [unset] if unset else [[name] for name in used]
    for changing in [*attempts, used]:
        for text in texts:
            found = _solved(template, {name: variables[name] for name in used if name not in changing}, text)
            if changed := {name: value for name, value in found.items() if variables.get(name) != value}:
                return changed
    return {}


def _solved(template: str, known: Mapping[str, str], wanted: str) -> dict[str, str]:
    """What the variables that are not known must hold."""
    answers = []
    for anything in (".+", ".+?"):
        groups: dict[str, str] = {}
        pattern = ""
        for number, part in enumerate(_STAGE_VARIABLE.split(template)):
            if number % 2 == 0 or part in known:
                pattern += re.escape(known[part] if number % 2 else part)
            elif part in groups:
                pattern += f"(?P={groups[part]})"
            else:
                groups[part] = f"v{number}"
                pattern += f"(?P<v{number}>{anything})"
        if (found := re.fullmatch(pattern, wanted)) is None:
            return {}
        answers.append({name: found[group] for name, group in groups.items()})
    return answers[0] if answers[0] == answers[1] else {}


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
