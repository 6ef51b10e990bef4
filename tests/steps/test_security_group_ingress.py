"""Exactly the load balancer's addresses are let in, by whichever rule, and only rules of ours are touched."""

from __future__ import annotations

import ipaddress

import pytest

from runbook.events import Outcome
from runbook.outcome import Drifted
from runbook.path.packets import Rule, is_public
from steps import security_group_ingress
from steps.nlb_addresses import NlbAddresses
from steps.security_group_ingress import Ingress
from tests.stack import Stack
from tests.steps.parts import Parts

OURS = {"runbook:stack": "demo"}


@pytest.fixture
def parts(stack: Stack) -> Parts:
    """A stack up to the load balancer's addresses."""
    stack.up_to("nlb-addresses")
    return Parts(stack)


def addresses(parts: Parts) -> tuple[str, ...]:
    found: NlbAddresses = parts.stack.run_check("nlb-addresses").fact(NlbAddresses)
    return found.ips


def test_each_address_is_let_in_by_a_described_and_tagged_rule_of_its_own(parts: Parts) -> None:
    parts.stack.call(security_group_ingress, "do")

    rules = parts.rules
    assert {rule["CidrIpv4"] for rule in rules} == {f"{ip}/32" for ip in addresses(parts)}
    for rule in rules:
        assert ipaddress.ip_network(rule["CidrIpv4"]).num_addresses == 1
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 80, 80)
        assert rule["Description"].startswith("NLB of stack demo in us-east-1")
        assert {tag["Key"]: tag["Value"] for tag in rule["Tags"]} == OURS


def test_the_health_checks_port_is_opened_too_if_it_is_another(parts: Parts) -> None:
    parts.stack.given = {"health_check_port": 8081}
    parts.stack.up_to("security-group-ingress")

    assert sorted({(rule["FromPort"], rule["ToPort"]) for rule in parts.rules}) == [(80, 80), (8081, 8081)]
    assert len(parts.rules) == 4

    parts.stack.given = {"health_check_port": 80}
    seen = parts.stack.call(security_group_ingress, "check")
    assert [difference.found for difference in seen.differences] == ["there", "there"]
    parts.stack.call(security_group_ingress, "do")
    assert len(parts.rules) == 2


@pytest.mark.parametrize(("cidr", "low", "high"), [("10.0.0.0/16", 80, 80), ("10.0.0.0/16", 1, 1000)])
def test_somebody_elses_rule_that_lets_them_in_is_enough_and_stays(
    parts: Parts, cidr: str, low: int, high: int
) -> None:
    theirs = parts.let_in(cidr, low=low, high=high)

    ended = parts.stack.up_to("security-group-ingress")
    assert ended.outcomes["security-group-ingress"] is Outcome.OK
    assert ended.fact(Ingress).rules[0].stack != "demo"

    parts.stack.down()
    assert [rule["SecurityGroupRuleId"] for rule in parts.rules] == [theirs]


def test_a_rule_of_ours_for_an_address_the_load_balancer_no_longer_has_is_taken_away(parts: Parts) -> None:
    parts.stack.call(security_group_ingress, "do")
    stale = parts.let_in("10.0.1.250/32", tags=OURS)
    theirs = parts.let_in("10.0.1.251/32", tags={"runbook:stack": "another"})

    seen = parts.stack.call(security_group_ingress, "check")
    assert isinstance(seen, Drifted)
    (difference,) = seen.differences
    assert str(difference) == f"rule {stale} for 10.0.1.250/32 on port 80 is there, should be not set"

    parts.stack.call(security_group_ingress, "do")
    left = {rule["SecurityGroupRuleId"] for rule in parts.rules}
    assert stale not in left
    assert theirs in left


def test_after_the_security_group_changed_no_rule_is_left_in_the_old_one(finished: Stack) -> None:
    parts = Parts(finished)
    other = parts.ec2.create_security_group(GroupName="other", Description="x", VpcId=finished.service.vpc)["GroupId"]
    for instance in finished.service.instances:
        parts.ec2.modify_instance_attribute(InstanceId=instance, Groups=[parts.security_group, other])

    ended = finished.up(security_group=other)

    assert ended.finished.worst is None
    assert ended.outcomes["security-group-ingress"] is Outcome.DONE
    assert parts.rules == []
    assert len(parts.rules_of(other)) == 2


def test_a_rule_left_in_another_group_is_drift(finished: Stack) -> None:
    """Such as when the run that changed the group died between letting in here and taking away there."""
    parts = Parts(finished)
    other = parts.ec2.create_security_group(GroupName="other", Description="x", VpcId=finished.service.vpc)["GroupId"]
    parts.ec2.authorize_security_group_ingress(
        GroupId=other,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.1.9/32"}]}],
        TagSpecifications=[
            {"ResourceType": "security-group-rule", "Tags": [{"Key": "runbook:stack", "Value": "demo"}]}
        ],
    )

    assert finished.check().unlike_ok == {"security-group-ingress": Outcome.DRIFTED}
    finished.up()
    assert parts.rules_of(other) == []


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("0.0.0.0/0", True),
        ("0.0.0.0/1", True),
        ("128.0.0.0/1", True),
        ("8.8.8.8/32", True),
        ("10.0.0.0/7", True),
        ("::/0", True),
        ("2000::/3", True),
        ("10.0.0.0/8", False),
        ("192.168.1.0/24", False),
        ("172.16.0.0/12", False),
        ("100.64.0.0/10", False),  # RFC 6598
        ("198.51.100.0/24", False),  # RFC 5737
        ("198.51.100.0/23", True),  # half of it is
        ("2001:db8::/32", False),  # RFC 3849
        ("fd00::/8", False),
        ("sg-0123456789abcdef0", False),
        ("pl-0123456789abcdef0", False),
    ],
)
def test_which_sources_are_the_internet(source: str, public: bool) -> None:
    rule = Rule("sgr-1", "sg-1", False, source, "tcp", 80, 80)

    assert is_public(rule) is public


@pytest.mark.parametrize(
    ("protocol", "low", "high", "source", "admitted"),
    [
        ("tcp", 80, 80, "10.0.1.5/32", True),
        ("6", 80, 80, "10.0.1.5/32", True),
        ("-1", -1, -1, "10.0.1.0/24", True),
        ("tcp", 0, 65535, "0.0.0.0/0", True),
        ("udp", 80, 80, "10.0.1.5/32", False),
        ("tcp", 81, 90, "10.0.1.5/32", False),
        ("tcp", 80, 80, "10.0.1.6/32", False),
        ("tcp", 80, 80, "::/0", False),
        ("tcp", 80, 80, "sg-0123456789abcdef0", False),
    ],
)
def test_what_a_rule_admits(protocol: str, low: int, high: int, source: str, admitted: bool) -> None:
    assert Rule("sgr-1", "sg-1", False, source, protocol, low, high).admits("10.0.1.5", 80) is admitted
