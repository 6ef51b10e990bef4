"""What can be set on a machine, for drills and tests."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["MachineSettings"]


def _by_path(value: Any) -> Any:
    """A bare value is for every path."""
    return value if isinstance(value, dict) or value is None else {"*": value}


class MachineSettings(BaseModel):
    """How the service of one instance behaves.

    ``status`` and ``delay`` are per path (without query); ``*`` is every path not named, and a bare value is the same
    as ``{"*": value}``. Delays are wall seconds: sockets are real, so nothing that waits for one is scaled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listening: bool = True
    """Whether the service accepts connections at all."""

    port: Annotated[int, Field(ge=1, le=65535)] = 80
    """The port of the instance that the service listens on."""

    status: Annotated[dict[str, Annotated[int, Field(ge=200, le=599)]], BeforeValidator(_by_path)] = {}
    """The status to answer with; 200 where nothing is said."""

    delay: Annotated[dict[str, Annotated[float, Field(ge=0)]], BeforeValidator(_by_path)] = {}
    """Wall seconds to wait before answering."""

    virtual_hosts: list[str] | None = None
    """The host names the service knows; it answers 404 to any other. An IP address is always answered, as by a web
    server's default site: that is how health checks come."""

    def delay_of(self, path: str) -> float:
        """Wall seconds the service takes for ``path``."""
        path = path.partition("?")[0]
        return self.delay.get(path, self.delay.get("*", 0.0))
