"""Half the bill

The API answers. But in the evening it got slow, and an alarm on the number of healthy targets rings: one, where there
should be two. Finance is glad about a new script that "switches off at night what nobody needs".

## Debrief

**What broke.** One instance was stopped. It is still registered, so the load balancer shows it as `unused`, and the
other one carries everything.

**How it shows.** All calls are answered, by one instance. The stopped target is not `unhealthy`, so an alarm on
`UnHealthyHostCount` stays silent. The reason is `Target.InvalidState`. The load balancer's address in that zone gets no
requests, because cross-zone load balancing is off by default.

**Finding it fast.** `aws elbv2 describe-target-health`: the reason says it in a word. `runbook trace` shows `targets`
as suspicious. `runbook check` stops at the step `preflight`, which names the instance.

**Preventing it.** Exclude by tag what serves customers from scripts that stop instances, or let an Auto Scaling group
replace what is stopped. Alarm on `HealthyHostCount` below what you need, in each zone.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 1
MINUTES = 5
HOP = "targets"
HINTS = (
    "Who answers? Call a few times and look at instance_id.",
    "aws elbv2 describe-target-health tells the state of each target, and why.",
    "Target.InvalidState: the instance is stopped or terminated.",
)
SYMPTOM = Symptom(
    status=200,
    observation="one of two targets is unused",
    seen=lambda bench: {target.state for target in bench.targets} == {"healthy", "unused"},
)


def sabotage(bench: Bench) -> None:
    bench.aws.ec2.stop_instances(InstanceIds=bench.instances[:1])


def mismend(bench: Bench) -> None:
    """Take the stopped instance out of the target group, so that nothing looks wrong there any more."""
    bench.deregister(bench.instances[0])


def mend(bench: Bench) -> None:
    """Start it: `aws ec2 start-instances --instance-ids ...`. It keeps its private address and its place in the target
    group; wait until it is healthy.
    """
    bench.start_instances()
    bench.register()
