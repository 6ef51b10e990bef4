"""When what happens, seen on toy steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

import pytest

from runbook.control import Control
from runbook.engine import run
from runbook.errors import BadInput, CannotContinue
from runbook.events import (
    Action,
    ApprovalAsked,
    Event,
    Outcome,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    Waited,
)
from runbook.outcome import Change, Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.step import Plan
from tests.runbook.toys import First, Offline, Second, Third, Toy
from tests.stack import Ended

PATIENCE = 10.0  # wall seconds that something which should come at once may take on a busy machine


class Impatient(Control):
    """Does not wait at all."""

    def wait(self, seconds: float) -> None:
        self.go_on()


def play(
    *toys: Toy,
    action: Action = Action.UP,
    control: Control | None = None,
    watch: Callable[[Event], None] = lambda event: None,
    only: Collection[str] | None = None,
    step_by_step: bool = False,
) -> Ended:
    events = []
    for event in run(
        Plan.of([toy.module for toy in toys]),
        Offline(),
        Parameters(),
        action,
        control=control or Impatient(),
        only=only,
        step_by_step=step_by_step,
    ):
        events.append(event)
        watch(event)
    assert isinstance(events[-1], RunFinished)
    return Ended(events)


def test_what_is_missing_is_done_and_looked_at_again() -> None:
    toy = Toy("one", First)

    ended = play(toy)

    assert toy.calls == ["check", "do", "check"]
    assert ended.outcomes == {"one": Outcome.DONE}
    assert (ended.steps["one"].change, ended.reason("one")) == (Change.CREATE, "there is one now")
    assert ended.fact(First) == First()
    assert [type(event).__name__ for event in ended.events] == [
        "RunStarted",
        "StepStarted",
        "StepChecked",
        "StepStarted",
        "StepChecked",
        "StepFinished",
        "RunFinished",
    ]


def test_what_is_there_is_left_alone() -> None:
    toy = Toy("one", First, there=True)

    assert play(toy).outcomes == {"one": Outcome.OK}
    assert toy.calls == ["check"]


def test_facts_go_where_they_are_asked_for_whatever_the_reading_order() -> None:
    last, first = Toy("last", Second, (First,)), Toy("first", First)

    assert play(last, first).finished.worst is None
    assert last.given == [(First(),)]


def test_a_run_says_who_ran_what_where() -> None:
    (started,) = play(Toy("one", First)).of(RunStarted)

    assert (started.account, started.region, started.steps) == ("111122223333", "eu-west-1", ("one",))


def test_a_slow_step_holds_up_only_what_needs_it() -> None:
    other_done = threading.Event()

    def slow(aws: object) -> First:
        assert other_done.wait(PATIENCE), "the steps were done one after the other"
        slow_toy.there = True
        return First()

    def quick(aws: object) -> Second:
        quick_toy.there = True
        other_done.set()
        return Second()

    slow_toy, quick_toy = Toy("slow", First, do=slow), Toy("quick", Second, do=quick)

    assert play(slow_toy, Toy("after", Third, (First,)), quick_toy).finished.worst is None


def test_a_failure_blocks_only_what_needs_it() -> None:
    def fail(aws: object) -> First:
        raise CannotContinue("the link is broken")

    ended = play(Toy("bad", First, do=fail), Toy("after", Second, (First,)), Toy("other", Third))

    assert ended.outcomes == {"bad": Outcome.FAILED, "after": Outcome.BLOCKED, "other": Outcome.DONE}
    assert ended.reason("bad") == "the link is broken"
    assert ended.reason("after") == "needs bad first"
    assert isinstance(ended.steps["bad"].cause, CannotContinue)


def test_a_check_goes_on_to_what_does_not_need_what_is_missing() -> None:
    ended = play(Toy("one", First), Toy("two", Second, (First,)), Toy("three", Third, there=True), action=Action.CHECK)

    assert ended.outcomes == {"one": Outcome.MISSING, "two": Outcome.UNKNOWN, "three": Outcome.OK}
    assert ended.reason("two") == "cannot be known before one"


def test_what_drifted_can_still_be_looked_through_and_is_repaired() -> None:
    difference = Difference("port", "81", "80")
    drifted = Toy("one", First)
    drifted.check = lambda aws: First() if drifted.there else Drifted(First(), (difference,))

    seen = play(drifted, Toy("two", Second, (First,), there=True), action=Action.CHECK)
    assert seen.outcomes == {"one": Outcome.DRIFTED, "two": Outcome.OK}
    assert seen.reason("one") == "port is 81, should be 80"

    repaired = play(drifted, Toy("two", Second, (First,), there=True))
    assert repaired.outcomes == {"one": Outcome.DONE, "two": Outcome.OK}
    assert repaired.differences("one") == (difference,)


def test_a_fact_that_is_only_wished_for_is_none_when_it_is_absent() -> None:
    wishing = Toy("wishing", Second, (First | None,))

    assert play(Toy("one", First), wishing, action=Action.CHECK).outcomes["wishing"] is Outcome.MISSING

    given: list[object] = []
    failing = Toy("one", First, do=lambda aws: 1 / 0)
    wishing.check = lambda aws, fact: given.append(fact) or Second()  # type: ignore[func-returns-value]
    assert play(failing, wishing).outcomes == {"one": Outcome.FAILED, "wishing": Outcome.OK}
    assert given == [None]


def test_only_the_named_steps_act() -> None:
    one, two, three = Toy("one", First, there=True), Toy("two", Second, (First,)), Toy("three", Third)

    ended = play(one, two, three, only=["two"])

    assert ended.outcomes == {"one": Outcome.OK, "two": Outcome.DONE}
    assert one.calls == ["check"]
    assert three.calls == []


def test_a_named_step_whose_need_is_missing_is_blocked() -> None:
    one = Toy("one", First)

    ended = play(one, Toy("two", Second, (First,)), only=["two"])

    assert ended.outcomes == {"one": Outcome.MISSING, "two": Outcome.BLOCKED}
    assert one.calls == ["check"]


def test_a_named_step_may_build_on_what_drifted() -> None:
    one = Toy("one", First, check=lambda aws: Drifted(First(), (Difference("a", "b", "c"),)))

    assert play(one, Toy("two", Second, (First,)), only=["two"]).outcomes["two"] is Outcome.DONE


def test_an_unknown_step_is_bad_input() -> None:
    with pytest.raises(BadInput, match="'nat' is no step"):
        play(Toy("one", First), only=["nat"])


def test_no_step_at_all_is_a_run_that_ends_well() -> None:
    assert play(Toy("one", First), only=[]).finished.worst is None


def test_step_by_step_each_change_is_asked_for() -> None:
    control = Control()
    asked: list[ApprovalAsked] = []

    def answer(event: Event) -> None:
        if isinstance(event, ApprovalAsked):
            asked.append(event)
            assert event.step
            (control.skip if event.step == "skipped" else control.approve)(event.step)

    there = Toy("there", Third, there=True)
    ended = play(Toy("one", First), Toy("skipped", Second), there, control=control, watch=answer, step_by_step=True)

    assert ended.outcomes == {"one": Outcome.DONE, "skipped": Outcome.SKIPPED, "there": Outcome.OK}
    assert {event.step: event.reason for event in asked} == {"one": "there is no one", "skipped": "there is no skipped"}


def test_what_needs_a_skipped_step_is_blocked() -> None:
    control = Control()
    control.skip("one")

    ended = play(Toy("one", First), Toy("two", Second, (First,)), control=control, step_by_step=True)

    assert ended.outcomes == {"one": Outcome.SKIPPED, "two": Outcome.BLOCKED}


def test_what_a_person_takes_to_answer_is_not_the_steps_duration() -> None:
    control = Control()

    def answer(event: Event) -> None:
        if isinstance(event, ApprovalAsked):
            threading.Timer(0.3, control.approve, ["one"]).start()

    ended = play(Toy("one", First), control=control, watch=answer, step_by_step=True)

    assert ended.steps["one"].duration < 0.3


def test_a_stop_ends_a_long_wait_at_once() -> None:
    control = Control()
    waiting = Toy("waiting", First)

    def wait(aws: Offline) -> First:
        return aws.wait_until(lambda: None, what="the moon", usual=3600, every=3600)

    waiting.do = wait
    ended = play(
        waiting,
        Toy("after", Second, (First,)),
        control=control,
        watch=lambda event: control.stop() if isinstance(event, Waited) else None,
    )

    assert ended.outcomes["waiting"] is Outcome.STOPPED
    assert ended.reason("waiting") == "stopped on request; run it again to go on from here"
    assert ended.finished.duration < PATIENCE


def test_a_stop_while_a_person_is_asked_ends_the_asking() -> None:
    control = Control()
    ended = play(
        Toy("one", First),
        control=control,
        step_by_step=True,
        watch=lambda event: control.stop() if isinstance(event, ApprovalAsked) else None,
    )

    assert ended.outcomes == {"one": Outcome.STOPPED}


def runbook_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "runbook"]


def test_nothing_starts_before_the_first_event_is_asked_for() -> None:
    toy = Toy("one", First)

    events = run(Plan.of([toy.module]), Offline(), Parameters(), Action.UP, control=Impatient())

    assert toy.calls == []
    events.close()  # type: ignore[attr-defined]
    assert toy.calls == []


def test_closing_the_stream_stops_the_run_and_waits_for_it() -> None:
    began = threading.Event()

    def wait(aws: Offline) -> First:
        began.set()
        aws.pause(3600)
        return First()

    control = Control()
    events = run(Plan.of([Toy("one", First, do=wait).module]), Offline(), Parameters(), Action.UP, control=control)
    assert isinstance(next(events), RunStarted)
    assert began.wait(PATIENCE)

    events.close()  # type: ignore[attr-defined]

    assert control.stopped
    assert runbook_threads() == []


def test_a_consumer_that_breaks_leaves_no_run_behind() -> None:
    toy = Toy("one", First)

    def broken() -> None:
        for event in run(Plan.of([toy.module]), Offline(), Parameters(), Action.UP, control=Control()):
            if isinstance(event, StepStarted):
                raise RuntimeError("the screen is gone")

    with pytest.raises(RuntimeError, match="the screen is gone"):
        broken()

    assert runbook_threads() == []
    assert play(toy).finished.worst is None  # it can be taken up again


def test_a_read_that_is_stale_for_a_moment_is_waited_out() -> None:
    answers = [Missing("not yet"), Missing("not yet"), Missing("still not"), First()]
    toy = Toy("one", First, check=lambda aws: answers.pop(0) if len(answers) > 1 else answers[0])

    ended = play(toy)

    assert ended.outcomes == {"one": Outcome.DONE}
    assert {wait.what for wait in ended.waits} == {"one to be seen as it was made"}


def test_what_never_shows_fails_with_what_is_seen_instead() -> None:
    ended = play(Toy("one", First, check=lambda aws: Missing("there is nothing")))

    assert ended.outcomes == {"one": Outcome.FAILED}
    assert "AWS says: there is nothing" in ended.reason("one")


def test_a_run_that_cannot_begin_says_why_in_its_last_event() -> None:
    module = Toy("one", First).module
    module.recall = lambda aws, stack: 1 / 0  # type: ignore[attr-defined]

    *_, last = run(Plan.of([module]), Offline(), Parameters(), Action.CHECK, control=Impatient())

    assert isinstance(last, RunFinished)
    assert last.error == "ZeroDivisionError: division by zero"
    assert last.outcomes == {"one": Outcome.UNKNOWN}
    assert last.worst is not None


def test_down_goes_backwards_and_children_go_with_their_parent() -> None:
    order: list[str] = []
    toys = [Toy(name, fact, undo=lambda aws, name=name: order.append(name)) for name, fact in FACTS.items()]
    toys[1].part_of = First

    ended = play(*toys, action=Action.DOWN)

    assert order == ["three", "one"]
    assert ended.reason("two") == "goes with one"
    assert [event.step for event in ended.of(StepFinished)] == ["three", "two", "one"]


def test_down_goes_on_after_a_failure() -> None:
    toys = [Toy(name, fact) for name, fact in FACTS.items()]
    toys[2].undo = lambda aws: 1 / 0

    ended = play(*toys, action=Action.DOWN)

    assert ended.outcomes == {"one": Outcome.OK, "two": Outcome.OK, "three": Outcome.FAILED}


FACTS = {"one": First, "two": Second, "three": Third}


def test_a_fault_of_the_engines_own_ends_the_stream_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr("runbook.engine._Pass._end_turn", broken)

    ended = play(Toy("one", First))

    assert ended.finished.error == (
        "The run ended by a fault of its own (ZeroDivisionError: no). Run it again: it goes on from here."
    )
    assert isinstance(ended.finished.cause, ZeroDivisionError)
