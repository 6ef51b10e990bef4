"""Only what is needed

The compliance team hardened the subnets of the instances with a list of allowed ports: "80 comes in, 443 goes out,
nothing else is needed". Since then all targets are unhealthy and every call is answered **500**
`{"message":"Internal server error"}`. The security groups are as they were.

## Debrief

**What broke.** The network ACL of the instances' subnets lets requests in on port 80, but not the replies out. Network
ACLs are stateless: unlike security groups they don't know that a packet belongs to a connection they let in. Replies go
to the port the caller connected from, anywhere from 1024 to 65535.

**How it shows.** All targets `unhealthy`, every connection times out. Seen from inside, requests arrive at the instance
and its answers are lost. Nothing shows in the security groups.

**Finding it fast.** When security groups are right and packets are lost all the same, look at the ACLs of both subnets,
in both directions: `aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=...`. VPC flow logs show
ACCEPT inbound and REJECT outbound. `runbook trace` names the entry that decides. `runbook check` shows the step
`targets` as drifted: that they are unhealthy, not why.

**Preventing it.** Use security groups for what is allowed, and network ACLs for the little that must never pass. Where
ACLs are made from a list, each line needs its way back.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from drills.network import let_pass, vpc_range

LEVEL = 3
MINUTES = 15
HOP = "network-acl"
HINTS = (
    "Security groups are as they were. What else filters packets between two subnets?",
    "Look at the network ACL of the instances' subnets, in both directions.",
    "Network ACLs do not remember connections. Where do the replies go, and which entry lets them out?",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)


def sabotage(bench: Bench) -> None:
    let_pass(bench, "0.0.0.0/0", 80)
    let_pass(bench, "0.0.0.0/0", 443, egress=True)


def mismend(bench: Bench) -> None:
    """Allow the replies' ports, in the wrong direction."""
    let_pass(bench, vpc_range(bench), 1024, 65535)


def mend(bench: Bench) -> None:
    """Let the replies out: `aws ec2 create-network-acl-entry --network-acl-id ... --egress --rule-number 110 --protocol
    tcp --port-range From=1024,To=65535 --cidr-block ADDRESSES-OF-THE-VPC --rule-action allow`, and wait until the
    targets are healthy.
    """
    let_pass(bench, vpc_range(bench), 1024, 65535, egress=True)
