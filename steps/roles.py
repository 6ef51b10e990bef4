"""What facts of different tracks have in common, so that one step can ask for whichever its track gives."""

from __future__ import annotations

from typing import Protocol


class PublicEndpoint(Protocol):
    """Where requests from the internet come in."""

    @property
    def invoke_url(self) -> str:
        """Its URL, without a slash at the end."""
        ...
