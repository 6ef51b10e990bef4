"""The tags that say what is ours, and what a stack was made from.

Everything that can be tagged carries ``runbook:stack``. The target group and the REST API also carry the stack's
parameters, so that any machine can go on with a stack knowing only its name. Two carriers, because one of them may be
deleted by hand; tags rather than the resources themselves, because a resource that was changed by hand
must not look as if it had been wanted so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from runbook.outcome import Difference
from runbook.parameters import RUN_ONLY, Parameters

__all__ = [
    "MARKS",
    "STACK",
    "TRACK",
    "as_list",
    "from_list",
    "is_ours",
    "parameters_from",
    "record",
    "stack_tags",
    "tag_differences",
]

PREFIX = "runbook:"
STACK = f"{PREFIX}stack"
TRACK = f"{PREFIX}track"
"""On what remembers the parameters; a stack without it is of the default track."""
MARKS = {"up": f"{PREFIX}up", "down": f"{PREFIX}down"}
"""Tags by which a run that changes a stack says so (:mod:`runbook.turns`). They are no part of what a stack is."""
_NOT_RECORDED = RUN_ONLY | {"stack", "region", "tags"}
_LONGEST_VALUE = 256  # characters; Tag in the ELBv2 and API Gateway API references


def stack_tags(params: Parameters) -> dict[str, str]:
    """Tags for everything that is created."""
    return {**params.tags, STACK: params.stack}


def record(params: Parameters) -> dict[str, str]:
    """Tags for the two resources that also remember the parameters."""
    tags = stack_tags(params)
    for name in sorted(params.given - _NOT_RECORDED):
        value = getattr(params, name)
        if value != Parameters.model_fields[name].default:
            tags.update(_chunked(f"{PREFIX}{name.replace('_', '-')}", _encode(value)))
    if params.tags:
        tags.update(_chunked(f"{PREFIX}tags", _encode(params.tags)))
    return tags


def parameters_from(tags: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that :func:`record` wrote; those at their defaults are not among them."""
    values: dict[str, Any] = {}
    for name in Parameters.model_fields:
        if name in _NOT_RECORDED - {"tags"}:
            continue
        key = f"{PREFIX}{name.replace('_', '-')}"
        if key in tags:
            values[name] = _decode(name, "".join(_chunks(key, tags)))
    return values


def is_ours(tags: Mapping[str, str], stack: str) -> bool:
    """Whether these tags say that the resource is part of this stack."""
    return tags.get(STACK) == stack


def tag_differences(found: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[Difference, ...]:
    """Tags that are not as wanted; other people's tags are theirs, but a leftover of our record is a difference."""
    stale = {key for key in found if key.startswith(PREFIX) and key not in wanted and key not in MARKS.values()}
    return tuple(
        Difference(f"tag {key}", found.get(key, ""), wanted.get(key, ""))
        for key in sorted({*wanted, *stale})
        if found.get(key) != wanted.get(key)
    )


def as_list(tags: Mapping[str, str]) -> list[Any]:
    """Tags in the form of EC2 and ELB, whose stubs name two types for the same."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def from_list(tags: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Tags (or attributes) from the form of EC2 and ELB."""
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


def _encode(value: object) -> str:
    if isinstance(value, dict):
        return "+".join(f"{_quote(key)}:{_quote(text)}" for key, text in value.items())
    if isinstance(value, tuple):
        return "+".join(_quote(item) for item in value)
    return _quote(str(value).lower() if isinstance(value, bool) else str(value))


def _decode(name: str, text: str) -> Any:
    default = Parameters.model_fields[name].default
    if isinstance(default, dict):
        return {_unquote(key): _unquote(value) for key, _, value in (word.partition(":") for word in _words(text))}
    if isinstance(default, tuple):
        return tuple(_unquote(word) for word in _words(text))
    return _unquote(text)


def _words(text: str) -> list[str]:
    return [word for word in text.split("+") if word]  # an empty value holds no word


# Percent-encoding with = for %, because API Gateway's tags may contain neither % nor ~; + stands between words, because
# a value is cut into pieces and none may begin or end with a space.
def _quote(text: str) -> str:
    return quote(text, safe="/@").replace("~", "%7E").replace("%", "=")


def _unquote(text: str) -> str:
    return unquote(re.sub(r"=([0-9A-F]{2})", r"%\1", text))


def _chunked(key: str, value: str) -> dict[str, str]:
    chunks = [value[start : start + _LONGEST_VALUE] for start in range(0, len(value), _LONGEST_VALUE)] or [""]
    return {key if number == 1 else f"{key}.{number}": chunk for number, chunk in enumerate(chunks, start=1)}


def _chunks(key: str, tags: Mapping[str, str]) -> Iterable[str]:
    number = 1
    while (name := key if number == 1 else f"{key}.{number}") in tags:
        yield tags[name]
        number += 1
