"""Text from AWS, a tag or a backend is text: in the terminal, the TUI, the notebook and both reports."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from textual.widgets import Static

from runbook.cli.console import terminal
from runbook.events import Action, Outcome, StepFinished
from runbook.log import RunLog, logged
from runbook.notebook.shown import RecordView, seen
from runbook.present import safe
from runbook.report import html, markdown, read
from runbook.trace import parse_target, trace
from tests.faults.proxy import Proxy
from tests.inprocess import runbook
from tests.stack import Ended, Stack
from tests.tui import script
from tests.tui.helpers import ready, screen_text, settle
from tui.words import span, text

ESCAPES = "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\\x1b]0;title\x07\x9b31m"
BIDI = "\u202egnp.exe\u202c \u2066x\u2069 \u200fy"
RICH = "[bold red]b[/] [link=https://evil.example]l[/link] [/] [@click=app.quit]q[/] :boom:"
HTML = "<script>alert(1)</script><img src=x onerror=alert(1)><b onclick='x'>&lt;"
MARKDOWN = "| a | b |\n\n# heading\n```\nfence\n```\n[x](javascript:alert(1)) **bold** `code` ~~gone~~ ![i](http://e/x)"
HOSTILE = f"{ESCAPES} {BIDI} {RICH} {HTML} {MARKDOWN}"
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class Page(HTMLParser):
    """What a browser makes of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def active(self) -> list[object]:
        """What would do something, or load something."""
        return [
            (tag, attributes)
            for tag, attributes in self.tags
            if tag in ("script", "img", "iframe", "object", "b", "h4", "del")
            or any(name.startswith("on") for name in attributes)
            or str(attributes.get("href", "")).startswith("javascript")
        ]


def hostile(ended: Ended) -> list[object]:
    """The events of a run in which everything that is said of a step was written by somebody else."""
    events: list[object] = []
    for event in ended.events:
        if isinstance(event, StepFinished) and event.step in ("invoke", "load-balancer", "vpc-link"):
            names = type(event.fact).__slots__  # type: ignore[attr-defined]
            said = {name: getattr(event.fact, name) for name in names}
            fact = type(event.fact)(  # type: ignore[misc]
                **{name: HOSTILE if type(value) is str else value for name, value in said.items()}
            )
            event = StepFinished(step=event.step, outcome=Outcome.FAILED, duration=1.0, reason=HOSTILE, fact=fact)
        events.append(event)
    return events


@pytest.fixture
def reported(finished: Stack, tmp_path: Path) -> Path:
    log = RunLog("demo", Action.CHECK, where=tmp_path / "logs")
    list(logged(iter(hostile(finished.check())), log))  # type: ignore[arg-type]
    assert log.path is not None
    return log.path


def test_the_html_report_shows_it_as_text(reported: Path) -> None:
    page = Page(html(read(reported)))

    assert page.active == []
    assert "<script>alert(1)</script>" in page.text
    assert RICH in page.text


def test_the_markdown_report_shows_it_as_text(reported: Path) -> None:
    told = markdown(read(reported))
    page = Page(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(told))

    assert page.active == []
    assert not [tag for tag, attributes in page.tags if tag in ("a", "img") and "evil" in str(attributes)]
    assert "<script>alert(1)</script>" in page.text
    assert "| a | b |" in page.text


def test_the_notebook_shows_the_record_as_text(reported: Path) -> None:
    shown = RecordView(read(reported))._repr_mimebundle_()
    page = Page(shown["text/html"])

    assert page.active == []
    assert "<script>alert(1)</script>" in page.text
    assert not OBEYED.search(shown["text/plain"].replace("\n", ""))
    assert not [line for line in shown["text/plain"].splitlines() if line.startswith("# heading")]


def test_a_report_on_the_terminal_obeys_nothing(reported: Path) -> None:
    ended = runbook("report", str(reported))

    assert ended.code == 0
    assert not OBEYED.search(ended.out)


def test_the_notebook_shows_it_as_text(finished: Stack) -> None:
    events = [event for event in hostile(finished.check()) if isinstance(event, StepFinished)]
    for event in events:
        cell = seen(event, "")
        assert Page(cell._html()).active == []
    invoked = seen(next(event for event in events if event.step == "invoke"), "")
    assert "<script>alert(1)</script>" in Page(invoked._html()).text
    assert RICH in invoked._text()


def test_the_terminal_shows_it_as_text() -> None:
    for forced in (False, True):
        file = io.StringIO()
        console = terminal(file=file, force_terminal=forced, width=2000, color_system=None)
        console.print(HOSTILE)
        console.print(text(HOSTILE))
        shown = file.getvalue()
        assert RICH in shown
        assert not OBEYED.search(shown)


def test_commands_show_names_and_tags_as_text(finished: Stack, counted: Proxy) -> None:
    """What others call their things: names of APIs and links, descriptions, tags of instances."""
    gateway, ec2 = finished.aws.apigateway, finished.aws.ec2
    api = gateway.create_rest_api(name=HOSTILE[:200], description=HOSTILE)["id"]
    (instance, *_) = finished.service.instances
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "Name", "Value": f"{BIDI}{RICH}{HTML}"}])  # XML has no escapes
    for command in (
        ["check"],
        ["check", "--json"],
        ["list"],
        ["links"],
        ["trace", f"{api}/prod/x"],
        ["step", "preflight"],
    ):
        finished.clock.advance(60)  # nobody else moves it, and requests beyond a quota would be waited for in vain
        ended = runbook(*command)
        assert "TooManyRequests" not in ended.said, command
        assert not OBEYED.search(ended.said.replace("\n", "")), (command, ascii(ended.said[:500]))
    ended = runbook("step", "preflight")
    assert ended.code == 0
    assert "[bold red]b[/]" in ended.out.replace("\n", "")


def test_a_trace_shows_what_the_service_says_as_text(finished: Stack) -> None:
    """The name of the API, and the answer."""
    (api,) = finished.aws.apigateway.get_rest_apis()["items"]
    patch = {"op": "replace", "path": "/name", "value": f"{ESCAPES}{RICH}"}
    finished.aws.apigateway.update_rest_api(restApiId=api["id"], patchOperations=[patch])  # type: ignore[list-item]
    from runbook.trace.draw import draw

    file = io.StringIO()
    terminal(file=file, width=300, color_system=None).print(
        draw(trace(finished.aws, parse_target(f"{api['id']}/prod/hello", finished.aws)))
    )
    assert not OBEYED.search(file.getvalue().replace("\n", ""))


@pytest.mark.parametrize("value", [ESCAPES, BIDI, RICH, HTML, MARKDOWN, "\ud800", "a\tb", "\U000e0041"])
def test_nothing_is_left_that_a_terminal_obeys(value: str) -> None:
    for shown in (safe(value), text(value).plain, span(value).plain):
        assert not OBEYED.search(shown)
        shown.encode()


async def test_the_tui_shows_it_as_text() -> None:
    def run(told: script.Told) -> object:
        yield from script.step_missing("preflight")
        yield StepFinished(step="vpc-link", outcome=Outcome.FAILED, duration=1.0, reason=HOSTILE)

    async with script.app(run).run_test(size=(160, 50)) as pilot:  # type: ignore[arg-type]
        app = await ready(pilot)
        await pilot.press("c")
        await settle(pilot)
        shown = screen_text(app)
        assert not OBEYED.search(shown.replace("\n", ""))
        assert app.is_running
        for widget in app.screen.query(Static):
            assert "\x1b" not in str(widget.render())
