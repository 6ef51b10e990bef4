"""Three in the morning

At 3:00 the service's host agent was updated on all instances. Since 3:01 every target is unhealthy and every call is
answered **500** `{"message":"Internal server error"}`. Nobody has touched the API or the network.

## Debrief

**What broke.** The service's process is not running on the instances. The instances themselves are: EC2's status checks
look at the machine and its operating system, not at what is installed on it.

**How it shows.** All targets `unhealthy`, instance state `running`, status checks passed, security group and network
ACL right. A connection to the port is refused at once instead of timing out, which can be seen from a machine in the
VPC that is let in.

**Finding it fast.** When everything up to the instance lets a request pass and nothing answers, log in and look:
`systemctl status`, `ss -ltn`. `runbook trace` gives `backend` as verdict when all the hops before it are fine.
`runbook check` shows the step `targets` as drifted: that they are unhealthy, not why.

**Preventing it.** Let the service's manager start it again when it ends, and at boot. Update one instance, wait until
its target is healthy, then the next.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 8
HOP = "backend"
HINTS = (
    "Nobody touched the API or the network. So follow the path from its other end.",
    "The instances are running. Is the service on them?",
    "Log in to an instance (in these drills: runbook practice machine INSTANCE-ID) and look whether it is listening.",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets unhealthy, instances running",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)


def sabotage(bench: Bench) -> None:
    bench.machines(listening=False)


def mismend(bench: Bench) -> None:
    """Reboot: what is not started at boot is not there after it either."""
    bench.aws.ec2.reboot_instances(InstanceIds=bench.instances)


def mend(bench: Bench) -> None:
    """Start the service on every instance. In these drills: `runbook practice machine INSTANCE-ID start`; wait until
    the targets are healthy.
    """
    bench.machines(listening=True)
