r"""NLB IP lookup: the private addresses the load balancer hides

What arrives through a VPC link comes from the load balancer's own private addresses, one in each of its subnets,
and more where its attribute `secondary_ips.auto_assigned.per_subnet` says so. The load balancer does not show
them. They are on its network interfaces, which AWS describes as `ELB net/NAME/ID`.

**Why.** The instances' security group must let exactly these addresses in. Not finding them cost the author of the
tutorial half a day, and is the most asked question about this set-up.

**Takes** a moment once the load balancer is active. **Costs** nothing. The addresses stay for as long as the load
balancer does; a new load balancer has new ones.

**In the console:** EC2 → Network & Security → Network Interfaces → search for the load balancer's name →
Primary and secondary private IPv4 addresses.

```console
$ aws ec2 describe-network-interfaces --filters "Name=description,Values=ELB net/demo-nlb/*" \
    --query 'NetworkInterfaces[].[AvailabilityZone,SubnetId,NetworkInterfaceId,PrivateIpAddresses[].PrivateIpAddress]'
```
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook.aws import Aws
from runbook.closing import Closing
from runbook.outcome import Missing
from runbook.parameters import Parameters
from runbook.path.addresses import nodes
from runbook.permissions import CHECK, LOOK_AT_NETWORK
from runbook.picture import Box, Place
from steps import load_balancer
from steps.load_balancer import LoadBalancer

ONLY_LOOKS = True  # AWS creates the interfaces
BOX = Box(Place.ADDRESSES, "NLB addresses", ("{ip} ({zone})",), each="addresses", short="IPs")
OUTPUTS = {"nlb-addresses": "ips"}
CLOSING = Closing("NLB private IPs")

PERMISSIONS = (LOOK_AT_NETWORK.allow(CHECK, actions="ec2:DescribeNetworkInterfaces"),)


@dataclass(frozen=True, slots=True)
class NlbAddress:
    """A private address of the load balancer, on one of its network interfaces."""

    zone: str
    subnet: str
    interface: str
    ip: str


@dataclass(frozen=True, slots=True)
class NlbAddresses:
    """The private addresses behind the load balancer: one per subnet, or several (see the module's text)."""

    addresses: tuple[NlbAddress, ...]

    @property
    def ips(self) -> tuple[str, ...]:
        """Just the addresses."""
        return tuple(address.ip for address in self.addresses)

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return ", ".join(self.ips)


def find(aws: Aws, stack: str) -> tuple[NlbAddress, ...]:
    """The addresses of the stack's load balancer, as far as they show."""
    found = load_balancer.find(aws, stack)
    return _addresses(aws, found) if found else ()


def check(aws: Aws, params: Parameters, balancer: LoadBalancer) -> NlbAddresses | Missing:
    """Whether each subnet of the load balancer has its interface."""
    del params
    addresses = _addresses(aws, balancer)
    without = sorted(set(balancer.subnets) - {address.subnet for address in addresses})
    if without:
        return Missing(f"the load balancer's interface in {', '.join(without)} does not show yet")
    return NlbAddresses(addresses)


def do(aws: Aws, params: Parameters, balancer: LoadBalancer) -> NlbAddresses:
    """Wait for the interfaces; AWS makes them."""
    missing = ""

    def ready() -> NlbAddresses | None:
        nonlocal missing
        match check(aws, params, balancer):
            case Missing(why):
                missing = why
                return None
            case found:
                return found

    return aws.wait_until(
        ready,
        what="the load balancer's network interfaces",
        state=lambda: missing,
        usual=10.0,
        every=3.0,
        limit=180.0,
    )


def undo(aws: Aws, params: Parameters) -> None:
    """Nothing was made here: the interfaces go with the load balancer."""


def _addresses(aws: Aws, balancer: LoadBalancer) -> tuple[NlbAddress, ...]:
    # Those in other subnets are on their way out.
    found = [node for node in nodes(aws, balancer.arn) if node.subnet in balancer.subnets]
    return tuple(
        NlbAddress(node.zone, node.subnet, node.interface, ip)
        for node in sorted(found, key=lambda node: (node.zone, node.subnet))
        for ip in node.ips
    )
