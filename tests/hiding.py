"""A practice account that does not say what it is, so that it is taken for AWS."""

from __future__ import annotations

from typing import Any

from tests.faults.proxy import Proxy, Response


class Hiding(Proxy):
    """Passes everything on but the practice account's own endpoints."""

    def _take(self, handler: Any, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> None:
        if target.startswith("/_practice"):
            handler.relay(Response(403, (("Content-Type", "application/json"),), b'{"message":"Missing Token"}'))
        else:
            super()._take(handler, method, target, headers, body)

    @property
    def written(self) -> list[str]:
        """The operations that change something, as they came."""
        return [name for name in self.counted if not name.startswith(("Describe", "Get", "List"))]
