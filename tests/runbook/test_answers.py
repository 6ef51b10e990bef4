"""Members of AWS's answers that are missing, and values that nobody knows yet: one sentence, never a traceback."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody

from runbook.answers import Answer, Incomplete
from runbook.aws import Aws
from runbook.errors import RunbookError
from runbook.stacks import stacks
from runbook.trace.links import links
from runbook.trace.target import parse_target
from runbook.trace.tracing import trace
from tests.pager import SERVICES
from tests.stack import Stack

Place = tuple[str | int, ...]
ENUM = re.compile(r"[A-Za-z_-]+")
"""What looks like one value of an enumeration: no address, ARN, number or time."""


@dataclass
class Recorded:
    """The answers of one look, handed out again without asking; one of them with one place changed."""

    answers: dict[tuple[str, str], tuple[Any, dict[str, Any], bytes]] = field(default_factory=dict)
    changed: tuple[str, Place, Any] | None = None
    """Operation, place, and the new value; None: the member is missing."""

    def before(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        found = self.answers.get((model.name, context.get("runbook_question", "")))
        if found is None:
            return None
        http, parsed, body = found
        parsed = copy.deepcopy(parsed)
        if "body" in parsed:
            parsed["body"] = StreamingBody(io.BytesIO(body), len(body))
        if self.changed and self.changed[0] == model.name:
            _change(parsed, *self.changed[1:])
        return http, parsed

    def after(self, http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        key = model.name, context.get("runbook_question", "")
        if self.changed is not None or key in self.answers or http_response.status_code >= 300:
            return
        body = b""
        if "body" in parsed:
            body = parsed["body"].read()
            parsed["body"] = StreamingBody(io.BytesIO(body), len(body))
        kept = {name: value for name, value in parsed.items() if name != "body"}
        self.answers[key] = http_response, copy.deepcopy(kept) | ({"body": None} if body else {}), body


def _change(parsed: Any, place: Place, value: Any) -> None:
    try:
        for part in place[:-1]:
            parsed = parsed[part]
        if value is None:
            del parsed[place[-1]]
        elif place[-1] in parsed:
            parsed[place[-1]] = value
    except (KeyError, IndexError):  # this page has no such place
        return


@contextmanager
def recording(aws: Aws) -> Iterator[Recorded]:
    recorded = Recorded()
    emitters: list[Any] = [getattr(aws, service).meta.events for service in (*SERVICES, "sts")]
    for emitter in emitters:
        emitter.register("before-call", recorded.before, unique_id="recorded-before")
        emitter.register("after-call", recorded.after, unique_id="recorded-after")
    try:
        yield recorded
    finally:
        for emitter in emitters:
            emitter.unregister("before-call", unique_id="recorded-before")
            emitter.unregister("after-call", unique_id="recorded-after")


def places(value: Any, before: Place = ()) -> Iterator[Place]:
    """Each member of each structure, in the first item of each list."""
    if isinstance(value, dict):
        for member, inner in value.items():
            if member not in ("ResponseMetadata", "body"):
                yield (*before, member)
                yield from places(inner, (*before, member))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*before, 0))


def look_check(stack: Stack) -> list[BaseException]:
    ended = stack.check()
    found = [ended.finished.cause, *(each.cause for each in ended.steps.values())]
    return [each for each in found if each is not None]


def look_trace(stack: Stack) -> list[BaseException]:
    trace(stack.aws, parse_target(stack.name, stack.aws))
    return []


def look_list(stack: Stack) -> list[BaseException]:
    stacks(stack.aws)
    return []


def look_links(stack: Stack) -> list[BaseException]:
    links(stack.aws)
    return []


def unforeseen(look: Callable[[Stack], list[BaseException]], stack: Stack) -> list[str]:
    """What came up that is no sentence for a person."""
    try:
        raised = look(stack)
    except Exception as error:
        raised = [error]
    return [repr(each) for each in raised if not isinstance(each, RunbookError | ClientError | BotoCoreError)]


def used(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The members that are asked for, from here on."""
    asked: set[str] = set()

    def item(answer: Answer, member: str) -> Any:
        asked.add(member)
        return dict.__getitem__(answer, member) if member in answer else answer.__missing__(member)

    def get(answer: Answer, member: str, default: Any = None) -> Any:
        asked.add(member)
        return dict.get(answer, member, default)

    monkeypatch.setattr(Answer, "__getitem__", item)
    monkeypatch.setattr(Answer, "get", get)
    return asked


@pytest.mark.parametrize("look", [look_check, look_trace, look_list, look_links])
def test_each_member_may_be_missing_and_each_text_be_new(
    look: Callable[[Stack], list[BaseException]], finished: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recording(finished.aws) as recorded:
        with monkeypatch.context() as patched:
            asked = used(patched)
            assert unforeseen(look, finished) == []
        variants = {
            (operation, place, value): None
            for (operation, _), (_, parsed, _) in list(recorded.answers.items())
            for place in places(parsed)
            if place[-1] in asked
            for value in (None, "xyzzy" if ENUM.fullmatch(str(_at(parsed, place))) else None)
        }
        assert len(variants) > 10
        found = {}
        for variant in variants:
            recorded.changed = variant
            if wrong := unforeseen(look, finished):
                found[variant] = wrong

    assert found == {}


def _at(parsed: Any, place: Place) -> Any:
    for part in place:
        parsed = parsed[part]
    return parsed


def test_what_is_missing_is_named_with_what_lacks_it(finished: Stack) -> None:
    with recording(finished.aws) as recorded:
        finished.aws.elbv2.describe_load_balancers()
        recorded.changed = "DescribeLoadBalancers", ("LoadBalancers", 0, "DNSName"), None
        item = finished.aws.elbv2.describe_load_balancers()["LoadBalancers"][0]

    with pytest.raises(Incomplete, match=r"answer to DescribeLoadBalancers has no DNSName for LoadBalancers arn:"):
        item["DNSName"]


def test_a_member_that_a_step_cannot_do_without_is_told_by_this_step(finished: Stack) -> None:
    with recording(finished.aws) as recorded:
        finished.check()
        recorded.changed = "DescribeListeners", ("Listeners", 0, "Port"), None
        ended = finished.check()

    assert "AWS's answer to DescribeListeners has no Port for Listeners" in ended.reason("listener")


def test_a_hop_that_goes_by_a_missing_member_is_unknown_and_says_which(finished: Stack) -> None:
    with recording(finished.aws) as recorded:
        look_trace(finished)
        recorded.changed = "DescribeTargetHealth", ("TargetHealthDescriptions", 0, "Target"), None
        found = trace(finished.aws, parse_target(finished.name, finished.aws))

    told = {hop.id: hop.evidence for hop in found.hops}
    assert "AWS's answer to DescribeTargetHealth has no Target" in told["targets"]
