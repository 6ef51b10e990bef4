"""What the steps know of the operations of AWS that they use: what happens when one is sent again, what it is about.

A step says it in ``OPERATIONS`` and ``TOPICS``; whoever makes an :class:`~runbook.aws.Aws` hands it all of them. An
operation of which nothing is declared is taken for the worse: a creation makes a second one when it is sent again, and
a change may change everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runbook.quotas import RequestQuota, request_quota

__all__ = ["Operation", "Operations"]

_ANYTHING = "*"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service, as botocore names both."""

    service: str
    name: str
    again: bool = True
    """Whether it may be sent again after its answer was lost: it makes no second one."""
    quota: Callable[[Mapping[str, Any]], RequestQuota | None] | None = None
    """By the request's parameters the quota that it counts against, where that is not the one of the operation."""


@dataclass(frozen=True)
class Operations:
    """What is declared of all operations."""

    declared: tuple[Operation, ...] = ()
    topics: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What an operation is about, by a word in its name. A write makes us forget the reads that are about the same; one
    that is about none of these (tags, say) is about all of them."""

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Operation]:
        return {(operation.service, operation.name): operation for operation in self.declared}

    @property
    def not_idempotent(self) -> frozenset[str]:
        """The names of those that make a second one when they are sent again."""
        return frozenset(operation.name for operation in self.declared if not operation.again)

    def may_be_sent_again(self, service: str, name: str) -> bool:
        """Whether this operation may be, after its answer was lost."""
        known = self._by_name.get((service, name))
        return known.again if known else not name.startswith("Create")

    def quota(self, service: str, name: str, parameters: Mapping[str, Any]) -> RequestQuota:
        """The quota that a request counts against."""
        known = self._by_name.get((service, name))
        own = known.quota(parameters) if known and known.quota else None
        return own or request_quota(service, name)

    def about(self, name: str) -> frozenset[str]:
        """What an operation reads or changes."""
        # Deleting a parent deletes its children, which have other words in their names.
        if not name.startswith(("Delete", "Tag", "Untag")):
            for word, topics in self.topics.items():
                if word in name:
                    return topics
        return frozenset({_ANYTHING}).union(*self.topics.values())
