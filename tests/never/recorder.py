"""Every request that changes something, as the account gets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

__all__ = ["Recorder"]


class Recorder:
    """What was asked for."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str, dict[str, str]]] = []
        """Service, action (or what the path begins with), and what was said."""

    def __call__(self, environ: Mapping[str, Any], body: bytes) -> None:
        """Take note of a request."""
        signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        service = signed[1] if signed else ""
        if service == "apigateway":
            if (method := environ["REQUEST_METHOD"]) != "GET":
                path = unquote(environ["PATH_INFO"])
                self.changes.append((service, path.split("/")[1], {method: path, "body": body.decode()}))
            return
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if not form.get("Action", "").startswith(("Describe", "Get", "List")):
            self.changes.append((service, form.get("Action", ""), form))

    def clear(self) -> None:
        """Forget what was asked so far."""
        self.changes.clear()

    @property
    def texts(self) -> list[str]:
        """Each as a text."""
        return [f"{service} {action} {said}" for service, action, said in self.changes]
