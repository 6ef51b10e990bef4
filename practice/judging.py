"""What may refuse a control-plane request before it is carried out: permissions first, then quotas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from practice import iam
from practice.quotas import Quotas

__all__ = ["Answer", "Judge"]

Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers and body, as WSGI wants them."""

_STATUS = {400: "400 Bad Request", 401: "401 Unauthorized", 403: "403 Forbidden", 429: "429 Too Many Requests"}


class Judge:
    """Judges requests for one served account. With `quotas=False` an account may ask as often as it likes."""

    def __init__(self, *, quotas: bool = True) -> None:
        self._quotas = Quotas() if quotas else None

    def reset(self) -> None:
        """Forget what was asked so far."""
        if self._quotas is not None:
            self._quotas = Quotas()

    def __call__(self, environ: Mapping[str, Any], body: bytes) -> Answer | None:
        """The refusal of a request, or None when it may be carried out. Call it while holding the turn."""
        call = iam.Call.of(environ, body)
        if call is None:
            return None
        if denial := iam.judge(call):
            return _answer(denial.status, denial.content_type, denial.code, denial.body)
        if (
            self._quotas is not None
            and call.service == "apigateway"
            and not self._quotas.admits(call.account_id, call.region, call.method, call.path, body)
        ):
            text = json.dumps({"message": "Too Many Requests"}).encode()
            return _answer(429, "application/json", "TooManyRequestsException", text)
        return None


def _answer(status: int, content_type: str, code: str, body: bytes) -> Answer:
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", str(uuid4())),
        ("x-amzn-ErrorType", code),
    ]
    return _STATUS[status], headers, body
