"""One line more

The network team blocked a subnet that "has no business talking to servers", in the network ACL of the instances. Since
then one of the two targets is unhealthy, and one zone does all the work. Calls are answered. The security groups are
untouched, and on the instance everything runs.

## Debrief

**What broke.** A deny entry of the network ACL keeps out one of the load balancer's subnets. Entries are judged in the
order of their numbers, and the first that matches decides: the deny has number 50, the entry that allows everything
number 100.

**How it shows.** One target `unhealthy`, in the zone of that subnet; connections from there time out, from everywhere
else they pass. Once the health check has noticed, all requests are answered, by half of the instances.

**Finding it fast.** Read network ACLs by number, not by what they allow in sum: `aws ec2 describe-network-acls
--filters Name=association.subnet-id,Values=...`. `runbook trace` shows `network-acl` as suspicious and names the entry
that decides. `runbook check` shows the step `targets` as drifted: that one is unhealthy, not why.

**Preventing it.** A load balancer's subnets look empty in an inventory: its addresses are interfaces that AWS made.
Look up who owns the interfaces of a subnet before it is blocked.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from drills.network import allow, deny, undeny

LEVEL = 3
MINUTES = 12
HOP = "network-acl"
HINTS = (
    "Half of it works. What is different for the load balancer's node in the other zone?",
    "The security groups are untouched. What else filters packets between two subnets, and in which order?",
    "Look at the numbers of the network ACL's entries: which one decides for each of the load balancer's subnets?",
)
SYMPTOM = Symptom(
    status=200,
    observation="one of two targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy", "unhealthy"},
)
NUMBER = 50


def _blocked(bench: Bench) -> str:
    """The load balancer's subnet in the second zone."""
    subnet = bench.service.balancer_subnets[1]
    return bench.aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["CidrBlock"]


def sabotage(bench: Bench) -> None:
    deny(bench, _blocked(bench), NUMBER)


def mismend(bench: Bench) -> None:
    """Allow the subnet, in an entry behind the one that denies it: the first that matches decides."""
    allow(bench, _blocked(bench), NUMBER + 10)


def mend(bench: Bench) -> None:
    """Take the entry away: `aws ec2 delete-network-acl-entry --network-acl-id ... --ingress --rule-number 50`; or allow
    the subnet in an entry with a lower number. Wait until the target is healthy.
    """
    undeny(bench, NUMBER)
