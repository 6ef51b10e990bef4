"""What a request must bring to change an account by ``/_practice``, and what the account shows of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["HEADER", "VARIABLE", "id_of", "served_here", "token_served_here"]

HEADER: Final = "X-Practice-Token"
VARIABLE: Final = "RUNBOOK_PRACTICE_TOKEN"
"""Names the token of an account that runs elsewhere, in a container."""

_here: dict[str, str] = {}
"""Tokens of the accounts that this process serves, by their ids."""


def id_of(token: str) -> str:
    """What an account shows of its token: enough to know it by, not enough to make the token of."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


@contextmanager
def served_here(token: str) -> Iterator[None]:
    """Within the block, this process serves the account of this token."""
    _here[id_of(token)] = token
    try:
        yield
    finally:
        _here.pop(id_of(token), None)


def token_served_here(account_id: str) -> str | None:
    """The token of an account that this process serves."""
    return _here.get(account_id)
