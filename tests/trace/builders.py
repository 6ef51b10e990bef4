"""Finished stacks of different makers, to be traced."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from practice.server import serve
from runbook.aws import Aws
from tests.practice.clients import terraforming
from tests.practice.clients.terraforming import Terraform
from tests.trace.conftest import PushedClock, Stack, finished, http, session

__all__ = ["BUILDERS", "terraformed", "why_not"]


@contextmanager
def terraformed() -> Iterator[tuple[Terraform, Stack]]:
    """The tutorial's chain from HCL: other names, no tags of ours, another stage and health check."""
    # Fast enough that nobody waits for a state, slow enough that Terraform still sees it change.
    clock = PushedClock(240.0)
    with serve(clock=clock) as account, tempfile.TemporaryDirectory() as home:
        said = http.get(f"{account.url}/_practice").json()
        terraform = Terraform(account, said["defaults"], Path(home))
        outputs = terraform.apply()
        aws = Aws(session, endpoint_url=account.url, pace=1 / clock.scale, invoke_url_form=said["invoke_url"])
        stack = Stack(account, clock, aws, said, outputs["api_id"], outputs["stage"])
        assert outputs["nlb_ips"] == stack.addresses
        stack.settle()
        yield terraform, stack


@contextmanager
def _by_terraform() -> Iterator[Stack]:
    with terraformed() as (_, stack):
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


BUILDERS = {"ours": Builder(finished), "apart": Builder(apart, "acl"), "terraform": Builder(_by_terraform)}


def why_not(maker: str) -> str:
    """Why stacks of this maker cannot be built on this machine; empty when they can."""
    return terraforming.why_not() if maker == "terraform" else ""
