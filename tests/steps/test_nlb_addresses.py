"""Every private address of the load balancer's interfaces is shown and let in, the secondary ones too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from runbook.events import Action
from runbook.path.addresses import private_ips
from steps import load_balancer, nlb_addresses, security_group_ingress
from steps.nlb_addresses import NlbAddresses
from tests.stack import Stack
from tests.steps.parts import Parts


def with_secondary_addresses(stack: Stack) -> set[str]:
    """What ``secondary_ips.auto_assigned.per_subnet`` of 2 makes: two more addresses on each interface."""
    balancer = load_balancer.find(stack.aws, stack.name)
    assert balancer is not None
    ids = {address.interface for address in nlb_addresses.find(stack.aws, stack.name)}
    for interface in ids:
        stack.aws.ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=2)
    return set(_shown(stack, ids))


def _shown(stack: Stack, ids: set[str]) -> Iterator[str]:
    for item in stack.aws.ec2.describe_network_interfaces(NetworkInterfaceIds=sorted(ids))["NetworkInterfaces"]:
        yield from (each["PrivateIpAddress"] for each in item["PrivateIpAddresses"])


def test_secondary_addresses_are_let_in_and_shown_with_the_primary_ones(stack: Stack) -> None:
    stack.up_to("load-balancer")
    assert len(nlb_addresses.find(stack.aws, stack.name)) == 2
    every = with_secondary_addresses(stack)
    assert len(every) == 6

    stack.up_to("security-group-ingress")

    fact = stack.run_check("nlb-addresses").fact(NlbAddresses)
    assert set(fact.ips) == every
    assert {rule["CidrIpv4"] for rule in Parts(stack).rules} == {f"{ip}/32" for ip in every}
    assert sorted(Counter(address.interface for address in fact.addresses).values()) == [3, 3]


def test_a_rule_is_missing_for_an_address_that_the_load_balancer_got_later(finished: Stack) -> None:
    before = set(finished.run_check("nlb-addresses").fact(NlbAddresses).ips)
    every = with_secondary_addresses(finished)

    ended = finished.run(Action.CHECK)
    differences = finished.call(security_group_ingress, "check").differences

    assert ended.finished.outputs["nlb-addresses"] == ended.fact(NlbAddresses).ips
    assert set(ended.fact(NlbAddresses).ips) == every
    assert {each.what for each in differences} == {f"rule for {ip}/32 on port 80" for ip in every - before}


def test_an_interface_is_read_whatever_of_it_is_shown() -> None:
    assert private_ips({}) == ()
    assert private_ips({"PrivateIpAddress": "10.0.0.4"}) == ("10.0.0.4",)
    assert private_ips({"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.4"}, {}]}) == ("10.0.0.4",)
    assert private_ips(
        {
            "PrivateIpAddress": "10.0.0.4",
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.5"}, {"PrivateIpAddress": "10.0.0.4"}],
        }
    ) == ("10.0.0.4", "10.0.0.5")
