"""The drills of this session: a trainee's desk, and at most one piece of work on it at a time. The app owns it.

Work is done in a worker thread, which only posts messages; screens ask for it and look at what came of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message
from textual.signal import Signal

from drills import STACK

if TYPE_CHECKING:
    from drills.desk import Briefing, Desk, Ended
    from drills.model import Drill
    from runbook.accounts import Account
    from tui.app import RunbookApp
    from tui.screens.drill_forms import Answer, ExamOrder, Place
    from tui.session import Session

__all__ = ["Training"]

T = TypeVar("T")

TRAINEE_VARIABLE = "RUNBOOK_TRAINEE"


class Training:
    """What is known of the drills, and the way to have something done."""

    class Heard(Message):
        """What is being done, in a few words."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Finished(Message):
        """A piece of work is over; ``taken`` learns what came of it, on the thread that draws."""

        def __init__(self, taken: Callable[[], None]) -> None:
            self.taken = taken
            super().__init__()

    def __init__(self, app: RunbookApp, session: Session, desk: Callable[[str | None], Desk] | None = None) -> None:
        self._app = app
        self._session = session
        self._made = desk or _desk
        self.changed: Signal[Training] = Signal(app, "training")
        self.desk: Desk | None = None
        """None until it was opened, which reads the course and the record."""
        self.stack = STACK
        """The stack that the next drill breaks: where the one before was, or as somebody chose."""
        self.busy = ""
        """What is being done; empty for nothing."""
        self.said = ""
        """What came of it, in a sentence; text from outside."""
        self.wrong = False
        """Whether that is no good news."""
        self.ended: Ended | None = None
        """The drill that has just ended, to be debriefed."""
        self.solution = ""
        """What mends the drill that runs, once it was asked for."""
        self.report = ""
        """The exam's report in Markdown, once it was written."""
        self._changes = ""

    # --- what is known ------------------------------------------------------------------------------------------

    @property
    def briefing(self) -> Briefing | None:
        """What is told of the drill that runs, if one does."""
        from runbook.errors import BadInput

        if self.desk is None or self.desk.session.record.running is None:
            return None
        try:
            return self.desk.briefing()
        except BadInput:
            return None

    @property
    def interrupted(self) -> bool:
        """Whether a drill is noted as running that cannot be gone on with, only started again or given up."""
        return self.desk is not None and self.desk.session.record.running is not None and self.briefing is None

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints that were taken."""
        return self.desk.hints if self.desk is not None and self.briefing is not None else ()

    @property
    def here(self) -> bool:
        """Whether the drill that runs is on the account that the checklist shows."""
        briefing = self.briefing
        account = self._session.account
        return briefing is not None and (briefing.endpoint, briefing.region) == (
            account.endpoint_url,
            account.aws.region,
        )

    # --- asking for it ------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Read the course and the trainee's record, again when it was read before."""
        known = self.desk

        self._begin("reading the course", lambda: self._read(known or self._made(None)), self._opened)

    def move(self, place: Place) -> None:
        """Go on with another trainee's record, or on another stack."""

        def moved(desk: Desk) -> None:
            self._opened(desk)
            self.stack = place.stack

        self._ask(
            f"reading the record of {place.trainee}",
            lambda desk: desk if place.trainee == desk.session.name else self._read(self._made(place.trainee)),
            moved,
        )

    def start(self, drill: Drill) -> None:
        """Break a stack; what was said of the drill before is forgotten."""
        self._ask(
            f"preparing {drill.id}",
            lambda desk: desk.start(drill, self._account(), self.stack),
            self._started,
            changes=self.stack,
        )

    def begin_exam(self, order: ExamOrder) -> None:
        """Begin an exam, and its first drill."""

        def begin(desk: Desk) -> Briefing:
            drill = desk.begin_exam(order.count, order.seed, order.out, order.among, closed_book=order.closed_book)
            return desk.start(drill, self._account(), self.stack)

        self._ask("beginning the exam", begin, self._started, changes=self.stack)

    def end_exam(self) -> None:
        """End it early; what was not done counts as zero."""

        def end(desk: Desk) -> tuple[str, str]:
            desk.end_exam()
            return _report(desk)

        self._ask("ending the exam", end, self._reported)

    def write_report(self) -> None:
        """Write the report of the exam as it stands, or of the last one."""
        self._ask("writing the report", _report, self._reported)

    def hint(self) -> None:
        """Take the next hint."""
        self._ask("looking for a hint", lambda desk: desk.hint(), lambda _hint: None)

    def reply(self, answer: Answer) -> None:
        """Note which hop breaks it, and why."""
        self._ask("noting the answer", lambda desk: desk.reply(answer.hop, answer.why), lambda _noted: None)

    def verify(self, answer: Answer | None = None) -> None:
        """Have the repair judged, after what is answered."""

        def judged(desk: Desk) -> tuple[str | Ended | None, str, str]:
            if answer is not None:
                desk.reply(answer.hop, answer.why)
            return _ended(desk, desk.verify())

        self._ask(
            "looking whether it is repaired",
            judged,
            self._judged,
            changes=self._running_on,
        )

    def reveal(self) -> None:
        """Look at the solution."""
        self._ask("looking up the solution", lambda desk: desk.solution(), self._revealed)

    def give_up(self) -> None:
        """Bring the stack back to finished."""
        self._ask(
            "bringing the stack back", lambda desk: _ended(desk, desk.give_up()), self._judged, changes=self._running_on
        )

    def put_away(self) -> None:
        """The report was read."""
        self.report = ""

    def stop(self) -> None:
        """End every wait: the app ends."""
        if self.desk is not None:
            self.desk.stop()

    def hear(self, text: str) -> None:
        """Learn what is being done."""
        if self.busy:
            self.busy = text
            self.changed.publish(self)

    # --- doing it -----------------------------------------------------------------------------------------------

    @property
    def _running_on(self) -> str:
        """The stack of the drill that runs."""
        running = self.desk.session.record.running if self.desk is not None else None
        return running.stack if running is not None else ""

    def _ask(self, what: str, work: Callable[[Desk], T], taken: Callable[[T], None], *, changes: str = "") -> None:
        """Do it at the desk. ``changes``: the stack that it changes, however it ends."""
        desk = self.desk
        if desk is not None:
            self._begin(what, lambda: work(desk), taken, changes=changes)

    def _begin(self, what: str, work: Callable[[], T], taken: Callable[[T], None], *, changes: str = "") -> None:
        if self.busy:
            return
        self.busy, self.said, self.wrong, self._changes = what, "", False, changes
        self.changed.publish(self)
        self._app.run_worker(lambda: self._work(work, taken), name="drill", group="drill", thread=True)

    def _work(self, work: Callable[[], T], taken: Callable[[T], None]) -> None:
        try:
            came = work()
        except Exception as error:
            problem = _problem(error)
            self._app.post_message(self.Finished(lambda: self._failed(problem)))
        else:
            self._app.post_message(self.Finished(lambda: taken(came)))

    def finish(self, message: Finished) -> None:
        """Learn what came of the work."""
        self.busy = ""
        message.taken()
        if self._changes:
            self._app.stack_was_changed(self._changes)
        self.changed.publish(self)

    def _failed(self, problem: str) -> None:
        self.said, self.wrong = problem, True

    def _tell(self, text: str) -> None:
        self._app.post_message(self.Heard(text))

    def _account(self) -> Account:
        """A connection of its own: a run of the checklist may use the session's."""
        from runbook.accounts import Kind, connect
        from runbook.parameters import validated

        account = self._session.account
        return connect(Kind.PRACTICE, validated({"region": account.aws.region}), endpoint_url=account.endpoint_url)

    # --- what came of it ----------------------------------------------------------------------------------------

    def _read(self, desk: Desk) -> Desk:
        desk.session.refresh()
        desk.tell = self._tell
        return desk

    def _opened(self, desk: Desk) -> None:
        if desk is not self.desk:
            self.desk, self.ended, self.solution, self.report = desk, None, "", ""
        if (running := desk.session.record.running) is not None:
            self.stack = running.stack

    def _started(self, _briefing: Briefing) -> None:
        self.ended, self.solution, self.report = None, "", ""

    def _revealed(self, solution: str) -> None:
        self.solution = solution

    def _reported(self, came: tuple[str, str]) -> None:
        self.ended = None
        self.said, self.report = came

    def _judged(self, came: tuple[str | Ended | None, str, str]) -> None:
        ended, self.said, self.report = came
        if isinstance(ended, str):
            self.said, self.wrong = f"Not yet. {ended}", True
            return
        self.solution = ""
        self.ended = ended if ended is not None and ended.result is not None else None
        if self.ended is None:
            back = "; the stack is as it should be." if ended is not None and ended.mended else "."
            self.said = f"Given up{back}"


def _problem(error: Exception) -> str:
    from runbook.errors import BadInput
    from runbook.explain import explain

    return f"{error.problem} {error.remedy}".strip() if isinstance(error, BadInput) else explain(error)


def _desk(name: str | None) -> Desk:
    from drills.desk import Desk
    from drills.session import Session

    return Desk(Session(name or os.environ.get(TRAINEE_VARIABLE) or None))


def _ended(desk: Desk, ended: str | Ended | None) -> tuple[str | Ended | None, str, str]:
    """What came of it; the last drill of an exam writes its report."""
    if ended is None or isinstance(ended, str) or not ended.examined or desk.session.exam is not None:
        return ended, "", ""
    return ended, *_report(desk)


def _report(desk: Desk) -> tuple[str, str]:
    """Write it: where it is, in a sentence, and the report itself."""
    path = desk.report()[0]
    said = "The exam so far" if desk.session.exam is not None else "The exam is over"
    return f"{said}; its report: {path}", path.read_text(encoding="utf-8")
