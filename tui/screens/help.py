"""What the keys do, and what the signs mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Label, Static

from runbook.events import Outcome
from runbook.present import SYMBOLS
from tui.widgets.box import Box
from tui.words import NOT_THERE

__all__ = ["HelpScreen"]

_SIGNS = {
    SYMBOLS[Outcome.OK]: "as it should be, done, or removed",
    SYMBOLS[Outcome.MISSING]: "missing: to be created",
    SYMBOLS[Outcome.DRIFTED]: "there, but not as it should be",
    SYMBOLS[Outcome.UNKNOWN]: "not known before another step is done",
    SYMBOLS[Outcome.BLOCKED]: "not reached: a step it needs is not there",
    SYMBOLS[Outcome.SKIPPED]: "left as it is",
    NOT_THERE: "there was nothing to remove",
    SYMBOLS[Outcome.STOPPED]: "stopped",
    SYMBOLS[Outcome.FAILED]: "failed; the step says why",
    "▶": "waits for your yes",
    "60×": "on a practice account, how much faster than on AWS the time passes",
}
_WAYS = (
    "Enter walks you through: each step says what it will change, does it, shows what changed, and goes on. "
    "While AWS takes its minutes, Enter goes on with what does not have to wait; a does all the rest.\n"
    "u does it all at once; c only looks. Whatever is stopped or fails can be run again: it goes on from there."
)


class HelpScreen(ModalScreen[None]):
    """All keys of the screen below, so that none is forgotten here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q,question_mark,f1,enter",
            "dismiss(None)",
            "Close",
            id="help.close",
            tooltip="Close the help",
        ),
    ]

    def __init__(self, below: Screen[Any], ways: str = _WAYS, signs: Mapping[str, str] = _SIGNS) -> None:
        super().__init__()
        self._below = below
        self._ways = ways
        self._meanings = signs

    def compose(self) -> ComposeResult:
        """A box in the middle."""
        with Box(id="help"):
            yield Label("Help", id="dialog-title")
            with VerticalScroll(id="help-body"):
                yield Static(self._ways, markup=False, classes="help-part")
                yield Static(self._keys(), classes="help-part")
                if self._meanings:
                    yield Static(self._signs(), classes="help-part")
            yield Static(
                "Escape closes. The mouse works everywhere; text can be selected with it and copied with Ctrl+C."
            )

    def _keys(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column()
        shown: set[str] = set()
        for binding in self._below._bindings.shown_keys + [
            binding for _, binding in self._below._bindings if not binding.show and binding.tooltip
        ]:
            if binding.action in shown:
                continue
            shown.add(binding.action)
            grid.add_row(
                Text(self.app.get_key_display(binding), "bold"), Text(binding.description), Text(binding.tooltip, "dim")
            )
        for key, what, more in (
            ("↑ ↓", "Choose", "What is shown beside the list; a click does it too"),
            ("Tab", "Next pane", "↑ ↓ PgUp PgDn scroll it"),
            ("^p", "Commands", "All commands by name, and themes"),
        ):
            grid.add_row(Text(key, "bold"), Text(what), Text(more, "dim"))
        return grid

    def _signs(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", min_width=6)
        grid.add_column()
        for sign, meaning in self._meanings.items():
            grid.add_row(Text(sign, "bold"), Text(meaning, "dim"))
        return grid
