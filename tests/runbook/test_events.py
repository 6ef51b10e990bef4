"""The stream that every face consumes: frozen, and JSON whatever is in it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from runbook.events import Action, CallSent, Event, Outcome, RunFinished, StepFinished, to_json
from runbook.outcome import Difference
from tests.stack import Stack


def test_every_event_of_a_run_is_a_line_of_json(stack: Stack) -> None:
    ended = stack.up()

    for event in ended.events:
        body = json.loads(json.dumps(to_json(event)))
        assert body["event"] == type(event).__name__
        assert datetime.fromisoformat(body["at"]).tzinfo is not None


def test_each_request_that_was_sent_is_answered(finished: Stack) -> None:
    told = [to_json(event) for event in finished.check().events]

    sent = [event["call"] for event in told if event["event"] == "CallSent"]
    assert len(set(sent)) == len(sent)
    assert sorted(sent) == sorted(event["call"] for event in told if event["event"] == "CallAnswered")


def test_an_event_cannot_be_changed() -> None:
    event = CallSent(service="ec2", operation="DescribeVpcs", writes=False, call=1)

    with pytest.raises(dataclasses.FrozenInstanceError):
        event.call = 2  # type: ignore[misc]


def test_facts_causes_and_differences_are_told_in_plain_values() -> None:
    body = to_json(
        StepFinished(
            step="one",
            outcome=Outcome.DRIFTED,
            duration=1.5,
            differences=(Difference("port", "81", "80"),),
            fact=Event(at=datetime(2024, 1, 2, tzinfo=UTC)),
            cause=ValueError("secret"),
        )
    )

    assert body["outcome"] == "drifted"
    assert body["differences"] == [{"what": "port", "found": "81", "wanted": "80", "replaces": False, "waits": False}]
    assert body["fact"] == {"at": "2024-01-02T00:00:00.000+00:00", "step": None}
    assert body["cause"] == "ValueError"


@pytest.mark.parametrize(
    ("outcomes", "error", "worst"),
    [
        ([Outcome.OK, Outcome.DONE, Outcome.UNDONE], "", None),
        ([Outcome.OK, Outcome.MISSING, Outcome.DRIFTED], "", Outcome.DRIFTED),
        ([Outcome.UNKNOWN, Outcome.MISSING], "", Outcome.MISSING),
        ([Outcome.BLOCKED, Outcome.FAILED, Outcome.STOPPED], "", Outcome.FAILED),
        ([Outcome.BLOCKED, Outcome.STOPPED], "", Outcome.STOPPED),
        ([], "it could not begin", Outcome.FAILED),
    ],
)
def test_the_worst_outcome_decides(outcomes: list[Outcome], error: str, worst: Outcome | None) -> None:
    named = {str(number): outcome for number, outcome in enumerate(outcomes)}

    assert RunFinished(action=Action.UP, outcomes=named, duration=0, error=error).worst is worst
