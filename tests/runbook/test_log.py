"""The log of a run: all of it, nothing secret, and never in the run's way."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.events import Action, CallAnswered, Event, Outcome, RunFinished, RunStarted, StepFinished, to_json
from runbook.log import RunLog, directory, logged, runs
from runbook.parameters import Parameters
from runbook.redaction import REDACTED, redacted, secrets_of
from tests.stack import PLAN, Stack

STARTED = RunStarted(action=Action.UP, parameters=Parameters(), region="us-east-1", steps=("preflight",))
FINISHED = RunFinished(action=Action.UP, outcomes={}, duration=1.0)

# Made up; the forms are AWS's.
ACCESS_KEY = "AKIAQ3EGPLANTED00001"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYPLANTEDKEY"
TOKEN = "IQoJb3JpZ2luX2VjEPLANTED//////////wEaCXVzLWVhc3QtMSJHMEUCIQDplanted+token=="
SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlcGxhbnRlZA"

SIGNED = (
    f"Authorization: AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/us-east-1/sts/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
)
SAID = [
    SIGNED,
    f"https://sts.amazonaws.com/?Action=X&X-Amz-Signature={SIGNATURE}&X-Amz-Credential={ACCESS_KEY}%2F20260101",
    f"The canonical string was 'x-amz-security-token:{TOKEN}' and more",
    f'{{"headers": {{"Authorization": "Bearer {JWT}", "Cookie": "session={TOKEN}"}}}}',
    json.dumps(json.dumps({"aws_secret_access_key": SECRET_KEY, "sessionToken": TOKEN})),
    f"AWS_SECRET_ACCESS_KEY={SECRET_KEY} AWS_SESSION_TOKEN={TOKEN}",
    f"https://operator:{SECRET_KEY.replace('/', '-')}@proxy.example:3128",
]


def lines(path: Path | None) -> list[dict[str, object]]:
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_log_is_what_happened_after_a_line_that_says_who_wrote_it(tmp_path: Path) -> None:
    log = RunLog("demo", Action.UP, about={"face": "cli", "endpoint_url": None}, where=tmp_path)
    assert list(logged(iter([STARTED, FINISHED]), log)) == [STARTED, FINISHED]
    opened, *rest = lines(log.path)
    assert opened["event"] == "LogOpened"
    assert opened["face"] == "cli"
    assert "endpoint_url" not in opened
    assert rest == [json.loads(json.dumps(to_json(event))) for event in (STARTED, FINISHED)]


def test_its_name_says_when_which_stack_and_what_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first, second = (RunLog("demo", Action.DOWN, where=tmp_path / "runs") for _ in range(2))
    for log in (first, second):
        log.write(STARTED)
        log.close()
    assert first.path is not None
    assert second.path is not None
    assert first.path != second.path
    begins, *rest = first.path.name.split("-")
    assert abs(datetime.strptime(begins, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds() < 60
    assert rest[:2] == ["demo", "down"]
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.path.parent.stat().st_mode) == 0o700
    assert set(runs(tmp_path / "runs")) == {first.path, second.path}


def test_of_two_runs_within_a_second_the_later_is_the_newest(tmp_path: Path) -> None:
    names = [f"20261124T001947Z-demo-{rest}.jsonl" for rest in ("up-26f6", "rollback-ffff", "down-0000")]
    for number, name in enumerate(names):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(number, number))
    assert [path.name for path in runs(tmp_path)] == names[::-1]


def test_the_directory_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    log = RunLog("demo", Action.UP)
    log.write(STARTED)
    assert log.path is not None
    assert log.path.parent == tmp_path / "runs" == directory()


def test_each_line_is_on_disk_before_the_event_goes_on(tmp_path: Path) -> None:
    log = RunLog("demo", Action.UP, where=tmp_path)
    for number, _ in enumerate(logged(iter([STARTED, STARTED, FINISHED]), log), start=1):
        assert len(lines(log.path)) == 1 + number


@pytest.mark.parametrize("text", SAID)
def test_what_looks_like_a_secret_is_taken_out(text: str, tmp_path: Path) -> None:
    log = RunLog("demo", Action.UP, where=tmp_path)
    cause = StepFinished(step="preflight", outcome=Outcome.FAILED, duration=0.1, reason=text, fact={"answer": text})
    list(logged(iter([STARTED, cause, FINISHED]), log))
    assert log.path is not None
    written = log.path.read_text()
    assert REDACTED in written
    for secret in (ACCESS_KEY, SECRET_KEY, SECRET_KEY.replace("/", "-"), TOKEN, SIGNATURE, JWT):
        assert secret not in written


def test_the_credentials_of_the_session_are_taken_out_whatever_is_around_them(tmp_path: Path) -> None:
    session = boto3.Session(
        aws_access_key_id="not-a-usual-form", aws_secret_access_key="plain words too", aws_session_token="tokentoken"
    )
    log = RunLog("demo", Action.UP, secrets=secrets_of(session), where=tmp_path)
    event = CallAnswered(
        service="sts", operation="X", writes=False, call=1, duration=0.0, error="<plain words too>tokentoken"
    )
    list(logged(iter([event]), log))
    assert lines(log.path)[1]["error"] == f"<{REDACTED}>{REDACTED}"


def test_asking_for_credentials_that_cannot_be_had_never_breaks_a_log(tmp_path: Path) -> None:
    class Ended:
        asked = 0

        def get_credentials(self) -> object:
            self.asked += 1
            raise RuntimeError("the login has ended")

    session = Ended()
    log = RunLog("demo", Action.UP, secrets=secrets_of(session), where=tmp_path)  # type: ignore[arg-type]
    list(logged(iter([STARTED, FINISHED]), log))
    assert len(lines(log.path)) == 3
    assert session.asked == 1


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_what_is_no_secret_stays(text: str) -> None:
    words = f"load balancer demo-nlb is {'provisioning'}: {len(text)}"
    assert redacted({"state": words, "n": [1, None, True]}) == {"state": words, "n": [1, None, True]}
    assert isinstance(redacted(text), str)


def test_ids_and_arns_of_a_whole_run_stay(finished: Stack, tmp_path: Path) -> None:
    log = RunLog("demo", Action.CHECK, secrets=secrets_of(finished.aws.session), where=tmp_path)
    ended = finished.check()
    list(logged(iter(ended.events), log))
    written = lines(log.path)
    assert written[1:] == [json.loads(json.dumps(to_json(event))) for event in ended.events]
    assert {line.get("step") for line in written} >= set(PLAN.ids)


def unwritable(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "runs"  # not a directory, also for root


def test_a_log_that_cannot_be_made_is_said_and_the_run_goes_on(tmp_path: Path) -> None:
    log = RunLog("demo", Action.UP, where=unwritable(tmp_path))
    assert list(logged(iter([STARTED, FINISHED]), log)) == [STARTED, FINISHED]
    assert log.path is None
    assert "cannot be written" in log.problem


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_log_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, flags, mode=0o777: real("/dev/full", os.O_WRONLY))
    log = RunLog("demo", Action.UP, where=tmp_path)
    assert list(logged(iter([STARTED, FINISHED]), log)) == [STARTED, FINISHED]
    assert "No space left on device" in log.problem


def test_text_that_cannot_be_encoded_ends_nothing(tmp_path: Path) -> None:
    log = RunLog("demo", Action.UP, where=tmp_path)
    event = StepFinished(step="invoke", outcome=Outcome.OK, duration=0.0, reason="\ud800 \x00 \u2028")
    list(logged(iter([event, FINISHED]), log))
    assert not log.problem
    assert lines(log.path)[1]["reason"] == "\ud800 \x00 \u2028"


def test_closing_it_closes_the_run(tmp_path: Path) -> None:
    closed = False

    def events() -> Iterator[Event]:
        nonlocal closed
        try:
            yield STARTED
            yield FINISHED
        finally:
            closed = True

    passed = logged(events(), RunLog("demo", Action.UP, where=tmp_path))
    next(passed)
    passed.close()
    assert closed


def test_the_log_goes_on_to_the_end_of_a_run_that_nobody_looks_at_any_more(tmp_path: Path) -> None:
    stopped: list[bool] = []

    def events() -> Iterator[Event]:
        yield STARTED
        assert stopped == [True]
        yield FINISHED

    log = RunLog("demo", Action.UP, where=tmp_path)
    passed = logged(events(), log, stop=lambda: stopped.append(True))
    next(passed)
    passed.close()
    assert [line["event"] for line in lines(log.path)] == ["LogOpened", "RunStarted", "RunFinished"]
