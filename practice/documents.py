"""Reading a document that a client sent, JSON or YAML, whatever it is made to grow to.

A few hundred bytes of YAML can stand for gigabytes (aliases of lists of aliases), and a few kilobytes can be nested
deeper than any reader's stack. So the document is first read as a stream of events, which grows with its text alone.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any, Final

import yaml

__all__ = ["DEEPEST", "MOST_BY_ALIAS", "depth", "read"]

DEEPEST: Final = 100
MOST_BY_ALIAS: Final = 100_000
"""So deep may a document be nested, and so many values may come of its aliases: ours. AWS's limits are not documented
beyond the size (6 MB, "Amazon API Gateway quotas")."""

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_INNERMOST: Final = re.compile(rb"\[\]|\{\}")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))

# The same grammar in C, ten times as fast, where it was built.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str) -> Any:
    """The document; None for what is neither JSON nor YAML, too deep, or grows too large."""
    try:
        if text.lstrip().startswith("{") and depth(text.encode()) <= DEEPEST:
            with contextlib.suppress(ValueError):  # a flow mapping of YAML then
                return json.loads(text)
        _check(text)
        return yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date or a number that is none
        return None


def depth(text: bytes) -> int:
    """How deep JSON is nested, at most; what is not JSON may count as deeper."""
    brackets = _STRING.sub(b"", text).translate(None, _NO_BRACKETS)
    for level in range(DEEPEST + 1):
        inner_gone = _INNERMOST.sub(b"", brackets)
        if inner_gone == brackets:
            return level + len(brackets)
        brackets = inner_gone
    return DEEPEST + 1


def _check(text: str) -> None:
    """Raise ValueError for a document that is too deep or that its aliases make too large."""
    sizes: dict[str | None, int] = {}  # of what an anchor names, its own aliases counted
    open_: list[tuple[str | None, int]] = []  # anchor, and the size when it began
    size = by_alias = 0
    for event in yaml.parse(text, Loader=_LOADER):
        match event:
            case yaml.AliasEvent():
                # An anchor that is not closed yet holds itself: there is no end to it.
                grows = sizes.get(event.anchor, MOST_BY_ALIAS)
                size, by_alias = size + grows, by_alias + grows
            case yaml.ScalarEvent():
                size += 1
                if event.anchor:
                    sizes[event.anchor] = 1
            case yaml.CollectionStartEvent():
                open_.append((event.anchor, size))
                size += 1
            case yaml.CollectionEndEvent():
                anchor, began = open_.pop()
                if anchor:
                    sizes[anchor] = size - began
        if len(open_) > DEEPEST or by_alias >= MOST_BY_ALIAS:
            raise ValueError("the document grows without bound")
