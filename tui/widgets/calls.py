"""The AWS calls as they happen."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widgets import RichLog

from runbook.call_command import parameters_of
from runbook.events import CallAnswered
from tui.board import CALLS_KEPT, Board
from tui.words import text

__all__ = ["Calls"]

_OPERATION, _STEP = 36, 22  # columns: "elbv2.DescribeTargetGroupAttributes", "security-group-ingress"
_LESS_OPERATION = 30
_ROOMY, _NARROW = 110, 60
"""Columns from which the step has room besides the parameters, and below which the time has none."""


class Calls(RichLog):
    """One line an answered call; those in flight are told below. Changes stand out from looking.

    Going up and down chooses a call; it can be copied as a command of the AWS CLI.
    """

    BINDING_GROUP_TITLE = "AWS calls"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Call before", show=False, id="calls.up"),
        Binding("down,j", "choose(1)", "Next call", show=False, id="calls.down"),
        Binding("w", "copy", "Copy as aws command", id="calls.copy", tooltip="Copy the chosen call as an aws command"),
    ]

    class Copy(Message):
        """Copy this call as a command."""

        def __init__(self, call: CallAnswered) -> None:
            self.call = call
            super().__init__()

    def __init__(self) -> None:
        super().__init__(id="calls", max_lines=CALLS_KEPT, markup=False, highlight=False, wrap=False)
        self._only: str | None = None
        self._written: deque[CallAnswered] = deque(maxlen=CALLS_KEPT)
        self._at: int | None = None
        """The chosen line; none as long as the newest is followed."""

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "AWS calls"

    def add(self, call: CallAnswered) -> None:
        """Write one more line, unless another step's calls are shown."""
        if self._only in (None, call.step):
            self._written.append(call)
            self.write(self._line(call), scroll_end=self._at is None)

    def tell_in_flight(self, board: Board) -> None:
        """Say below what is on its way."""
        waiting = list(board.in_flight.values())
        said = f"{waiting[-1].service} {waiting[-1].operation}" if waiting else ""
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        # A plain string would be read as markup there.
        self.border_subtitle = Text.assemble("→ ", text(said), more) if said else ""

    def only(self, step: str | None, board: Board) -> None:
        """Show one step's calls, or everybody's."""
        self._only = step
        self.border_title = f"AWS calls of {board[step].name}" if step else "AWS calls"
        self.renew(board)

    def renew(self, board: Board) -> None:
        """Write it all anew."""
        self.clear()
        self._written.clear()
        self._at = None
        for call in board.calls:
            self.add(call)

    def on_resize(self, event: events.Resize) -> None:
        """Lay the lines out for the new width, once there is one."""
        super().on_resize(event)
        event.prevent_default()
        self.clear()
        for call in self._written:
            self.write(self._line(call), scroll_end=self._at is None)

    # --- choosing -----------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> CallAnswered | None:
        """The chosen call; the newest as long as none was chosen."""
        if not self._written:
            return None
        return self._written[-1 if self._at is None else min(self._at, len(self._written) - 1)]

    def action_choose(self, by: int) -> None:
        """Go up or down."""
        last = len(self._written) - 1
        if last >= 0:
            self._choose(max(0, min(last, (last if self._at is None else self._at) + by)))

    def action_copy(self) -> None:
        """Copy the chosen call."""
        if (call := self.chosen) is not None:
            self.post_message(self.Copy(call))

    def on_click(self, event: events.Click) -> None:
        """Choose a call; twice copies it."""
        line = self.scroll_offset.y + event.y - self.gutter.top
        if 0 <= line < len(self._written):
            self._choose(line)
            if event.chain == 2:
                self.action_copy()

    def _choose(self, line: int) -> None:
        self._at = line
        height = self.scrollable_content_region.height
        if not self.scroll_offset.y <= line < self.scroll_offset.y + height:
            self.scroll_to(y=max(0, line - height + 1 if line > self.scroll_offset.y else line), animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line as it is, the chosen one reversed."""
        strip = super().render_line(y)
        line = self.scroll_offset.y + y
        chosen = len(self._written) - 1 if self._at is None else self._at
        if self.has_focus and line == chosen and line < len(self.lines):
            return Strip(
                [segment._replace(style=(segment.style or _PLAIN) + _CHOSEN) for segment in strip], strip.cell_length
            )
        return strip

    def _colour(self, name: str) -> str:
        """The theme's colour for a text, in the words of Rich, which draws the lines here."""
        colour = self.app.theme_variables[f"text-{name}"]
        return "dim" if colour.startswith("auto") else colour.removeprefix("ansi_")

    def _line(self, call: CallAnswered) -> Text:
        quiet = self._colour("muted")
        width = self.size.width
        line = Text(no_wrap=True)
        if width >= _NARROW:
            line.append(f"{call.at:%H:%M:%S} ", "dim")
        line.append("● " if call.writes else "  ", self._colour("accent"))
        line.append(f"{1000 * call.duration:>6.0f} ms ", quiet)
        operation = f"{call.service}.{call.operation}".ljust(_OPERATION if width >= _ROOMY else _LESS_OPERATION)
        line.append_text(text(f"{operation} ", "bold" if call.writes else ""))
        if self._only is None and width >= _ROOMY:
            line.append(f"{call.step or '':<{_STEP}} ", "dim")
        if call.attempts > 1:
            line.append(f"×{call.attempts} ", self._colour("warning"))
        if call.error:
            line.append_text(text(f"{call.error} ", self._colour("error")))
        line.append_text(text(parameters_of(call).replace("\n", " "), quiet))
        return line


_PLAIN = Style()
_CHOSEN = Style(reverse=True)
