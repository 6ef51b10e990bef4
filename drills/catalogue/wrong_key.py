"""Spring cleaning

Somebody cleaned up the security groups: "typos corrected, no functional change". Since then all targets are unhealthy
and the API answers **500** `{"message":"Internal server error"}`. The instances run and are registered.

## Debrief

**What broke.** The rules of the instances' security group name the load balancer's addresses, but port 8080. The
service listens on 80, and on 80 nobody is let in.

**How it shows.** All targets `unhealthy`. With no healthy target the load balancer fails open and tries them all the
same, in vain: the packets are dropped, and API Gateway answers 500.

**Finding it fast.** Read rule and target side by side: source, protocol **and port**.
`aws ec2 describe-security-group-rules --filters Name=group-id,Values=...` next to `aws elbv2 describe-target-health`.
`runbook trace` shows such rules as near misses. `runbook check` shows the step `security-group-ingress` as missing, and
`targets` as drifted.

**Preventing it.** Take the port from one place for target, rule and service. Watch target health after each change of a
rule: it follows within a few check intervals.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 8
HOP = "security-group"
HINTS = (
    "The targets are registered and running. What is between them and the load balancer?",
    "Look at the inbound rules of the instances' security group. Who is let in, and where to?",
    "The sources are right. Compare the ports of the rules with the targets' port.",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets unhealthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)


def sabotage(bench: Bench) -> None:
    bench.shut_out(bench.rules())
    for address in bench.addresses:
        bench.let_in(f"{address}/32", 8080)


def mismend(bench: Bench) -> None:
    """Let in everything the load balancer's subnets hold: it works, for whatever else is started there too."""
    subnets = bench.aws.ec2.describe_subnets(SubnetIds=list(bench.balancer.subnets))["Subnets"]
    for subnet in subnets:
        bench.let_in(subnet["CidrBlock"])


def mend(bench: Bench) -> None:
    """Let in each of the load balancer's addresses on port 80, as a /32, and take the other rules away:
    `aws ec2 authorize-security-group-ingress --group-id ... --protocol tcp --port 80 --cidr ADDRESS/32` and
    `aws ec2 revoke-security-group-ingress`. The addresses are those of the interfaces that
    `aws ec2 describe-network-interfaces --filters 'Name=description,Values=ELB net/NAME/*'` shows.
    """
    bench.admit()
