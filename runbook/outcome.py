"""What a ``check`` can answer besides its fact, and what can be done about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Change", "Difference", "Drifted", "Missing"]

Fact = TypeVar("Fact", covariant=True)


class Change(enum.StrEnum):
    """What a run does with a step's resource: expected, in a plan; carried out, in the result of a step."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    REMOVE = "remove"
    AFTER = "known-after"
    """Whether there is something to do is known only after other steps have acted, or AWS has."""

    @property
    def renews(self) -> bool:
        """Whether the resource is another one afterwards, with another id."""
        return self in (Change.CREATE, Change.REPLACE)


@dataclass(frozen=True, slots=True)
class Missing:
    """It is not there; ``why`` says so in one sentence without a full stop."""

    why: str


_PRESENT = ("there", "declared", "registered")  # values that only say that something exists


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be, with both values as people would write them."""

    what: str
    found: str
    wanted: str
    replaces: bool = False
    """AWS cannot change this in place: repairing it makes the resource anew."""
    waits: bool = False
    """AWS gets there by itself, or by what other steps change: there is only waiting for it."""

    def __str__(self) -> str:
        """Say the difference in one line."""
        return f"{self.what} is {self.found or 'not set'}, should be {self.wanted or 'not set'}"

    @property
    def planned(self) -> str:
        """Say in one line what a repair will change, with Terraform's signs."""
        if not self.wanted:
            return f"- {self.what}"
        if self.found:
            return f"~ {self.what} {self.found} → {self.wanted}{' (needs replacing)' if self.replaces else ''}"
        return f"+ {self.what}" if self.wanted in _PRESENT else f"+ {self.what} = {self.wanted}"

    @property
    def repaired(self) -> str:
        """Say in one line what a repair has changed."""
        if not self.wanted:
            return f"{self.what} removed"
        if self.found:
            return f"{self.what} {self.found} → {self.wanted}"
        return f"{self.what} added" if self.wanted in _PRESENT else f"{self.what} set to {self.wanted}"


@dataclass(frozen=True, slots=True)
class Drifted(Generic[Fact]):
    """It is there but not as it should be; ``fact`` is what was found, so that later steps can still be looked at."""

    fact: Fact
    differences: tuple[Difference, ...]

    @property
    def replaces(self) -> bool:
        """Whether repairing it means making it anew."""
        return any(difference.replaces for difference in self.differences)
