"""`limit` and `position`, as API Gateway pages its lists.

D: "limit: the maximum number of returned results per page. The default value is 25 and the maximum value is 500."
A position is opaque to clients; ours is the index where the next page begins.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["page"]

_DEFAULT_LIMIT: Final = 25
_MAXIMUM_LIMIT: Final = 500


def page(items: Sequence[Any], query: Mapping[str, str]) -> dict[str, Any]:
    """One page of `items` as a list operation answers it. A position that is not ours begins again at the start."""
    try:
        start = int(base64.b64decode(query.get("position", ""), validate=True) or 0)
    except ValueError:
        start = 0
    try:
        limit = int(query.get("limit", _DEFAULT_LIMIT))
    except ValueError:
        limit = _DEFAULT_LIMIT
    limit = max(1, min(limit, _MAXIMUM_LIMIT))
    answer: dict[str, Any] = {"item": list(items[start : start + limit])}
    if start + limit < len(items):
        answer["position"] = base64.b64encode(str(start + limit).encode()).decode()
    return answer
