"""The tools of the runbook that find or repair a break by themselves: what each costs, and which drills refuse them.

The trainee's record owns it: the drill that runs there, and whether it is a closed book. Every front end asks
:func:`use` before it runs the steps or a trace; ``check``, the AWS CLI and ``curl`` are always allowed, and free.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from runbook.errors import BadInput
from runbook.events import Action

if TYPE_CHECKING:
    from drills.session import Session
    from runbook.accounts import Account

__all__ = ["PARTS", "PRICES", "price", "price_in_words", "price_list", "tool_of", "use"]

PARTS: Final = 5
"""Points are counted in fifths of what a drill is worth: one for the repair, two for each half of the answer."""
PRICES: Final = {"trace": 2, "up": 1, "step": 1, "down": 1, "rollback": 1}
"""What a tool costs, in fifths: as many as what it does by itself is worth. Trace names the hop, the steps repair."""
_FIFTHS: Final = {1: "a fifth", 2: "two fifths"}


def price(tools: Iterable[str]) -> int:
    """What these tools cost together, in fifths; each once, however often it was used."""
    return sum(PRICES.get(tool, 0) for tool in set(tools))


def price_list(worth: int) -> str:
    """What each tool costs of a drill's points, in a few words."""
    steps = [tool for tool, fifths in PRICES.items() if fifths == 1]
    cheap, trace = worth // PARTS, PRICES["trace"] * worth // PARTS
    return f"trace costs {trace} points; {', '.join(steps)}: {cheap} each; check, the AWS CLI and curl are free"


def price_in_words(tool: str) -> str:
    """What a tool costs of a drill's points."""
    return _FIFTHS[PRICES[tool]]


def tool_of(action: Action, only: str | None) -> str | None:
    """The tool that a run is; None for one that only checks."""
    if action is Action.CHECK:
        return None
    return "step" if only is not None else action.value


def use(tool: str | None, account: Account, stack: str, *, api: str = "", only_checks: bool = False) -> str:
    """Note that a tool is about to be used on a stack, or on this API. What that costs, in a sentence; mostly nothing.

    Raises :class:`BadInput` when the stack's drill is a closed book. ``only_checks``: it is free in an open one.
    """
    if tool is None or not account.practice:
        return ""
    told = ""
    for session in _running_on(account, stack, api):
        running = session.running
        if running.closed_book:
            raise BadInput(
                "drill",
                f"{running.drill} on stack {running.stack} is a closed-book drill of {session.name}, so {tool} is not "
                "allowed on it.",
                "Use check, the AWS CLI and curl; or give it up: runbook drill reset",
            )
        if not only_checks and tool not in running.tools:
            session.use(tool)
            told = f"Drill {running.drill}: {tool} costs {price_in_words(tool)} of the points."
    return told


def _running_on(account: Account, stack: str, api: str) -> Iterator[Session]:
    """The sessions whose drill runs on this stack of this account, as far as their records can be read."""
    from drills.session import Session, directory

    for path in sorted(directory().glob("*.json")):
        with suppress(BadInput):
            session = Session(path.stem)
            running = session.record.running
            if running is None or not running.ready:
                continue
            here = (running.token, running.region) == (account.practice.get("id"), account.aws.region)
            if here and (running.stack == stack or (api and api in re.split(r"[/.]", running.url))):
                yield session
