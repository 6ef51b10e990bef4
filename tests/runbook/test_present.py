"""The words, fields and tables that every face shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import runbook.present
from runbook.events import Outcome, Planned, StepFinished
from runbook.outcome import Change, Difference
from runbook.present import (
    SYMBOLS,
    PlanLine,
    Table,
    counted,
    counts,
    fields,
    minutes,
    notes,
    outlook,
    plan_line,
    plan_words,
    result,
    results,
    seconds,
    tables,
    words,
)
from steps.tracks import TRACKS


@dataclass(frozen=True)
class Door:
    """A row."""

    ip: str
    open: bool
    key: str = field(default="secret", repr=False)


@dataclass(frozen=True)
class Roof:
    """A part."""

    dns_name: str


@dataclass(frozen=True)
class House:
    """A fact with one of everything."""

    arn: str
    roof: Roof
    doors: tuple[Door, ...]
    subnet_ids: tuple[str, ...]
    lit: bool
    floors: int = 0
    owner: str | None = None
    name: str = ""
    hidden: str = field(default="secret", repr=False)
    notes: tuple[str, ...] = ()


HOUSE = House("a:b", Roof("x.example"), (Door("10.0.0.1", True), Door("10.0.0.2", False)), ("s-1", "s-2"), False)


def test_single_values_are_named_in_words_and_empty_ones_left_out() -> None:
    assert fields(HOUSE) == [
        ("ARN", "a:b"),
        ("DNS name", "x.example"),
        ("subnet ids", "s-1, s-2"),
        ("lit", "no"),
        ("floors", "0"),
    ]


def test_several_of_a_kind_are_a_table() -> None:
    assert tables(HOUSE) == [Table("doors", ("IP", "open"), (("10.0.0.1", "yes"), ("10.0.0.2", "no")))]


def test_a_table_without_rows_is_none() -> None:
    empty = House("a:b", Roof("x"), (), (), True)

    assert tables(empty) == []
    assert "doors" not in dict(fields(empty))


@pytest.mark.parametrize("fact", [None, "text", 7, ()])
def test_what_is_no_fact_has_nothing_to_show(fact: object) -> None:
    assert (fields(fact), tables(fact), notes(fact)) == ([], [], ())


def test_notes_are_apart_from_the_fields() -> None:
    noted = House("a", Roof("x"), (), (), True, notes=("mind the step",))

    assert notes(noted) == ("mind the step",)
    assert all("mind the step" not in value for _, value in fields(noted))


def test_every_outcome_has_a_symbol_one_character_wide() -> None:
    assert set(SYMBOLS) == set(Outcome)
    assert {len(symbol) for symbol in SYMBOLS.values()} == {1}


@pytest.mark.parametrize(
    ("outcome", "differences", "said"),
    [
        (Outcome.OK, (), ("nothing to do", "why")),
        (Outcome.MISSING, (), ("create", "why")),
        (Outcome.UNKNOWN, (), ("not known yet", "why")),
        (Outcome.FAILED, (), ("failed", "why")),
        (Outcome.DRIFTED, (Difference("port", "80", "81"),), ("update", "port is 80, should be 81")),
        (
            Outcome.DRIFTED,
            (Difference("port", "80", "81"), Difference("scheme", "", "internal", replaces=True)),
            ("replace", "port is 80, should be 81; scheme is not set, should be internal"),
        ),
    ],
)
def test_a_plan_says_what_up_would_do(
    outcome: Outcome, differences: tuple[Difference, ...], said: tuple[str, str]
) -> None:
    assert plan_words(outcome, "why", differences) == said


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (0, "0.0 s"),
        (0.34, "0.3 s"),
        (9.94, "9.9 s"),
        (42.4, "42 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3725, "62 min 05 s"),
    ],
)
def test_durations_are_said_as_people_say_them(duration: float, said: str) -> None:
    assert seconds(duration) == said


@given(st.floats(0, 1e6))
def test_a_duration_is_never_far_from_what_is_said(duration: float) -> None:
    said = re.fullmatch(r"(?:(\d+) min )?(\d+(?:\.\d)?) s", seconds(duration))

    assert said
    assert abs(60 * int(said[1] or 0) + float(said[2]) - duration) <= 0.5
    assert float(said[2]) < 60


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dns_name", "DNS name"),
        ("arn", "ARN"),
        ("vpc", "VPC"),
        ("ips", "IPs"),
        ("api_id", "api id"),
        ("invoke_url", "invoke URL"),
        ("vpclink", "VPCLINK"),
        ("vpcnlb", "VPCNLB"),
        ("zone", "zone"),
    ],
)
def test_a_field_is_named_as_people_write_it(name: str, said: str) -> None:
    assert words(name) == said


def test_no_fact_of_the_tutorial_shows_an_underscore() -> None:
    for step in TRACKS.default.plan.steps:
        for name in step.gives.__dataclass_fields__:  # type: ignore[attr-defined]
            assert "_" not in words(name), (step.id, name)


def checked(change: Change, *differences: Difference, follows: str = "") -> StepFinished:
    return StepFinished(
        step="one",
        outcome=Outcome.DRIFTED,
        duration=0.0,
        reason="why",
        differences=differences,
        change=change,
        follows=follows,
    )


@pytest.mark.parametrize(
    ("step", "only_looks", "said"),
    [
        (checked(Change.NONE), False, PlanLine("", "up to date", ("why",))),
        (checked(Change.CREATE), False, PlanLine("+", "create", ("why",))),
        (checked(Change.CREATE, follows="comes with two"), False, PlanLine("+", "create", ("comes with two",))),
        (checked(Change.AFTER, follows="known after two"), False, PlanLine("?", "may change", ("known after two",))),
        (checked(Change.AFTER, follows="known after two"), True, PlanLine("<=", "read", ("known after two",))),
        (
            checked(Change.REPLACE, Difference("port", "80", "81", replaces=True), Difference("rule", "there", "")),
            False,
            PlanLine("-/+", "replace", ("~ port 80 → 81 (needs replacing)", "- rule")),
        ),
        (
            checked(Change.UPDATE, Difference("rule", "", "there"), Difference("tag a", "", "b")),
            False,
            PlanLine("~", "update", ("+ rule", "+ tag a = b")),
        ),
    ],
)
def test_a_plan_marks_each_step_as_terraform_does(step: StepFinished, only_looks: bool, said: PlanLine) -> None:
    assert plan_line(step, only_looks=only_looks) == said


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (Difference("port", "80", "8080"), "port 80 → 8080"),
        (Difference("rule", "", "there"), "rule added"),
        (Difference("rule", "there", ""), "rule removed"),
        (Difference("VPCLINK", "", "abc"), "VPCLINK set to abc"),
    ],
)
def test_a_repair_says_what_is_different_now(difference: Difference, said: str) -> None:
    assert difference.repaired == said


def planned(**numbers: int) -> Planned:
    parts: dict[str, int] = {"create": 0, "update": 0, "replace": 0, "known_after": 0, **numbers}
    changes = {f"{number}": Change.UPDATE for number in range(sum(parts.values()))}
    return Planned(changes=changes, **parts, takes=200.0, interrupts_for=40.0, usd_per_hour=0.0225)


def test_a_plan_is_counted_as_terraform_does() -> None:
    assert counts(planned(replace=1, update=5, create=2)) == "1 to replace, 5 to change, 2 to add"
    assert counts(planned(create=1, known_after=2)) == "1 to add, 2 known only then"
    assert counts(planned()) == "no changes, the stack is up to date"
    said = outlook(planned(update=1))
    for words_ in ("takes about 4 minutes", "does not answer for about a minute", "0.0225 USD an hour"):
        assert words_ in said
    assert minutes(20.0) == "less than a minute"


def test_a_result_is_named_and_counted() -> None:
    done = [Change.REPLACE, Change.UPDATE, Change.UPDATE, Change.CREATE, Change.NONE]
    assert results(done) == "1 replaced, 2 updated, 1 created"
    assert result(Outcome.DONE, Change.CREATE) == "created"
    assert result(Outcome.UNDONE, Change.REMOVE) == "removed"
    assert result(Outcome.OK, Change.NONE) == "nothing to do"
    assert result(Outcome.BLOCKED, Change.NONE) == "blocked"


def test_one_is_counted_as_one() -> None:
    assert [counted(number, "instance") for number in (0, 1, 2)] == ["0 instances", "1 instance", "2 instances"]
    assert counted(1, "step waits", "steps wait") == "1 step waits"
    assert counted(3, "step waits", "steps wait") == "3 steps wait"


def test_no_count_is_put_before_a_plural_by_hand() -> None:
    """``len(...)`` of what may be one is counted by :func:`runbook.present.counted`."""
    root = Path(runbook.present.__file__).parents[1]
    by_hand = re.compile(r"\{len\([^{}]*\)\} (?!of )[a-z]+s\b")
    found = [
        f"{path.relative_to(root)}: {match[0]}"
        for folder in ("runbook", "steps", "tui")
        for path in (root / folder).rglob("*.py")
        for match in by_hand.finditer(path.read_text(encoding="utf-8"))
        if " of " not in match.string[max(0, match.start() - 30) : match.start()]
    ]
    assert found == []
