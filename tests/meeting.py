"""Two operators at once: where their requests meet, at the same moment or one after the other."""

from __future__ import annotations

import threading
from collections import defaultdict

from steps.tracks import TRACKS

__all__ = ["CREATIONS", "DELETIONS", "NOT_IDEMPOTENT", "After", "Meeting"]

NOT_IDEMPOTENT = TRACKS.default.plan.operations.not_idempotent

BY_NAME = ("CreateTargetGroup", "CreateLoadBalancer", "CreateListener", "PutMethod", "PutIntegration", "CreateStage")
RULES = ("AuthorizeSecurityGroupIngress", "RegisterTargets", "AddTags")
CREATIONS = (*sorted(NOT_IDEMPOTENT), *BY_NAME, *RULES)
DELETIONS = ("DeleteRestApi", "DeleteVpcLink", "RevokeSecurityGroupIngress", "DeleteLoadBalancer", "DeleteTargetGroup")

_PATIENCE = 5.0  # wall seconds that one waits for the other at a gate; it may never come there


class Meeting:
    """Where two runs wait for each other: neither sends one of these operations before the other is about to."""

    def __init__(self, *operations: str) -> None:
        self.operations = operations
        self._here: defaultdict[str, set[int]] = defaultdict(set)
        self._ended: set[int] = set()
        self._changed = threading.Condition()

    def ended(self, who: int) -> None:
        with self._changed:
            self._ended.add(who)
            self._changed.notify_all()

    def before(self, who: int, operation: str) -> None:
        if operation in self.operations:
            with self._changed:
                self._here[operation].add(who)
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._may_go(1 - who, operation), _PATIENCE)

    def after(self, who: int, operation: str) -> None:
        """The request was answered."""

    def _may_go(self, other: int, operation: str) -> bool:
        return other in self._here[operation] or other in self._ended

    @property
    def met(self) -> set[str]:
        """The operations at which both were."""
        return {operation for operation, who in self._here.items() if who == {0, 1}}


class After(Meeting):
    """The first sends one of these operations only when the second has its answer: it has looked, then the world moved
    on."""

    def __init__(self, *operations: str) -> None:
        super().__init__(*operations)
        self._answered: set[str] = set()

    def after(self, who: int, operation: str) -> None:
        with self._changed:
            if who == 1:
                self._answered.add(operation)
                self._changed.notify_all()

    def _may_go(self, other: int, operation: str) -> bool:
        return other == 0 or operation in self._answered or other in self._ended
