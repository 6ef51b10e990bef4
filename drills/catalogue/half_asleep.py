"""The quiet zone

After somebody tidied up firewall rules, half of the calls failed, for half a minute. Then it was over, "must have been
the network". But the latency is up since then, and the instance in one of the two zones has gone silent. It runs, and
its service answers on it.

## Debrief

**What broke.** The rule that lets in one of the load balancer's addresses was removed. It has one address in each zone:
that zone's node cannot reach the instance in its zone, and with cross-zone load balancing off, as it is by default, no
other node tries.

**How it shows.** For as long as the health check needs to notice, every request through that zone fails. Then its
target is `unhealthy`, the zone is taken out of the load balancer's DNS name, and the other zone carries everything. No
caller sees an error any more.

**Finding it fast.** One zone out, the other fine: look for what differs between zones, which is addresses, subnets and
their network ACLs. List the load balancer's addresses (`aws ec2 describe-network-interfaces --filters
'Name=description,Values=ELB net/*'`) next to the sources of the rules. `runbook trace` names the one that is missing.
`runbook check` shows the steps `security-group-ingress` and `targets` as drifted.

**Preventing it.** Describe each rule ("NLB demo-nlb, zone a"), so that nobody takes it for a leftover. Alarm on healthy
targets by zone.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "security-group"
HINTS = (
    "Two zones, one works. What is there once for each zone?",
    "A target is unhealthy though its service answers: who asks, and from which address?",
    "The load balancer has two private addresses. Does the instances' security group let in both?",
)
SYMPTOM = Symptom(
    status=200,
    observation="one of two targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy", "unhealthy"},
)


def sabotage(bench: Bench) -> None:
    address = bench.addresses[0]
    bench.shut_out([rule for rule in bench.rules() if rule.get("CidrIpv4") == f"{address}/32"])


def mismend(bench: Bench) -> None:
    """Take the unhealthy target out: the alarm stops, and so does half of the service."""
    bench.deregister(*(target.instance for target in bench.targets if target.state == "unhealthy"))


def mend(bench: Bench) -> None:
    """Let in the missing address: `aws ec2 authorize-security-group-ingress --group-id ... --protocol tcp --port 80
    --cidr ADDRESS/32`, and wait until the target is healthy.
    """
    bench.admit()
    bench.register()
