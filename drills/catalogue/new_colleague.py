"""The new colleague

For the summer sale a third instance was started, in a third zone, and registered. The network team has prepared
subnets there, for the instance and "for whatever you put in front of it". The API works as before. But the new instance
has not answered a single call yet.

## Debrief

**What broke.** The load balancer is not enabled in the zone of the new instance. It has a node in each zone that it is
enabled in, and registered targets elsewhere are not used.

**How it shows.** The target is `unused` with `Target.NotInUse`: "Target is in an Availability Zone that is not enabled
for the load balancer". It is not `unhealthy`, since nobody checks it, and no alarm rings.

**Finding it fast.** `aws elbv2 describe-target-health` gives the reason in a sentence. `runbook trace` shows
`load-balancer` as suspicious. `runbook check` shows the step `targets` as drifted: it does not know the new instance.

**Preventing it.** A zone is added in this order: a subnet for the load balancer there (name the old ones too, since
`set-subnets` replaces the list), then a rule for the address that the load balancer gets in it, then the instance.
Before you add one, know how to go back: while endpoints are connected through a VPC link or endpoint service, AWS does
not let you take a load balancer's subnet away.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from drills.network import add_subnet, instances_named, launch

LEVEL = 3
MINUTES = 15
HOP = "load-balancer"
HINTS = (
    "Is the new instance healthy, unhealthy, or something else?",
    "Its target is unused, and AWS says why. In which zones is the load balancer?",
    "Enable the third zone with the subnet that was prepared. The load balancer then has one address more.",
)
SYMPTOM = Symptom(
    status=200,
    observation="the third target is unused",
    seen=lambda bench: [target.reason for target in bench.targets if target.state != "healthy"] == ["Target.NotInUse"],
)
ZONE = "c"


def third(bench: Bench) -> str | None:
    """The new instance, if it is still there."""
    return next(iter(instances_named(bench, f"{bench.params.stack}-service-{ZONE}")), None)


def sabotage(bench: Bench) -> None:
    add_subnet(bench, "balancer", ZONE)
    instance = launch(bench, f"{bench.params.stack}-service-{ZONE}", add_subnet(bench, "service", ZONE))
    bench.register(only=[instance])


def mismend(bench: Bench) -> None:
    """Take it out of the target group, so that no target is unused."""
    if instance := third(bench):
        bench.deregister(instance)


def mend(bench: Bench) -> None:
    """Enable the zone: `aws elbv2 set-subnets --load-balancer-arn ... --subnets ALL-THREE`. Find the new address on the
    load balancer's network interfaces and let it in on port 80 as a /32: `aws ec2 authorize-security-group-ingress`.
    Wait until the target is healthy.
    """
    subnets = {*bench.balancer.subnets, add_subnet(bench, "balancer", ZONE)}
    bench.aws.elbv2.set_subnets(LoadBalancerArn=bench.balancer.arn, Subnets=sorted(subnets))
    bench.wait(lambda: len(bench.addresses) == len(subnets) or None, what="the address in the new zone", usual=30.0)
    bench.admit()
    if instance := third(bench):
        bench.register(only=[instance])


def judge(bench: Bench) -> str | None:
    instance = third(bench)
    if not instance:
        return "The third instance is gone."
    return None if instance in bench.answering() else "The third instance never answers."
