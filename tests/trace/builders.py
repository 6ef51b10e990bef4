"""Finished stacks of different makers, to be traced."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from practice import CREDENTIALS
from practice.server import serve
from runbook.aws import Aws
from tests.practice.clients import test_real_clients as clients
from tests.trace.conftest import PushedClock, Stack, finished, http, session

__all__ = ["BUILDERS", "why_not"]


@contextmanager
def terraform() -> Iterator[Stack]:
    """The tutorial's chain from HCL: other names, no tags of ours, another stage and health check."""
    clock = PushedClock(600.0)
    with serve(clock=clock, quotas=False) as account, tempfile.TemporaryDirectory() as home:
        said = http.get(f"{account.url}/_practice").json()
        shutil.copy(clients.HERE / "terraform" / "main.tf", home)
        mirror = f'  filesystem_mirror {{\n    path = "{clients.provider_mirror()}"\n  }}\n'
        configuration = Path(home, "cli.tfrc")
        configuration.write_text(f"provider_installation {{\n{mirror}}}\n")
        variables = {
            "endpoint": account.url,
            "access_key": CREDENTIALS.access_key_id,
            "secret_key": CREDENTIALS.secret_access_key,
            **said["defaults"],
        }
        Path(home, "terraform.tfvars.json").write_text(json.dumps(variables))
        environment = clients.bare_environment(
            Path(home), TF_CLI_CONFIG_FILE=str(configuration), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1"
        )

        def command(*arguments: str) -> str:
            done = clients.run(["terraform", *arguments, "-no-color"], environment, Path(home))
            assert done.returncode == 0, done.stdout + done.stderr
            return str(done.stdout)

        command("init", "-input=false")
        command("apply", "-auto-approve", "-input=false")
        outputs = {name: entry["value"] for name, entry in json.loads(command("output", "-json")).items()}
        aws = Aws(session, endpoint_url=account.url, pace=1 / clock.scale, invoke_url_form=said["invoke_url"])
        stack = Stack(account, clock, aws, said, outputs["api_id"], outputs["stage"])
        stack.settle()
        yield stack


@contextmanager
def apart() -> Iterator[Stack]:
    """Ours, with subnets of the load balancer's own: only between subnets do network ACLs judge."""

    def subnets(aws: Aws, defaults: dict[str, Any]) -> dict[str, Any]:
        theirs = aws.ec2.describe_subnets(SubnetIds=defaults["subnets"])["Subnets"]
        zones = [subnet["AvailabilityZone"] for subnet in theirs]
        made = [
            aws.ec2.create_subnet(VpcId=defaults["vpc"], CidrBlock=f"10.0.{100 + number}.0/24", AvailabilityZone=zone)
            for number, zone in enumerate(zones)
        ]
        return {"subnets": [each["Subnet"]["SubnetId"] for each in made]}

    with finished(subnets) as stack:
        yield stack


@dataclass(frozen=True)
class Builder:
    """How a stack is built, and the faults that are tried on it: those whose name contains ``only``."""

    build: Callable[[], AbstractContextManager[Stack]]
    only: str = ""


BUILDERS = {"ours": Builder(finished), "apart": Builder(apart, "acl"), "terraform": Builder(terraform)}


def why_not(maker: str) -> str:
    """Why stacks of this maker cannot be built on this machine; empty when they can."""
    if maker != "terraform":
        return ""
    if shutil.which("terraform") is None:
        return "Terraform is not installed"
    return "" if clients.provider_mirror() else "the AWS provider is not on this machine (TF_PROVIDER_MIRROR)"
