"""The course: its drills in teaching order, with what was reached in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

if TYPE_CHECKING:
    from drills.desk import Desk

__all__ = ["Course"]

_COLUMNS = {"#": 3, "title": 20, "level": 6, "min": 4, "points": 7}
"""Columns of the course and their widths; the title takes what is left."""


class Course(DataTable[Text], inherit_bindings=False):
    """The drills in teaching order. Going up and down, or a click, chooses; Enter is left to the screen."""

    BINDING_GROUP_TITLE = "Course"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Drill before", show=False, id="course.up"),
        Binding("down,j", "cursor_down", "Next drill", show=False, id="course.down"),
        Binding("home", "scroll_top", "First drill", show=False, id="course.first"),
        Binding("end", "scroll_bottom", "Last drill", show=False, id="course.last"),
        Binding("pageup", "page_up", "Page up", show=False, id="course.page_up"),
        Binding("pagedown", "page_down", "Page down", show=False, id="course.page_down"),
    ]

    def on_mount(self) -> None:
        """Name pane and columns."""
        self.border_title = "Course"
        for name, width in _COLUMNS.items():
            self.add_column(name, width=width, key=name)

    def on_resize(self) -> None:
        """Give the titles the room there is."""
        padding = 2 * self.cell_padding
        others = sum(width + padding for name, width in _COLUMNS.items() if name != "title")
        for key, column in self.columns.items():
            if key.value == "title":
                column.width = max(_COLUMNS["title"], self.scrollable_content_region.width - others - padding)
        self._require_update_dimensions = True
        self.refresh(layout=True)

    def show(self, desk: Desk) -> None:
        """Show how the trainee at this desk did."""
        record = desk.session.record
        running = record.running.drill if record.running else ""
        for drill in desk.course.drills:
            best = record.best(drill.id)
            style = "bold" if drill.id == running else "" if best is None else "dim"
            points = f"{best.points if best else '–'}/{drill.worth}"
            sign = "▶" if drill.id == running else "✓" if best else ""
            cells = (
                Text(f"{sign or desk.course.number(drill):>2}", style),
                Text(drill.title, style, overflow="ellipsis", no_wrap=True),
                Text(drill.difficulty, style),
                Text(str(drill.minutes), style, justify="right"),
                Text(points, style, justify="right"),
            )
            if drill.id in self.rows:
                for name, cell in zip(_COLUMNS, cells, strict=True):
                    self.update_cell(drill.id, name, cell)
            else:
                self.add_row(*cells, key=drill.id)
