"""What a step would remove, and removing what may be gone already."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from botocore.exceptions import ClientError

from runbook.aws import code_of

__all__ = ["Resource", "unless_gone"]


@dataclass(frozen=True, slots=True)
class Resource:
    """Something of a stack that an undo would remove."""

    kind: str
    name: str = ""
    id: str = ""

    @classmethod
    def of_arn(cls, kind: str, name: str, arn: str) -> Resource:
        """A resource whose id is an ARN; account and region, which are everywhere the same, are left out."""
        return cls(kind, name, arn.split(":", 5)[-1])


class unless_gone(contextlib.AbstractContextManager[None, bool]):  # noqa: N801 (reads like contextlib.suppress)
    """Let a deletion find nothing to delete.

    One whose answer was lost was carried out and is sent again; and somebody else may be removing the same.
    """

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object, /) -> bool:
        """Such as NotFoundException, ListenerNotFound, InvalidPermission.NotFound."""
        return isinstance(error, ClientError) and code_of(error).removesuffix("Exception").endswith("NotFound")
