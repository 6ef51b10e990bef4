"""What the tests of the TUI share."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.pilot import Pilot

from tui.app import RunbookApp


async def until(pilot: Pilot[None], true: Callable[[], object], what: str = "", *, limit: float = 90.0) -> None:
    """Let the app go on until this is so."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what or true}; on the screen:\n{screen_text(pilot.app)}"
        await pilot.pause(0.01)
    await pilot.pause()


def screen_text(app: object) -> str:
    """What is on the screen, as text."""
    assert isinstance(app, RunbookApp)
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def settle(pilot: Pilot[None]) -> None:
    """Until the run that goes on, if any, has ended and was shown."""
    app = pilot.app
    assert isinstance(app, RunbookApp)
    await until(pilot, lambda: app.session is not None and not app.session.running, "the run to end")


async def ready(pilot: Pilot[None]) -> RunbookApp:
    """Until there is a session, and the explanation is mounted."""
    app = pilot.app
    assert isinstance(app, RunbookApp)
    await until(pilot, lambda: app.session is not None, "a session")
    await until(pilot, lambda: app.main.query("#why Markdown"), "the explanation")
    return app
