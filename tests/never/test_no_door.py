"""Over every request that changes something: no rule is wider than an address of the load balancer, nothing faces the
internet, and no rule is left behind.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from runbook.events import Action
from tests.never.recorder import Recorder
from tests.stack import PLAN, Stack
from tests.steps.parts import Parts

CHANGES = {
    "ec2": {"AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"},
    "elasticloadbalancing": {
        "AddTags",
        "CreateListener",
        "CreateLoadBalancer",
        "CreateTargetGroup",
        "DeleteListener",
        "DeleteLoadBalancer",
        "DeleteTargetGroup",
        "DeregisterTargets",
        "ModifyListener",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "RegisterTargets",
        "RemoveTags",
        "SetSubnets",
    },
    "apigateway": {"restapis", "vpclinks", "tags"},
}
"""All that may be asked of AWS besides looking; of API Gateway, what its paths begin with."""


def opens_nothing(recorder: Recorder, addresses: set[str]) -> None:
    """What was asked for, all of it."""
    assert recorder.changes
    for service, action, form in recorder.changes:
        assert action in CHANGES[service], (service, action)
        match action:
            case "AuthorizeSecurityGroupIngress":
                _only_the_balancer(form, addresses)
            case "CreateLoadBalancer":
                assert form["Scheme"] == "internal"
                assert form["Type"] == "network"


def _only_the_balancer(form: Mapping[str, str], addresses: set[str]) -> None:
    fields = {re.sub(r"\.\d+", "", name) for name in form}
    assert fields <= {
        "Action",
        "Version",
        "GroupId",
        "IpPermissions.IpProtocol",
        "IpPermissions.FromPort",
        "IpPermissions.ToPort",
        "IpPermissions.IpRanges.CidrIp",
        "IpPermissions.IpRanges.Description",
        "TagSpecification.ResourceType",
        "TagSpecification.Tag.Key",
        "TagSpecification.Tag.Value",
    }
    ranges = [value for name, value in form.items() if name.endswith("CidrIp")]
    assert ranges
    for text in ranges:
        network = ipaddress.ip_network(text)
        assert network.num_addresses == 1
        assert str(network.network_address) in addresses
    assert {value for name, value in form.items() if name.endswith("IpProtocol")} == {"tcp"}
    lows = {name.removesuffix("FromPort"): value for name, value in form.items() if name.endswith("FromPort")}
    highs = {name.removesuffix("ToPort"): value for name, value in form.items() if name.endswith("ToPort")}
    assert lows == highs
    assert "runbook:stack" in form.values()


def addresses(stack: Stack) -> set[str]:
    """The load balancers' private addresses there are now."""
    found = stack.aws.ec2.describe_network_interfaces()["NetworkInterfaces"]
    return {each["PrivateIpAddress"] for each in found if each["InterfaceType"] == "network_load_balancer"}


VARIANTS: list[dict[str, Any]] = [
    {},
    {"route_root": True, "endpoint_type": "EDGE", "stage": "v1"},
    {"port": 8080},
    {"port": 80, "tags": {"team": "payments"}, "test_path": "/", "health_check_path": "/health"},
]


def test_no_run_opens_anything_and_every_rule_goes(stack: Stack, recorder: Recorder) -> None:
    before = {rule["SecurityGroupRuleId"] for rule in Parts(stack).rules}
    seen: set[str] = set()
    for given in VARIANTS:
        stack.machines(port=given.get("port", 80))
        ended = stack.up(replace=True, **given)
        assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
        seen |= addresses(stack)
        opens_nothing(recorder, seen)
    stack.run(Action.UP, only=["security-group-ingress"], health_check_port=8081)
    for step in PLAN.ids:
        assert stack.run_step_undo(step).finished.worst is None, step
    seen |= addresses(stack)
    assert stack.down().finished.worst is None
    opens_nothing(recorder, seen)
    assert {rule["SecurityGroupRuleId"] for rule in Parts(stack).rules} == before
    assert not any(stack.how_many().values())


def test_a_load_balancer_that_faces_the_internet_is_replaced_and_never_made(
    finished: Stack, recorder: Recorder
) -> None:
    """Somebody made it anew by hand, facing the internet, with our tag on it."""
    assert finished.run_step_undo("load-balancer").finished.worst is None
    gateway = finished.aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    finished.aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=finished.service.vpc)
    finished.aws.elbv2.create_load_balancer(
        Name="demo-nlb",
        Type="network",
        Scheme="internet-facing",
        Subnets=list(finished.service.subnets),
        Tags=[{"Key": "runbook:stack", "Value": "demo"}],
    )
    finished.clock.advance(600)
    recorder.changes.clear()

    assert "load balancer demo-nlb has scheme is internet-facing" in finished.up().reason("load-balancer")
    ended = finished.up(replace=True)

    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    (balancer,) = finished.aws.elbv2.describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    opens_nothing(recorder, addresses(finished))
