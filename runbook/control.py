"""How the person watching a run steers it."""

from __future__ import annotations

import enum
import threading

from runbook.errors import Stopped

__all__ = ["Answer", "Control", "OneTry"]


class Answer(enum.StrEnum):
    """What a person says when asked before a step acts."""

    APPROVE = "approve"
    SKIP = "skip"


class Control:
    """Stop a run, and answer it when it asks before a step acts. Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stopped = False
        self._halted = ""
        self._answers: dict[str, Answer] = {}
        self._approves_all = False

    @property
    def stopped(self) -> bool:
        """Whether a stop was asked for, or the run came to a halt by itself."""
        return self._stopped or bool(self._halted)

    def stop(self) -> None:
        """End every wait at once; a call in flight finishes, and nothing new is begun."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def halt(self, why: str) -> None:
        """As :meth:`stop`, but by the run itself and for that run only; ``why`` is such as "because …"."""
        with self._changed:
            self._halted = self._halted or why
            self._changed.notify_all()

    def lift(self) -> None:
        """The run that came to a halt is over; whoever goes on with this control may."""
        with self._changed:
            self._halted = ""

    def approve(self, step: str) -> None:
        """Let the step act."""
        self._answer(step, Answer.APPROVE)

    def approve_all(self) -> None:
        """Let every step act, those that ask later too."""
        with self._changed:
            self._approves_all = True
            self._changed.notify_all()

    def skip(self, step: str) -> None:
        """Leave the step as it is; what needs its fact is not done either."""
        self._answer(step, Answer.SKIP)

    def _answer(self, step: str, answer: Answer) -> None:
        with self._changed:
            self._answers[step] = answer
            self._changed.notify_all()

    def answer(self, step: str) -> Answer:
        """Wait for :meth:`approve` or :meth:`skip` of this step, or :meth:`approve_all`. Raises :class:`Stopped`."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopped or self._approves_all or step in self._answers)
            self.go_on()
            return self._answers.pop(step, Answer.APPROVE)

    def wait(self, seconds: float) -> None:
        """Wait so many wall seconds. Raises :class:`Stopped` at once when a stop is asked for."""
        with self._changed:
            if self._changed.wait_for(lambda: self.stopped, timeout=seconds):
                self.go_on()

    def go_on(self) -> None:
        """Raise :class:`Stopped` if a stop was asked for."""
        if self.stopped:
            raise Stopped(self._halted or "on request")


class OneTry(Control):
    """For what is done after a stop: it is not waited for, so nothing is sent again."""

    def wait(self, seconds: float) -> None:  # noqa: ARG002 (as Control has it)
        """Raise :class:`Stopped`."""
        raise Stopped
