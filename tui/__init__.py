"""The Textual face: a checklist that is watched, steered, and walked through."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.parameters import Parameters
    from runbook.step import Plan
    from runbook.track import Tracks

__all__ = ["run_tui"]


def run_tui(
    account: Account | Callable[[Parameters], Account],
    params: Parameters,
    *,
    plan: Plan | Tracks | None = None,
) -> int:
    """Open the TUI and give back an exit code: 0 as it should be, 1 when the last run failed or was stopped,
    128 and the signal's number when one ended it.

    ``account`` may be a function that connects to one: then the screen is there before the account is, and the region
    can be changed from within. Raises what connecting raises, such as :class:`runbook.errors.BadInput`.
    """
    from tui.app import RunbookApp

    app = RunbookApp(account, params, plan=plan, remember=True)
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
