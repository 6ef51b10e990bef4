"""What ``runbook list`` counts of a stack: tagged resources, as the steps that make them find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from runbook.aws import Aws

__all__ = ["Counting", "Part", "Tagged"]

Counting = Callable[[int, int], None]
"""Hears how many of what has to be asked for one by one were asked for, and how many there are."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A resource of some stack, or of none."""

    tags: Mapping[str, str] | None = None
    """None where Elastic Load Balancing has to be asked for them: it is, for 20 resources at once."""
    created: datetime | None = None
    """When it was made, where AWS tells."""
    arn: str = ""
    api: str = ""
    """Its id, where it is a REST API."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a whole stack has one or more of, with a tag of its own."""

    kind: str
    """Such as ``load balancer``."""
    all: Callable[[Aws, Counting], Iterator[Tagged]]
    """All of this kind in the account and region, whichever stack's."""
