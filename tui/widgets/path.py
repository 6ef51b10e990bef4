"""The path of a request, drawn: what works of it so far is lit."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from runbook.picture import Light, Station, drawn, light_of, of_steps
from tui.board import Board
from tui.words import span

__all__ = ["PathPicture"]

STYLES = {
    Light.DARK: "$foreground 40%",
    Light.BUSY: "bold $text-primary",
    Light.LIT: "$text-success",
    Light.MISSING: "$text-warning",
    Light.WRONG: "bold $text-warning",
    Light.UNKNOWN: "$text-accent",
    Light.BROKEN: "bold $text-error",
}
# Rows of the screen, and the rows that the picture then has of them.
_ROWS = ((42, 9), (32, 5), (0, 1))


class PathPicture(Static):
    """Boxes where there is room for them, else one line."""

    def __init__(self) -> None:
        super().__init__(id="path")
        self._stations: Sequence[Station] = ()

    def show_board(self, board: Board) -> None:
        """Light the path as the steps stand."""
        lights = {
            state.id: Light.BUSY
            if state.acting or state.asked
            else Light.DARK
            if state.queued
            else light_of(state.outcome, state.action)
            for state in board
        }
        self.show(of_steps(board.plan.boxes, lights, {state.id: state.fact for state in board}))

    def show(self, stations: Sequence[Station]) -> None:
        """Show these."""
        if stations != self._stations:
            self._stations = stations
            self._draw()

    def on_resize(self) -> None:
        """Fit into the new size."""
        self._draw()

    def _draw(self) -> None:
        self.display = bool(self._stations)
        height = next(rows for least, rows in _ROWS if self.app.size.height >= least)
        lines = drawn(self._stations, self.app.size.width, height) if self._stations else []
        pieces = (Content.assemble(*(span(text, STYLES[light]) for text, light in line)) for line in lines)
        self.update(Content("\n").join(pieces))
