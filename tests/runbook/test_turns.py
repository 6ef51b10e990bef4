"""Two operators at once: who says what of the stack, and who waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.control import Control
from runbook.errors import AnotherRun, Stopped
from runbook.events import Action, CallSent, Event, Noted, Outcome, StepFinished
from runbook.record import MARKS
from runbook.turns import BELIEVED_FOR, Mark
from steps import target_group
from tests.stack import Hurry, Stack

OTHER = "arn:aws:iam::123456789012:user/other"
CHANGING = [Action.UP, Action.DOWN]
OPPOSITES = [(Action.UP, Action.DOWN), (Action.DOWN, Action.UP)]


def marks(stack: Stack) -> dict[str, str]:
    resource = target_group.carrier(stack.aws, stack.name)
    return dict(target_group.marks(stack.aws, resource)) if resource else {}


def leave(stack: Stack, action: Action, ago: timedelta = timedelta(0)) -> None:
    """A mark as a run leaves it that was killed."""
    resource = target_group.carrier(stack.aws, stack.name)
    assert resource
    text = str(Mark("0badcafe", stack.aws.now() - ago, OTHER))
    target_group.mark(stack.aws, resource, {MARKS[action.value]: text})


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.text(max_size=400))  # noqa: DTZ001
def test_a_mark_is_a_tag_and_reads_back(since: datetime, by: str) -> None:
    text = str(Mark("0badcafe", since.replace(tzinfo=UTC), by))
    assert len(text) <= 256
    found = Mark.read(text)
    assert found is not None
    assert (found.run, found.since) == ("0badcafe", since.replace(microsecond=0, tzinfo=UTC))


@pytest.mark.parametrize("text", ["", "1", "1 yesterday", "1 2026-01-01T00:00:00", "[bold]"])
def test_what_is_no_mark_is_none(text: str) -> None:
    assert Mark.read(text) is None


def test_a_run_marks_the_stack_while_it_works_and_not_afterwards(stack: Stack) -> None:
    seen: list[dict[str, str]] = []

    def watch(event: Event) -> None:
        if isinstance(event, StepFinished) and event.step == "vpc-link":
            seen.append(marks(stack))

    ended = stack.run(Action.UP, watch=watch)
    assert ended.finished.worst is None
    (((key, text),),) = (each.items() for each in seen)
    assert key == "runbook:up"
    mark = Mark.read(text)
    assert mark is not None
    assert mark.by.startswith("arn:aws:")
    assert marks(stack) == {}
    assert ended.of(Noted) == []
    assert stack.check().unlike_ok == {}


def test_a_target_group_that_is_made_anew_keeps_the_mark(finished: Stack) -> None:
    seen: list[set[str]] = []

    def watch(event: Event) -> None:
        if isinstance(event, StepFinished) and event.step == "targets":
            seen.append(set(marks(finished)))

    finished.machines(port=8080)
    ended = finished.run(Action.UP, watch=watch, port=8080, replace=True)
    assert ended.finished.worst is None
    assert seen == [{"runbook:up"}]
    assert marks(finished) == {}
    assert ended.of(Noted) == []  # nobody else was there


def test_it_costs_few_requests(stack: Stack) -> None:
    ended = stack.up()
    own = [call.operation for call in ended.of(CallSent) if call.step is None]
    assert own.count("AddTags") == own.count("RemoveTags") == 1
    assert len(ended.requests) <= 36


def test_where_nothing_is_to_do_nothing_is_marked(finished: Stack) -> None:
    again = finished.up()
    assert [call for call in again.of(CallSent) if call.writes] == []


def test_what_a_killed_up_left_goes_when_the_next_one_finds_nothing_to_do(finished: Stack) -> None:
    leave(finished, Action.UP)
    assert finished.up().finished.worst is None
    assert marks(finished) == {}
    assert finished.down().finished.worst is None


def test_a_mark_is_no_drift_and_no_part_of_what_a_plan_saw(finished: Stack) -> None:
    before = finished.check()
    leave(finished, Action.UP)
    after = finished.check()
    assert after.unlike_ok == {}
    assert after.fact(target_group.TargetGroup) == before.fact(target_group.TargetGroup)
    assert after.of(Noted) == []  # who only looks is in nobody's way


@pytest.mark.parametrize(("begun", "later"), OPPOSITES)
def test_the_opposite_waits_its_turn(finished: Stack, begun: Action, later: Action) -> None:
    before = finished.inventory()
    leave(finished, begun)
    ended = finished.run(later, route_root=True)
    assert isinstance(ended.finished.cause, AnotherRun)
    assert f"{begun.value.capitalize()} of stack demo was begun at " in ended.finished.error
    assert f"by {OTHER} and may still be under way" in ended.finished.error
    assert "run again with force" in ended.finished.error
    assert [call for call in ended.of(CallSent) if call.writes] == []
    assert finished.inventory() == before


@pytest.mark.parametrize("later", CHANGING)
def test_force_goes_on(finished: Stack, later: Action) -> None:
    leave(finished, Action.DOWN if later is Action.UP else Action.UP)
    assert finished.run(later, force=True, route_root=True).finished.worst is None
    assert marks(finished) == {}


@pytest.mark.parametrize("later", CHANGING)
def test_a_mark_that_is_old_holds_nobody_up(finished: Stack, later: Action) -> None:
    leave(finished, Action.DOWN if later is Action.UP else Action.UP, ago=BELIEVED_FOR)
    assert finished.run(later, route_root=True).finished.worst is None
    assert marks(finished) == {}


@pytest.mark.parametrize("again", CHANGING)
def test_what_was_killed_goes_on_with_the_same_command(finished: Stack, again: Action) -> None:
    leave(finished, again)
    ended = finished.run(again, route_root=True)
    assert ended.finished.worst is None
    (noted,) = ended.of(Noted)
    assert f"by {OTHER} and may still be under way. That does no harm" in noted.text
    assert marks(finished) == {}


@pytest.mark.parametrize("later", CHANGING)
def test_of_two_that_begin_at_the_same_moment_one_gives_way(finished: Stack, later: Action) -> None:
    """The other's mark is written between our look and our own mark."""
    other = Action.DOWN if later is Action.UP else Action.UP
    before = finished.inventory()

    resource = target_group.carrier(finished.aws, finished.name)
    mark = {"Key": MARKS[other.value], "Value": str(Mark("0badcafe", finished.aws.now(), OTHER))}
    elsewhere = finished.aws.session.client("elbv2", endpoint_url=finished.account.url)
    hooks = finished.aws.elbv2.meta.events

    def write(**_: object) -> None:
        hooks.unregister("before-call.elastic-load-balancing-v2.AddTags", write)
        elsewhere.add_tags(ResourceArns=[resource], Tags=[mark])

    hooks.register("before-call.elastic-load-balancing-v2.AddTags", write)
    ended = finished.run(later, only=["deployment"] if later is Action.DOWN else None, route_root=True)
    causes = [step.cause for step in ended.steps.values() if step.outcome is Outcome.FAILED]
    assert isinstance(causes[0], AnotherRun)
    assert ended.written == []
    assert marks(finished).keys() == {MARKS[other.value]}
    assert finished.inventory() == before


def test_a_stopped_run_takes_its_mark_away(stack: Stack) -> None:
    control: Control = Hurry(stack.clock)

    def watch(event: Event) -> None:
        if isinstance(event, CallSent) and event.operation == "CreateVpcLink":
            control.stop()

    ended = stack.run(Action.UP, control=control, watch=watch)
    assert any(isinstance(step.cause, Stopped) for step in ended.steps.values())
    assert stack.how_many()["target groups"] == 1
    assert marks(stack) == {}
    assert Outcome.DONE in ended.outcomes.values()
