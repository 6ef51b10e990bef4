"""The steps in reading order, with live status and duration."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.board import Board, StepState
from tui.words import brief, look, safe

__all__ = ["Checklist"]

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TICK = 0.1


class Checklist(OptionList, inherit_bindings=False):
    """One line a step. Going up and down chooses what is shown beside it; Enter is left to the screen."""

    BINDING_GROUP_TITLE = "Checklist"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Step before", show=False, id="checklist.up"),
        Binding("down,j", "cursor_down", "Next step", show=False, id="checklist.down"),
        Binding("home,g", "first", "First step", show=False, id="checklist.first"),
        Binding("end,G", "last", "Last step", show=False, id="checklist.last"),
        Binding("pageup", "page_up", "Page up", show=False, id="checklist.page_up"),
        Binding("pagedown", "page_down", "Page down", show=False, id="checklist.page_down"),
    ]

    def __init__(self) -> None:
        super().__init__(id="checklist", compact=True)
        self._board: Board | None = None
        self._frame = 0

    def on_mount(self) -> None:
        """Turn the spinners, as long as something moves."""
        self.border_title = "Steps"
        self._timer = self.set_interval(_TICK, self._turn, pause=True)

    def show_board(self, board: Board) -> None:
        """Show these steps."""
        if [option.id for option in self.options] != list(board.steps):
            self._board = None  # there is nothing to write while the lines are changed
            self.clear_options()
            self._board = board
            self.add_options([Option(self._row(state), id=state.id) for state in board])
            self.highlighted = 0
        self._board = board
        self.renew()

    def renew(self) -> None:
        """Show how the steps stand now."""
        if self._board is None:
            return
        for option, state in zip(self.options, self._board, strict=True):
            option._set_prompt(self._row(state))
        self._clear_caches()
        if any(state.acting for state in self._board):
            self._timer.resume()
        else:
            self._timer.pause()

    @property
    def chosen(self) -> StepState | None:
        """The step whose details are shown."""
        if self._board is None or self.highlighted is None:
            return None
        return list(self._board)[self.highlighted]

    def choose(self, state: StepState) -> None:
        """Go to this step."""
        self.highlighted = state.number - 1

    def action_select(self) -> None:
        """A click only chooses."""

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Write the line that was left and the one that was come to."""
        super().watch_highlighted(highlighted)
        self.renew()

    def on_resize(self, _: events.Resize) -> None:
        """Fit the lines into the new width."""
        self.renew()

    def _turn(self) -> None:
        self._frame += 1
        self.renew()

    def _row(self, state: StepState) -> Content:
        assert self._board is not None  # noqa: S101 (rows are of a board)
        sign, style = look(state, _SPINNER[self._frame % len(_SPINNER)])
        took = state.duration
        if state.began is not None:
            took = state.spent + self._board.clock() - state.began
        duration = "" if took is None or state.asked else brief(took)
        room = max(10, self.scrollable_content_region.width or 26) - 5 - len(duration)
        name = Content(safe(state.name)).truncate(room - 1, ellipsis=True)
        quiet = state.outcome is None and state.acting is None and state.asked is None
        if state.number - 1 == self.highlighted:  # in the colours of the cursor, on which others cannot be read
            return Content(f"{sign} {state.number:>2} {name.plain:<{room}}{duration}")
        return Content.assemble(
            (f"{sign} ", style),
            (f"{state.number:>2} ", "$foreground 60%"),
            name.stylize("$foreground 70%" if quiet else "bold" if state.acting or state.asked else ""),
            " " * (room - name.cell_length),
            (duration, "$foreground 55%"),
        )
