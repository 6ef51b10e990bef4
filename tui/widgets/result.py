"""The chosen step: how it stands, what it will change or has changed, what is known, and why it may differ."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table as RichTable
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from runbook import present
from runbook.events import Action, Outcome
from runbook.outcome import Difference
from tui.board import StepState
from tui.session import Session
from tui.words import brief, safe, span, status, text, waiting

__all__ = ["Result"]

_QUIET = "$foreground 55%"
_WILL = {
    "create": "This step will create it",
    "update": "This step will update it",
    "replace": "This step will replace it",
}


class Result(VerticalScroll):
    """Everything known of one step, newest first."""

    BINDING_GROUP_TITLE = "Step"

    class Answered(Message):
        """A person said yes or no to the step that asks."""

        def __init__(self, step: str, *, approved: bool) -> None:
            self.step = step
            self.approved = approved
            super().__init__()

    def __init__(self) -> None:
        super().__init__(id="result")
        self._state: StepState | None = None
        self._guiding = False
        self._following: StepState | None = None
        self._explained = False

    def compose(self) -> ComposeResult:
        """A headline, the card of the guided way, and below it what is known."""
        yield Static(id="headline")
        with Vertical(id="card"):
            yield Static(id="card-text")
            with Horizontal(id="card-buttons"):
                yield Button("Do it  ⏎", id="approve", variant="success", compact=True, tooltip="Let this step act")
                yield Button("Leave it  s", id="skip", compact=True, tooltip="Leave this step as it is")
        yield Static(id="story")
        yield Static(id="facts")
        yield Static(id="tables")

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "Step"

    def show_step(
        self,
        state: StepState,
        session: Session,
        *,
        guiding: bool,
        following: StepState | None = None,
        explained: bool = False,
    ) -> None:
        """Show this step as it stands.

        ``following``: the step that the guided way leads to next. ``explained``: whether the step's explanation is on
        the screen too, so that nothing of it is to be repeated here.
        """
        other = self._state is not state
        self._explained = explained
        self._state, self._guiding, self._following = state, guiding, following
        if other:
            self.scroll_home(animate=False)
        self.border_title = f"Step {state.number} of {len(session.board.steps)}"
        self._put("headline", _headline(state))
        card = self._card(state, session)
        self.query_one("#card").display = card is not None
        self.query_one("#card-buttons").display = state.asked is not None
        if card is not None:
            self._put("card-text", card)
        self._put("story", Content("\n").join(_story(state)))
        self._put("facts", Content("\n").join(_facts(state)))
        self.query_one("#tables", Static).update(Group(*_tables(state)))
        self.query_one("#tables").display = bool(present.tables(state.fact))

    def renew_wait(self, session: Session) -> None:
        """Only the seconds moved on."""
        if self._state is not None and self._state.wait is not None and (card := self._card(self._state, session)):
            self._put("card-text", card)

    def _card(self, state: StepState, session: Session) -> Content | None:
        summary = "" if self._explained else _summary(state)
        return _card(state, session, guiding=self._guiding, following=self._following, summary=summary)

    def _put(self, name: str, content: Content) -> None:
        widget = self.query_one(f"#{name}", Static)
        widget.display = bool(content.plain)
        widget.update(content)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        event.stop()
        if self._state is not None:
            self.post_message(self.Answered(self._state.id, approved=event.button.id == "approve"))


def _headline(state: StepState) -> Content:
    words, style = status(state)
    took = f"  {brief(state.duration)}" if state.duration is not None and state.acting is None else ""
    return Content.assemble(span(state.step.title, "bold"), "\n", (words, style), (took, _QUIET))


def _card(
    state: StepState, session: Session, *, guiding: bool, following: StepState | None, summary: str
) -> Content | None:
    """What the guided way says of this step now; None when there is nothing to say."""
    if state.asked is not None:
        words, detail = present.plan_words(state.asked.outcome, state.asked.reason, state.asked.differences)
        more = ("\n", span(summary, _QUIET)) if summary else ()
        return Content.assemble((_WILL.get(words, words), "bold"), ": ", span(detail), *more)
    if state.wait is not None:
        line = waiting(state.wait, session.board.clock(), session.pace)
        others = [other for other in session.board.asking if other is not state]
        on = Content("")
        if guiding and others:
            meanwhile = span(others[0].name, "bold")
            on = Content.assemble("\n", ("Enter", "bold $text-accent"), " goes on with ", meanwhile, " meanwhile.")
        return Content.assemble(("Waiting for AWS", "bold $text-accent"), "\n", line, on)
    if guiding and state.idle and state.outcome is not None:
        again = not state.settled and state.outcome is not Outcome.SKIPPED and not session.running
        if again:
            hint = Content(" tries again from here.")
        elif following is not None:
            hint = Content.assemble(" goes on with ", span(following.name, "bold"), ".")
        else:
            hint = Content(" ends the guide: this was the last step.")
        return Content.assemble(_what_changed(state), "\n", ("Enter", "bold $text-accent"), hint)
    if state.outcome is None and state.idle and summary:
        return span(summary, "$foreground 80%")
    return None


def _what_changed(state: StepState) -> Content:
    if state.outcome is Outcome.FAILED:
        return Content.styled("This step failed.", "bold $text-error")
    if state.outcome is Outcome.DONE and state.changes:
        return Content.assemble(("What changed", "bold"), ": ", span(", ".join(dict.fromkeys(state.changes))))
    if state.outcome is Outcome.DONE:
        return Content.styled("Nothing had to be changed.", "bold")
    if state.outcome is Outcome.OK:
        return Content.styled("Nothing to do: it was as it should be.", "bold")
    return Content.styled("Left as it is.", "bold")


def _summary(state: StepState) -> str:
    return " ".join(state.step.explanation.partition("\n\n")[0].replace("`", "").replace("*", "").split())


def _story(state: StepState) -> Iterator[Content]:
    """Why it stands as it does, the differences, and what a person should know besides."""
    if state.asked is not None:
        yield from _differences(state.asked.differences)
        return
    down = state.action is Action.DOWN and state.outcome is Outcome.OK  # then the status says it
    if state.reason and not state.differences and not down:
        failed = state.outcome is Outcome.FAILED
        yield span(state.reason, "$text-error" if failed else "")
    if state.outcome is Outcome.DONE:
        for difference in state.differences:
            yield Content.assemble(("✓ ", "bold $text-success"), span(difference.repaired))
    else:
        yield from _differences(state.differences)
    if state.follows and not state.expected:  # of a check: why up will act on it all the same
        line = present.plan_line(state, only_looks=state.step.only_looks)
        yield Content.assemble((f"{line.sign} ", "bold $text-warning"), span(f"{line.word}: {state.follows}"))
    for difference in state.expected:
        yield span(f"after the steps before: {difference.planned}", "$text-warning")
    for note in present.notes(state.fact):
        yield Content.assemble(("note  ", "bold $text-accent"), span(note, "$foreground 80%"))


def _differences(differences: tuple[Difference, ...]) -> Iterator[Content]:
    for difference in differences:
        replaced = "  needs replacing" if difference.replaces else ""
        yield Content.assemble(("≠ ", "bold $text-warning"), span(str(difference)), (replaced, "bold $text-warning"))


def _facts(state: StepState) -> Iterator[Content]:
    shown = [(safe(name), safe(value)) for name, value in present.fields(state.fact)]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        yield Content.assemble((f"{name:<{width}}  ", _QUIET), value)


class _Rows:
    """Several of a kind: as a table, or one below the other where that is too wide, so that no id is broken."""

    def __init__(self, table: present.Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield text(self._table.title, "bold")
        wide = _grid()
        wide.show_header = True
        for column in self._table.columns:
            wide.add_column(text(column, "dim"), overflow="fold")
        for row in self._table.rows:
            wide.add_row(*map(text, row))
        if Measurement.get(console, options.update(max_width=_UNBOUND), wide).maximum <= options.max_width:
            yield wide
            return
        for row in self._table.rows:
            listed = _grid()
            for name, cell in zip(self._table.columns, row, strict=True):
                listed.add_row(text(name, "dim"), text(cell))
            yield listed
            yield ""


_UNBOUND = 10_000  # columns


def _grid() -> RichTable:
    return RichTable(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))


def _tables(state: StepState) -> Iterator[RenderableType]:
    for table in present.tables(state.fact):
        yield _Rows(table)
