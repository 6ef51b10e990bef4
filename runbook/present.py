"""Facts and outcomes as every face shows them: the same words, fields and tables everywhere.

Nothing here draws. All texts may come from AWS or from a backend: a face shows them as text, never as markup.
"""

from __future__ import annotations

import dataclasses
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from runbook.events import Outcome, Planned
from runbook.outcome import Change, Difference

__all__ = [
    "RESULTS",
    "SIGNS",
    "SYMBOLS",
    "PlanLine",
    "Table",
    "clock",
    "counted",
    "counts",
    "fields",
    "minutes",
    "notes",
    "outlook",
    "plan_line",
    "plan_words",
    "result",
    "results",
    "safe",
    "seconds",
    "tables",
    "words",
]

SYMBOLS: dict[Outcome, str] = {
    Outcome.OK: "✓",
    Outcome.DONE: "✓",
    Outcome.UNDONE: "✓",
    Outcome.MISSING: "○",
    Outcome.DRIFTED: "≠",
    Outcome.UNKNOWN: "?",
    Outcome.SKIPPED: "»",
    Outcome.BLOCKED: "·",
    Outcome.STOPPED: "■",
    Outcome.FAILED: "✗",
}

SIGNS: dict[Change, str] = {
    Change.NONE: "",
    Change.CREATE: "+",
    Change.UPDATE: "~",
    Change.REPLACE: "-/+",
    Change.REMOVE: "-",
    Change.AFTER: "?",
}
"""What a plan marks a change with: Terraform's signs, and one for what is known only after another change."""

RESULTS: dict[Change, str] = {
    Change.CREATE: "created",
    Change.UPDATE: "updated",
    Change.REPLACE: "replaced",
    Change.REMOVE: "removed",
}


# C0, DEL and C1 as control pictures; what only steers the direction or joining of text is dropped to a mark.
_VISIBLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)},
    0x09: "    ",
    0x7F: "␡",
    **dict.fromkeys(range(128, 160), "�"),
    **{
        code: "\N{REPLACEMENT CHARACTER}"
        for code in (0xAD, 0x61C, *range(0x2000, 0x2100), 0xFEFF, *range(0xE0000, 0xE0080), *range(0xD800, 0xE000))
        if unicodedata.category(chr(code)) in ("Cf", "Zl", "Zp", "Cs")
    },
}


def safe(value: str) -> str:
    """The same text without anything that a terminal would obey."""
    return value.replace("\r\n", "\n").translate(_VISIBLE)


@dataclass(frozen=True, slots=True)
class Table:
    """A part of a fact that has several of a kind, such as the load balancer's addresses."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def fields(fact: object) -> list[tuple[str, str]]:
    """The single values of a fact, each with its name in words; empty ones are left out."""
    if not dataclasses.is_dataclass(fact):
        return []
    shown: list[tuple[str, str]] = []
    for item in dataclasses.fields(fact):
        value = getattr(fact, item.name)
        if not item.repr or item.name == "notes" or _is_table(value):
            continue
        if dataclasses.is_dataclass(value):
            shown += fields(value)
        elif text := _text(value):
            shown.append((words(item.name), text))
    return shown


def tables(fact: object) -> list[Table]:
    """The parts of a fact that have several of a kind."""
    if not dataclasses.is_dataclass(fact):
        return []
    found: list[Table] = []
    for item in dataclasses.fields(fact):
        value = getattr(fact, item.name)
        if item.repr and _is_table(value):
            names = [column.name for column in dataclasses.fields(value[0]) if column.repr]
            rows = tuple(tuple(_text(getattr(row, name)) for name in names) for row in value)
            found.append(Table(words(item.name), tuple(words(name) for name in names), rows))
    return found


def notes(fact: object) -> tuple[str, ...]:
    """What a step wants a person to know besides the fact."""
    return tuple(getattr(fact, "notes", ()))


def result(outcome: Outcome, change: Change) -> str:
    """How a step ended, in a word or two."""
    match outcome:
        case Outcome.OK:
            return "nothing to do"
        case Outcome.DONE | Outcome.UNDONE:
            return RESULTS.get(change, outcome.value)
        case _:
            return outcome.value


def results(changes: Iterable[Change]) -> str:
    """What a run has done, counted: ``1 replaced, 4 updated, 2 created``; empty when it has changed nothing."""
    all_changes = list(changes)
    order = (Change.REPLACE, Change.UPDATE, Change.CREATE, Change.REMOVE)
    return ", ".join(f"{count} {RESULTS[kind]}" for kind in order if (count := all_changes.count(kind)))


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A step in a plan: its sign, what ``up`` will do about it, and why or how."""

    sign: str
    word: str
    details: tuple[str, ...]
    """One each; of an update or a replacement what will be different."""


class _Checked(Protocol):
    @property
    def change(self) -> Change: ...
    @property
    def reason(self) -> str: ...
    @property
    def follows(self) -> str: ...
    @property
    def differences(self) -> tuple[Difference, ...]: ...
    @property
    def expected(self) -> tuple[Difference, ...]: ...


def plan_line(step: _Checked, *, only_looks: bool = False) -> PlanLine:
    """What a plan says of a step that was checked."""
    change = step.change
    words = {Change.NONE: "up to date", Change.AFTER: "may change"}
    word = words.get(change, change.value)
    sign, word = ("<=", "read") if only_looks and change is not Change.NONE else (SIGNS[change], word)
    differences = step.expected or step.differences
    if change in (Change.UPDATE, Change.REPLACE) and differences:
        return PlanLine(sign, word, tuple(difference.planned for difference in differences))
    return PlanLine(sign, word, (step.follows or step.reason,))


def counts(planned: Planned) -> str:
    """What a plan will do, counted as Terraform does: ``1 to replace, 4 to change, 2 to add``."""
    if planned.nothing:
        return "no changes, the stack is up to date"
    numbers = (
        (planned.replace, "to replace"),
        (planned.update, "to change"),
        (planned.create, "to add"),
        (planned.known_after, "known only then"),
    )
    return ", ".join(f"{number} {what}" for number, what in numbers if number) or "nothing to change"


def outlook(planned: Planned) -> str:
    """How long a plan usually takes on AWS, how long the API does not answer, and what it costs."""
    said = [f"This takes {minutes(planned.takes)} on AWS."]
    if planned.interrupts_for:
        said.append(f"Meanwhile the API does not answer for {minutes(planned.interrupts_for)}.")
    if planned.usd_per_hour:
        said.append(
            f"From then on it costs about {planned.usd_per_hour:g} USD an hour (us-east-1), plus usage, until it is "
            "removed."
        )
    return " ".join(said)


def minutes(duration: float) -> str:
    """A duration as an estimate."""
    rounded = math.ceil(duration / 60)
    return f"about {rounded} minutes" if rounded > 1 else "about a minute" if duration > 30 else "less than a minute"


def plan_words(outcome: Outcome, reason: str, differences: tuple[Difference, ...]) -> tuple[str, str]:
    """What a step that asks will do, in a word or two, and the detail."""
    match outcome:
        case Outcome.OK:
            return "nothing to do", reason
        case Outcome.MISSING:
            return "create", reason
        case Outcome.DRIFTED:
            word = "replace" if any(difference.replaces for difference in differences) else "update"
            return word, "; ".join(map(str, differences))
        case Outcome.UNKNOWN:
            return "not known yet", reason
        case _:
            return outcome.value, reason


def seconds(duration: float) -> str:
    """A duration as people say it: ``0.3 s``, ``42 s``, ``3 min 20 s``."""
    if duration < 10:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def so_far(state: str, elapsed: float, usual: float, pace: float = 1.0) -> str:
    """How a wait goes: ``PENDING, 42 s so far, usually 3 min 00 s``; with :func:`speed` on a practice clock."""
    parts = [state, f"{elapsed:.0f} s so far", f"usually {seconds(usual)}" if usual else "", speed(pace)]
    return ", ".join(part for part in parts if part)


def speed(pace: float) -> str:
    """How much faster the clock of a practice account runs, such as ``60×``; empty where it does not."""
    return f"{round(1 / pace)}×" if 0 < pace < 1 else ""


def clock(pace: float) -> str:
    """What to write behind a time of AWS, where a practice clock makes it pass faster: `` (60×)``; else nothing."""
    return f" ({speed(pace)})" if speed(pace) else ""


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things: ``1 step``, ``2 steps``; ``1 step waits``, ``2 steps wait`` with both given."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _is_table(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and dataclasses.is_dataclass(value[0])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items())
    return "" if value is None else str(value)


_ACRONYMS = {"arn": "ARN", "dns": "DNS", "id": "id", "ip": "IP", "ips": "IPs", "nlb": "NLB", "url": "URL", "vpc": "VPC"}
_AS_ON_AWS = {"vpclink": "VPCLINK", "vpcnlb": "VPCNLB"}


def words(name: str) -> str:
    """A field's name as people write it: ``dns_name`` is "DNS name"."""
    if name in _AS_ON_AWS:
        return _AS_ON_AWS[name]
    return " ".join(_ACRONYMS.get(word, word) for word in re.split(r"_", name))
