"""What AWS hands out page by page is read to its last page, wherever it is asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from runbook.events import Action
from runbook.stacks import stacks
from runbook.trace.links import links
from runbook.trace.model import State, Trace
from runbook.trace.target import Target
from runbook.trace.tracing import trace
from tests.pager import NAMES_THEM, one_per_page
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
SERVICES = ("ec2", "elbv2", "apigateway", "apigatewayv2", "logs", "sts")
BY_HAND = {"runbook/path/links.py": "get_vpc_links"}
"""botocore has no paginator for API Gateway's second interface's own links: the one loop that follows its tokens."""


def pageable() -> set[str]:
    session = botocore.session.get_session()
    found = {"get_vpc_links"}
    for service in SERVICES:
        paginators = session.get_component("data_loader")
        try:
            model = paginators.load_service_model(service, "paginators-1", None)["pagination"]
        except botocore.exceptions.DataNotFoundError:
            continue
        found |= {xform_name(name) for name in model}
    return found


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node


def unpaged(path: Path, operations: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{call.lineno} {call.func.attr}"
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in operations
        # Tags and stages have paginators in EC2's and API Gateway's second interface only, where nobody asks for them.
        and call.func.attr not in ("describe_tags", "get_stages")
        and not any(NAMES_THEM.match(keyword.arg or "") for keyword in call.keywords)
        and BY_HAND.get(str(path.relative_to(ROOT))) != call.func.attr
    ]


@pytest.mark.parametrize("package", ["runbook", "steps", "drills", "tui", "benchmarks"])
def test_no_call_reads_only_a_first_page(package: str) -> None:
    operations = pageable()
    files = sorted((ROOT / package).rglob("*.py"))

    assert files
    assert "describe_load_balancers" in operations
    assert [found for path in files for found in unpaged(path, operations)] == []


def test_a_call_that_reads_only_a_first_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.py"
    path.write_text("a.elbv2.describe_load_balancers()\na.elbv2.describe_load_balancers(Names=['x'])\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)

    assert unpaged(path, pageable()) == ["x.py:1 describe_load_balancers"]


READ_ONCE = (
    "get_rest_apis",
    "get_resources",
    "get_stages",
    "get_deployments",
    "get_vpc_links",
    "get_vpc_link",
    "describe_listeners",
    "describe_target_health",
)
"""What the steps, a trace, the list of stacks and the drills all look at: each has one reader."""


@pytest.mark.parametrize("operation", READ_ONCE)
def test_what_many_look_at_is_read_in_one_module(operation: str) -> None:
    files = [path for package in ("runbook", "steps", "drills", "tui") for path in (ROOT / package).rglob("*.py")]
    readers = {
        str(path.relative_to(ROOT))
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        # As a method, or as the name that a paginator is asked for by.
        if (isinstance(node, ast.Attribute) and node.attr == operation)
        or (isinstance(node, ast.Call) and [getattr(each, "value", None) for each in node.args[:1]] == [operation])
    }

    assert len(readers) == 1, readers
    assert readers.pop().startswith("runbook/path/")


def another(stack: Stack, name: str) -> None:
    ended = stack.run(Action.UP, stack=name)
    assert ended.finished.worst is None, ended.unlike_ok


def seen(found: Trace) -> list[tuple[str, State]]:
    return [(hop.id, hop.state) for hop in found.hops]


def test_pages_of_one_item_change_nothing(finished: Stack) -> None:
    """Two stacks, so that each list has more than one; run, looked at, traced, listed and taken down."""
    another(finished, "aside")
    aws = finished.aws
    (api,) = [item["id"] for item in aws.apigateway.get_rest_apis()["items"] if item["name"] == "demo-api"]
    target = Target(api, "prod", "/hello", aws.invoke_url(api, "prod") + "/hello")
    before = (links(aws), stacks(aws), seen(trace(aws, target)))

    with one_per_page(aws) as pager:
        assert finished.check().finished.worst is None
        changed = finished.up(health_check_path="/")
        assert changed.finished.worst is None, changed.unlike_ok
        assert (links(aws), stacks(aws), seen(trace(aws, target))) == before
        assert finished.down().finished.worst is None
        assert pager.unread == set()
    assert {"GetRestApis", "GetVpcLinks", "DescribeLoadBalancers", "DescribeNetworkInterfaces"} <= pager.paged
    assert [stack.name for stack in stacks(aws)] == ["aside"]
