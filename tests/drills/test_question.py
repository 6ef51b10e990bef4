"""Which hop, and why: the choices, and how an answer is read."""

from __future__ import annotations

import pytest

from drills.catalogue import COURSE
from drills.model import Course, Drill
from drills.question import CAUSES, Question
from runbook.errors import BadInput
from runbook.trace import HOPS

ALL = Course.of(COURSE)
TRAINEES = ("anna", "ben", "cleo", "dora")


@pytest.mark.parametrize("drill", ALL.drills, ids=lambda drill: drill.id)
def test_each_drill_has_one_right_answer_among_causes_of_others(drill: Drill) -> None:
    others = {each.cause for each in ALL.drills if each is not drill}
    assert drill.cause not in others
    assert 20 <= len(drill.cause) <= 260
    assert drill.cause.endswith((".", "means none."))
    for trainee in TRAINEES:
        asked = Question.of(drill, ALL, trainee)
        assert asked == Question.of(drill, ALL, trainee)
        assert asked.hops == HOPS
        assert len(set(asked.causes)) == CAUSES
        assert set(asked.causes) - others == {drill.cause}
        assert drill.cause not in drill.story


def test_neighbours_see_another_order_and_a_drill_of_the_same_kind_is_among_the_choices() -> None:
    places = {Question.of(drill, ALL, name).causes.index(drill.cause) for drill in ALL.drills for name in TRAINEES}
    assert places == set(range(CAUSES))
    by_cause = {drill.cause: drill for drill in ALL.drills}
    for drill in ALL.drills:
        alike = [by_cause[cause] for cause in Question.of(drill, ALL, "anna").causes if cause != drill.cause]
        if any(each.hop == drill.hop for each in ALL.drills if each is not drill):
            assert any(each.hop == drill.hop or each.symptom.status == drill.symptom.status for each in alike)


def test_an_answer_is_a_name_or_a_number_and_a_letter() -> None:
    asked = Question.of(ALL.drills[0], ALL, "anna")
    assert asked.hop(" Listener ") == "listener"
    assert asked.hop("1") == HOPS[0]
    assert asked.cause("B") == asked.causes[1]
    for wrong in ("0", str(len(HOPS) + 1), "nat-gateway", ""):
        with pytest.raises(BadInput, match="is not a hop"):
            asked.hop(wrong)
    for wrong in ("e", "1", "", asked.causes[0]):
        with pytest.raises(BadInput, match="is not one of a, b, c, d"):
            asked.cause(wrong)
