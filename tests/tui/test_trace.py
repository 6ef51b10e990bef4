"""The trace's screen on its own; what it finds is asserted in the walk and in the drills."""

from __future__ import annotations

from textual.widgets import Input

from tests.tui import script
from tests.tui.helpers import ready, screen_text, until
from tui.screens.trace import TraceScreen


async def test_another_target_can_be_given_and_the_help_names_every_key() -> None:
    async with script.app().run_test(size=(140, 50)) as pilot:
        app = await ready(pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TraceScreen), "the trace")
        screen = app.screen
        await until(pilot, lambda: not screen.query_one("#trace-body").loading, "what came of it")
        await pilot.press("/", "r", "?", "m")
        assert screen.query_one(Input).value == "r?m"  # the first key replaces what was there
        await pilot.press("enter")
        await until(pilot, lambda: not screen.query_one("#trace-body").loading, "what came of it")
        assert screen.focused.id == "hops"
        await pilot.press("?")
        await pilot.pause()
        shown = screen_text(app)
        for _, binding in screen._bindings:
            if binding.id:
                assert binding.tooltip in shown, binding
        assert "works, but not as it should" in shown
