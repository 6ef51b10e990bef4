"""The auditor is on the phone

Everything works. But the security audit found that the service's instances can be reached from the internet, past the
API Gateway and all of its rules, and wants it closed today, without an outage.

## Debrief

**What broke.** The instances' security group has a rule for `0.0.0.0/0`. Somebody added it while searching another
fault, it "helped", and it stayed.

**How it shows.** It does not: the API answers as before. Only a look at the rules shows it, or a port scan.

**Finding it fast.** `aws ec2 describe-security-group-rules` with the instances' group; each inbound rule should be a
`/32` of the load balancer on the traffic port. `runbook trace` shows `security-group` as suspicious. `runbook check`
finds every step as it should be, because the rule is none of its own.

**Preventing it.** Never open a group to find out whether it is the group: trace, or the reachability analyser, tells it
without. Let a check run daily that knows how narrow the rules should be (`runbook check`).
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 5
HOP = "security-group"
HINTS = (
    "The instances have no public address of their own today. What would let a packet in if they got one?",
    "Look at the inbound rules of the instances' security group.",
    "Only the load balancer's private addresses need to get in, each as a /32.",
)
EVERYBODY = "0.0.0.0/0"
SYMPTOM = Symptom(
    status=200,
    observation="a rule lets in the internet",
    seen=lambda bench: any(rule.get("CidrIpv4") == EVERYBODY for rule in bench.rules()),
)


def sabotage(bench: Bench) -> None:
    bench.let_in(EVERYBODY)


def mend(bench: Bench) -> None:
    """Revoke the rule for `0.0.0.0/0`, and only that:
    `aws ec2 revoke-security-group-ingress --group-id ... --security-group-rule-ids ...`.
    """
    bench.shut_out([rule for rule in bench.rules() if rule.get("CidrIpv4") == EVERYBODY])
