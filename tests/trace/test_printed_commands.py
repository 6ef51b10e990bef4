"""Whatever AWS answers, in any of its texts: the commands of a trace do what was meant and nothing else.

A broken stack is asked once; then each text in AWS's answers is replaced in turn by one that somebody wrote with a
shell in mind, and the trace made of that.
"""

from __future__ import annotations

import copy
import io
import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from runbook.cli.console import terminal
from runbook.parameters import is_stack_name
from runbook.trace import Trace, parse_target, trace, tracing
from runbook.trace.answer import send
from runbook.trace.draw import draw
from tests.trace.commands import parsed
from tests.trace.conftest import Stack, finished
from tests.trace.forked import in_a_copy, warm_up
from tests.trace.mutations import MUTATIONS

HOSTILE = (
    "v --account aws --replace --yes",
    "-x --yes",
    "--yes",
    "$(touch pwned)`touch pwned`",
    "x'; touch pwned; \"",
    "x\n  runbook down --stack demo --yes\n  aws elbv2 delete-load-balancer",
    "file:///etc/passwd",
    "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/--yes -y/$(touch pwned)",
    "http://${stageVariables.x}:--yes/{proxy}",
    "\N{RIGHT-TO-LEFT OVERRIDE}sey--",
    "",
)
BROKEN = ("vpclink-unset", "url-with-another-path", "registered-on-a-wrong-port", "no-rules")
# What AWS takes names for from people; other members have the names of its model.
MAPS = {"variables", "requestParameters", "resourceMethods", "methodSettings", "tags", "paths", "responses"}
# AWS makes these itself, and checks what it is given: addresses and ports hold no text.
NO_TEXT = {"PrivateIpAddress", "HealthCheckPort"}
MUTATION = {mutation.name: mutation for mutation in MUTATIONS}
OPTIONS = {"--stack", "--region", "--account", "--profile", "--endpoint-url"}


class Body:
    """A streamed answer that can be read again."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self) -> bytes:
        return self.content


class Answers:
    """What the account answered, by operation, and the same with one text replaced."""

    def __init__(self) -> None:
        self.recorded: dict[str, list[tuple[dict[str, Any], Any]]] = {}
        self.place: tuple[str, tuple[str, ...]] | None = None
        self.text = ""

    @contextmanager
    def recording(self) -> Iterator[None]:
        call = BaseClient._make_api_call

        def record(client: Any, operation: str, given: dict[str, Any]) -> Any:
            try:
                answer = call(client, operation, given)
            except ClientError as error:
                self.recorded.setdefault(operation, []).append((given, error))
                raise
            if "body" in answer:
                answer["body"] = Body(answer["body"].read())
            self.recorded.setdefault(operation, []).append((given, answer))
            return answer

        with patch.object(BaseClient, "_make_api_call", record):
            yield

    @contextmanager
    def replaying(self) -> Iterator[None]:
        def replay(client: Any, operation: str, given: dict[str, Any]) -> Any:
            del client
            known = self.recorded.get(operation, [])
            # Asked for something else, since its name is another now, the account goes on with what it has.
            answer = next((answer for asked, answer in known if asked == given), known[0][1] if known else None)
            if answer is None or isinstance(answer, ClientError):
                raise answer or ClientError({"Error": {"Code": "NotFoundException", "Message": "gone"}}, operation)
            return self._replaced(operation, answer)

        with patch.object(BaseClient, "_make_api_call", replay):
            yield

    def places(self) -> list[tuple[str, tuple[str, ...]]]:
        """Every text in them: operation, and where in its answer."""
        found: dict[tuple[str, tuple[str, ...]], None] = {}
        for operation, answers in self.recorded.items():
            for _, answer in answers:
                if not isinstance(answer, ClientError):
                    places = [place for place in _texts(_plain(answer)) if place[-1] not in NO_TEXT]
                    found |= dict.fromkeys((operation, place) for place in places)
        return list(found)

    def _replaced(self, operation: str, answer: Any) -> Any:
        if self.place is None or self.place[0] != operation:
            return copy.copy(answer)
        changed = _put(_plain(answer), self.place[1], self.text)
        return {**changed, "body": Body(json.dumps(changed["body"]).encode())} if "body" in changed else changed


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return {**plain, "body": json.loads(plain["body"].read())} if "body" in plain else plain


def _texts(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    match value:
        case str():
            yield place
        case dict():
            for name, item in value.items():
                yield from _texts(item, (*place, name))
                if place and place[-1] in MAPS:
                    yield (*place, f"the name {name}")
        case list():
            for item in value:
                yield from _texts(item, (*place, "*"))


def _put(value: Any, place: tuple[str, ...], text: str) -> Any:
    if not place:
        return text
    first, *rest = place
    if isinstance(value, list):
        return [_put(item, tuple(rest), text) for item in value] if first == "*" else value
    if not isinstance(value, dict):
        return value
    if first.startswith("the name ") and not rest:
        name = first.removeprefix("the name ")
        return {(text if key == name else key): item for key, item in value.items()}
    return {key: _put(item, tuple(rest), text) if key == first else item for key, item in value.items()}


def printed(traced: Trace) -> list[str]:
    """The lines of the drawn trace that are there to be copied."""
    file = io.StringIO()
    terminal(file=file, width=100, color_system=None).print(draw(traced), crop=False)
    conclusion = file.getvalue().partition("\nVerdict: ")[2] or file.getvalue().partition("\nIt works")[2]
    return [line.strip() for line in conclusion.splitlines() if line.startswith("  ")]


def assert_meant(stack: Stack, line: str) -> None:
    """It is a command that we print, whose options are ours."""
    program, *words = shlex.split(line)
    if program == "aws":
        # A waiter has the options of what it asks. Raises for an option or an operation that is none.
        parsed(stack.aws, line.replace(" wait load-balancer-available ", " describe-load-balancers ", 1))
        return
    assert program == "runbook", line
    assert words[0] == "step", line
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= OPTIONS, line
    assert is_stack_name(words[words.index("--stack") + 1]), line


def try_texts(name: str, stack: Stack) -> tuple[list[str], list[str]]:
    """The commands that are printed with each text replaced in turn, and what went wrong."""
    MUTATION[name].apply(stack)
    stack.settle()
    answers = Answers()
    target = parse_target(stack.url, stack.aws)
    with answers.recording():
        sent = send(target)
        trace(stack.aws, target)
    commands, wrong = {}, []
    with answers.replaying(), patch.object(tracing, "send", lambda _: sent):
        # Each text in turn, by several of the hostile ones over the faults.
        for number, place in enumerate(answers.places(), start=5 * BROKEN.index(name)):
            answers.place, answers.text = place, HOSTILE[number % len(HOSTILE)]
            try:
                for line in printed(trace(stack.aws, target)):
                    commands[line] = None
                    assert_meant(stack, line)
            except Exception as error:
                wrong.append(f"{place}: {answers.text!r}: {type(error).__name__}: {error}")
    return list(commands), wrong


@pytest.mark.timeout(300)
def test_no_text_of_aws_changes_what_a_printed_command_does(tmp_path: Path) -> None:
    commands: dict[str, None] = {}
    with finished() as stack:
        warm_up(stack, lambda same: same.trace() and None)
        for name in BROKEN:
            printed_ones, wrong = in_a_copy(stack, partial(try_texts, name))
            assert wrong == []
            commands |= dict.fromkeys(printed_ones)

    assert len(commands) > 40
    # A shell makes the same words of them, and does nothing else.
    functions = "".join(f"{program}() {{ printf '%s\\0' {program} \"$@\" END; }}\n" for program in ("aws", "runbook"))
    done = subprocess.run(
        ["sh", "-e"], input=functions + "\n".join(commands), capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.stderr == ""
    said = [[*words.split("\0")[:-1]] for words in done.stdout.split("END\0")[:-1]]
    assert said == [shlex.split(command) for command in commands]
    assert list(tmp_path.iterdir()) == []
