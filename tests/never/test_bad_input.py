"""Whatever is typed wrong ends in one clear sentence, with exit code 2, and nothing was changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from textual.widgets import Input, Static

from runbook.errors import BadInput
from runbook.notebook.options import OPTIONS, how_to_give, read
from runbook.notebook.running import RunbookStopped, start
from runbook.parameters import ENV_PREFIX, Parameters, validated
from tests.faults.proxy import Proxy
from tests.inprocess import Ended, runbook
from tests.never.conftest import writes
from tests.never.hostile import JSON, TEXTS, texts
from tests.stack import Stack
from tests.steps.parts import Parts
from tests.tui import script
from tests.tui.helpers import ready, until
from tui.screens.parameters import ParametersScreen

PARAMETERS = tuple(Parameters.model_fields)
FLAGS = tuple(name for name, field in Parameters.model_fields.items() if isinstance(field.default, bool))
LONGEST = 700  # characters; a sentence that is longer is not read


def is_one_sentence(said: str) -> bool:
    """Whether a terminal shows it as one line of bearable length, with nothing in it that it would obey."""
    return bool(said) and len(said) <= LONGEST and all(letter.isprintable() for letter in said)


def refused(ended: Ended, named: str = "") -> str:
    """The sentence of a command that took nothing for good."""
    assert ended.code == 2, f"exit {ended.code}: {ended.said[-500:]}"
    (sentence,) = ended.err.splitlines() or [""]
    assert sentence.startswith("error: ")
    assert is_one_sentence(sentence), ascii(sentence)
    assert named in sentence
    return sentence


# --- the model --------------------------------------------------------------------------------------------------------


def wrong(values: dict[str, Any]) -> BadInput | None:
    """What the model says of these values."""
    return refusal(lambda: validated(values))


def refusal(judge: Callable[[], object]) -> BadInput | None:
    try:
        judge()
    except BadInput as error:
        return error
    return None


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("form", [lambda text: text, lambda text: [text], lambda text: {text: text}])
def test_every_parameter_takes_or_refuses_every_hostile_text(name: str, form: Callable[[str], Any]) -> None:
    for text in TEXTS:
        error = wrong({name: form(text)})
        if error is not None:
            assert error.parameter == name
            assert is_one_sentence(str(error)), ascii(str(error))[:LONGEST]


@given(name=st.sampled_from(PARAMETERS), value=JSON)
@example(name="port", value=10**5000)
@example(name="port", value=True)
@example(name="port", value=80.5)
@example(name="stack", value=float("nan"))
@example(name="tags", value={"a": 10**5000})
def test_every_parameter_takes_or_refuses_every_kind_of_value(name: str, value: Any) -> None:
    error = wrong({name: value})

    if error is not None:
        assert error.parameter == name
        assert is_one_sentence(str(error)), ascii(str(error))[:LONGEST]


@given(name=texts)
def test_what_is_no_parameter_is_named_as_text(name: str) -> None:
    assume(name not in PARAMETERS)
    error = wrong({name: "x"})

    assert error is not None
    assert is_one_sentence(str(error)), ascii(str(error))[:LONGEST]


@pytest.mark.parametrize("name", ["stack", "region", "vpc", "security_group", "stage", "instances", "subnets"])
def test_what_goes_into_names_and_ids_is_plain(name: str) -> None:
    """No letter that looks like another, no digit of another script, nothing that a shell or a page would obey."""
    for text in TEXTS:
        if wrong({name: text}) is None and text.strip(" \t\r\n"):
            assert text.isascii(), ascii(text)
            assert all(letter.isalnum() or letter in "-_" for letter in text), ascii(text)


# --- the command line -------------------------------------------------------------------------------------------------


def by_option(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> Ended:
    return runbook("up", f"--{name.replace('_', '-')}={text}")


def by_environment(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> Ended:
    with monkeypatch.context() as patch:
        patch.setenv(f"{ENV_PREFIX}{name.upper()}", text)
        return runbook("up")


@given(name=st.sampled_from([name for name in PARAMETERS if name not in FLAGS]), text=texts)
@example(name="stack", text="x" * 100_000)
@example(name="instance_tags", text="=x")
@example(name="instance_tags", text="Name=a\0b")
@example(name="instance_tags", text=f"{'k' * 129}=x")
@example(name="instance_tags", text="Name=\ud800")
@example(name="region", text="eu-west-１")
def test_a_wrong_option_is_named(counted: Proxy, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    assume(wrong({name: text}) is not None)

    refused(by_option(name, text, monkeypatch), f"--{name.replace('_', '-')} (or RUNBOOK_{name.upper()}): ")

    assert counted.counted == []


@given(name=st.sampled_from(PARAMETERS), text=texts)
def test_a_wrong_variable_is_named(counted: Proxy, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    assume(text and "\0" not in text and wrong({name: text}) is not None)
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        assume(False)

    refused(by_environment(name, text, monkeypatch), f"(or RUNBOOK_{name.upper()}): ")

    assert counted.counted == []


@given(name=st.sampled_from(PARAMETERS), value=JSON)
@example(name="port", value=10**5000)
def test_a_wrong_value_in_a_file_is_named(counted: Proxy, tmp_path: Path, name: str, value: Any) -> None:
    assume(wrong({name: value}) is not None)
    file = tmp_path / "stack.yaml"
    try:
        file.write_text(json.dumps({name: value}), encoding="utf-8")
        as_read = yaml.safe_load(file.read_text(encoding="utf-8"))[name]
    except (UnicodeError, ValueError, yaml.YAMLError):
        as_read = None
    assume(as_read is None or wrong({name: as_read}) is not None)

    refused(runbook("up", "--parameters", str(file)))

    assert counted.counted == []


DEEP = 200_000

FILES: dict[str, bytes] = {
    "binary.toml": bytes(range(256)),
    "deep.toml": b"a = " + b"[" * DEEP,
    "deep.yaml": b"[" * DEEP,
    "nested.yaml": b"".join(b" " * depth + b"a:\n" for depth in range(1500)),
    "laughs.yaml": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n".encode()
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    + b"stack: *h\n",
    "number.yaml": b"port: " + b"9" * 10_000,
    "number.toml": b"port = " + b"9" * 10_000,
    "day.yaml": b"stack: 2026-99-99",
    "object.yaml": b"stack: !!python/object/apply:os.system ['reboot']",
    "list.yaml": b"- stack",
    "text.yaml": b"stack",
    "keys.yaml": b"? [a, b]\n: c\n",
    "nul.yaml": b"stack: a\0b",
    "markup.yaml": "'[bold]\x1b[31m\u202e': 1".encode(),
    "self.yaml": b"&a {stack: *a}",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_taken_for_parameters(counted: Proxy, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])

    refused(runbook("up", "--parameters", name))

    assert counted.counted == []


NO_PARAMETERS = [
    ["up", "--parameters", "nowhere.toml"],
    ["up", "--parameters", "."],
    ["up", "--parameters", "a\0b"],
    ["up", "--parameters", "x" * 5_000],
    ["up", "--parameters", "\u202e\x1b[31m"],
    ["up", "--parameters", "\udcff"],
]

WRONG: dict[str, list[list[str]]] = {
    "file": NO_PARAMETERS,
    "usage": [
        ["nonsense"],
        ["\x1b[31m"],
        ["up", "--nonsense"],
        ["up", "--[bold]\x1b]8;;x\x1b\\"],
        ["up", "--stack"],
        ["up", "surplus"],
        ["up", "x" * 100_000],
        ["step"],
        ["step", "target-group", "fly"],
        ["step", "target-group", "[bold]\x1b[31m\u202e"],
        ["drill", "start", "--seed", "x"],
        ["drill", "exam", "\x1b[31m"],
        ["practice", "--port", "99999"],
        ["practice", "--time-scale", "x"],
        ["practice", "nonsense"],
    ],
    "step": [["step", text] for text in TEXTS if "-" not in text[:1]],
    "account": [["up", "--account", text] for text in TEXTS],
    "endpoint": [["up", "--endpoint-url", text] for text in TEXTS if text]
    + [
        ["up", "--endpoint-url", text]
        for text in (
            "http://",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:x",
            "http://[::1",
            "ftp://127.0.0.1",
            "http://a b/",
            "http://127.0.0.1:1/\x1b[31m",
            "http://127.0.0.1:1",
            "http://" + "x" * 300,
            "http://\ud800/",
        )
    ],
    "expect account": [["up", "--expect-account", text] for text in (*TEXTS, "999988887777", "arn:aws:iam::1:root")],
    "policy": [["policy", text] for text in TEXTS if "-" not in text[:1]],
    "report": [["report", text] for text in TEXTS if "-" not in text[:1]] + [["report", "."]],
    "report out": [["report", "run.jsonl", "--out", text] for text in ("x", "", ".", "no/where.html", "a\0.html")],
    "drill": [["drill", "start", text] for text in TEXTS if "-" not in text[:1] and text != "0"],
    "trainee": [["drill", "list", "--trainee", text] for text in (".", "../x", "a/b", "a\0b", "\x1b[31m", "x" * 65)],
    "exam": [["drill", "exam", text] for text in ("-1", "100000", "x")],
    "plan": [["up", "--plan", text] for text in ("nowhere", ".", "a\0b", "x" * 5_000, "\u202e", "run.jsonl")]
    + [["up", "--plan", "run.jsonl", "--stack", "other"]],
    "plan out": [["plan", "--out", text] for text in (".", "no/where.json", "a\0b", "x" * 5_000)],
    "notebook": [["notebook", text] for text in (".", "no/where.ipynb", "a\0b", "x" * 5_000)],
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_command_is_refused(counted: Proxy, tmp_path: Path, kind: str) -> None:
    log = '{"event": "LogOpened", "action": "up", "stack": "demo"}\n'
    (tmp_path / "run.jsonl").write_text(log)
    for words in WRONG[kind]:
        refused(runbook(*words))
        assert writes(counted) == [], words


def test_a_profile_that_nobody_has_is_refused(monkeypatch: pytest.MonkeyPatch, counted: Proxy) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for text in TEXTS:
        if text:
            refused(runbook("up", "--account", "aws", "--region", "eu-west-1", "--profile", text), "--profile: ")


TRACED = [
    *([text] for text in TEXTS if "-" not in text[:1]),
    ["https://abc.execute-api.eu-west-1.amazonaws.com/prod"],
    ["arn:aws:apigateway:us-east-1::/restapis/abcdefghij"],
    ["abcdefghij"],
    ["ftp://x/y"],
    ["https://"],
    ["https://[::1/prod"],
    ["https://127.0.0.1:99999/prod"],
    ["https://127.0.0.1:x/prod"],
    ["https://a\x1b[31m\u202e/prod"],
    ["abcdefghij/prod", "--method", ""],
    ["abcdefghij/prod", "--method", "G ET"],
    ["abcdefghij/prod", "--method", "GET / HTTP/1.1\r\nX: y"],
    ["abcdefghij/prod", "--method", "x" * 100_000],
    ["abcdefghij/prod", "-X", "ＧＥＴ"],
    ["abcdefghij/prod", "-H", "no colon"],
    ["abcdefghij/prod", "-H", ": x"],
    ["abcdefghij/prod", "-H", "a b: x"],
    ["abcdefghij/prod", "-H", "a: x\r\nb: y"],
    ["abcdefghij/prod", "-H", "a: x\0"],
    ["abcdefghij/prod", "-H", "ä: x"],
    ["abcdefghij/prod", "-H", "a: \u202e"],
    ["abcdefghij/prod", "-H", "a: \ud800"],
    ["abcdefghij/prod", "-H", f"a: {'x' * 100_000}"],
    ["abcdefghij/prod", "--path", "/a\r\nb"],
    ["abcdefghij/prod", "--path", "/a\0b"],
    ["abcdefghij/prod", "--path", "/\u202e"],
    ["abcdefghij/prod", "--path", "/\ud800"],
    ["abcdefghij/prod", "--path", "/" + "x" * 100_000],
    ["abcdefghij/a b"],
    ["abcdefghij/a\x1b[31m"],
    ["abcdefghij/" + "x" * 1000],
]


def test_a_wrong_request_is_not_traced(counted: Proxy) -> None:
    for words in TRACED:
        refused(runbook("trace", *words))
        assert writes(counted) == [], words


# --- what only AWS can tell -------------------------------------------------------------------------------------------


def test_what_is_not_there_or_elsewhere_ends_before_anything_is_changed(counted: Proxy, stack: Stack) -> None:
    """The right form, and another account's, VPC's or region's, or in a state that serves nobody."""
    parts, ec2, service = Parts(stack), stack.aws.ec2, stack.service
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    beside = ec2.create_security_group(GroupName="h", Description="h", VpcId=service.vpc)["GroupId"]
    elsewhere = parts.new_instance(subnet=subnet, group=group)
    stopped, terminated = parts.new_instance(), parts.new_instance()
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.terminate_instances(InstanceIds=[terminated])
    stack.clock.advance(300)
    here = ",".join(service.instances)
    cases = [
        (["--instances", "i-0123456789abcdef0"], "--instances", "i-0123456789abcdef0"),
        (["--instances", f"{here},i-01234567"], "--instances", "i-01234567"),
        (["--instances", f"{here},{elsewhere}"], "--instances", "All instances must be in one VPC."),
        (["--instances", stopped], "--instances", f"{stopped} is stopped."),
        (["--instances", terminated], "--instances", f"{terminated} is terminated."),
        (["--instances", here, "--region", "eu-west-1"], "--instances", "in eu-west-1."),
        (["--instances", here, "--instance-tags", "Name=x"], "--instances", "both ids and tags"),
        (["--instance-tags", "Name=nobody"], "--instance-tags", "no running instance in us-east-1"),
        (["--vpc", vpc], "--vpc", f"not in {vpc}"),
        (["--vpc", "vpc-0123456789abcdef0"], "--vpc", "not in vpc-0123456789abcdef0"),
        (["--subnets", subnet], "--subnets", f"{subnet} is in {vpc}"),
        (["--subnets", "subnet-0123456789abcdef0"], "--subnets", "subnet-0123456789abcdef0"),
        (["--security-group", group], "--security-group", f"is not in {group}"),
        (["--security-group", beside], "--security-group", f"is not in {beside}"),
        (["--security-group", "sg-0123456789abcdef0"], "--security-group", "is not in sg-0123456789abcdef0"),
        (["--region", "eu-nowhere-1"], "--region", "eu-nowhere-1"),
    ]
    before = stack.inventory()
    for words, flag, said in cases:
        ended = runbook("up", *words)
        assert said in refused(ended, f"{flag} (or "), words
        assert writes(counted) == [], words
    assert stack.inventory() == before


# --- the notebook and the form ----------------------------------------------------------------------------------------


@given(name=st.sampled_from([*OPTIONS, *PARAMETERS]), value=JSON)
@example(name="mode", value="\x1b[31m\u202e")
@example(name="expect_account", value="９９９９８８８８７７７７")
@example(name="port", value=10**5000)
def test_the_parameters_cell_takes_or_refuses_every_value(name: str, value: Any) -> None:
    error = refusal(lambda: read({name: value}))

    if error is not None:
        assert error.parameter == name
        assert is_one_sentence(f"{error} {how_to_give(name)}"), ascii(str(error))


def test_a_notebook_with_a_wrong_parameter_asks_nothing_of_aws(counted: Proxy) -> None:
    for name in ("stack", "instances", "port", "mode", "account", "expect_account", "endpoint_url"):
        for text in ("\x1b[31m", "$(reboot)", "x" * 100_000, "[bold]x[/]"):
            with pytest.raises(RunbookStopped) as caught:
                start({"endpoint_url": counted.url, name: text})
            assert is_one_sentence(str(caught.value)), ascii(str(caught.value))
    assert counted.counted == []


async def test_the_form_gives_back_nothing_that_is_wrong() -> None:
    async with script.app(stack="demo").run_test(size=(100, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ParametersScreen), "the form")
        form = app.screen
        for text in ("x" * 500, "\x1b[31m\u202e", "[bold red]x[/]", "$(reboot)", "９９", "\ud800", "a\0b"):
            fields = [field for field in form.query(Input) if wrong({field.id or "": text}) is not None]
            assert len(fields) > 10
            for field in fields:
                field.value = text
            await pilot.pause()
            form.action_save()
            await pilot.pause()
            assert app.screen is form, ascii(text)
            for field in fields:
                said = form.query_one(f"#field-{field.id} .field-error", Static)
                assert is_one_sentence(str(said.render())), (field.id, ascii(text))
                field.value = ""
        assert app.session is not None
        assert app.session.params == validated({"stack": "demo"})
        assert app.script.told == []
