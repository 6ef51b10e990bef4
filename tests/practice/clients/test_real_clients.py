"""The clients that people really use, against the served account: the AWS CLI with curl, and Terraform."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from practice import CREDENTIALS
from practice.clock import ScaledClock
from practice.server import Account, serve
from tests.practice.clients.running import bare_environment, run
from tests.practice.clients.terraforming import why_not
from tests.trace.builders import terraformed
from tests.trace.faults import assert_every_verdict_is_right

HERE = Path(__file__).parent

TIME_SCALE = 240
"""Fast enough that nobody waits for a state, slow enough that a client still sees it change."""


@pytest.fixture
def account() -> Iterator[Account]:
    with serve(clock=ScaledClock(TIME_SCALE)) as served:
        yield served


@pytest.fixture
def description(account: Account) -> dict[str, Any]:
    return httpx.get(f"{account.url}/_practice").json()


def what_is_there(account: Account) -> dict[str, list[Any]]:
    """Everything of the chain that an account can hold."""
    session = boto3.Session(*CREDENTIALS, region_name=account.region)

    def client(name: str) -> Any:
        return session.client(name, endpoint_url=account.url)

    rules = client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    interfaces = client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    return {
        "load balancers": client("elbv2").describe_load_balancers()["LoadBalancers"],
        "target groups": client("elbv2").describe_target_groups()["TargetGroups"],
        "rest apis": client("apigateway").get_rest_apis()["items"],
        "vpc links": client("apigateway").get_vpc_links()["items"],
        "rules": [rule for rule in rules if not rule["IsEgress"] and rule.get("CidrIpv4")],
        "interfaces": [each for each in interfaces if each["RequesterManaged"]],
    }


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.timeout(300)
@pytest.mark.waits(20)
def test_the_aws_cli_walks_the_tutorial(account: Account, description: dict[str, Any], tmp_path: Path) -> None:
    defaults = description["defaults"]
    environment = bare_environment(
        tmp_path,
        AWS_ENDPOINT_URL=account.url,
        VPC=defaults["vpc"],
        SUBNETS=" ".join(defaults["subnets"]),
        INSTANCES=" ".join(defaults["instances"]),
        SECURITY_GROUP=defaults["security_group"],
        INVOKE_URL=description["invoke_url"],
    )
    done = run([str(HERE / "tutorial.sh")], environment, tmp_path)
    assert done.returncode == 0
    body, status = done.stdout.strip().splitlines()[-2:]
    assert status == "200"
    served = json.loads(body)
    assert served["instance_id"] in defaults["instances"]
    assert served["path"] == "/hello/world?from=curl"
    assert what_is_there(account) == {kind: [] for kind in what_is_there(account)}


@pytest.mark.skipif(bool(why_not()), reason=why_not())
@pytest.mark.timeout(900)
@pytest.mark.waits(130)
def test_terraform_applies_and_destroys_the_chain_and_trace_knows_every_fault_in_it() -> None:
    """One story, because Terraform takes minutes: the chain is made, called, broken in every way, and taken away."""
    with terraformed() as (terraform, stack):
        assert len(stack.addresses) == 2
        answer = httpx.get(f"{stack.url}/world?from=terraform")
        assert answer.status_code == 200
        assert answer.json()["path"] == "/hello/world?from=terraform"

        assert_every_verdict_is_right("terraform", stack)

        terraform("plan", "-detailed-exitcode", "-input=false")  # fails when there were changes
        terraform("destroy", "-auto-approve", "-input=false")
        assert what_is_there(stack.account) == {kind: [] for kind in what_is_there(stack.account)}
