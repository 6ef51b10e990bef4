"""How AWS is asked: side by side, and so that what may not be seen costs no more than itself."""

from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from botocore.exceptions import ClientError

from runbook.answers import Incomplete
from runbook.aws import Aws, code_of
from runbook.errors import RunbookError
from runbook.failures import explained
from runbook.granting import assembled, lacking
from runbook.trace.model import Unseen
from runbook.trace.permissions import PERMISSIONS

__all__ = ["Asking", "if_there"]

T = TypeVar("T")

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation"})
_LOGIN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SignatureDoesNotMatch",
    }
)
_ACTION = re.compile(r"perform: (\S+?)(?: on resource: (\S+))?(?: because|$|\s)")


class Asking:
    """The account as it is asked, each question in a thread of its own."""

    def __init__(self, aws: Aws, pool: ThreadPoolExecutor) -> None:
        self.aws = aws
        self.lacking: dict[str, None] = {}
        """The statements, as JSON, that the caller's policy turned out to lack, in the order met."""
        self._pool = pool

    def __call__(self, action: str, question: Callable[[], T]) -> Future[T | Unseen]:
        """Ask; ``action`` is what the caller must be allowed, ``service:Action`` or ``service:Action on ARN``."""

        def asked() -> T | Unseen:
            try:
                return question()
            except Incomplete as error:
                return Unseen(str(error).rstrip("."))
            except ClientError as error:
                code = code_of(error)
                if code in _LOGIN:
                    raise RunbookError(explained(error, permissions=PERMISSIONS)) from error
                if code in _DENIED:
                    refused = _refused(error, action)
                    self.lacking[json.dumps(lacking(assembled(PERMISSIONS), *refused, "", self.aws.region))] = None
                    return Unseen(f"not allowed: {' on '.join(filter(None, refused))}")
                return Unseen(explained(error, permissions=PERMISSIONS))

        return self._pool.submit(contextvars.copy_context().run, asked)


def if_there(question: Callable[[], T], gone: str = "NotFoundException") -> Callable[[], T | None]:
    """The question, answered with None where AWS says by this code that there is none."""

    def asked() -> T | None:
        try:
            return question()
        except ClientError as error:
            if code_of(error) == gone:
                return None
            raise

    return asked


def _refused(error: ClientError, action: str) -> tuple[str, str]:
    """Action and resource as AWS names them, else as we know them."""
    found = _ACTION.search(str(error.response.get("Error", {}).get("Message", "")))
    if found:
        return found[1], (found[2] or "").rstrip(".")
    named, _, resource = action.partition(" on ")
    return named, resource
