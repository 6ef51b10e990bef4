"""Where commands of a user find the token of an account: in a file that its owner alone can read.

An account shows its id to all who ask; the token, of which the id is made, it shows to nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import private_files
from practice import background, tokens

__all__ = ["announced", "control_headers", "file_of", "token_for"]

_ID: Final = re.compile(r"[0-9a-f]{32}")


def token_for(account_id: str) -> str | None:
    """The token of the account that shows this id; None when it is not this user's to know."""
    if not _ID.fullmatch(account_id):  # it comes from elsewhere, and is to be a file's name
        return None
    return next((token for token in _candidates(account_id) if tokens.id_of(token) == account_id), None)


def control_headers(account_id: str) -> dict[str, str]:
    """What a request must bring to change the account that shows this id; nothing when its token is not known."""
    token = token_for(account_id)
    return {tokens.HEADER: token} if token else {}


@contextmanager
def announced(url: str, token: str) -> Iterator[None]:
    """Within the block, other commands of this user find the token of an account in the foreground."""
    private_files.make_directory(background.home())
    with background.published(file_of(token), url, token):
        yield


def _candidates(account_id: str) -> Iterator[str]:
    if token := tokens.token_served_here(account_id):
        yield token
    if token := os.environ.get(tokens.VARIABLE):
        yield token
    for path in (_file(account_id), background.home() / "account.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            yield str(json.loads(path.read_text())["token"])


def file_of(token: str) -> Path:
    """Where the token of an account in the foreground is kept."""
    return _file(tokens.id_of(token))


def _file(account_id: str) -> Path:
    return background.home() / "accounts" / f"{account_id}.json"
