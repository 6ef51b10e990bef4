"""The drawn path: every step and every hop is in it, it is lit as they are, and it fits wherever it is shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from runbook.events import Action, Outcome
from runbook.picture import SIGNS, Box, Light, Place, drawn, light_of, of_hops, of_steps, plain
from runbook.trace.model import TITLES
from steps.tracks import TRACKS

PLAN = TRACKS.default.plan
ALL = dict.fromkeys(PLAN.ids, Light.LIT)


def test_every_step_is_on_the_path() -> None:
    assert set(PLAN.boxes) == set(PLAN.ids)


def test_every_hop_of_a_trace_belongs_to_one_box() -> None:
    assert sorted(hop for box in PLAN.boxes.values() for hop in box.hops) == sorted(TITLES)


def test_the_stations_come_in_the_order_in_which_a_request_passes_them() -> None:
    assert [station.place for station in of_steps(PLAN.boxes, {}, {})] == list(Place)
    hops = [(hop, title, Light.LIT) for hop, title in TITLES.items()]
    assert [station.place for station in of_hops(PLAN.boxes, hops)] == list(Place)


@pytest.mark.parametrize("box", PLAN.boxes.values(), ids=PLAN.boxes)
def test_what_a_box_shows_are_fields_of_the_facts_of_its_step(box: Box) -> None:
    step = next(step for step in PLAN.steps if step.box is box)
    fields: Any = step.gives.__dataclass_fields__  # type: ignore[attr-defined]
    if box.each:
        assert box.each in fields
    else:
        shown = "".join(box.shows)
        assert not box.shows or any(f"{{{name}}}" in shown for name in fields)


@pytest.mark.parametrize(
    ("others", "shown"),
    [
        ({}, Light.LIT),
        ({"listener": Light.DARK}, Light.DARK),
        ({"listener": Light.MISSING}, Light.MISSING),
        ({"listener": Light.BUSY, "load-balancer": Light.MISSING}, Light.BUSY),
        ({"listener": Light.BROKEN, "load-balancer": Light.BUSY}, Light.BROKEN),
    ],
)
def test_a_station_is_lit_only_if_all_its_parts_are(others: dict[str, Light], shown: Light) -> None:
    stations = of_steps(PLAN.boxes, {**ALL, **others}, {})
    assert {station.place: station.light for station in stations}[Place.BALANCER] is shown
    assert {station.light for station in stations if station.place is not Place.BALANCER} == {Light.LIT}


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_light(outcome: Outcome) -> None:
    well = outcome in (Outcome.OK, Outcome.DONE)
    assert (light_of(outcome, Action.UP) is Light.LIT) is well
    assert light_of(outcome, Action.DOWN) is not Light.LIT or outcome is Outcome.DONE


def test_facts_of_a_run_and_of_its_log_are_drawn_alike() -> None:
    from runbook.events import StepFinished, to_json
    from steps.vpc_link import VpcLink

    fact = VpcLink(id="abc123", name="demo-link", status="AVAILABLE", status_message="", target_arn="arn:aws:x")
    logged = to_json(StepFinished(step="vpc-link", outcome=Outcome.OK, duration=0.0, fact=fact))["fact"]
    live, read = (of_steps(PLAN.boxes, ALL, {"vpc-link": each}) for each in (fact, logged))
    assert live == read
    assert "AVAILABLE" in plain(drawn(live, 120, 9))


def test_text_from_outside_cannot_leave_its_line() -> None:
    hostile = {"name": "a\n\x1b[31mb\tc", "id": "\u202ed", "status": "‮"}
    rows = drawn(of_steps(PLAN.boxes, ALL, {"vpc-link": hostile}), 160, 9)
    assert len(plain(rows).splitlines()) == 9
    assert not {"\x1b", "\t", "\u202e"} & set(plain(rows))


@given(
    width=some.integers(1, 240),
    height=some.integers(1, 20),
    lights=some.dictionaries(some.sampled_from(PLAN.ids), some.sampled_from(Light)),
    name=some.text(max_size=40),
)
def test_it_fits_into_any_size_that_can_hold_the_signs(
    width: int, height: int, lights: dict[str, Light], name: str
) -> None:
    facts = {"vpc-link": {"name": name, "id": "abc", "status": "AVAILABLE"}}
    rows = drawn(of_steps(PLAN.boxes, lights, facts), max(width, 2 * len(Place) - 1), height)
    assert len(rows) in (1, height)
    widths = {sum(len(text) for text, _ in row) for row in rows}
    assert len(widths) == 1
    assert widths.pop() <= max(width, 2 * len(Place) - 1)


@pytest.mark.parametrize("width", [56, 80, 120, 160])
def test_each_station_is_named_at_every_usual_width(width: int) -> None:
    shown = plain(drawn(of_steps(PLAN.boxes, ALL, {}), width, 5)).lower()
    for place in Place:
        assert place.short.lower() in shown or place.title.lower() in shown, place


def test_no_sign_means_two_things() -> None:
    assert len(set(SIGNS.values())) == len(Light)
