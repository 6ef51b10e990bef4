"""The understudy

One instance had a broken disk. It was replaced by a new one from the same image, in the same zone and the same
security group, and the broken one was terminated. The API works. But the on-call engineer of the night writes: "only
one instance takes traffic, and no alarm rings".

## Debrief

**What broke.** The new instance is not registered with the target group. An instance that is terminated leaves its
target groups by itself; the one that takes its place does not join by itself.

**How it shows.** All calls are answered by one instance. Every target is healthy: there is just one. The zone of the
new instance has no target at all, and its load balancer node gets no requests.

**Finding it fast.** Compare two lists: the instances that are the service (`aws ec2 describe-instances --filters ...`)
and the targets (`aws elbv2 describe-target-health`). `runbook trace` points at the zone without a healthy target.
`runbook check` stops at the step `preflight`, which names the instance.

**Preventing it.** Attach the target group to an Auto Scaling group, which registers and deregisters. Where instances
are replaced by hand, registering is part of the replacement. Alarm on `HealthyHostCount` below what you need.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom
from drills.network import replace_instance

LEVEL = 2
MINUTES = 8
HOP = "targets"
HINTS = (
    "Which instances answer, and which are the service? Call a few times, and list the instances of the VPC.",
    "aws elbv2 describe-target-health: all healthy. But is everybody there?",
    "The new instance runs, in the right security group. Nobody has told the target group.",
)
SYMPTOM = Symptom(
    status=200,
    observation="one target, healthy",
    seen=lambda bench: [target.state for target in bench.targets] == ["healthy"],
)


def sabotage(bench: Bench) -> None:
    replace_instance(bench, bench.instances[0])


def mismend(bench: Bench) -> None:
    """Turn on cross-zone load balancing, as trace offers too: both addresses work, and one instance still idles."""
    bench.aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=bench.balancer.arn,
        Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
    )


def mend(bench: Bench) -> None:
    """Register the new instance: `aws elbv2 register-targets --target-group-arn ... --targets Id=i-...`, and wait until
    it is healthy.
    """
    bench.register()
