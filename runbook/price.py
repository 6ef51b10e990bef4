"""What AWS takes for something, as a step declares it, with where that was read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Price"]


@dataclass(frozen=True, slots=True)
class Price:
    """A price in us-east-1, in USD. Nothing here asks AWS: prices change, and other regions have others."""

    what: str
    usd: float
    per: str
    """The unit, such as ``hour`` or ``million requests``."""
    source: str
    """The page where it was read."""
    read: str
    """The date on which it was read, YYYY-MM-DD."""
