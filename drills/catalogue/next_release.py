"""The release that was called off

The next release was to go live tonight. At 22:40 somebody switched something, at 22:50 the release was called off, and
everybody went home. The instances were not touched. Since then callers get **500**
`{"message":"Internal server error"}`.

## Debrief

**What broke.** The listener forwards to another target group, made for the next release, which nobody has registered a
target with. The group with the instances is still there; no load balancer uses it.

**How it shows.** 500 on every path. In the old group the targets are `unused` with `Target.NotInUse`: the group is in
no listener, so they are not even checked. In the new one there is nothing to see.

**Finding it fast.** Follow the way instead of looking at the group you know: `aws elbv2 describe-listeners` names the
target group that is really used. `Target.NotInUse` is the other clue. `runbook trace` shows both groups.
`runbook check` shows the steps `listener` and `targets` as drifted.

**Preventing it.** Switch last, and only to a group whose targets are healthy: attach it to a listener on a test port
first, because a group without a load balancer is never checked. Switching back is the same command with the other ARN;
write it down before you need it.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "listener"
HINTS = (
    "Somebody switched something. What, between gateway and instances, can be switched?",
    "aws elbv2 describe-target-health gives the targets a state and a reason. What does the reason mean?",
    "The targets are in a group that no load balancer uses. Which group does the listener forward to?",
)
SYMPTOM = Symptom(
    status=500,
    observation="the targets are unused",
    seen=lambda bench: {target.reason for target in bench.targets} == {"Target.NotInUse"},
)


def sabotage(bench: Bench) -> None:
    old = bench.aws.elbv2.describe_target_groups(TargetGroupArns=[bench.group.arn])["TargetGroups"][0]
    new = bench.aws.elbv2.create_target_group(
        Name=f"{bench.params.stack}-next",
        Protocol="TCP",
        Port=bench.params.port,
        VpcId=old["VpcId"],
        HealthCheckProtocol="HTTP",
        HealthCheckPath=bench.params.health_check_path,
    )["TargetGroups"][0]
    bench.forward(new["TargetGroupArn"])


def mismend(bench: Bench) -> None:
    """Register the instances again where they were: that they are unused has another reason."""
    bench.deregister()
    bench.register()


def mend(bench: Bench) -> None:
    """Forward to the group with the instances again: `aws elbv2 modify-listener --listener-arn ... --default-actions
    Type=forward,TargetGroupArn=...`, and wait until they are healthy. (Registering the instances with the new group
    would do too.)
    """
    bench.forward(bench.group.arn)
