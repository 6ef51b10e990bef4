"""Removing what may be gone already."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import ClientError

from runbook.aws import code_of

__all__ = ["unless_gone"]


@contextlib.contextmanager
def unless_gone() -> Iterator[None]:
    """Let a deletion find nothing to delete.

    One whose answer was lost was carried out and is sent again; and somebody else may be removing the same.
    """
    try:
        yield
    except ClientError as error:
        # Such as NotFoundException, ListenerNotFound, InvalidPermission.NotFound.
        if not code_of(error).removesuffix("Exception").endswith("NotFound"):
            raise
