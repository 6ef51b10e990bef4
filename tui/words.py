"""Text for the screen: safe, styled, and the same everywhere.

Texts from AWS, from tags or from a backend are put into :class:`textual.content.Content` or
:class:`rich.text.Text`, never parsed as markup, and their control characters are made visible (:func:`safe`) so that
none reaches the terminal.
"""

from __future__ import annotations

from rich.text import Text
from textual.content import Content

from runbook import present
from runbook.events import Action, Outcome
from runbook.present import safe
from tui.board import StepState, Wait

__all__ = ["DOING", "NOT_THERE", "bar", "brief", "look", "safe", "span", "status", "text", "waiting"]

NOT_THERE = "–"
"""The sign of a step of which there was nothing to remove."""
DOING = {Action.CHECK: "looking", Action.DO: "doing", Action.UNDO: "undoing"}

_STYLES = {
    Outcome.OK: "$text-success",
    Outcome.DONE: "bold $text-success",
    Outcome.UNDONE: "bold $text-success",
    Outcome.MISSING: "$text-warning",
    Outcome.DRIFTED: "bold $text-warning",
    Outcome.FAILED: "bold $text-error",
    Outcome.STOPPED: "bold $text-warning",
}
_QUIET = "$foreground 55%"

_ENDED = {
    Outcome.OK: "as it should be",
    Outcome.UNKNOWN: "not known yet",
}


def text(value: str, style: str = "") -> Text:
    """Text from outside as Rich shows it: never markup."""
    return Text(safe(value), style)


def span(value: str, style: str = "") -> Content:
    """Text from outside as Textual shows it: never markup."""
    return Content.styled(safe(value), style) if style else Content(safe(value))


def brief(seconds: float) -> str:
    """A duration in few characters: ``0.3s``, ``42s``, ``2m30``."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}" if minutes else f"{rest}s"


def bar(fraction: float, width: int, style: str = "$primary") -> Content:
    """A progress bar of one line."""
    filled = min(width, round(max(0.0, min(1.0, fraction)) * width))
    return Content.assemble(("━" * filled, style), ("━" * (width - filled), "$foreground 15%"))


def look(state: StepState, spinner: str) -> tuple[str, str]:
    """A step's sign in the checklist, and its style."""
    if state.asked is not None:
        return "▶", "bold $text-accent"
    if state.acting is not None:
        return spinner, "bold $text-primary"
    if state.queued or state.outcome is None:
        return "·", _QUIET
    if state.action is Action.DOWN and state.outcome is Outcome.OK:
        return NOT_THERE, _QUIET
    return present.SYMBOLS[state.outcome], _STYLES.get(state.outcome, _QUIET)


def status(state: StepState) -> tuple[str, str]:
    """How a step stands, in a word or a few, and the style."""
    if state.asked is not None:
        return "waits for you", "bold $text-accent"
    if state.acting is not None:
        return DOING.get(state.acting, state.acting.value), "bold $text-primary"
    if state.queued:
        return "waits its turn", _QUIET
    if state.outcome is None:
        return "not looked at yet", _QUIET
    if state.action is Action.DOWN and state.outcome is Outcome.OK:
        return state.reason or "not there", _QUIET
    if state.outcome in (Outcome.DONE, Outcome.UNDONE):
        return present.result(state.outcome, state.change), _STYLES[state.outcome]
    return _ENDED.get(state.outcome, state.outcome.value), _STYLES.get(state.outcome, _QUIET)


def waiting(wait: Wait, now: float, pace: float) -> Content:
    """What AWS is being waited for, how long so far, and how long it usually takes."""
    elapsed = wait.elapsed_at(now, pace)
    return Content.assemble(
        (brief(elapsed), "bold"),
        (f" of usually {brief(wait.usual)}  " if wait.usual else "  ", _QUIET),
        span(wait.what),
        span(f"  {wait.state}" if wait.state else "", _QUIET),
        (present.clock(pace), _QUIET),
    )
