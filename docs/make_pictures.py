"""The README's pictures, taken of the running program on a practice account: ``python -m docs.make_pictures``."""

from __future__ import annotations

import asyncio
import re
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text
from textual.pilot import Pilot

from drills.desk import Desk
from drills.session import Session as DrillSession
from practice.clock import ScaledClock
from practice.server import serve
from runbook.accounts import Kind, connect
from runbook.parameters import validated
from runbook.picture import Light, drawn, light_of, of_steps
from tui.app import RunbookApp
from tui.board import Board
from tui.widgets.checklist import Checklist

IMAGES = Path(__file__).resolve().parent / "images"
WIDE, NARROW, PATH = (120, 40), (80, 24), (160, 9)
_PATH_STYLES = dict.fromkeys(Light, "dim") | {Light.LIT: "green", Light.BROKEN: "bold red", Light.MISSING: "yellow"}


async def _until(pilot: Pilot[None], app: RunbookApp, what: str) -> None:
    """Let the app go on until this is to be seen."""
    while what not in "\n".join(strip.text for strip in app.screen._compositor.render_strips()):
        await pilot.pause(0.02)
    await pilot.pause(0.5)


def _save(app: RunbookApp, name: str) -> None:
    drawn = app.export_screenshot(title="runbook")
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = IMAGES / f"{name}.svg"
    # Rich makes the ids anew each time; a picture should change only when the program does.
    path.write_text(re.sub(r"terminal-\d+-", "terminal-", drawn), encoding="utf-8")
    print(path.relative_to(IMAGES.parent.parent))


def _draw_path(board: Board) -> None:
    """The path of a request by itself, as a finished run has lit it."""
    lights = {state.id: light_of(state.outcome, state.action) for state in board}
    rows = drawn(of_steps(board.plan.boxes, lights, {state.id: state.fact for state in board}), *PATH)
    console = Console(record=True, width=PATH[0], file=StringIO(), force_terminal=True)
    for row in rows:
        console.print(Text.assemble(*((text, _PATH_STYLES[light]) for text, light in row)))
    path = IMAGES / "path.svg"
    path.write_text(console.export_svg(title="the path of a request", unique_id="path"), encoding="utf-8")
    print(path.relative_to(IMAGES.parent.parent))


async def _walk(url: str) -> None:
    app = RunbookApp(lambda params: connect(Kind.PRACTICE, params, endpoint_url=url), validated({}))
    async with app.run_test(size=WIDE) as pilot:
        await _until(pilot, app, "walks you through")
        await pilot.press("enter")
        await _until(pilot, app, "goes on")
        await pilot.press("enter")
        await _until(pilot, app, "Do it")
        _save(app, "guided")
        await pilot.press("x")
        await _until(pilot, app, "Stopped")
        await pilot.press("u")
        await _until(pilot, app, "of usually")
        _save(app, "waiting")
        await _until(pilot, app, "Copy y")
        assert app.session is not None  # noqa: S101 (it was just run)
        _draw_path(app.session.board)
        app.main.query_one(Checklist).choose(app.session.board["nlb-addresses"])
        await _until(pilot, app, "NLB IP lookup:")
        _save(app, "finished")
        await pilot.press("t")
        await _until(pilot, app, "the service answered")
        _save(app, "trace")
    app = RunbookApp(lambda params: connect(Kind.PRACTICE, params, endpoint_url=url), validated({}))
    async with app.run_test(size=NARROW) as pilot:
        await _until(pilot, app, "walks you through")
        await pilot.press("i", "u")
        await _until(pilot, app, "Copy y")
        _save(app, "finished-80x24")


async def _drill(url: str, where: Path) -> None:
    session = DrillSession("you", where=where)
    app = RunbookApp(
        lambda params: connect(Kind.PRACTICE, params, endpoint_url=url), validated({}), desk=lambda _name: Desk(session)
    )
    async with app.run_test(size=WIDE) as pilot:
        await _until(pilot, app, "walks you through")
        await pilot.press("l")
        await _until(pilot, app, "Choose a drill")
        await pilot.press("enter")
        await _until(pilot, app, "then v judges")
        await pilot.press("h", "y")
        await _until(pilot, app, "Hint 1.")
        _save(app, "drill")


def main() -> None:
    """Take them all."""
    with serve(clock=ScaledClock(60)) as served:
        asyncio.run(_walk(served.url))
        with TemporaryDirectory() as where:
            asyncio.run(_drill(served.url, Path(where)))


if __name__ == "__main__":
    main()
