"""``list``, ``down --all-expired`` and ``rollback`` through the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from typer.testing import CliRunner, Result

from practice import CREDENTIALS, seed
from practice.clock import ScaledClock
from practice.server import Account, serve
from runbook.cli import app
from runbook.events import Action
from runbook.record import MARKS


class Clock(ScaledClock):
    """Runs as fast as a stack can be made, and can be moved on."""

    def advance(self, seconds: float) -> None:
        self._start += seconds


class Operator:
    """Somebody at a command line, and the account to look at."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.clock: Any = account.clock
        session = boto3.Session(CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key, region_name=account.region)
        self.gateway: Any = session.client("apigateway", endpoint_url=account.url)
        self.elb: Any = session.client("elbv2", endpoint_url=account.url)

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--endpoint-url", self.account.url])

    def ok(self, *words: str) -> str:
        ended = self(*words)
        assert ended.exit_code == 0, ended.output
        return str(ended.stdout)

    @property
    def groups(self) -> list[str]:
        return [group["TargetGroupName"] for group in self.elb.describe_target_groups()["TargetGroups"]]

    def begun(self, stack: str, action: Action) -> None:
        """A mark as another run leaves it that is under way."""
        (group,) = self.elb.describe_target_groups(Names=[f"{stack}-targets"])["TargetGroups"]
        text = f"0badcafe {self.clock.now():%Y-%m-%dT%H:%M:%SZ} arn:aws:iam::123456789012:user/[bold]other"
        tags = [{"Key": MARKS[action.value], "Value": text}]
        self.elb.add_tags(ResourceArns=[group["TargetGroupArn"]], Tags=tags)

    def group(self, stack: str, **tags: str) -> None:
        """Of a stack only its target group."""
        service = seed.defaults(self.account.region)
        assert service is not None
        given = [{"Key": key, "Value": value} for key, value in {"runbook:stack": stack, **tags}.items()]
        self.elb.create_target_group(
            Name=f"{stack[:20]}-targets".replace(" ", "-"), Protocol="TCP", Port=80, VpcId=service.vpc, Tags=given
        )


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Operator]:
    for name in [name for name in os.environ if name.startswith(("AWS_", "RUNBOOK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    with serve(clock=Clock(2000)) as account:
        yield Operator(account)


def test_a_training_session_leaves_no_bill_behind(operator: Operator) -> None:
    began = operator.clock.now()
    operator.ok("up", "--stack", "session", "--tags", "ttl=2d")
    operator.group("keep")
    operator.group("odd", ttl="soon")
    assert operator.ok("down", "--all-expired") == "No stack in us-east-1 is past its ttl.\n"

    table = operator.ok("list")
    assert "session" in table
    assert "only target group" in table
    assert "never: the tag ttl=soon says no time" in table
    assert "(past)" not in table

    operator.clock.advance(2 * 86400)
    told = json.loads(operator.ok("list", "--json"))
    assert [(stack["stack"], stack["state"], stack["expired"]) for stack in told] == [
        ("keep", "only target group", False),
        ("odd", "only target group", False),
        ("session", "whole", True),
    ]
    assert told[2]["ttl"] == "2d"
    assert told[2]["age_seconds"] >= 2 * 86400
    assert told[2]["created"][:13] >= began.isoformat()[:13]
    assert "2 d" in operator.ok("list")
    assert "(past)" in operator.ok("list")

    removed = operator.ok("down", "--all-expired")
    assert "down stack session" in removed
    assert "removed, nothing is left to remove" in removed
    assert sorted(operator.groups) == ["keep-targets", "odd-targets"]
    assert operator.gateway.get_rest_apis()["items"] == []
    assert operator.gateway.get_vpc_links()["items"] == []


def test_what_is_wrong_with_one_is_no_reason_to_leave_the_others(operator: Operator) -> None:
    past = "2020-01-01"
    operator.group("a name with spaces", ttl=past)
    operator.group("zebra", ttl=past)
    ended = operator("down", "--all-expired", "--json")
    assert ended.exit_code == 1
    assert "'a name with spaces' is not a stack name" in ended.stderr
    assert operator.groups == ["a-name-with-spaces-targets"]
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [event["outcomes"]["target-group"] for event in events if event["event"] == "RunFinished"] == ["undone"]


def test_all_expired_or_one_stack(operator: Operator) -> None:
    ended = operator("down", "--all-expired", "--stack", "one")
    assert ended.exit_code == 2
    assert "one cannot be given together with --all-expired" in ended.stderr


def test_rolled_back_seen_and_deployed_again(operator: Operator) -> None:
    operator.ok("up")
    assert operator("rollback").exit_code == 1  # there is no deployment before the first
    operator.clock.advance(60)
    operator.ok("up", "--route-root")
    (api,) = operator.gateway.get_rest_apis()["items"]
    (stage,) = operator.gateway.get_stages(restApiId=api["id"])["item"]
    url = f"{operator.account.url}/_aws/execute-api/{api['id']}/prod/"
    assert httpx.get(url).status_code == 200

    way = json.loads(operator.ok("rollback", "--json"))
    assert way["served"] == stage["deploymentId"]
    assert httpx.get(url).status_code == 403
    seen = operator("check")
    assert seen.exit_code == 3
    assert f"deployment is {way['before']}, should be {way['served']}" in seen.stdout
    ended = operator("rollback", "--stage", "prod")
    assert ended.exit_code == 1
    assert "none to go back to" in ended.stderr
    assert "none to go back to" in CliRunner().invoke(app, ["report", "last"]).stdout
    assert operator("rollback", "--stage", "test").exit_code == 2

    operator.ok("up")
    assert httpx.get(url).status_code == 200
    told = operator.ok("rollback")
    reported = CliRunner().invoke(app, ["report", "last"]).stdout
    for words in ("rollback of stack demo", "1 updated", way["served"], way["before"], "UpdateStage"):
        assert words in reported
    assert f"serves deployment {way['before']} of " in told
    assert f"and {way['served']} no more" in told


def test_up_and_down_wait_their_turn(operator: Operator) -> None:
    operator.group("taken")
    operator.begun("taken", Action.UP)
    before = operator.groups
    told = operator("down", "--stack", "taken")
    assert told.exit_code == 1
    assert "Up of stack taken was begun at " in told.stderr
    assert "by arn:aws:iam::123456789012:user/[bold]other and may still be under way" in told.stderr
    assert operator.groups == before
    assert operator("down", "--stack", "taken", "--force").exit_code == 0
    assert operator.groups == []


def test_who_does_the_same_is_told_of_the_other(operator: Operator) -> None:
    operator.group("shared")
    operator.begun("shared", Action.DOWN)
    told = operator.ok("down", "--stack", "shared")
    assert "note: Down of stack shared was begun at " in told
    assert "both remove the same" in told
    assert "removed, nothing is left to remove" in told
    reported = CliRunner().invoke(app, ["report", "last"])
    assert "Down of stack shared was begun at" in reported.stdout
