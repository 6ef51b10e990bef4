"""A drill, read from a module of plain functions; and the course, which is all of them in teaching order."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from drills.bench import Bench
from drills.tools import PARTS, price
from runbook.errors import BadInput, RunbookError, quoted
from runbook.parameters import Parameters
from runbook.trace import HOPS

__all__ = ["Course", "Drill", "DrillsInvalid", "Symptom"]

DEBRIEF = "## Debrief"
DEBRIEFED = ("What broke", "How it shows", "Finding it fast", "Preventing it")
"""What each debrief tells, in this order."""
LEVELS = {1: "easy", 2: "medium", 3: "hard"}
HINTS = 3
OPTIONAL = ("prepare", "mismend", "judge")
"""Functions that a drill may have besides those that break and mend."""


class DrillsInvalid(RunbookError):
    """A drill's module is not of the form that drills have."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What is asked of the invoke URL and what must come, so that the drill is known to be broken as meant."""

    status: int = 500
    path: str = ""
    """Below the stage; empty: the stack's test path."""
    only_some: bool = False
    """Whether it is so with some requests only, and the others are answered 200."""
    method: str = "GET"
    observation: str = ""
    """What is seen besides the status, in a few words for a table."""
    seen: Callable[[Bench], bool] | None = None
    """Whether it is seen."""

    def shows(self, bench: Bench) -> bool:
        """Whether the drill's stack shows it now, each time it is asked or now and then."""
        answers = bench.ask(self.path or bench.params.test_path, method=self.method)
        expected = {self.status, 200} if self.only_some else {self.status}
        return {answer.status_code for answer in answers} == expected and (self.seen is None or self.seen(bench))

    def __str__(self) -> str:
        """What a table says of it."""
        asked = f"{self.method} {self.path or '/hello'} → {self.status}{' or 200' if self.only_some else ''}"
        return f"{asked}; {self.observation}" if self.observation else asked


@dataclass(frozen=True)
class Drill:
    """One drill, as the faces see it."""

    module: ModuleType
    id: str
    title: str
    story: str
    """What the on-call engineer is told, in Markdown."""
    debrief: str
    """What broke, how it shows, how to find it fast, how to prevent it; not for the trainee before it is solved."""
    level: int
    """1 easy, 2 medium, 3 hard."""
    minutes: int
    """How long somebody who has followed the course so far usually needs."""
    hop: str
    """The hop of ``runbook trace`` that the break is at."""
    hints: tuple[str, ...]
    symptom: Symptom
    solution: str
    """What mends it, in Markdown."""
    cause: str
    """Why it breaks: the first sentence of what the debrief says broke."""
    parameters: Mapping[str, Any]
    """How its stack is built, if not as usual."""

    @classmethod
    def of(cls, module: ModuleType) -> Drill:
        """Read a module. Raises :class:`DrillsInvalid` when it is not of the contract's form."""
        name = module.__name__.rpartition(".")[2].replace("_", "-")

        def wrong(problem: str) -> DrillsInvalid:
            return DrillsInvalid(f"drill {name}: {problem}")

        title, _, page = (inspect.getdoc(module) or "").partition("\n")
        story, marker, debrief = page.partition(f"\n{DEBRIEF}\n")
        if not (title.strip() and story.strip() and marker):
            raise wrong(f"its docstring should have a title line, the symptom, and {DEBRIEF!r}")
        told = tuple(re.findall(r"^\*\*(.+?)\.\*\*", debrief, re.MULTILINE))
        if told != DEBRIEFED:
            raise wrong(f"its debrief should tell {', '.join(DEBRIEFED)}; it tells {', '.join(told) or 'nothing'}")
        constants: dict[str, Any] = {}
        for constant, kind in (("LEVEL", int), ("MINUTES", int), ("HOP", str), ("HINTS", tuple), ("SYMPTOM", Symptom)):
            constants[constant] = getattr(module, constant, None)
            if not isinstance(constants[constant], kind):
                raise wrong(f"{constant} should be given, as {kind.__name__}")
        if constants["LEVEL"] not in LEVELS:
            raise wrong(f"LEVEL is {constants['LEVEL']}, not one of {', '.join(map(str, LEVELS))}")
        if constants["HOP"] not in HOPS:
            raise wrong(f"{constants['HOP']!r} is no hop of a trace")
        if len(constants["HINTS"]) != HINTS:
            raise wrong(f"it has {len(constants['HINTS'])} hints, not {HINTS}")
        parameters = getattr(module, "PARAMETERS", {})
        if unknown := set(parameters) - set(Parameters.model_fields):
            raise wrong(f"PARAMETERS names {', '.join(sorted(unknown))}, which the stack does not have")
        for function in ("sabotage", "mend", *OPTIONAL):
            action = getattr(module, function, None)
            if action is None and function in OPTIONAL:
                continue
            if not callable(action) or len(inspect.signature(action).parameters) != 1:
                raise wrong(f"it should have a function {function}(bench)")
        solution = inspect.getdoc(module.mend)
        if not solution:
            raise wrong("the docstring of mend, which is the solution in words, is missing")
        return cls(
            module=module,
            id=name,
            title=title.strip().rstrip("."),
            story=story.strip(),
            debrief=debrief.strip(),
            level=constants["LEVEL"],
            minutes=constants["MINUTES"],
            hop=constants["HOP"],
            hints=constants["HINTS"],
            symptom=constants["SYMPTOM"],
            solution=solution,
            cause=_first_sentence(debrief),
            parameters=parameters,
        )

    @property
    def difficulty(self) -> str:
        """The level in a word."""
        return LEVELS[self.level]

    @property
    def worth(self) -> int:
        """Points for answering and repairing it without a hint and without a tool that costs."""
        return 100 * self.level

    def points(self, hints: int, tools: Iterable[str] = (), *, hop: bool = True, cause: bool = True) -> int:
        """Points for a repair with these answers right: a fifth for it, two for the hop, two for the cause.

        Each hint costs a fifth, and each tool its price.
        """
        fifths = 1 + 2 * hop + 2 * cause - hints - price(tools)
        return self.worth * max(fifths, 0) // PARTS

    @property
    def builds_as_usual(self) -> bool:
        """Whether its stack is built as that of most drills."""
        return not self.parameters and not hasattr(self.module, "prepare")

    @property
    def can_be_mismended(self) -> bool:
        """Whether it knows a repair that is none."""
        return hasattr(self.module, "mismend")

    def prepare(self, bench: Bench) -> Mapping[str, Any]:
        """Change the account before the stack is built; more parameters for the stack."""
        prepare = getattr(self.module, "prepare", None)
        return {**self.parameters, **(prepare(bench) if prepare else {})}

    def sabotage(self, bench: Bench) -> None:
        """Break the finished stack."""
        self.module.sabotage(bench)

    def mend(self, bench: Bench) -> None:
        """Do what the solution says."""
        self.module.mend(bench)

    def mismend(self, bench: Bench) -> bool:
        """Do what people try first and what does not mend it; False when the drill knows nothing of the kind."""
        mismend = getattr(self.module, "mismend", None)
        if mismend:
            mismend(bench)
        return mismend is not None

    def judge(self, bench: Bench) -> str | None:
        """What only this drill asks for and is still wrong, in a sentence."""
        judge = getattr(self.module, "judge", None)
        return judge(bench) if judge else None


def _first_sentence(debrief: str) -> str:
    """Of what broke, the first thing that a debrief tells."""
    broke = " ".join(debrief.partition("**What broke.**")[2].partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?])\s+(?=[A-Z0-9`])", broke, maxsplit=1)[0]


@dataclass(frozen=True)
class Course:
    """All drills in teaching order."""

    drills: tuple[Drill, ...]

    @classmethod
    def of(cls, modules: Sequence[ModuleType]) -> Course:
        """Read and validate the modules. Raises :class:`DrillsInvalid`."""
        return cls(tuple(Drill.of(module) for module in modules))

    def __getitem__(self, name: str) -> Drill:
        """The drill of this id, or of this number in the course. Raises :class:`BadInput`."""
        wanted = name.strip().lower().replace("_", "-")
        for number, drill in enumerate(self.drills, start=1):
            if wanted in (drill.id, str(number)):
                return drill
        near = get_close_matches(wanted, [drill.id for drill in self.drills], n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise BadInput("drill", f"there is no drill {quoted(name)}.", f"{meant}See: runbook drill list")

    def get(self, name: str | None) -> Drill | None:
        """The drill of this id, if there is one."""
        return next((drill for drill in self.drills if drill.id == name), None)

    def of_level(self, level: str | None) -> tuple[Drill, ...]:
        """The drills of this level, in words; all when none is named. Raises :class:`BadInput`."""
        if level is not None and level not in LEVELS.values():
            raise BadInput("level", f"there is no level {level!r}.", f"Levels: {', '.join(LEVELS.values())}.")
        return tuple(drill for drill in self.drills if level in (None, drill.difficulty))

    def number(self, drill: Drill) -> int:
        """Its place in the course, from 1."""
        return self.drills.index(drill) + 1
