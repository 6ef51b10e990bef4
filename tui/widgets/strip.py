"""The strip below: how far the run is, what AWS is being waited for; or what one could do next."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from runbook import ending, present
from runbook.events import Action, Outcome
from tui.board import Board, Wait
from tui.session import Session
from tui.words import bar, brief, span, waiting

__all__ = ["ProgressStrip"]

_VERBS = {Action.CHECK: "Checking", Action.UP: "Running", Action.DOWN: "Taking down"}
_QUIET = "$foreground 55%"
_TICK = 0.25
_WAITS_SHOWN = 2
_ROOMY = 100  # columns


class ProgressStrip(Static):
    """Two or three lines that always say what is going on."""

    def __init__(self) -> None:
        super().__init__(id="strip")
        self._session: Session | None = None
        self._remark = Content("")

    def on_mount(self) -> None:
        """Count the seconds between events."""
        self._timer = self.set_interval(_TICK, self.renew, pause=True)

    def say(self, remark: str) -> None:
        """Show this instead of how the session stands; nothing to show the session again."""
        self._remark = span(remark, "$foreground 80%")
        self.renew()

    def show_session(self, session: Session) -> None:
        """Follow this session."""
        self._session = session
        self.renew()

    def on_resize(self) -> None:
        """Fit the bars into the new width."""
        self.renew()

    def renew(self) -> None:
        """Show how it stands now."""
        session = self._session
        if session is None or self._remark.plain:
            self.update(self._remark)
            return
        self.set_class(session.running, "-busy")
        if session.running:
            self._timer.resume()
            self.update(self._busy(session))
        else:
            self._timer.pause()
            self.update(self._idle(session))

    @property
    def _width(self) -> int:
        return max(20, self.scrollable_content_region.width)

    def _busy(self, session: Session) -> Content:
        board = session.board
        run = board.run
        assert run is not None  # noqa: S101 (a running session has a run)
        ended, total = board.progress
        verb = "Stopping" if session.control.stopped else "Guiding" if session.guided else _VERBS[run.action]
        only = f" {board[run.only].name}" if run.only else ""
        tail = f"  {ended}/{total}  {brief(board.clock() - board.began_at)}"
        head = Content.assemble((verb, "bold $text-primary"), span(only), "  ")
        head = head.truncate(self._width - len(tail) - 8, ellipsis=True)
        width = max(6, self._width - head.cell_length - len(tail))
        lines = [Content.assemble(head, bar(ended / total if total else 0.0, width), (tail, "bold"))]
        lines += self._waits(session, board) or [self._quiet_line(session, board)]
        return Content("\n").join(lines)

    def _waits(self, session: Session, board: Board) -> list[Content]:
        waits = [wait for _, wait in board.waits]
        shown = [self._wait(wait, board.clock(), session.pace) for wait in waits[:_WAITS_SHOWN]]
        if len(waits) > _WAITS_SHOWN:
            shown[-1] = Content.assemble(shown[-1], (f"  and {len(waits) - _WAITS_SHOWN} more", _QUIET))
        return shown

    def _wait(self, wait: Wait, now: float, pace: float) -> Content:
        width = 10 if self._width >= _ROOMY else 5
        gauge = bar(wait.elapsed_at(now, pace) / wait.usual if wait.usual else 1.0, width, "$accent")
        line = Content.assemble(gauge, "  ", waiting(wait, now, pace))
        return line.truncate(self._width, ellipsis=True)

    def _quiet_line(self, session: Session, board: Board) -> Content:
        if session.control.stopped:
            return Content.styled("The call in flight is let finish; nothing new is begun.", _QUIET)
        if asking := board.asking:
            return Content.assemble(
                ("▶ ", "bold $text-accent"), span(asking[0].name, "bold"), " waits for you; Enter goes on."
            )
        if board.in_flight:
            call = next(reversed(board.in_flight.values()))
            return span(f"asking AWS: {call.service} {call.operation}", _QUIET)
        return Content("")

    def _idle(self, session: Session) -> Content:
        last = session.last
        if session.looking:
            return span(session.looking, "$foreground 80%")
        if session.trouble:
            return Content.assemble(("✗ ", "bold $text-error"), span(session.trouble))
        if last is None:
            return Content.assemble(
                ("Enter", "bold $text-accent"),
                " walks you through, step by step.  ",
                ("u", "bold $text-accent"),
                " does it all.  ",
                ("c", "bold $text-accent"),
                " only looks and changes nothing.",
            )
        return Content.assemble(verdict(session), (f"  {brief(last.duration)}", _QUIET))


def verdict(session: Session) -> Content:
    """How the last run ended, in a sentence."""
    last = session.last
    assert last is not None  # noqa: S101 (asked only after a run)
    if last.error:
        return Content.assemble(("✗ ", "bold $text-error"), span(last.error))
    if said := session.stands:
        return Content.assemble(("■ ", "bold $text-warning"), span(said))
    outcomes = list(last.outcomes.values())
    open_ = [o for o in outcomes if o in (Outcome.MISSING, Outcome.DRIFTED, Outcome.UNKNOWN)]
    planned = session.board.planned
    skipped = [o for o in outcomes if o in (Outcome.SKIPPED, Outcome.BLOCKED)]
    if open_ and last.action is Action.CHECK:
        return Content.assemble(
            ("○ ", "bold $text-warning"),
            f"{present.counts(planned) if planned else f'{len(open_)} of {len(outcomes)} steps to do'}.  ",
            ("Enter", "bold $text-accent"),
            " walks you through, ",
            ("u", "bold $text-accent"),
            " does them all.",
        )
    if left := len(open_) + len(skipped):
        return Content.assemble(
            ("○ ", "bold $text-warning"),
            f"{present.counted(left, 'step was left as it is', 'steps were left as they are')}.",
        )
    assert session.board.run is not None  # noqa: S101 (the last run is over, and no other was begun)
    return Content.assemble(("✓ ", "bold $text-success"), ending.result(session.board.run))
