"""The report of a run, from its log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from drills import exam as exams
from drills.catalogue import COURSE
from drills.model import Course
from drills.session import Exam
from runbook.errors import BadInput
from runbook.events import Action, CallAnswered, Outcome
from runbook.log import RunLog, logged
from runbook.report import Record, find, html, markdown, read, told
from steps.deployment import Deployment
from steps.invoke import Invocation
from steps.nlb_addresses import NlbAddresses
from tests.stack import PLAN, Ended, Stack


def written(ended: Ended, where: Path, action: Action = Action.UP, stack: str = "demo") -> Path:
    about = {"face": "cli", "kind": "practice", "region": "us-east-1", "titles": {s.id: s.title for s in PLAN.steps}}
    log = RunLog(stack, action, about=about, where=where)
    list(logged(iter(ended.events), log))
    assert log.path is not None
    return log.path


@pytest.fixture
def ended(stack: Stack) -> Ended:
    return stack.up(tags={"team": "payments"})


@pytest.fixture
def record(ended: Ended, tmp_path: Path) -> Record:
    return read(written(ended, tmp_path))


@pytest.mark.parametrize("form", [markdown, html])
def test_it_tells_all_that_people_ask_afterwards(form: object, record: Record, ended: Ended, stack: Stack) -> None:
    text = form(record)
    identity = stack.aws.identity()
    assert identity.account in text
    assert identity.arn in text
    assert "us-east-1" in text
    assert ended.fact(Deployment).invoke_url in text
    for address in ended.fact(NlbAddresses).addresses:
        for part in (address.ip, address.interface, address.subnet, address.zone):
            assert part in text
    for step in PLAN.steps:
        assert step.id in text
    calls = ended.of(CallAnswered)
    assert len(calls) > 40
    for call in calls:
        assert call.request_id in text
        assert f"{call.service}:{call.operation}" in text
    assert "payments" in text
    assert "Timeline" in text


@pytest.mark.parametrize("form", [markdown, html])
def test_parameters_are_told_as_people_write_them(form: Callable[[Record], str], stack: Stack, tmp_path: Path) -> None:
    ended = stack.up(tags={"team": "payments"}, route_root=True)
    text = form(read(written(ended, tmp_path)))  # type: ignore[operator]
    assert ", ".join(stack.params().instances) in text
    assert "team=payments" in text
    assert "['" not in text
    assert "[&#39;" not in text
    assert not re.search(r"\bTrue\b", text)


def test_the_url_to_try_is_the_one_that_was_tried(record: Record, ended: Ended) -> None:
    # The stage's own address alone is not routed: who clicks it gets a 403.
    assert record.invoke_url == ended.fact(Invocation).url
    assert f"✓ Invoke URL       {record.invoke_url}" in markdown(record)


def test_each_step_has_its_before_its_after_and_how_long_it_took(record: Record, ended: Ended) -> None:
    group = record.steps["target-group"]
    assert (group.before, group.outcome) == (Outcome.MISSING, Outcome.DONE)
    assert group.before_reason == "there is no target group demo-targets"
    assert group.duration == ended.steps["target-group"].duration
    assert [call.operation for call in group.writes] == ["elbv2:CreateTargetGroup"]
    assert "| target-group | missing: there is no target group demo-targets | ✓ created |" in markdown(record)


def test_a_repair_shows_what_was_and_what_is(finished: Stack, tmp_path: Path) -> None:
    group = finished.aws.elbv2.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    finished.aws.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckPath="/wrong")
    record = read(written(finished.up(), tmp_path))
    step = record.steps["target-group"]
    assert (step.before, step.outcome) == (Outcome.DRIFTED, Outcome.DONE)
    assert [(item.found, item.wanted) for item in step.differences] == [("/wrong", "/")]
    assert re.search(r"\| health check path \| /wrong \| / \|", markdown(record))
    assert "Before:" in html(record)
    assert "/wrong" in html(record)


def test_before_of_a_first_run_reports_that_nothing_was_there(record: Record) -> None:
    for step in record.steps.values():
        assert told.before(step)
    created = [step for step in record.steps.values() if step.before is Outcome.MISSING]
    assert len(created) > 10
    for text in (markdown(record), html(record)):
        assert text.count("nothing was there (") == len(created)
    assert "Before: nothing was there (there is no target group demo-targets)." in html(record)


def test_before_of_a_step_that_was_not_reached_is_not_empty(ended: Ended, tmp_path: Path) -> None:
    path = written(ended, tmp_path)
    lines = path.read_text().splitlines()
    kept = [line for line in lines if json.loads(line).get("step") not in ("integration", "invoke")]
    path.write_text("\n".join(kept))
    assert [told.before(read(path).steps[name]) for name in ("integration", "invoke")] == ["not looked at"] * 2


def test_the_report_of_taking_down(finished: Stack, tmp_path: Path) -> None:
    record = read(written(finished.down(), tmp_path, Action.DOWN))
    assert record.caller  # who took it down is what a report is asked first
    assert "removed, nothing is left to remove" in markdown(record)
    assert record.steps["load-balancer"].outcome is Outcome.UNDONE
    for text in (markdown(record), html(record)):
        assert "not seen" not in text
    assert "Load balancer    (removed)" in markdown(record)
    assert "Listener         (goes with load-balancer)" in markdown(record)
    assert "| load-balancer | there | ✓ removed |" in markdown(record)


def test_a_step_that_is_missing_says_so_in_the_path(stack: Stack, tmp_path: Path) -> None:
    record = read(written(stack.check(), tmp_path, Action.CHECK))
    assert "Load balancer    (missing: there is no load balancer demo-nlb)" in markdown(record)
    assert "missing: there is no load balancer demo-nlb" in html(record)
    assert "Listener         (unknown: cannot be known before load-balancer)" in markdown(record)


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_needs_nothing_from_elsewhere(record: Record) -> None:
    page = Page(html(record))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object"}
    assert not [
        value for _, attributes in page.tags for value in (attributes.get("src"), attributes.get("onload")) if value
    ]
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == [record.invoke_url]
    assert {"svg", "rect", "path"} <= names


def _on_a_phone(text: str) -> list[str]:
    """What would make a page wider than a phone, or a column of it one letter wide."""
    wrong: list[str] = []
    around: list[str] = []
    page = Page(text)
    viewport = [a["content"] for tag, a in page.tags if tag == "meta" and a.get("name") == "viewport"]
    if viewport != ["width=device-width, initial-scale=1"]:
        wrong.append("the viewport")

    class Walk(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            style = f"{given.get('style')} {given.get('class')}"
            if tag == "div":
                around.append(style)
            # A table of names and values is two columns, of which the second wraps.
            scrolls = any("overflow-x:auto" in each or "scrolls" in each for each in around)
            if tag == "svg" and not scrolls and float(given["width"] or 0) > 440:
                wrong.append(f"a picture {given['width']} wide shrinks")
            if tag == "thead" and not scrolls:
                wrong.append("a table does not scroll")
            if tag == "td" and "anywhere" in style and "min-width" not in style and around:
                wrong.append("a column may get one letter wide")

        def handle_endtag(self, tag: str) -> None:
            if tag == "div":
                around.pop()

    Walk().feed(text)
    return wrong


def test_tables_scroll_and_pictures_are_legible_on_a_phone(record: Record) -> None:
    assert _on_a_phone(html(record)) == []


def test_an_exams_table_scrolls_on_a_phone() -> None:
    course = Course.of(COURSE)
    exam = Exam(drills=tuple(drill.id for drill in course.drills[:2]), seed=7, started=datetime(2026, 1, 2, tzinfo=UTC))
    assert _on_a_phone(exams.html("a trainee", exam, course)) == []


def test_a_page_that_does_not_fit_a_phone_would_be_seen() -> None:
    seen = _on_a_phone('<svg width="760"></svg><table><thead></thead></table><div><td style="overflow-wrap:anywhere">')
    assert len(seen) == 4


def test_long_details_are_wrapped_in_the_picture_not_cut(record: Record) -> None:
    drawn = re.findall(r"<text x=\"14\"[^>]*>([^<]*)", html(record).partition("<h2>Timeline")[0])
    assert max(map(len, drawn)) <= 54
    assert record.invoke_url in "".join(drawn)


def test_each_colour_has_a_legend(record: Record) -> None:
    text = html(record)
    legend = text.partition('class="legend"')[2].partition("</p>")[0]
    used = set(re.findall(r'(?:stroke|fill|style)="(?:color:)?(#[0-9a-f]{6})"', text.replace(legend, "")))
    plain = {"#ffffff", "#212121", "#616161", "#e0e0e0"}
    assert used - plain
    assert used - plain <= set(re.findall("#[0-9a-f]{6}", legend))


HOSTILE = '<script>alert(1)</script><img src=x onerror="a()">\n# not a heading\n| a | b |\n```\n[x](javascript:a)'


def test_text_from_outside_is_never_markup(ended: Ended, tmp_path: Path) -> None:
    path = written(ended, tmp_path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        match line:
            case {"event": "StepFinished", "step": "invoke"}:
                line["fact"] |= {"answer": HOSTILE, "url": HOSTILE}
                line["reason"] = HOSTILE
            case {"event": "StepFinished", "step": "load-balancer" | "deployment"}:
                line["fact"] = dict.fromkeys(line["fact"], HOSTILE)
            case {"event": "CallAnswered"}:
                line["error"] = HOSTILE
            case {"event": "RunFinished"}:
                line["error"] = HOSTILE
    path.write_text("\n".join(map(json.dumps, lines)))
    record = read(path)
    page = Page(html(record))
    assert not [tag for tag, _ in page.tags if tag in ("script", "img")]
    assert not [href for tag, attributes in page.tags if tag == "a" and (href := attributes.get("href"))]
    assert any("<script>alert(1)</script>" in text for text in page.text)
    # With HTML allowed, as most places that show Markdown do.
    shown = Page(MarkdownIt("commonmark").enable("table").render(markdown(record)))
    assert not [tag for tag, _ in shown.tags if tag in ("script", "img", "a", "h4")]
    assert any("<script>alert(1)</script>" in text for text in shown.text)
    assert "not a heading" not in [text.strip() for text in shown.text]


def test_a_log_that_breaks_off_is_told_as_far_as_it_goes(ended: Ended, tmp_path: Path) -> None:
    path = written(ended, tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[: len(lines) // 2]) + '\n{"event": "StepFini')
    record = read(path)
    assert not record.complete
    for text in (markdown(record), html(record)):
        assert "breaks off" in text
        assert "not ended" in text


def test_secrets_that_an_older_log_holds_do_not_get_into_a_report(ended: Ended, tmp_path: Path) -> None:
    path = written(ended, tmp_path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[-2]["reason"] = "Credential=AKIAQ3EGPLANTED00001/20260101/us-east-1, x-amz-security-token: plantedplanted"
    path.write_text("\n".join(map(json.dumps, lines)))
    for text in (markdown(read(path)), html(read(path))):
        assert "PLANTED" not in text
        assert "plantedplanted" not in text


def test_the_log_that_is_meant_is_found(ended: Ended, tmp_path: Path) -> None:
    empty = tmp_path / "none"
    with pytest.raises(BadInput, match="there is no log"):
        find("last", empty)
    demo, other = (written(Ended(ended.events[-1:]), tmp_path / "runs", stack=name) for name in ("demo", "o-ther"))
    newest = max(demo, other, key=lambda path: path.name)
    assert find("last", tmp_path / "runs") == newest
    assert find(str(demo)) == demo
    assert find(demo.stem, tmp_path / "runs") == demo
    assert find("o-ther", tmp_path / "runs") == other
    with pytest.raises(BadInput, match="several"):
        find("20", tmp_path / "runs")
    with pytest.raises(BadInput, match="no log 'nonsense'"):
        find("nonsense", tmp_path / "runs")


def test_a_file_that_is_no_log_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text('hello\n{"event": 1}\n[]\n')
    with pytest.raises(BadInput, match="is not the log of a run"):
        read(file)


def test_the_answer_is_in_the_report(record: Record, ended: Ended) -> None:
    assert ended.fact(Invocation).served_by in markdown(record)


def test_a_log_of_a_former_version_is_still_read(ended: Ended, tmp_path: Path) -> None:
    """Its steps say how it was before, not what was done."""
    path = written(ended, tmp_path)
    former = []
    for line in map(json.loads, path.read_text().splitlines()):
        for name in ("change", "follows", "expected"):
            line.pop(name, None)
        if line["event"] == "StepFinished" and line["step"] == "target-group":
            line["reason"] = "there is no target group demo-targets"
        former.append(json.dumps(line))
    path.write_text("\n".join(former))
    record = read(path)
    assert record.steps["target-group"].change is None
    text = markdown(record)
    assert "✓ done — before: there is no target group demo-targets" in text
    assert "12 changed, 3 already up to date" in text
    assert "created" not in text.partition("## Timeline")[0].replace("created with", "")
