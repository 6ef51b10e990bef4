"""Two operators at once: a run marks the stack that it changes, and one that does the opposite waits its turn.

AWS is the only state, so a mark is a tag of a resource that a stack has for nearly all of its life: the first that
``up`` makes and the last that ``down`` takes. It says since when, by AWS's clock, and by whom. A run writes it before
its first change and takes it away at its end, also when it is stopped; one that has nothing to do writes none.

It is a notice, not a lock. Two ``up`` need none: each looks before it makes, and of what both made both keep the same.
``up`` against ``down`` would undo each other's work for as long as both go on, so the later one is told and stops.
Each of the two has a tag of its own, so that neither writes over the other's, and looks again after writing: of two
that begin at the same moment one sees the other at least, and if both do, ``down`` gives way.

A run that was killed leaves its mark. The same command is never held up by it and puts its own in that place, or takes
it away when there is nothing left to do; the opposite one is, until the mark is :data:`BELIEVED_FOR` old, or is told
``force``.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from runbook.aws import CURRENT_STEP, Aws
from runbook.errors import AnotherRun, TookTooLong
from runbook.events import Action
from runbook.record import MARKS

__all__ = ["BELIEVED_FOR", "Carrier", "Mark", "Turn"]

BELIEVED_FOR = timedelta(hours=4)
"""From nothing ``up`` takes about six minutes, ``down`` about four; waits may be six times as long, people longer."""

_GIVES_WAY_WITHIN = 10.0  # AWS seconds: one request, and reads that are stale for a moment
_LONGEST = 256  # characters of a tag's value (Tag in the ELBv2 API reference)
_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9 +\-=._:/@]")
_OPPOSITE = {Action.UP: Action.DOWN, Action.DOWN: Action.UP}


class Carrier(Protocol):
    """The step module whose resource carries the marks."""

    def carrier(self, aws: Aws, stack: str) -> str | None:
        """The resource, if it is there and ours."""

    def marks(self, aws: Aws, resource: str) -> Mapping[str, str]:
        """The marks that it has; none when it is gone."""

    def mark(self, aws: Aws, resource: str, marks: Mapping[str, str]) -> None:
        """Write marks. On one that is gone by now there is nothing to write, which is no error."""

    def unmark(self, aws: Aws, resource: str, keys: Collection[str]) -> None:
        """Take marks away. One that is gone by now is no error."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a run says of itself."""

    run: str
    since: datetime
    by: str = ""

    def __str__(self) -> str:
        """The tag's value."""
        text = f"{self.run} {self.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {self.by}".strip()
        return _NOT_IN_TAGS.sub("_", text)[:_LONGEST].rstrip()

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """The mark of a tag's value; None when it is none."""
        run, _, rest = text.partition(" ")
        since, _, by = rest.partition(" ")
        try:
            moment = datetime.fromisoformat(since)
        except ValueError:
            return None
        return cls(run, moment, by) if moment.tzinfo else None


@dataclass
class Turn:
    """A run's turn at a stack. Safe to use from any thread."""

    carrier: Carrier
    aws: Aws
    stack: str
    action: Action
    since: datetime
    by: str = ""
    force: bool = False
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    _resource: str = ""
    _refused: str = ""
    _told: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_for_none(self) -> None:
        """Raise :class:`AnotherRun` if a run that does the opposite is under way; tell of one that does the same."""
        if resource := self.carrier.carrier(self.aws, self.stack):
            marks = self.carrier.marks(self.aws, resource)
            self._tell_of_the_same(marks)
            if self._opposite(marks):
                marks = self._wait_for_end(resource)
            if other := self._opposite(marks):
                raise AnotherRun(self._refusal(other))

    def begin(self) -> None:
        """Mark the stack, unless this run has done so or there is nothing to mark. Raises :class:`AnotherRun`."""
        with self._lock, self._not_for_a_step():
            if self._refused:
                raise AnotherRun(self._refused)
            if not self._resource and (resource := self.carrier.carrier(self.aws, self.stack)):
                self._begin(resource)

    def end(self, *, complete: bool = False) -> None:
        """Take the mark away, unless another run has written its own over it; and with it what nobody believes.

        A run that found the stack ``complete`` without changing anything takes away what one that did the same has
        left: that one has died, or has nothing left to do.
        """
        with self._lock, self._not_for_a_step():
            if complete and not self._resource and self._told and not self._refused:
                resource = self.carrier.carrier(self.aws, self.stack)
                mark = Mark.read(self.carrier.marks(self.aws, resource).get(self._key, "")) if resource else None
                if resource and mark and mark.run in self._told:
                    self.carrier.unmark(self.aws, resource, [self._key])
            if self._resource:
                marks = self.carrier.marks(self.aws, self._resource)
                if not marks and (anew := self.carrier.carrier(self.aws, self.stack)):
                    self._resource = anew  # replaced by this run
                    marks = self.carrier.marks(self.aws, anew)
                self._tell_of_the_same(marks)
                if self._key not in marks and not self._told:
                    self.aws.note(f"Another {self.action.value} of stack {self.stack} was under way at the same time.")
                if keys := [key for key, text in marks.items() if self._is_over(key, text)]:
                    self.carrier.unmark(self.aws, self._resource, keys)

    def _begin(self, resource: str) -> None:
        self._tell_of_the_same(self.carrier.marks(self.aws, resource))
        self.carrier.mark(self.aws, resource, {self._key: str(Mark(self.run, self.since, self.by))})
        self._resource = resource
        latest = self.carrier.marks(self.aws, resource)
        self._tell_of_the_same(latest)
        if self.action is Action.UP and self._opposite(latest):
            latest = self._wait_for_end(resource)  # if both marked it at the same moment, down gives way
        if other := self._opposite(latest):
            self.carrier.unmark(self.aws, resource, [self._key])
            self._resource, self._refused = "", "It is another run's turn."
            raise AnotherRun(self._refusal(other))

    def _wait_for_end(self, resource: str) -> Mapping[str, str]:
        """The marks, as soon as no opposite one is seen any more; else as they are after a while.

        What another run has taken away may still be seen for a moment.
        """
        latest: Mapping[str, str] = {}

        def alone() -> bool | None:
            nonlocal latest
            latest = self.carrier.marks(self.aws, resource)
            return None if self._opposite(latest) else True

        with contextlib.suppress(TookTooLong):
            self.aws.wait_until(
                alone, what="another run to end", usual=2.0, every=2.0, limit=_GIVES_WAY_WITHIN, at_once=False
            )
        return latest

    @property
    def _key(self) -> str:
        return MARKS[self.action.value]

    def _opposite(self, marks: Mapping[str, str]) -> Mark | None:
        """The mark of a run that does the opposite and may still be under way."""
        mark = Mark.read(marks.get(MARKS[_OPPOSITE[self.action].value], ""))
        return mark if mark and self._believes(mark) and not self.force else None

    def _believes(self, mark: Mark) -> bool:
        return self.since - mark.since < BELIEVED_FOR

    def _is_over(self, key: str, text: str) -> bool:
        mark = Mark.read(text)
        if mark is None or key not in MARKS.values():
            return False
        return mark.run == self.run if key == self._key else self.force or not self._believes(mark)

    def _tell_of_the_same(self, marks: Mapping[str, str]) -> None:
        mark = Mark.read(marks.get(self._key, ""))
        if mark and mark.run not in {self.run, *self._told} and self._believes(mark):
            self._told.add(mark.run)
            self.aws.note(
                f"{self._who(self.action, mark)} and may still be under way. That does no harm: "
                + ("of what both make, one is kept." if self.action is Action.UP else "both remove the same.")
            )

    def _refusal(self, other: Mark) -> str:
        return (
            f"{self._who(_OPPOSITE[self.action], other)} and may still be under way, so this run changes nothing more. "
            "Wait until it has ended; or, if you know that it has died, run again with force."
        )

    def _who(self, action: Action, mark: Mark) -> str:
        said = f"{action.value.capitalize()} of stack {self.stack} was begun at {mark.since:%Y-%m-%d %H:%M:%S} UTC"
        return f"{said} by {mark.by}" if mark.by else said

    @staticmethod
    @contextlib.contextmanager
    def _not_for_a_step() -> Iterator[None]:
        """The requests are the run's own: no step has changed anything by them."""
        token = CURRENT_STEP.set(None)
        try:
            yield
        finally:
            CURRENT_STEP.reset(token)
