"""The execution logs take a bounded part of the account's memory, whatever is asked and answered."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from practice.dataplane import cloudwatch, journal
from practice.dataplane.journal import Entry, Journal
from tests.log_role import log_role

from .conftest import Rig, mock


def entry(path: str = "/", text: str = "x", lines: int = 1) -> Entry:
    log = Journal("id")
    for _ in range(lines):
        log.say(text)
    return Entry(log, 0.0, "GET", path, 200, None, None)


@pytest.mark.parametrize(
    "made",
    [
        lambda n: ("api", f"stage{n}", entry()),
        lambda n: ("api", "stage", entry(path="/" + "p" * 8000)),
        lambda n: (f"api{n % 50}", "stage", entry(text="x" * 10_000, lines=20)),
        lambda n: (f"api{n % 50}", "stage", entry(text="\N{GRINNING FACE}" * 10_000, lines=5)),
        lambda n: (f"api{n}", "stage", entry(lines=30)),
    ],
    ids=["many stages", "long paths", "long lines", "wide characters", "many lines"],
)
def test_many_requests_take_no_more_than_their_room(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_KEPT_BYTES", 200_000)
    kept = journal._Kept()
    tracemalloc.start()
    for number in range(1000):
        api, stage, finished = made(number)
        kept.add((api, stage), finished)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 2 * journal._KEPT_BYTES
    assert len(kept._by_stage) <= len(kept._entries)


def test_the_latest_of_a_stage_stay_and_the_latest_of_all() -> None:
    kept = journal._Kept()
    for number in range(1000):
        kept.add(("api", "busy"), entry(path=str(number)))
        kept.add(("api", "other"), entry(path=str(number)))
    assert [each.path for each in kept.of(("api", "busy"))] == [str(number) for number in range(800, 1000)]
    kept.add(("api", "new"), entry(text="x", lines=100_000))
    assert len(kept.of(("api", "new"))) == 1


def test_a_body_is_not_decoded_beyond_what_is_kept() -> None:
    log = Journal("id")
    body = "é".encode() * 500_000
    tracemalloc.start()
    log.say_body("body: ", body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000
    assert log.lines[0].text.startswith("body: éé")
    whole = Journal("id", line_limit=None)
    whole.say_body("body: ", body)
    assert len(whole.lines[0].text) == 500_006


def test_what_goes_to_cloudwatch_is_bounded_too(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudwatch, "_KEPT_CHARACTERS", 40_000)
    rig.client("apigateway").update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": log_role(rig.client("iam"))}]
    )
    api = rig.deploy({"/a": {"GET": mock()}})
    api.control.update_stage(
        restApiId=api.id,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"},
            {"op": "replace", "path": "/*/*/logging/dataTrace", "value": "true"},
        ],
    )
    for _ in range(30):
        assert api.get("/a").status_code == 200
    logs = rig.client("logs")
    group = f"API-Gateway-Execution-Logs_{api.id}/prod"
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert 0 < sum(len(event["message"]) + 512 for event in events) <= 40_000
    latest = api.logs()[-1]["request_id"]
    assert any(latest in event["message"] for event in events)
