"""The AWS calls as they happen."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import RichLog

from runbook.events import CallAnswered
from tui.board import Board
from tui.words import text

__all__ = ["Calls"]


class Calls(RichLog):
    """One line an answered call; those in flight are told below. Changes stand out from looking."""

    def __init__(self) -> None:
        super().__init__(id="calls", max_lines=1000, markup=False, highlight=False, wrap=False)
        self._only: str | None = None

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "AWS calls"

    def add(self, call: CallAnswered) -> None:
        """Write one more line, unless another step's calls are shown."""
        if self._only in (None, call.step):
            self.write(self._line(call))

    def tell_in_flight(self, board: Board) -> None:
        """Say below what is on its way."""
        waiting = list(board.in_flight.values())
        said = f"{waiting[-1].service} {waiting[-1].operation}" if waiting else ""
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        self.border_subtitle = Text.assemble("→ ", text(said), more).plain if said else ""

    def only(self, step: str | None, board: Board) -> None:
        """Show one step's calls, or everybody's."""
        self._only = step
        self.border_title = f"AWS calls of {board[step].name}" if step else "AWS calls"
        self.renew(board)

    def renew(self, board: Board) -> None:
        """Write it all anew."""
        self.clear()
        for call in board.calls:
            self.add(call)

    def _line(self, call: CallAnswered) -> Text:
        colours = self.app.theme_variables
        quiet = colours["text-muted"] if not colours["text-muted"].startswith("auto") else "dim"
        line = Text(no_wrap=True)
        line.append(f"{call.at:%H:%M:%S} ", "dim")
        line.append("● " if call.writes else "  ", colours["accent"])
        line.append_text(text(f"{call.service}.{call.operation}", "bold" if call.writes else ""))
        line.append(f" {1000 * call.duration:.0f} ms", quiet)
        if call.attempts > 1:
            line.append(f" ×{call.attempts}", colours["warning"])
        if call.error:
            line.append_text(text(f" {call.error}", colours["error"]))
        if call.step and self._only is None:
            line.append(f"  {call.step}", "dim")
        return line
