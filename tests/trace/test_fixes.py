"""The commands of a trace, pasted into a shell that has the AWS CLI."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from runbook.trace import State
from tests.practice.clients.test_real_clients import bare_environment
from tests.trace.conftest import Stack
from tests.trace.faults import KNOWN
from tests.trace.mutations import MUTATIONS

BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
@pytest.mark.timeout(180)
def test_several_faults_are_mended_by_what_the_trace_says_when_pasted(stack: Stack, tmp_path: Path) -> None:
    for name in (
        "check-wants-another-status",
        "vpclink-unset",
        "proxy-not-mapped",
        "listener-on-another-port",
        "no-rules",
    ):
        BY_NAME[name].apply(stack)
    stack.settle()
    found = []
    while (told := stack.trace()).exit_code:
        state = State.SUSPICIOUS if told.verdict is None else State.BROKEN
        hops = [hop for hop in told.hops if hop.state is state]
        found.append([hop.id for hop in hops])
        assert len(found) < 3, told.to_json()
        commands = "\n".join(hop.command for hop in hops)
        done = subprocess.run(
            ["sh", "-e"],
            input=commands,
            env=bare_environment(tmp_path, AWS_ENDPOINT_URL=stack.account.url),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stderr}"
        stack.settle(600)
    # What the health check says is worth something only when it is let in.
    assert found == [["integration", "stage-variables", "listener", "security-group"], ["health-check"]]


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
@pytest.mark.timeout(120)
def test_braces_survive_the_pasting(stack: Stack, tmp_path: Path) -> None:
    stack.machines(status=KNOWN)
    BY_NAME["url-with-another-path"].apply(stack)
    for limit in ("rateLimit", "burstLimit"):
        stack.patch_stage(f"/~1{{proxy+}}/ANY/throttling/{limit}", "0")
    for hop in ("stage", "integration"):
        told = stack.trace()
        assert told.verdict == hop
        assert "{proxy" in told[hop].command
        done = subprocess.run(
            ["sh", "-e"],
            input=told[hop].command,
            env=bare_environment(tmp_path, AWS_ENDPOINT_URL=stack.account.url),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{told[hop].command}\n{done.stderr}"
    assert stack.trace().verdict is None
