"""Steps are read from modules and validated before anything is touched."""

from __future__ import annotations

from types import ModuleType

import pytest

from runbook.aws import Aws
from runbook.errors import BadInput, StepsInvalid
from runbook.parameters import Parameters
from runbook.step import Need, Plan, Step
from steps.tracks import TRACKS
from tests.runbook.toys import First, Second, Third, Toy, annotated


def changed(toy: Toy, **attributes: object) -> ModuleType:
    module = toy.module
    for name, value in attributes.items():
        if value is None and name != "__doc__":
            delattr(module, name)
        else:
            setattr(module, name, value)
    return module


def test_a_step_is_read_from_its_module() -> None:
    step = Step.of(Toy("load_balancer", First, (Second, Third | None)).module)

    assert step.id == "load-balancer"
    assert step.title == "Load_Balancer"
    assert step.explanation == "Why it is needed."
    assert step.gives is First
    assert step.needs["check"] == (Need(Second), Need(Third, optional=True))
    assert step.needs["undo"] == ()


def test_every_step_of_the_tutorial_teaches() -> None:
    for step in TRACKS.default.plan.steps:
        assert len(step.title) < 80
        for part in ("**Takes**", "**Costs**", "**In the console:**", "```console"):
            assert part in step.explanation, (step.id, part)


def _no_annotation(aws: Aws, params: Parameters, other) -> First:  # type: ignore[no-untyped-def]
    return First()


def _wrong_start(params: Parameters, aws: Aws) -> First:
    return First()


def _no_fact(aws: Aws, params: Parameters) -> str:
    return ""


def _no_such_type(aws: Aws, params: Parameters, other: Nowhere) -> First:  # type: ignore[name-defined]  # noqa: F821
    return First()


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (changed(Toy("one", First), __doc__=None), "step one has no docstring"),
        (changed(Toy("one", First), undo=None), "step one has no function undo"),
        (changed(Toy("one", First), check=_no_annotation), "check's other should be annotated with a fact's type"),
        (changed(Toy("one", First), do=_wrong_start), "do should begin with"),
        (changed(Toy("one", First), do=_no_fact), "do should say which fact"),
        (changed(Toy("one", First), do=_no_such_type), "do names a type that is not imported at run time"),
        (changed(Toy("one", First), do=Toy("x", Second).module.do), "check gives First but do gives Second"),
    ],
)
def test_a_module_that_breaks_the_contract_is_refused(module: ModuleType, said: str) -> None:
    with pytest.raises(StepsInvalid, match=said):
        Step.of(module)


def test_two_producers_of_one_fact_are_refused() -> None:
    with pytest.raises(StepsInvalid, match="steps one and two both give First"):
        Plan.of([Toy("one", First).module, Toy("two", First).module])


def test_an_unknown_fact_is_refused() -> None:
    with pytest.raises(StepsInvalid, match="step one: check needs Second, which no step gives"):
        Plan.of([Toy("one", First, (Second,)).module])


def test_a_part_of_nothing_is_refused() -> None:
    with pytest.raises(StepsInvalid, match="step one is part of Second, which no step gives"):
        Plan.of([Toy("one", First, part_of=Second).module])


def test_a_circle_is_refused() -> None:
    with pytest.raises(StepsInvalid, match=r"circle: (one → two → one|two → one → two)"):
        Plan.of([Toy("one", First, (Second,)).module, Toy("two", Second, (First,)).module])


def test_what_undo_asks_for_is_refused_too_when_nobody_gives_it() -> None:
    module = Toy("one", First).module

    def undo(*arguments: object) -> None: ...

    annotated(undo, (Second,), None)
    module.undo = undo  # type: ignore[attr-defined]
    with pytest.raises(StepsInvalid, match="undo needs Second"):
        Plan.of([module])


def test_a_step_is_found_by_its_name_in_either_spelling() -> None:
    plan = TRACKS.default.plan

    assert plan["Target_Group"] is plan["target-group"]
    with pytest.raises(BadInput, match=r"'nat' is no step. There are: preflight, target-group"):
        plan["nat"]


def test_up_to_a_step_is_all_it_needs() -> None:
    plan = TRACKS.default.plan

    assert plan.up_to(plan["listener"]) == {"preflight", "target-group", "load-balancer", "listener"}


def test_an_output_is_an_attribute_of_the_fact() -> None:
    step = Step.of(changed(Toy("one", First), OUTPUTS={"first-value": "value"}))
    assert step.outputs_of(First("x")) == {"first-value": "x"}
    assert step.outputs_of(None) == {}
    with pytest.raises(StepsInvalid, match=r"output first-value names First\.other"):
        Step.of(changed(Toy("one", First), OUTPUTS={"first-value": "other"}))


def test_an_output_has_one_owner() -> None:
    one = changed(Toy("one", First), OUTPUTS={"value": "value"})
    two = changed(Toy("two", Second), OUTPUTS={"value": "value"})
    with pytest.raises(StepsInvalid, match="steps one and two both have an output value"):
        Plan.of([one, two])


def test_the_step_that_calls_what_was_built_need_not_be_the_last() -> None:
    assert (calling := TRACKS.default.plan.calling) is not None
    assert calling.id == "invoke"
    calls = changed(Toy("caller", First), CALLS=True)
    plan = Plan.of([calls, Toy("other", Second).module])
    assert (calling := plan.calling) is not None
    assert calling.id == "caller"
    assert Plan.of([Toy("other", Second).module]).calling is None
