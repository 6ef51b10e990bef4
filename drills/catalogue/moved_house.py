"""New and better

Yesterday the load balancer was made anew, "same name, same settings, we only replaced it", together with its VPC link.
It is active, the link is available, the instances are registered. But all targets are unhealthy, and callers get
**500** `{"message":"Internal server error"}`.

## Debrief

**What broke.** The instances' security group lets in the private addresses of a load balancer that has been replaced.
The new one has other addresses, even with the same name in the same subnets.

**How it shows.** All targets `unhealthy`, and everything one looks at seems right: there are rules, with descriptions
that name the load balancer, on the right port. The addresses are on no page of the load balancer's, so nobody compares.

**Finding it fast.** `aws ec2 describe-network-interfaces --filters 'Name=description,Values=ELB
net/NAME/*'` shows the addresses; put them next to the rules. `runbook trace` names the addresses that are kept out, and
the rules for addresses that nothing has any more. `runbook check` shows the steps `security-group-ingress` and
`targets` as drifted.

**Preventing it.** Make the rules from the addresses in the same run that makes the load balancer. Or give the load
balancer fixed addresses (`--subnet-mappings SubnetId=...,PrivateIPv4Address=...`), or a security group of its own,
which a rule can name; both are decided when it is created. And take stale rules away: whoever gets such an address
next is let in.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from drills.network import replace_balancer, vpc_range

LEVEL = 3
MINUTES = 12
HOP = "security-group"
HINTS = (
    "Same name, same settings. What about a load balancer is not the same after it was made anew?",
    "From which addresses does the load balancer reach the instances? They are on its network interfaces.",
    "Compare the load balancer's addresses with the sources of the security group's rules.",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)


def sabotage(bench: Bench) -> None:
    replace_balancer(bench)


def mismend(bench: Bench) -> None:
    """Let in the whole VPC, so that it never happens again."""
    bench.let_in(vpc_range(bench))


def mend(bench: Bench) -> None:
    """Let in the addresses that the load balancer has now, each as a /32 on port 80, and revoke the rules for those it
    had: `aws ec2 authorize-security-group-ingress` and `revoke-security-group-ingress`. In the runbook:
    `runbook step security-group-ingress do --stack drill`.
    """
    bench.admit()
