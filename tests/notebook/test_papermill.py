"""The notebook face through its real entry point."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import boto3
import httpx
import psutil
import pytest

from practice import CREDENTIALS
from practice.server import Account
from runbook.report import read
from runbook.trace import HOPS
from tests.notebook.conftest import BIN, ROOT, Executed, Papermill
from tests.stack import PLAN


def client(account: Account, service: str) -> object:
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
        region_name=account.region,
    )
    return session.client(service, endpoint_url=account.url)  # type: ignore[call-overload]


def invoke_url(executed: Executed) -> str:
    return executed.shown("end").splitlines()[-1].removeprefix("Invoke URL").strip()


@pytest.mark.timeout(600)
def test_a_stack_named_with_digits_goes_up_is_watched_drifts_and_goes_down(fast: Account, papermill: Papermill) -> None:
    """One story, because each chapter needs what the one before it made."""
    there = ("-p", "stack", "007", "-p", "endpoint_url", fast.url)
    elb = client(fast, "elbv2")

    up = papermill(*there)
    assert up.status == 0, up.output
    # papermill itself saw a number; the stack is named as it was typed
    assert "stack = 7\n" in "".join(cell.source for cell in up.cells.values())
    balancers = elb.describe_load_balancers()["LoadBalancers"]  # type: ignore[attr-defined]
    assert [item["LoadBalancerName"] for item in balancers] == ["007-nlb"]
    # a section a step, each showing its outcome
    for step in PLAN.steps:
        assert step.explanation in up.cells[f"about-{step.id}"].source
        assert up.shown(f"step-{step.id}").startswith("✓")
    # the load balancer's addresses, as a table
    interfaces = client(fast, "ec2").describe_network_interfaces(  # type: ignore[attr-defined]
        Filters=[{"Name": "description", "Values": ["ELB net/007-nlb/*"]}]
    )["NetworkInterfaces"]
    assert len(interfaces) == 2
    for interface in interfaces:
        assert f">{interface['PrivateIpAddress']}</td>" in up.shown("step-nlb-addresses", "text/html")
    # the request, hop by hop, as a table that can be read as text and as a page
    assert "no verdict" in up.shown("trace")
    assert all(hop in up.shown("trace", "text/html") for hop in HOPS)
    # the invoke URL is the last thing shown, and it answers
    assert httpx.get(invoke_url(up)).status_code == 200
    assert f'<a href="{invoke_url(up)}">' in up.shown("end", "text/html")
    assert up.cells["by-hand"].outputs == []
    # overlapping work was not serialised by the cells
    record = read(papermill.logs[-1])
    began, ended = record.steps["rest-api"].began, record.steps["load-balancer"].ended
    assert began is not None
    assert ended is not None
    assert began < ended
    # the record of the run: who, the path, the timeline, every request with its id; as text and as a page
    assert record.calls
    for shown in (up.shown("record"), up.shown("record", "text/html")):
        assert record.caller in shown
        assert record.source in shown
        assert all(call.request_id in shown for call in record.calls)
        assert all(f"{interface['PrivateIpAddress']} (" in shown for interface in interfaces)
    drawn = re.findall('role="img" aria-label="(.*?)"', up.shown("record", "text/html"))
    assert drawn == ["The way of a request", "When each step was under way"]

    # the executed notebook as a page
    nbconvert = papermill.quick("nbconvert", "nbconvert.nbconvertapp", "main")
    page = subprocess.run(
        [nbconvert, "--to", "html", "--log-level", "ERROR", "out.ipynb"],
        cwd=papermill.directory, env=papermill.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert page.returncode == 0, page.stderr
    assert invoke_url(up) in (papermill.directory / "out.html").read_text()
    assert 'aria-label="When each step was under way"' in (papermill.directory / "out.html").read_text()

    listeners = elb.describe_listeners(LoadBalancerArn=balancers[0]["LoadBalancerArn"])["Listeners"]  # type: ignore[attr-defined]
    elb.delete_listener(ListenerArn=listeners[0]["ListenerArn"])  # type: ignore[attr-defined]
    drifted = papermill(*there, "-p", "mode", "check")
    assert drifted.status != 0
    assert drifted.error is not None
    assert "listener is missing" in drifted.error["evalue"]
    assert drifted.shown("step-listener").startswith("○ missing")
    assert "verdict: listener" in drifted.shown("trace")
    assert "(missing: load balancer 007-nlb has no listener on port 80)" in drifted.shown("record")
    assert read(papermill.logs[-1]).caller in drifted.shown("record")
    assert not elb.describe_listeners(LoadBalancerArn=balancers[0]["LoadBalancerArn"])["Listeners"]  # type: ignore[attr-defined]

    down = papermill(*there, "-p", "mode", "down")
    assert down.status == 0, down.output
    assert "removed, nothing is left to remove" in down.shown("end")
    assert "nothing to trace" in down.shown("trace")
    assert "elbv2:DeleteLoadBalancer" in down.shown("record")
    assert read(papermill.logs[-1]).calls[-1].request_id in down.shown("record")
    assert elb.describe_load_balancers()["LoadBalancers"] == []  # type: ignore[attr-defined]
    assert client(fast, "apigateway").get_rest_apis()["items"] == []  # type: ignore[attr-defined]


@pytest.mark.timeout(600)
def test_nothing_but_the_stack_needs_to_be_named(papermill: Papermill) -> None:
    """The shared account in the background is started, and a kernel of the user's own by the same name is not taken."""
    kernel = papermill.home / ".local/share/jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps({"argv": ["/bin/false", "{connection_file}"], "display_name": "x"}))
    try:
        executed = papermill("-p", "stack", "demo")
        assert executed.status == 0, executed.output
        assert httpx.get(invoke_url(executed)).status_code == 200
    finally:
        subprocess.run([BIN / "runbook", "practice", "stop"], env=papermill.environment, check=True, timeout=60)


@pytest.mark.timeout(600)
def test_a_step_that_fails_says_so_in_a_line_and_fails_papermill(fast: Account, papermill: Papermill) -> None:
    for machine in httpx.get(f"{fast.url}/_practice").json()["machines"]:
        url = f"{fast.url}/_practice/machines/{machine['instance_id']}"
        httpx.patch(url, json={"status": 500}, headers=fast.control_headers).raise_for_status()
    executed = papermill("-p", "endpoint_url", fast.url)
    assert executed.status == 1
    assert executed.error is not None
    assert executed.error["ename"] == "RunbookStopped"
    assert executed.error["evalue"].startswith("targets: ")
    assert "Target.FailedHealthChecks" in executed.error["evalue"]
    assert executed.error["traceback"] == [f"RunbookStopped: {executed.error['evalue']}"]
    assert "Target.FailedHealthChecks" in executed.shown("step-targets", "text/html")
    record = read(papermill.logs[-1])
    assert record.complete  # nothing was left in mid-air
    assert record.caller in executed.shown("step-targets")
    assert record.calls[-1].request_id in executed.shown("step-targets", "text/html")


@pytest.mark.timeout(600)
def test_a_misspelt_parameter_is_not_passed_over(fast: Account, papermill: Papermill) -> None:
    executed = papermill("-p", "endpoint_url", fast.url, "-p", "mode", "down", "-p", "stak", "1e3")
    assert executed.status == 1
    assert executed.error is not None
    assert executed.error["evalue"].startswith("stak: is no parameter.")
    assert papermill.logs == []


@pytest.mark.timeout(600)
def test_a_kernel_that_is_killed_in_the_middle_loses_nothing(slow: Account, papermill: Papermill) -> None:
    process = papermill.start("-p", "endpoint_url", slow.url)
    deadline = time.monotonic() + 150
    while not (papermill.logs and "CreateRestApi" in papermill.logs[0].read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    kernel = [
        child
        for child in psutil.Process(process.pid).children()
        if any("ipykernel" in word for word in child.cmdline())
    ]
    kernel[0].kill()
    assert papermill.ended(process).status != 0
    assert not read(papermill.logs[0]).complete

    again = papermill("-p", "endpoint_url", slow.url)
    assert again.status == 0, again.output
    assert len(client(slow, "elbv2").describe_load_balancers()["LoadBalancers"]) == 1  # type: ignore[attr-defined]
    assert len(client(slow, "apigateway").get_rest_apis()["items"]) == 1  # type: ignore[attr-defined]
    assert len(client(slow, "apigateway").get_vpc_links()["items"]) == 1  # type: ignore[attr-defined]


def test_the_notebook_says_nothing_of_this_machine() -> None:
    assert str(ROOT) not in Path(ROOT / "runbook.ipynb").read_text()
