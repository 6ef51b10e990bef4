"""The printed policy is enough for its command, and none of its statements is too many."""

from __future__ import annotations

import dataclasses
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import parliament
import pytest

from runbook import policy as policies
from runbook.accounts import Kind, connect
from runbook.aws import Aws
from runbook.errors import BadInput, RunbookError
from runbook.explain import explain
from runbook.policy import COMMANDS, allowing, policy
from runbook.rollback import rollback
from runbook.stacks import expired, stacks
from runbook.trace import State, links, parse_target, trace
from tests.inprocess import runbook
from tests.stack import Hurry, Stack

USER, POLICY = "limited", "given"


class Caller:
    """A user of the practice account who has one policy, and a stack as this user works with it."""

    def __init__(self, stack: Stack) -> None:
        self.root = stack
        session = stack.aws.session
        self.iam: Any = session.client("iam", endpoint_url=stack.account.url)
        self.iam.create_user(UserName=USER)
        key = self.iam.create_access_key(UserName=USER)["AccessKey"]
        self.key: str = key["AccessKeyId"]
        theirs = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=stack.account.region)
        known = connect(Kind.PRACTICE, stack.params(), endpoint_url=stack.account.url)
        aws = Aws(theirs, endpoint_url=stack.account.url, invoke_url_form=known.practice["invoke_url"])
        aws.control = Hurry(stack.clock)
        self.stack = Stack(stack.account, aws, stack.clock)

    def may(self, document: dict[str, Any]) -> None:
        """Have exactly this policy."""
        self.iam.put_user_policy(UserName=USER, PolicyName=POLICY, PolicyDocument=json.dumps(document))


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return Caller(stack)


def document(command: str, **given: Any) -> dict[str, Any]:
    return policy("demo", "us-east-1", "123456789012", command, **given)


# --- what each command does, under a policy -----------------------------------------------------------------------


def failure(caller: Caller, command: str) -> str:
    """Why the command did not do all it is for; empty when it did."""
    stack = caller.stack
    try:
        match command:
            case "up" | "replace":
                return _up(caller, replace=command == "replace")
            case "check":
                ended = stack.check()
                return ended.finished.error or str(ended.unlike_ok or "")
            case "down":
                ended = stack.down()
                return ended.finished.error or str(ended.finished.worst or "")
            case "trace":
                target = parse_target("demo", stack.aws, path="/hello")
                unknown = [hop.evidence for hop in trace(stack.aws, target).hops if hop.state is State.UNKNOWN]
                return "; ".join(map(str, unknown))
            case "list":
                return "" if [found.name for found in stacks(stack.aws)] == ["demo"] else "not listed"
            case "links":
                uses = {(use.api_name, use.name, use.deployed) for use in links(stack.aws)}
                return "" if ("demo-api", "demo-link", True) in uses else "not listed"
            case "expired":
                past = expired(stacks(stack.aws), stack.aws.now())
                ended = [stack.down(stack=each.name) for each in past]
                return "; ".join(each.finished.error or str(each.finished.worst or "") for each in ended)
            case "rollback":
                rollback(stack.aws, "demo")
                return ""
    except Exception as error:
        return explain(error)
    raise AssertionError(command)


def _up(caller: Caller, *, replace: bool) -> str:
    """From nothing, then over whatever can be repaired."""
    ended = caller.stack.up()
    if ended.finished.worst is not None:
        return ended.finished.error or str({name: ended.reason(name) for name in ended.unlike_ok})
    _disturb(caller.root)
    if replace:
        caller.root.machines(port=8080)
        ended = caller.stack.up(port=8080, replace=True)
    else:
        ended = caller.stack.up()
    return ended.finished.error or ("" if ended.finished.worst is None else str(ended.unlike_ok))


def _disturb(root: Stack) -> None:
    """A tag of the API is gone and another stale, a second link of ours."""
    gateway: Any = root.aws.apigateway
    (api,) = gateway.get_rest_apis()["items"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    gateway.tag_resource(resourceArn=arn, tags={"runbook:stale": "x"})
    gateway.untag_resource(resourceArn=arn, tagKeys=["runbook:instances"])
    (balancer,) = root.inventory()["load balancers"]
    gateway.create_vpc_link(name="demo-link", targetArns=[balancer], tags={"runbook:stack": "demo"})
    root.clock.advance(600)


@pytest.fixture
def scene(caller: Caller) -> Any:
    """What the command finds; made anew before each try, by somebody who may do everything."""

    def begin(command: str) -> None:
        root = caller.root
        root.down()
        root.clock.advance(3600)
        root.machines(port=80)
        if command not in ("up", "replace"):
            ended = root.up(tags={"ttl": "1h"} if command == "expired" else {})
            assert ended.finished.worst is None
        if command == "expired":
            root.clock.advance(7200)
        if command == "rollback":
            root.clock.advance(3600)
            ended = root.up(route_root=True)
            assert ended.finished.worst is None

    return begin


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", ["check", "up", "replace", "down", "expired", "trace", "links", "list", "rollback"])
def test_enough_and_nothing_too_many(caller: Caller, scene: Any, command: str) -> None:
    whole = document(command)
    caller.may(whole)
    scene(command)
    assert failure(caller, command) == ""

    for statement in whole["Statement"]:
        if command not in ("check", "trace", "links", "list"):  # those leave it as it is
            scene(command)
        caller.may({**whole, "Statement": [each for each in whole["Statement"] if each is not statement]})
        why = failure(caller, command)
        assert why, f"{command} works without {statement['Sid']}"


def test_with_read_only_nothing_can_be_changed(caller: Caller) -> None:
    root = caller.root
    root.up()
    before = root.inventory()
    caller.may(document("all", read_only=True))
    assert failure(caller, "check") == ""
    for action in ("up", "down"):
        with suppress(RunbookError):
            getattr(caller.stack, action)(port=8080) if action == "up" else caller.stack.down()
    assert root.inventory() == before
    actions = {action for each in document("all", read_only=True)["Statement"] for action in each["Action"]}
    assert all(action.partition(":")[2].startswith(("Describe", "Get", "GET")) for action in actions)


def test_another_stack_is_out_of_reach(caller: Caller) -> None:
    other = Stack(caller.root.account, caller.root.aws, caller.root.clock, {"stack": "other"})
    assert other.up().finished.worst is None
    before = other.inventory()
    caller.may(document("all"))
    # AWS judges the taking away of rules by their security group, which both stacks share; only its tag protects it.
    before.pop("rules")
    theirs = Stack(caller.root.account, caller.stack.aws, caller.root.clock, {"stack": "other"})
    assert theirs.down().finished.worst is not None
    after = other.inventory()
    after.pop("rules")
    assert after == before


# --- the document -------------------------------------------------------------------------------------------------


def test_the_policies_are_the_ones_that_were_handed_out() -> None:
    """To the byte and in the same order, so that an attached one can be compared; a change of one changes this file."""
    handed_out = json.loads(Path(__file__).with_name("policies.json").read_text())
    printed = {
        f"{command}{' --read-only' if read_only else ''}": document(command, read_only=read_only)["Statement"]
        for command in COMMANDS
        for read_only in (False, True)
    }
    assert json.dumps(printed) == json.dumps(handed_out)


@pytest.mark.parametrize("command", COMMANDS)
def test_linted(command: str) -> None:
    analyzed = parliament.analyze_policy_string(json.dumps(document(command)))
    assert [(found.issue, found.detail) for found in analyzed.findings if not _mistaken(found)] == []


def _mistaken(finding: Any) -> bool:
    """What parliament's data has wrong. It holds two tables of Elastic Load Balancing and reads the older one."""
    if finding.issue == "UNKNOWN_CONDITION_FOR_ACTION":
        return any(
            key in finding.detail and _knows(action, key)
            for key, action in (
                ("elasticloadbalancing:Scheme", "CreateLoadBalancer"),
                ("elasticloadbalancing:CreateAction", "AddTags"),
            )
        )
    # It takes a listener of an Application Load Balancer for required beside one of a Network Load Balancer.
    return finding.issue == "RESOURCE_MISMATCH" and all(
        "listener/app/" in each["required_format"] for each in finding.detail
    )


def _knows(action: str, key: str) -> bool:
    """Whether the newer table has the condition key at the action."""
    return any(
        key in kind["condition_keys"]
        for service in parliament.iam_definition
        if service["prefix"] == "elasticloadbalancing"
        for privilege in service["privileges"]
        if privilege["privilege"] == action
        for kind in privilege["resource_types"]
    )


def test_the_linter_would_find_a_mistake() -> None:
    wrong = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe", "Resource": "*"}]}
    assert parliament.analyze_policy_string(json.dumps(wrong)).findings


# "IAM and AWS STS quotas", in characters without white space
MANAGED, OF_A_ROLE, OF_A_GROUP, OF_A_USER = 6144, 10240, 5120, 2048
REGIONS = sorted(
    {
        (region, partition)
        for partition in boto3.Session().get_available_partitions()
        for service in ("ec2", "apigateway", "elbv2")
        for region in boto3.Session().get_available_regions(service, partition)
    }
    | {("eusc-de-east-1", "aws-eusc"), ("us-isof-south-1", "aws-iso-f"), ("xx-northeast-region-1", "aws-us-gov")}
)


def longest(command: str, name: str = "a-stack-of-20-letter") -> int:
    """The characters of the longest policy for a command, of all regions."""
    return max(
        len(
            json.dumps(
                policy(
                    name, region, "123456789012", command, partition=partition, security_group="sg-0123456789abcdef0"
                ),
                separators=(",", ":"),
            )
        )
        for region, partition in REGIONS
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_fits_into_one_managed_policy_in_every_region(command: str) -> None:
    assert len(REGIONS) > 30
    assert longest(command) <= MANAGED
    assert longest(command, "a") < longest(command) or command in ("expired", "links", "list")


def test_which_inline_policies_take_it() -> None:
    """As docs/safety.md has it."""
    sizes = {command: longest(command) for command in COMMANDS}
    assert all(size <= OF_A_ROLE for size in sizes.values())
    assert {command for command, size in sizes.items() if size > OF_A_GROUP} == {"up", "replace", "all"}
    assert {command for command, size in sizes.items() if size > OF_A_USER} == {
        "up",
        "replace",
        "down",
        "expired",
        "all",
    }


def test_statements_that_are_joined_allow_what_they_do_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in COMMANDS:
        together = allowed(document(command))
        with monkeypatch.context() as patch:
            apart = tuple(dataclasses.replace(statement, joins="") for statement in policies._STATEMENTS)
            patch.setattr(policies, "_STATEMENTS", apart)
            patch.setattr(policies, "_covers", lambda *_: False)
            separate = allowed(document(command))
        assert together >= separate
        assert {(action, resource) for action, resource, _ in together - separate} <= NOT_ON_AWS


def allowed(policy: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Action, resource and condition."""
    return {
        (action, resource.split(":", 5)[-1], json.dumps(each.get("Condition")))
        for each in policy["Statement"]
        for action in each["Action"]
        for resource in each["Resource"]
    }


# "Actions, resources, and condition keys for Elastic Load Balancing V2": what a creation is asked of. API Gateway's
# resources and methods ("Amazon API Gateway V1 REST API reference"): lists take no PUT, tags no POST, links no PUT.
NOT_ON_AWS = {
    ("elasticloadbalancing:CreateListener", "targetgroup/demo-targets/*"),
    ("elasticloadbalancing:CreateTargetGroup", "loadbalancer/net/demo-nlb/*"),
    ("apigateway:PUT", "/restapis"),
    ("apigateway:PUT", "/vpclinks"),
    ("apigateway:POST", "/tags/*"),
    ("apigateway:PUT", "/vpclinks/*"),
}


def test_an_unknown_command_is_bad_input() -> None:
    with pytest.raises(BadInput, match="has no policy"):
        document("fly")


def test_the_security_group_can_be_named() -> None:
    statements = document("up", security_group="sg-0123456789abcdef0")["Statement"]
    (ingress,) = (each for each in statements if each["Sid"] == "LetLoadBalancerIn")
    assert "arn:aws:ec2:us-east-1:123456789012:security-group/sg-0123456789abcdef0" in ingress["Resource"]


# --- when something is refused ------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_what_is_refused_is_named_and_granting_it_is_enough(caller: Caller, scene: Any) -> None:
    """Start with nothing but looking; grant what each error asks for; in the end the stack is there."""
    given = document("up", read_only=True)
    granted: list[str] = []
    scene("up")
    for _ in range(30):
        caller.may(given)
        caller.stack.clock.advance(60)  # as who mends a policy takes; at once, the quotas would still be used up
        ended = caller.stack.up()
        if ended.finished.worst is None:
            break
        failed = {name: event.reason for name, event in ended.steps.items() if event.outcome == "failed"}
        for step, reason in failed.items():
            assert "not authorized to perform" in reason
            assert f"step {step} needs it" in reason
            statement = json.loads(reason.partition("Statement to add to the caller's policy: ")[2])
            statement["Sid"] = f"Added{len(granted)}"  # a policy names each statement once
            given = {**given, "Statement": [*given["Statement"], statement]}
            granted += statement["Action"]
    else:
        raise AssertionError(f"still refused: {failed}")
    wanted = {action for each in document("up")["Statement"] for action in each["Action"]}
    assert {action for action in granted if action not in wanted} == set()


def test_a_refusal_that_the_policy_knows_nothing_of_is_taken_as_it_is() -> None:
    assert allowing("s3:GetObject", "arn:aws:s3:::b/k", "demo", "us-east-1") == {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::b/k"],
    }


def test_an_account_that_is_named_needs_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "RUNBOOK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("runbook.accounts.connect", None)  # nothing is connected to
    ended = runbook("policy", "check", "--account-id", "210987654321", "--region", "cn-north-1", "--stack", "web")
    assert ended.code == 0
    assert json.loads(ended.out) == policy("web", "cn-north-1", "210987654321", "check", partition="aws-cn")
    for words, named in (
        (["--account-id", "1234"], "--account-id: '1234' is not an AWS account id of 12 digits."),
        (["--account-id", "210987654321"], "--region (or RUNBOOK_REGION): is needed with --account-id."),
        (["--account-id", "210987654321", "--region", "mars-north-1"], "'mars-north-1' is not a region"),
    ):
        refused = runbook("policy", *words)
        assert refused.code == 2
        assert named in refused.err
