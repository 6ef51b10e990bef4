"""Printed commands: what a shell makes of them is what was meant, whatever the values are."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook import command_line
from runbook.parameters import is_stack_name
from tests.never.hostile import TEXTS

SHELL_TEXTS = (
    *(text for text in TEXTS if len(text) < 1000),
    "v --account aws --replace --yes",
    "-x",
    "--help",
    "- -help",
    "--",
    "$(touch pwned)",
    "`touch pwned`",
    "a'b",
    'a"b',
    "a\\",
    "a\nrunbook down --yes",
    "a;b&c|d>e<f",
    "#x",
    "!x",
    "!!",
    "~root",
    "=ls",
    "*",
    "?",
    "{a,b}",
    "é ü",
    "\N{NO-BREAK SPACE}",
    "file:///etc/passwd",
)
values = st.one_of(st.sampled_from(SHELL_TEXTS), st.text(max_size=40))


@given(words=st.lists(values, min_size=1, max_size=4))
def test_a_line_splits_into_the_words_that_were_meant(words: list[str]) -> None:
    line = command_line.shell(words)

    if all(word.isprintable() for word in words):
        assert shlex.split(line) == words
        assert line.isprintable()
    else:
        assert line == ""


def test_sh_splits_it_likewise(tmp_path: Path) -> None:
    printable = [text for text in SHELL_TEXTS if text.isprintable()]
    line = command_line.shell(["printf", r"%s\n", *printable])

    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, cwd=tmp_path).stdout

    assert said.split("\n")[:-1] == printable
    assert list(tmp_path.iterdir()) == []


@given(value=values)
def test_a_value_is_never_an_option_of_the_runbook(value: str) -> None:
    line = command_line.runbook("trace", arguments=[value], profile=value)
    if not value.isprintable():
        assert line == ""
        return

    words = shlex.split(line)

    assert words[:2] == ["runbook", "trace"]
    assert words[2:] in (
        ["--profile", value, value],
        [f"--profile={value}", "--", value],
    )
    assert ("--" in words) == value.startswith("-") or value == "--"


@given(name=values)
def test_only_the_name_of_a_stack_is_put_into_a_command(name: str) -> None:
    line = command_line.runbook("down", stack=name)

    assert line == (f"runbook down --stack {name}" if is_stack_name(name) else "")


@given(value=values)
def test_a_value_is_never_an_option_nor_a_file_of_the_aws_cli(value: str) -> None:
    line = command_line.aws("apigateway", "create-vpc-link", name=value, description="x")
    if not value.isprintable() or re.match(r"(fileb?|https?)://", value, re.IGNORECASE):
        assert line == ""
        return

    given = [f"--name={value}"] if value.startswith("-") else ["--name", value]

    assert shlex.split(line) == ["aws", "apigateway", "create-vpc-link", *given, "--description", "x"]


@given(several=st.lists(values, min_size=1, max_size=3))
def test_several_values_of_an_option(several: list[str]) -> None:
    line = command_line.aws("elbv2", "set-subnets", subnets=several)
    if not line:
        assert not all(value.isprintable() for value in several)
        return

    option, *rest = shlex.split(line)[3:]

    if rest:
        assert (option, rest) == ("--subnets", several)
        assert not any(value.startswith(("-", "[", "{", "file:")) for value in several)
    else:
        assert json.loads(option.removeprefix("--subnets=")) == several


def test_a_flag_and_what_is_not_given() -> None:
    assert command_line.aws("ec2", "x", egress=True, ingress=False, number=3) == "aws ec2 x --egress --number 3"
    assert command_line.runbook("up", plan=Path("-p"), profile=None) == "runbook up --plan=-p"
    assert command_line.runbook("report", arguments=[Path("a b")]) == "runbook report 'a b'"


def test_what_is_no_command_stays_none() -> None:
    assert command_line.appended("aws ec2 x", region="eu-west-1") == "aws ec2 x --region eu-west-1"
    assert command_line.appended("", region="eu-west-1") == ""


@given(value=values)
def test_a_shell_variable_holds_the_value(value: str) -> None:
    line = command_line.export(AWS_ENDPOINT_URL=value)

    assert line == "" or shlex.split(line) == ["export", f"AWS_ENDPOINT_URL={value}"]


@given(value=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_value_in_shorthand_is_one_value(value: str) -> None:
    text = command_line.shorthand(op="replace", path="/uri", value=value)
    read = re.fullmatch(r'op=replace,path=/uri,value=(?:"((?:\\.|[^"\\])*)"|([\w./:@*+~$%-]+))', text, re.DOTALL)

    assert read is not None
    quoted, bare = read.groups()
    assert (bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)) == value


# --- everywhere ---------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parent.parent.parent
_COMMAND = re.compile(r"\b(?:runbook [a-z]+|aws [a-z0-9]+ [a-z-]+|curl|papermill|export [A-Z_]+=)[^.;:?\n]*\0")
_ALLOWED = {
    # Markdown of the pages that are generated from the course: a drill's id is our own.
    "drills/pages.py",
}


@pytest.mark.parametrize("package", ["runbook", "steps", "drills", "tui", "practice"])
def test_no_command_is_made_by_putting_values_into_a_text(package: str) -> None:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values]
                if _COMMAND.search("".join(parts)) and name not in _ALLOWED:
                    found.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    assert found == []
