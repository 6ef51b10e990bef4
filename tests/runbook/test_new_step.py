"""A step that makes a resource is one module and one entry in the list of steps: everything else follows from it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.runbook.spare_group import find
from tests.stack import Stack

ROOT = Path(__file__).parents[2]

# The entry in the list, made before anything reads it; then the command line, as it is.
WITH_THE_STEP = """
import dataclasses, json, sys
from steps import load_balancer
from steps.tracks import TRACKS
from tests.runbook import spare_group
there = TRACKS["rest"].steps
place = there.index(load_balancer)
TRACKS["rest"] = dataclasses.replace(TRACKS["rest"], steps=(*there[:place], spare_group, *there[place:]))
from tests.inprocess import runbook
for words in json.loads(sys.argv[1]):
    ended = runbook(*words)
    print(json.dumps([ended.code, ended.out, ended.err]))
from runbook.accounts import Kind, connect
from runbook.parameters import Parameters
aws = connect(Kind.PRACTICE, Parameters()).aws
spare, other = ({"GroupName": name} for name in ("demo-spare", "demo"))
print(json.dumps([str(aws._operations.quota("ec2", "CreateSecurityGroup", each)) for each in (spare, other)]))
"""

POLICY = ("--account-id", "123456789012", "--region", "us-east-1")


@pytest.fixture
def answers(stack: Stack, tmp_path: Path) -> dict[str, Any]:
    """What the commands print, one after the other, on an account without any stack."""
    commands = {
        "policy": ("policy", "up", *POLICY),
        "policy down": ("policy", "down", *POLICY),
        "policy list": ("policy", "list", *POLICY),
        "plan": ("plan",),
        "do": ("step", "spare-group", "do", "--yes"),
        "list": ("list", "--json"),
        "report": ("report",),
        "output": ("output", "spare-group-id"),
        "undo": ("step", "spare-group", "undo", "--yes"),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
    environment |= {
        "AWS_ENDPOINT_URL": stack.account.url,
        "RUNBOOK_HOME": str(tmp_path),
        "RUNBOOK_PRACTICE_HOME": str(tmp_path / "practice"),
    }
    ran = subprocess.run(
        [sys.executable, "-c", WITH_THE_STEP, json.dumps(list(commands.values()))],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment,
        timeout=120,
    )
    *lines, quotas = map(json.loads, ran.stdout.splitlines())
    return dict(zip(commands, lines, strict=True)) | {"quotas": quotas}


def test_it_is_everywhere(answers: dict[str, Any], stack: Stack) -> None:
    assert {name: answer[0] for name, answer in answers.items() if name != "quotas" and answer[0] != 0} == {}
    printed = {name: answer[1] for name, answer in answers.items()}

    group = "arn:aws:ec2:us-east-1:123456789012:security-group/*"
    for command, sid, action, tag in (
        ("policy", "MakeSpareGroup", "ec2:CreateSecurityGroup", "aws:RequestTag/runbook:stack"),
        ("policy down", "DeleteSpareGroup", "ec2:DeleteSecurityGroup", "aws:ResourceTag/runbook:stack"),
    ):
        statements = {each["Sid"]: each for each in json.loads(printed[command])["Statement"]}
        assert statements[sid] == {
            "Sid": sid,
            "Effect": "Allow",
            "Action": [action],
            "Resource": [group],
            "Condition": {"StringEquals": {tag: "demo"}},
        }
    for command in ("policy", "policy down", "policy list"):
        assert "ec2:DescribeSecurityGroups" in printed[command]

    assert "+ spare-group             create        there is no spare group" in printed["plan"]
    assert "costs about 0.5225 USD an hour" in printed["plan"]  # the load balancer's price and its own
    assert "1 created" in printed["do"]

    (listed,) = json.loads(printed["list"])
    assert listed["parts"] == ["spare group"]
    assert listed["missing"] == ["target group", "load balancer", "security group rule", "VPC link", "REST API"]

    (made,) = re.findall(r"sg-[0-9a-f]+", printed["output"])
    assert re.search(rf"Spare group.*demo-spare, {made}", printed["report"])  # in the drawn path
    assert answers["quotas"] == [
        "CreateSecurityGroup (spare), 1 request in 7 s",
        "ec2 CreateSecurityGroup",
    ]
    assert not find(stack.aws, "demo")  # it was undone


def test_no_product_code_names_it() -> None:
    product = [
        path for part in ("runbook", "steps", "tui", "practice", "drills") for path in (ROOT / part).rglob("*.py")
    ]
    assert len(product) > 100
    named = re.compile(r"spare[-_ ]?group", re.IGNORECASE)
    assert [str(path) for path in product if named.search(path.read_text())] == []
