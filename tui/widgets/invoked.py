"""The invoke URL, once it answers: it stands out, can be selected, copied, called again and traced."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from tui.words import span

__all__ = ["Invoked"]


class Invoked(Vertical):
    """What all was for."""

    class Copy(Message):
        """Copy the URL."""

    class Again(Message):
        """Call it again."""

    class Open(Message):
        """Open a screen about it."""

        def __init__(self, screen: str) -> None:
            self.screen = screen
            super().__init__()

    def __init__(self, extras: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(id="invoked")
        self._extras = extras
        self.url = ""

    def compose(self) -> ComposeResult:
        """The URL has a line of its own; below it the answer, and what can be done."""
        yield Static(id="invoked-url")
        with Horizontal(id="invoked-line"):
            yield Static(id="invoked-answer")
            yield Button("Copy y", id="invoked-copy", compact=True, tooltip="Copy the invoke URL")
            yield Button("Call again i", id="invoked-again", compact=True, tooltip="Call it again and look")
            for name, title in self._extras:
                yield Button(title, name=name, compact=True, classes="extra")

    def show_invocation(self, fact: Any) -> None:
        """Show what the URL answered; without a fact, hide."""
        self.display = fact is not None
        if fact is None:
            return
        self.url = fact.url
        self.query_one("#invoked-url", Static).update(span(fact.url, "bold $text-success underline"))
        served = Content.assemble(("  from ", "$foreground 55%"), span(fact.served_by, "bold"))
        answer = Content.assemble(
            (f"{fact.status}", "bold $text-success"),
            ("  in ", "$foreground 55%"),
            (f"{fact.latency} ms", "bold"),
            served if fact.served_by else "",
        )
        self.query_one("#invoked-answer", Static).update(answer)

    @on(Button.Pressed, "#invoked-copy")
    def _copy(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Copy())

    @on(Button.Pressed, "#invoked-again")
    def _again(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Again())

    @on(Button.Pressed, ".extra")
    def _open(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Open(str(event.button.name)))
