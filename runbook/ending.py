"""How a run ended: judged in one way, and told in one sentence where it ended well."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from runbook import present
from runbook.events import Action, Outcome
from runbook.run_state import TO_DO, RunState

__all__ = ["Judgement", "judge", "result"]

_WRONG = frozenset({Outcome.FAILED, Outcome.STOPPED, Outcome.BLOCKED, Outcome.SKIPPED})


class Judgement(enum.Enum):
    """What a script needs to know of a run; each front end has its exit code or its exception for it."""

    WELL = "well"
    TO_DO = "to do"
    """All could be looked at, and something is missing, drifted or not known yet."""
    FAILED = "failed"
    """A step failed, was stopped, blocked or left as it was, or the run could not go on."""


def judge(outcomes: Iterable[Outcome], error: str = "") -> Judgement:
    """Judge a run by its steps' outcomes, and by what kept it as a whole from going on."""
    found = set(outcomes)
    if error or found & _WRONG:
        return Judgement.FAILED
    return Judgement.TO_DO if found & set(TO_DO) else Judgement.WELL


def result(run: RunState) -> str:
    """What a run that ended well has done, in a sentence."""
    outcomes = list(run.outcomes.values())
    changed = outcomes.count(Outcome.DONE) + outcomes.count(Outcome.UNDONE)
    if run.action is Action.DOWN:
        return f"{changed} removed, nothing is left to remove." if changed else "Nothing to remove."
    if not changed:
        return "Everything is up to date."
    up_to_date = outcomes.count(Outcome.OK)
    # A log of a former version does not tell what the changes were.
    done = present.results(step.change for step in run.steps.values()) or f"{changed} changed"
    return f"{done}{f', {up_to_date} already up to date' if up_to_date else ''}."
