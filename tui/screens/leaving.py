"""Leaving in mid-run: the waits have ended, the call in flight is let finish."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, LoadingIndicator

__all__ = ["LeavingScreen"]


class LeavingScreen(ModalScreen[None]):
    """Shown until the run has ended."""

    def compose(self) -> ComposeResult:
        """A box in the middle."""
        with Vertical(id="leaving"):
            yield Label("Stopping. The call in flight is let finish …")
            yield LoadingIndicator()
