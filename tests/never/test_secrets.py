"""Credentials, tokens and signed headers are in no output, whoever says them: AWS, a backend, or who runs it."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import boto3
import pytest

from runbook.cli import main
from runbook.events import Action, RunFinished, StepFinished, to_json
from runbook.explain import explain
from runbook.log import RunLog, logged
from runbook.notebook.shown import seen
from runbook.redaction import REDACTED, redacted
from runbook.report import html, markdown, read
from runbook.trace import parse_target, trace
from runbook.trace.draw import draw
from steps import invoke, preflight
from tests.faults.proxy import Exchange, Proxy, Response, pass_on
from tests.inprocess import runbook
from tests.stack import Stack

KEY_ID = "AKIA" + "PLANTED0PLANTED0"
SECRET = "plantedPLANTED/planted+PLANTED/planted12"
TOKEN = "IQoJb3JpZ2luPLANTED//////////wEaCXVzLWVhc3QtMSJ"
SIGNATURE = "0123456789abcdef" * 4
API_KEY = "planted-api-key-planted"
BEARER = "plantedbearerplantedbearer"
PLANTED = (KEY_ID, SECRET, TOKEN, SIGNATURE, API_KEY, BEARER)

SIGNED = (
    f"The canonical string for this request should have been 'GET / host:x x-amz-security-token:{TOKEN}' "
    f"Authorization: AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101/us-east-1/ec2/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
)
ESCAPED = "\x1b[31mred"
ECHO = json.dumps(
    {"headers": {"x-api-key": API_KEY, "Authorization": f"Bearer {BEARER}", "aws_secret_access_key": SECRET}}
)


def found_in(*texts: str) -> list[str]:
    """The planted secrets that are there."""
    return [secret for secret in PLANTED for text in texts if secret in text]


def refuses(operation: str, message: str) -> Callable[[Exchange], None]:
    """AWS refuses an operation, and quotes the request."""

    def fault(exchange: Exchange) -> None:
        if exchange.operation == operation:
            exchange.answer(Response.error(exchange, 403, "SignatureDoesNotMatch", message.replace('"', "'")))
        else:
            pass_on(exchange)

    return fault


@pytest.mark.parametrize(
    "command", [["check"], ["check", "--json"], ["plan"], ["list"], ["links"], ["trace", "demo"], ["rollback"]]
)
def test_what_aws_quotes_of_a_request_is_in_no_output_of_a_command(
    finished: Stack, counted: Proxy, tmp_path: Path, command: list[str]
) -> None:
    for operation in ("DescribeLoadBalancers", "GetVpcLinks", "GetRestApis"):
        counted.arm(refuses(operation, SIGNED))
        ended = runbook(*command)
        logs = [path.read_text() for path in (tmp_path / "home").rglob("*") if path.is_file()]
        assert found_in(ended.out, ended.err, *logs) == [], (operation, ended.said[-800:])
        if command[0] in ("check", "plan"):
            assert logs


def test_what_a_person_sends_with_a_trace_is_told_by_nobody(
    finished: Stack, counted: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The practice account's service answers with the headers it was sent, as backends do while they are debugged."""
    headers = ["-H", f"x-api-key: {API_KEY}", "-H", f"Authorization: Bearer {BEARER}", "-H", f"X-Custom: {SECRET}"]
    for instance in finished.service.instances:
        finished.machine(instance, status=500)  # the answer is quoted when it is bad
    for more in ([], ["--json"], ["--test-invoke", "--logs"]):
        ended = runbook("trace", "demo", *headers, *more)
        assert "500" in ended.out
        assert found_in(ended.out, ended.err) == [], ended.said[-1500:]
    target = parse_target("demo", finished.aws, headers={"X-Custom": SECRET, "accept": "text/plain"})
    traced = trace(finished.aws, target)
    assert found_in(json.dumps(traced.to_json()), repr(draw(traced)), repr(traced)) == []


def test_what_an_answer_holds_is_in_no_log_report_plan_or_cell(finished: Stack, tmp_path: Path) -> None:
    """Whatever a step says or learns: the reason, a fact's text, an error."""
    events = finished.check().events
    ended = next(event for event in events if isinstance(event, StepFinished) and event.step == "invoke")
    fact = type(ended.fact)(
        **{name: getattr(ended.fact, name) for name in ended.fact.__slots__} | {"answer": ECHO}  # type: ignore[attr-defined]
    )
    said = {"reason": SIGNED, "fact": fact, "differences": ()}
    planted = [
        type(event)(**{name: getattr(event, name) for name in ("at", "step", "outcome", "duration")} | said)
        if event is ended
        else event
        for event in events
    ]
    log = RunLog("demo", Action.CHECK, where=tmp_path)
    list(logged(iter(planted), log))
    assert log.path is not None
    record = read(log.path)
    cell = seen(next(event for event in planted if isinstance(event, StepFinished) and event.step == "invoke"), "")
    texts = [log.path.read_text(), markdown(record), html(record), cell._html(), cell._text()]
    assert found_in(*texts) == []
    assert all("redacted" in text for text in texts)


def test_the_event_stream_itself_holds_none(finished: Stack, counted: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a face which forgets about it tells none either."""
    real = invoke.check

    def leaking(*given: Any) -> Any:
        raise RuntimeError(f"{SIGNED} {ECHO}")

    leaking.__annotations__ = real.__annotations__
    leaking.__signature__ = inspect.signature(real)  # type: ignore[attr-defined]
    monkeypatch.setattr(invoke, "check", leaking)
    ended = finished.check()
    told = [event for event in ended.events if isinstance(event, StepFinished | RunFinished)]
    assert REDACTED in ended.reason("invoke")
    assert found_in(*(json.dumps(to_json(event)) for event in told)) == []
    assert found_in(explain(RuntimeError("x")), redacted(SIGNED), redacted(ECHO)) == []


def test_the_sessions_own_credentials_are_taken_out_by_value(finished: Stack) -> None:
    session = boto3.Session(aws_access_key_id="k" * 20, aws_secret_access_key=SECRET, aws_session_token=TOKEN)
    finished_aws = finished.aws.session
    finished.aws.session = session
    try:
        name = f"the token {TOKEN} and the key {SECRET}"
        ended = finished.check(test_path=f"/{TOKEN}")
    finally:
        finished.aws.session = finished_aws
    assert found_in(redacted(name, [TOKEN, SECRET])) == []
    reasons = [event.reason for event in ended.of(StepFinished)]
    assert found_in(*reasons) == []


def test_a_frozen_plan_holds_none(finished: Stack, counted: Proxy, tmp_path: Path) -> None:
    """Of what is not as it should be a plan tells what it is; and it can be carried out all the same."""
    elb: Any = finished.aws.elbv2
    group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    path = f"/h?x-amz-security-token={TOKEN}&Signature={SIGNATURE}&x-api-key={API_KEY}"
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath=path)

    ended = runbook("plan", "--out", "plan.json")

    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) >= 2
    assert found_in(ended.out, ended.err, *kept) == []
    assert REDACTED in (tmp_path / "plan.json").read_text()
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/other")
    ended = runbook("up", "--plan", "plan.json")
    assert ended.code != 0
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath=path)
    assert runbook("up", "--plan", "plan.json").code == 0


def leaking(*_: object) -> None:
    raise RuntimeError(f"{SIGNED} {ECHO} {ESCAPED}")


def test_what_nobody_foresaw_ends_without_one(
    counted: Proxy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("runbook.stacks.stacks", leaking)
    monkeypatch.setattr("sys.argv", ["runbook", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = "".join(capsys.readouterr())
    assert ended.value.code == 1
    assert "Traceback" in said
    assert "in leaking" in said
    assert "\x1b" not in said
    assert found_in(said) == []


def test_debug_logging_tells_none(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As whoever uses it from Python switches it on."""
    caplog.set_level(logging.DEBUG, "runbook")
    real = preflight.check
    monkeypatch.setattr(preflight, "check", wraps(real)(leaking))
    stack.check()
    assert "in leaking" in caplog.text
    assert found_in(caplog.text) == []
