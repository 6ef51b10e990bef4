"""Removing what may be gone already."""

from __future__ import annotations

import contextlib

from botocore.exceptions import ClientError

from runbook.aws import code_of

__all__ = ["unless_gone"]


class unless_gone(contextlib.AbstractContextManager[None, bool]):  # noqa: N801 (reads like contextlib.suppress)
    """Let a deletion find nothing to delete.

    One whose answer was lost was carried out and is sent again; and somebody else may be removing the same.
    """

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object, /) -> bool:
        """Such as NotFoundException, ListenerNotFound, InvalidPermission.NotFound."""
        return isinstance(error, ClientError) and code_of(error).removesuffix("Exception").endswith("NotFound")
