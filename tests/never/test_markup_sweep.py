"""Whatever AWS, a backend or a tag says, in any text of it, no front end obeys it."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParser
from rich.console import Console

from runbook.accounts import Kind
from runbook.aws import Identity
from runbook.cli import confirming
from runbook.cli.console import say
from runbook.events import CallAnswered, CallSent, Event, Noted, Outcome, StepFinished, Waited
from runbook.notebook import running
from runbook.notebook.shown import Greeting, Working, ending, seen
from runbook.outcome import Difference
from runbook.present import safe
from runbook.report.drawing import render
from runbook.run_state import RunState
from runbook.trace import parse_target, trace
from runbook.trace.draw import table
from tests.faults.proxy import Proxy
from tests.inprocess import runbook
from tests.never.test_markup import BIDI, ESCAPES, HOSTILE, HTML, MARKDOWN, OBEYED, RICH, Page
from tests.stack import Stack
from tests.tui import script
from tests.tui.helpers import ready, screen_text, settle
from tui.widgets.calls import Calls

FORGED = "\r\n✓ invoke                  ok\r\x1b[2K\x1b[1A\x85\u2028✓ forged\x0b\x0c"
TEXTUAL = "[@click=app.quit]quit[/] [$error on $primary]c[/] [link='file:///etc/passwd']f[/] [/"
PAYLOADS = {
    "escapes": ESCAPES,
    "directions": BIDI,
    "rich": RICH,
    "textual": TEXTUAL,
    "html": HTML,
    "markdown": MARKDOWN,
    "lines": FORGED,
    "all": f"{HOSTILE} {TEXTUAL} {FORGED}",
}
ALL = PAYLOADS["all"]
# Names and ids are what things are found by: what is free text besides them is written by anybody.
FREE = frozenset(
    {"description", "Description", "statusMessage", "StatusMessage", "Reason", "StateReason", "PublicDnsName"}
    | {"PrivateDnsName", "ImageId", "KeyName", "OwnerId", "PlatformDetails", "GroupName", "selectionPattern"}
    | {"RequestId", "x-amzn-requestid", "cacheClusterStatus", "createdBy", "Arn", "UserId", "version"}
)


def poisoned(value: Any, payload: str) -> Any:
    """An answer of AWS in which every free text was written by somebody else."""
    if isinstance(value, list):
        return [poisoned(item, payload) for item in value]
    if not isinstance(value, dict):
        return value
    tag = str(value.get("Key", ""))
    if set(value) == {"Key", "Value"}:
        return value if tag.startswith("runbook:") else {"Key": tag, "Value": f"{value['Value']}{payload}"}
    return {
        key: f"{item}{payload}" if key in FREE and isinstance(item, str) else poisoned(item, payload)
        for key, item in value.items()
    }


def obeyed(text: str) -> list[str]:
    return OBEYED.findall(text.replace("\n", ""))


def forged(text: str) -> list[str]:
    """Lines that pass for a line of ours."""
    return [line for line in text.splitlines() if line.startswith(("✓ forged", "✓ invoke                  ok"))]


COMMANDS = [
    ["check"],
    ["check", "--json"],
    ["list"],
    ["links"],
    ["trace", "demo", "--test-invoke", "--logs"],
    ["report", "last"],
    ["step", "preflight", "check"],
    ["step", "vpc-link", "check"],
]


def test_no_command_obeys_what_aws_answers(finished: Stack, counted: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ResponseParser.parse

    def parse(self: ResponseParser, response: Any, shape: Any) -> Any:
        return poisoned(real(self, response, shape), ALL)

    monkeypatch.setattr(ResponseParser, "parse", parse)
    for command in COMMANDS:
        finished.clock.advance(60)
        ended = runbook(*command)
        assert obeyed(ended.said) == [], (command, ascii(ended.said[-800:]))
        assert forged(ended.said) == [], (command, ended.said[-800:])
        assert "Traceback" not in ended.said


@pytest.mark.parametrize("text", [ALL, FORGED])
def test_no_command_obeys_how_aws_refuses(
    finished: Stack, counted: Proxy, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    error = {"Error": {"Code": f"Odd{text}", "Message": text}, "ResponseMetadata": {"RequestId": text}}
    asked: list[str] = []

    def refuse(client: BaseClient, operation: str, params: object) -> object:
        asked.append(operation)
        raise ClientError(error, f"{operation}{text}")  # type: ignore[arg-type]

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    for command in (
        ["check"],
        ["check", "--json"],
        ["up"],
        ["list"],
        ["links"],
        ["trace", "demo"],
        ["rollback"],
        ["down"],
    ):
        ended = runbook(*command)
        assert obeyed(ended.said) == [], (command, ascii(ended.said[-800:]))
        assert forged(ended.said) == [], (command, ended.said[-800:])
    assert asked


def test_no_command_obeys_what_the_service_answers(
    finished: Stack, counted: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its body, its media type, and what API Gateway's own headers may hold."""
    import httpx

    from runbook.calling import Client

    text = ALL
    printable = re.sub(r"[^\x20-\x7e]", "?", text)

    def request(self: Client, method: str, url: str, headers: object = None, **_: object) -> httpx.Response:
        said = {
            "content-type": f"text/plain; {printable}",
            "x-amzn-errortype": printable,
            "x-amzn-requestid": printable,
        }
        return httpx.Response(502, headers=said, content=text.encode())

    monkeypatch.setattr("runbook.calling.Client.request", request)
    monkeypatch.setattr("runbook.accounts.caller", _real_caller)
    for command in (["check"], ["trace", "demo"], ["trace", "demo", "--json"], ["step", "invoke", "check"]):
        finished.clock.advance(60)
        ended = runbook(*command)
        assert obeyed(ended.said) == [], (command, ascii(ended.said[-800:]))
        assert forged(ended.said) == [], (command, ended.said[-800:])


class _Real:
    """An account says what it is as ever."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def get(self, url: str) -> Any:
        import httpx

        return httpx.get(url, trust_env=False)


def _real_caller(url: str, **_: object) -> Any:
    return _Real()


def test_the_question_obeys_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    account = script.account(Kind.AWS)
    account.aws.identity = lambda: Identity("1" * 12, f"arn:aws:iam::x:user/{ALL}", "eu-west-1", "aws")  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(confirming.typer, "confirm", lambda *_, **__: True)
    confirming.confirm(account, lambda: None, yes=False, expected=None, json=False)
    say(ALL)
    shown = capsys.readouterr().out
    assert obeyed(shown) == []
    assert forged(shown.partition("Region")[0]) == []


# -- the notebook


def texts(fact: object) -> Any:
    """The same fact with every text of it replaced."""
    if not dataclasses.is_dataclass(fact) or isinstance(fact, type):
        return fact
    changed: dict[str, Any] = {}
    for item in dataclasses.fields(fact):
        value = getattr(fact, item.name)
        if isinstance(value, str):
            changed[item.name] = ALL
        elif isinstance(value, tuple):
            changed[item.name] = tuple(ALL if isinstance(each, str) else texts(each) for each in value)
        else:
            changed[item.name] = texts(value)
    return dataclasses.replace(fact, **{name: value for name, value in changed.items() if name})


def hostile_events(events: list[Event]) -> Iterator[StepFinished]:
    for event in events:
        if isinstance(event, StepFinished):
            differences = (Difference(ALL, ALL, ALL),)
            yield dataclasses.replace(
                event, reason=ALL, fact=texts(event.fact), differences=differences, outcome=Outcome.FAILED
            )


def test_no_cell_obeys_anything(finished: Stack) -> None:
    ended = finished.check()
    events = list(hostile_events(list(ended.events)))
    assert len(events) > 10
    views = [
        *(seen(event, ALL) for event in events),
        Greeting(((ALL, ALL),)),
        Working(ALL, (Waited(step="x", what=ALL, state=ALL, elapsed=1.0, usual=1.0),)),
        ending(ended.finished, {}, RunState.of(events), ALL, verdict=ALL),
    ]
    for view in views:
        shown = view._repr_mimebundle_()
        for text in (*shown.values(), repr(view), view._text(), view._html()):
            assert obeyed(text) == [], (type(view), ascii(text[:500]))
        assert Page(shown["text/html"]).active == [], type(view)


def test_a_trace_in_a_cell_obeys_nothing(finished: Stack) -> None:
    traced = trace(finished.aws, parse_target("demo", finished.aws))
    hops = tuple(dataclasses.replace(hop, evidence=ALL, fix=ALL, command=ALL, advice=(ALL,)) for hop in traced.hops)
    hostile = dataclasses.replace(traced, hops=hops, url=ALL, answer=ALL, method=ALL)
    file = io.StringIO()
    Console(file=file, width=200, color_system=None).print(table(hostile))
    assert obeyed(file.getvalue()) == []
    shown = table(hostile)._repr_mimebundle_((), ())
    assert Page(shown["text/html"]).active == []
    assert not OBEYED.search(re.sub(r"\x1b\[[0-9;]*m", "", shown["text/plain"]).replace("\n", ""))


def test_what_ends_a_notebook_obeys_nothing() -> None:
    """papermill and a shell show the traceback."""
    assert obeyed(running._said(RuntimeError(ALL))) == []
    error = ClientError({"Error": {"Code": ALL, "Message": ALL}}, "GetRestApis")
    assert obeyed(running._said(error)) == []


def test_every_template_shows_control_characters() -> None:
    assert obeyed(render("cell_fields.html", rows=[(ALL, ALL)])) == []


# -- the TUI


def hostile_run(told: script.Told) -> Iterator[Event]:
    """A run in which every text of every event was written by somebody else."""
    about: dict[str, Any] = {"step": "vpc-link", "service": ALL, "operation": ALL, "writes": True, "call": 1}
    yield CallSent(**about)
    yield Noted(step="vpc-link", text=ALL)
    yield Waited(step="vpc-link", what=ALL, state=ALL, elapsed=1.0, usual=10.0)
    yield CallAnswered(**about, duration=0.1, error=ALL, request_id=ALL)
    for name, fact in script.FACTS.items():
        yield StepFinished(
            step=name,
            outcome=Outcome.FAILED if name == "vpc-link" else Outcome.DRIFTED,
            duration=1.0,
            reason=ALL,
            fact=texts(fact),
            differences=(Difference(ALL, ALL, ALL),),
        )


def acts(app: Any) -> list[object]:
    """What a click on the screen would do, besides what our own widgets offer."""
    found: list[object] = []
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if style is not None and (style.link or "app.quit" in str(style.meta.get("@click", ""))):
                found.append((segment.text, style.link, style.meta))
    return found


async def test_no_pane_obeys_anything() -> None:
    async with script.app(hostile_run).run_test(size=(160, 50)) as pilot:
        app = await ready(pilot)
        await pilot.press("c")
        await settle(pilot)
        calls = app.main.query_one(Calls)
        sent = CallSent(step="vpc-link", service=RICH, operation="x", writes=True, call=2)
        calls.tell_in_flight(SimpleNamespace(in_flight={2: sent}))  # type: ignore[arg-type]
        assert RICH in calls._border_subtitle.plain  # type: ignore[attr-defined]
        for key in ("3", "2", "1", "p", "escape"):
            await pilot.press(key)
            await pilot.pause()
            assert app.is_running, key
            shown = screen_text(app)
            assert obeyed(shown) == [], (key, ascii(shown[-500:]))
            assert acts(app) == [], key


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_made_safe_is_safe(payload: str) -> None:
    assert obeyed(safe(PAYLOADS[payload])) == []


def test_files_of_a_report_obey_nothing(finished: Stack, tmp_path: Path) -> None:
    from runbook.events import Action
    from runbook.log import RunLog, logged
    from runbook.report import html, markdown, read

    events = [
        next(iter(hostile_events([event]))) if isinstance(event, StepFinished) else event
        for event in finished.check().events
    ]
    log = RunLog("demo", Action.CHECK, where=tmp_path / "logs")
    list(logged(iter(events), log))
    assert log.path is not None
    for text in (html(read(log.path)), markdown(read(log.path)), log.path.read_text()):
        assert obeyed(text) == []
