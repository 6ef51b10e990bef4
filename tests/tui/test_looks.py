"""Every theme can be read, and what a person chose of the looks is there again at the next start."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.color import Color, ColorType
from textual.widgets import Footer

from runbook.parameters import validated
from tests.tui import script
from tests.tui.helpers import ready, settle, until
from tui.app import RunbookApp
from tui.preferences import Preferences
from tui.theme import DARK

LEAST = 1.5
"""Contrast below which nothing can be read; the themes themselves set what is above."""


def _luminance(colour: Color) -> float:
    def linear(part: int) -> float:
        return part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4

    red, green, blue = colour.get_truecolor()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def unreadable(app: RunbookApp) -> Iterator[tuple[str, str, str]]:
    """Texts that stand on a colour too much like their own. Textual's own footer is its own affair."""
    footer = app.screen.query_one(Footer).region.y
    for line, strip in enumerate(app.screen._compositor.render_strips()):
        for segment in strip if line != footer else ():
            style = segment.style
            if style is None or not any(character.isalnum() or character in "✓✗○≠●" for character in segment.text):
                continue
            front, back = (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)
            if front is None or back is None or ColorType.DEFAULT in (front.type, back.type):
                continue  # the terminal's own
            lighter, darker = sorted((_luminance(front), _luminance(back)), reverse=True)
            if (lighter + 0.05) / (darker + 0.05) < LEAST:
                yield segment.text, front.name, back.name


async def test_everything_can_be_read_in_every_theme() -> None:
    app = script.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await ready(pilot)
        await pilot.press("u")
        await settle(pilot)
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            await pilot.pause()
            assert not list(unreadable(app)), theme


async def test_the_first_picture_is_in_the_own_theme() -> None:
    app = script.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.theme == DARK.name
        assert app.screen.styles.background.hex.lower() == DARK.background


def _app() -> RunbookApp:
    made = script.app()
    app = RunbookApp(made._account, validated({}), plan=made._plan, runs=made._runs, remember=True)
    app.animation_level = "none"
    return app


async def test_theme_and_layout_are_there_again_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.theme == "runbook-dark"
        app.theme = "ansi-light"
        await pilot.press("2", "m")
        await pilot.pause()
    (kept,) = (tmp_path / "tui").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.theme == "ansi-light"
        await until(pilot, lambda: app.main.query_one("#why").size.width >= 76, "the pane that was zoomed")
        await pilot.press("m", "1")
        await pilot.pause()
    assert Preferences.remembered() == Preferences(theme="ansi-light", pane="result", zoomed=False)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"theme": 3, "pane": "nowhere"}', '{"theme": "gone", "x": 1}']
)
async def test_looks_that_make_no_sense_are_passed_over(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    (tmp_path / "tui").mkdir()
    (tmp_path / "tui" / "looks.json").write_text(text)
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.theme == "runbook-dark"
        assert app.main.pane == "result"


def test_looks_that_cannot_be_kept_are_nothing_to_fail_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUNBOOK_HOME", os.fspath(tmp_path / "file"))
    Preferences(theme="nord").remember()
    assert Preferences.remembered() == Preferences()
