"""A stack that was named and of which nothing is there: most often a name that is misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook.events import Action, Outcome, RunFinished

if TYPE_CHECKING:
    from runbook.aws import Aws
    from runbook.stacks import NoSuchStack
    from runbook.track import Tracks

__all__ = ["Absence"]


class Absence:
    """Whether the stack of a run is there at all: asked once, and only when the run found nothing of it."""

    def __init__(self, tracks: Tracks, aws: Aws, stack: str) -> None:
        self._tracks = tracks
        self._aws = aws
        self._stack = stack
        self._asked = False
        self._found: NoSuchStack | None = None

    def after(self, finished: RunFinished) -> NoSuchStack | None:
        """That there is no such stack, and which there are; None when there is."""
        if not self._asked:
            self._asked = True
            if self._saw_nothing(finished):
                from runbook.stacks import no_such_stack

                self._found = no_such_stack(self._aws, self._stack)
        return self._found

    def _saw_nothing(self, finished: RunFinished) -> bool:
        if finished.cause is not None or not finished.outcomes:
            return False
        if finished.action is Action.DOWN:
            return set(finished.outcomes.values()) == {Outcome.OK}
        seen = {finished.outcomes.get(step.id) for step in self._tracks.steps if not step.only_looks} - {None}
        nothing = {Outcome.MISSING, Outcome.UNKNOWN, Outcome.FAILED}
        return finished.action is Action.CHECK and Outcome.MISSING in seen and seen <= nothing
