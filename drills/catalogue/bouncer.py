"""A guard of its own

The load balancer was made anew with a security group of its own, "as one does today", and everything around it was
adapted: the listener, the VPC link, the rules of the instances. All targets are healthy. Every call of the API is
answered **500** `{"message":"Internal server error"}`.

## Debrief

**What broke.** The load balancer's own security group lets in port 443 only. By default its inbound rules also judge
what comes through PrivateLink, and a VPC link is PrivateLink: the requests on port 80 are kept out in front of the load
balancer.

**How it shows.** 500 on every path and only healthy targets, because health checks begin at the load balancer and never
pass its inbound rules.

**Finding it fast.** `aws elbv2 describe-load-balancers` shows `SecurityGroups` and
`EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic`. `runbook trace` judges both. `runbook check` shows the step
`load-balancer` as drifted.

**Preventing it.** The addresses that API Gateway comes from are not published, so no narrow rule can name them. Where
the load balancer serves the link only, switch the enforcement off and let the group keep out everybody else, which it
then does. Whether a load balancer has security groups at all is decided when it is created.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from drills.network import guard, replace_balancer, vpc_range

LEVEL = 3
MINUTES = 15
HOP = "security-group"
HINTS = (
    "Healthy targets prove the way from the load balancer on. What is in front of it?",
    "The load balancer has a security group. Which port does the link's traffic come on, and which is let in?",
    "Does a load balancer's group judge what comes through PrivateLink? There is a setting for it.",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets healthy",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy"},
)


def sabotage(bench: Bench) -> None:
    replace_balancer(bench, SecurityGroups=[guard(bench, 443)])
    bench.up("security-group-ingress")


def mismend(bench: Bench) -> None:
    """Open the instances to the VPC: they are not what keeps the requests out."""
    bench.let_in(vpc_range(bench))


def mend(bench: Bench) -> None:
    """Let the group not judge what comes through the link: `aws elbv2 set-security-groups --load-balancer-arn ...
    --security-groups sg-... --enforce-security-group-inbound-rules-on-private-link-traffic off`. (A rule for port 80
    would do too.)
    """
    bench.aws.elbv2.set_security_groups(
        LoadBalancerArn=bench.balancer.arn,
        SecurityGroups=list(bench.balancer.security_groups),
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    bench.admit()
