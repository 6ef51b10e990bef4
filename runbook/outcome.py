"""What a ``check`` can answer besides its fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Difference", "Drifted", "Missing"]

Fact = TypeVar("Fact", covariant=True)


@dataclass(frozen=True, slots=True)
class Missing:
    """It is not there; ``why`` says so in one sentence without a full stop."""

    why: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be, with both values as people would write them."""

    what: str
    found: str
    wanted: str
    replaces: bool = False
    """AWS cannot change this in place: repairing it makes the resource anew."""

    def __str__(self) -> str:
        """Say the difference in one line."""
        return f"{self.what} is {self.found or 'not set'}, should be {self.wanted or 'not set'}"


@dataclass(frozen=True, slots=True)
class Drifted(Generic[Fact]):
    """It is there but not as it should be; ``fact`` is what was found, so that later steps can still be looked at."""

    fact: Fact
    differences: tuple[Difference, ...]

    @property
    def replaces(self) -> bool:
        """Whether repairing it means making it anew."""
        return any(difference.replaces for difference in self.differences)
