"""The scanner got an answer

The security team ran a scanner from a test machine in the same VPC, and the service answered it: past the API, past
its authorisation, and in the service's access log the call looks like any other. The API itself works. A colleague has
found a rule that is too wide, and says that taking it away will do.

## Debrief

**What broke.** The target group no longer preserves client addresses (`preserve_client_ip.enabled` is false), so
whoever reaches the load balancer, through the link or from any machine in the VPC, arrives at the instances from the
load balancer's own address. A rule that lets in the load balancer's addresses then lets in everybody who can reach it.

**How it shows.** It does not, in the API. In the service's log all clients have the load balancer's addresses.
Requests through a VPC link have them anyway: client addresses are never preserved through PrivateLink.

**Finding it fast.** `aws elbv2 describe-target-group-attributes`. `runbook trace` shows `target-group` as suspicious.
`runbook check` shows the step `target-group` as drifted.

**Preventing it.** For targets of type instance, preserving is the default; leave it on unless you know why not. Where
it has to be off, give the load balancer a security group of its own.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 3
MINUTES = 15
HOP = "target-group"
HINTS = (
    "The scanner did not come from the load balancer. What made it look so to the instances?",
    "A Network Load Balancer can pass on its clients' addresses or put its own in their place. Where is that set?",
    "aws elbv2 describe-target-group-attributes. And look once more at the rules: is there one too many?",
)
ATTRIBUTE = "preserve_client_ip.enabled"
SYMPTOM = Symptom(
    status=200,
    observation="clients in the VPC look like the load balancer",
    seen=lambda bench: bench.attribute(ATTRIBUTE) == "false",
)


def sabotage(bench: Bench) -> None:
    bench.set_attribute(ATTRIBUTE, "false")
    vpc = bench.aws.ec2.describe_vpcs(VpcIds=[bench.balancer.vpc])["Vpcs"][0]
    bench.let_in(vpc["CidrBlock"])


def mismend(bench: Bench) -> None:
    """Take the wide rule away and leave it at that: the way over the load balancer is still open."""
    bench.admit()


def mend(bench: Bench) -> None:
    """Preserve client addresses again: `aws elbv2 modify-target-group-attributes --target-group-arn ... --attributes
    Key=preserve_client_ip.enabled,Value=true`. Then revoke the rule that lets in the whole VPC, which was made while
    searching.
    """
    bench.set_attribute(ATTRIBUTE, "true")
    bench.admit()
