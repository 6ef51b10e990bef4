"""The same service, tidied up

The service's team tidied up how it is started: "one file for all instances, nothing else". It was rolled out to all of
them at noon. Since then every target is unhealthy and every call is answered **500** `{"message":"Internal server
error"}`. The team has the process list in front of it: the service runs on each instance, and its log is quiet.

## Debrief

**What broke.** The service listens on port 8080 of the instances, while targets and rules are for port 80. The new file
that starts it gives the port of another environment.

**How it shows.** All targets `unhealthy`, instance state `running`, the process is there, its log shows no request. A
connection to port 80 is refused at once: the packets arrive, and there is nothing behind the door.

**Finding it fast.** "It runs" is not "it listens where it is expected": `ss -ltn` on the instance, next to the port of
`aws elbv2 describe-target-health`. `runbook trace` gives `backend` as verdict when all the hops before it are fine.
`runbook check` shows the step `targets` as drifted: that they are unhealthy, not why.

**Preventing it.** Let the roll-out wait for target health after the first instance. Take the port from one place for
service, target and rule.
"""

from __future__ import annotations

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 8
HOP = "backend"
HINTS = (
    "The service runs, and hears nothing. Do the requests get as far as the instance?",
    "Log in to an instance (in these drills: runbook practice machine INSTANCE-ID). Where does the service listen?",
    "Targets and rules are for port 80. Bring the service back there, on every instance.",
)
SYMPTOM = Symptom(
    status=500,
    observation="all targets unhealthy, the service runs",
    seen=lambda bench: {target.state for target in bench.targets} == {"unhealthy"},
)


def sabotage(bench: Bench) -> None:
    bench.machines(port=8080)


def mismend(bench: Bench) -> None:
    """Repair the first instance only: half of the service is still out."""
    bench.machines(bench.instances[0], port=bench.params.port)


def mend(bench: Bench) -> None:
    """Let the service listen on port 80 again, on every instance. In these drills: `runbook practice machine
    INSTANCE-ID set port=80`; wait until the targets are healthy.
    """
    bench.machines(port=bench.params.port)
