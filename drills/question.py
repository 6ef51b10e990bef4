"""What a trainee answers before the repair is judged: which hop breaks the request, and why.

The hops are those of every trace. The causes are the drill's own and some of other drills, alike ones first: they are
the first sentences of the debriefs, so that nothing is declared twice.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from drills.model import Course, Drill
from drills.session import Result
from runbook.errors import BadInput, quoted
from runbook.trace import HOPS

__all__ = ["Question", "told_of"]

CAUSES = 4
_LETTERS = "abcd"


@dataclass(frozen=True, slots=True)
class Question:
    """The question of one drill, in the order in which one trainee sees it."""

    hops: tuple[str, ...]
    causes: tuple[str, ...]

    @classmethod
    def of(cls, drill: Drill, course: Course, trainee: str) -> Question:
        """The same for a trainee each time; neighbours see the causes in another order."""
        chance = random.Random(f"{drill.id} {trainee}")
        others = {each.cause: each for each in course.drills if each.cause != drill.cause}

        def likeness(cause: str) -> tuple[int, float]:
            other = others[cause]
            alike = (other.hop == drill.hop) + (other.symptom.status == drill.symptom.status)
            return -alike, chance.random()

        causes = [drill.cause, *sorted(others, key=likeness)[: CAUSES - 1]]
        chance.shuffle(causes)
        return cls(HOPS, tuple(causes))

    @property
    def lettered(self) -> dict[str, str]:
        """The causes by the letter that chooses them."""
        return dict(zip(_LETTERS, self.causes, strict=False))

    def hop(self, text: str) -> str:
        """The hop that was meant, by its name or number. Raises :class:`BadInput`."""
        wanted = text.strip().lower()
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.hops):
            return self.hops[int(wanted) - 1]
        if wanted in self.hops:
            return wanted
        raise BadInput("hop", f"{quoted(text)} is not a hop.", f"Hops: {', '.join(self.hops)}.")

    def cause(self, text: str) -> str:
        """The cause that was meant, by its letter. Raises :class:`BadInput`."""
        if (cause := self.lettered.get(text.strip().lower())) is None:
            raise BadInput(
                "why",
                f"{quoted(text)} is not one of {', '.join(self.lettered)}.",
                "See the causes with: runbook drill status",
            )
        return cause


def told_of(result: Result, drill: Drill) -> tuple[str, ...]:
    """How the answers were, and which tools were used, a sentence a line; the right answers too."""
    if result.hop_right is None:
        return ()
    tools = ", ".join(result.tools) or "none that costs points"
    return (
        f"Hop: {_judged(result.hop, drill.hop, right=result.hop_right)}",
        f"Why: {_judged(result.cause, drill.cause, right=bool(result.cause_right))}",
        f"Tools: {tools}{' (closed book)' if result.closed_book else ''}; hints: {result.hints}.",
    )


def _judged(given: str | None, answer: str, *, right: bool) -> str:
    if right:
        return f"right: {answer}"
    return f"{'not answered' if given is None else f'wrong ({given})'}; it is: {answer}"
