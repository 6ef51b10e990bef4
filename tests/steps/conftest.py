"""States of a stack that several of these tests begin with."""

from __future__ import annotations

import pytest

from tests.stack import Stack
from tests.steps.parts import Parts


@pytest.fixture
def elsewhere(finished: Stack) -> Stack:
    """The link of ours leads to another load balancer."""
    parts = Parts(finished)
    other = parts.elb.create_load_balancer(
        Name="other", Type="network", Scheme="internal", Subnets=list(finished.service.subnets)
    )["LoadBalancers"][0]["LoadBalancerArn"]
    finished.clock.advance(300)
    parts.gateway.delete_vpc_link(vpcLinkId=parts.link)
    finished.clock.advance(600)
    link = parts.gateway.create_vpc_link(name="demo-link", targetArns=[other], tags={"runbook:stack": "demo"})["id"]
    finished.clock.advance(600)
    parts.patch_stage("replace", "/variables/VPCLINK", link)
    return finished
