"""Questions that are answered with yes or no."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static

__all__ = ["AskScreen", "YesOrNoScreen"]


class YesOrNoScreen(ModalScreen[bool]):
    """A box with the buttons ``yes`` and ``no``, and the arrow keys between them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def action_answer(self, yes: bool) -> None:
        """Answer."""
        self.dismiss(yes)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")


class AskScreen(YesOrNoScreen):
    """One question, and what a yes means."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="ask.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "No", id="ask.no", tooltip="Leave it"),
    ]

    def __init__(self, question: str, meaning: str) -> None:
        super().__init__()
        self._question = question
        self._meaning = meaning

    def compose(self) -> ComposeResult:
        """A box in the middle."""
        with Vertical(id="dialog"):
            yield Label(self._question, id="dialog-title", markup=False)
            yield Static(self._meaning, id="dialog-costs", markup=False)
            with Horizontal(id="dialog-buttons"):
                yield Button("Yes  y", id="yes", variant="primary", compact=True)
                yield Button("No  n", id="no", compact=True)
