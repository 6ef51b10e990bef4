"""The clients that people really use, against the served account: the AWS CLI with curl, and Terraform."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from practice import CREDENTIALS
from practice.clock import ScaledClock
from practice.server import Account, serve

HERE = Path(__file__).parent

# Fast enough that nobody waits for a state, slow enough that a client still sees it change.
TIME_SCALE = 240


@pytest.fixture
def account() -> Iterator[Account]:
    with serve(clock=ScaledClock(TIME_SCALE)) as served:
        yield served


@pytest.fixture
def description(account: Account) -> dict[str, Any]:
    return httpx.get(f"{account.url}/_practice").json()


def bare_environment(home: Path, **more: str) -> dict[str, str]:
    """What a client gets to see: no credentials or configuration but the practice account's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return kept | {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def run(command: list[str], environment: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
    print(done.stdout[-4000:], done.stderr[-4000:])
    return done


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


def provider_mirror() -> Path | None:
    """A directory on this machine that holds the AWS provider: Terraform's own places, what its configuration
    names, TF_PROVIDER_MIRROR, or wherever a system keeps optional software."""
    candidates = [
        Path(value) for name in ("TF_PROVIDER_MIRROR", "TF_PLUGIN_CACHE_DIR") if (value := os.environ.get(name))
    ]
    for configuration in (os.environ.get("TF_CLI_CONFIG_FILE"), "~/.terraformrc"):
        file = Path(configuration or "").expanduser()
        if file.is_file():
            candidates += [Path(path) for path in re.findall(r'path\s*=\s*"([^"]+)"', file.read_text())]
    candidates += [
        Path("~/.terraform.d/plugins").expanduser(),
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *sorted(Path("/opt").glob("*")),
    ]
    return next((each for each in candidates if (each / "registry.terraform.io/hashicorp/aws").is_dir()), None)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
@pytest.mark.skipif(provider_mirror() is None, reason="the AWS provider is not on this machine (TF_PROVIDER_MIRROR)")
@pytest.mark.timeout(420)
def test_terraform_applies_and_destroys_the_chain(
    account: Account, description: dict[str, Any], tmp_path: Path
) -> None:
    shutil.copy(HERE / "terraform" / "main.tf", tmp_path)
    (tmp_path / "cli.tfrc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{provider_mirror()}"\n  }}\n}}\n'
    )
    variables = {
        "endpoint": account.url,
        "access_key": CREDENTIALS.access_key_id,
        "secret_key": CREDENTIALS.secret_access_key,
        **description["defaults"],
    }
    (tmp_path / "terraform.tfvars.json").write_text(json.dumps(variables))
    environment = bare_environment(
        tmp_path, TF_CLI_CONFIG_FILE=str(tmp_path / "cli.tfrc"), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1"
    )

    def terraform(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run(["terraform", *arguments, "-no-color"], environment, tmp_path)

    assert terraform("init", "-input=false").returncode == 0
    assert terraform("apply", "-auto-approve", "-input=false").returncode == 0
    outputs = {name: entry["value"] for name, entry in json.loads(terraform("output", "-json").stdout).items()}
    assert len(set(outputs["nlb_ips"])) == 2

    url = description["invoke_url"].format(api_id=outputs["api_id"], stage=outputs["stage"])
    answer = httpx.get(f"{url}/hello/world?from=terraform")
    assert answer.status_code == 200
    assert answer.json()["path"] == "/hello/world?from=terraform"

    # 0: no changes; 2 would be changes.
    assert terraform("plan", "-detailed-exitcode", "-input=false").returncode == 0
    assert terraform("destroy", "-auto-approve", "-input=false").returncode == 0
    assert what_is_there(account) == {kind: [] for kind in what_is_there(account)}
