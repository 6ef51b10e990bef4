"""The health of targets, judged from the load balancer's nodes.

Nothing ticks. A check is due at every interval since a target was registered; when somebody looks, or something is
about to change (``settle``), the checks that fell due are made good: one real look at the target stands for all
instants since the last look, because nothing changed in between without a settling first.

What each state and reason means: D, "Target health status" and "Health check reason codes" of the Network Load
Balancer guide.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as finished
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from practice import durations, http_client, machines, network
from practice.clock import current
from practice.locking import unlocked

from .forwarding import Asked

if TYPE_CHECKING:
    from .load_balancers import Node
    from .models import ELBv2Backend
    from .target_groups import Registration, TargetGroup

__all__ = ["Health", "NodeView", "Probe", "health_of", "refresh"]

# However long AWS would wait, we don't sit in a socket for longer than this (wall seconds) to find out that a
# service of the user's own does not answer.
_LONGEST_PROBE = 2.0


@dataclass(frozen=True)
class Health:
    """What DescribeTargetHealth says of one target."""

    state: str
    reason: str | None = None
    description: str | None = None

    @property
    def takes_traffic(self) -> bool:
        """Whether the target may get connections when the load balancer fails open."""
        return self.state in {"healthy", "unhealthy", "initial"}


# What our own machines take, with room for a busy computer: a control-plane request is not held up for longer.
_AT_ONCE = 1.0
_beside = ThreadPoolExecutor(max_workers=16, thread_name_prefix="health-check")

REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = Health("healthy")
UNHEALTHY = Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
TIMED_OUT = Health("unhealthy", "Target.Timeout", "Request timed out")
NOT_USED = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
ZONE_NOT_ENABLED = Health(
    "unused",
    "Target.NotInUse",
    "Target is in an Availability Zone that is not enabled for the load balancer",
)
STOPPED = Health("unused", "Target.InvalidState", "Target is in the stopped state")
TERMINATED = Health("unused", "Target.InvalidState", "Target is in the terminated state")
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


@dataclass
class NodeView:
    """What one node of a load balancer knows of one target."""

    next_check: float
    """AWS time of the first check that has not been made."""
    state: str = "initial"
    passed: int = 0
    """Checks passed in a row."""
    failed: int = 0
    """Checks failed in a row."""
    failure: Health = UNHEALTHY
    """What DescribeTargetHealth says while it is unhealthy."""
    probing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def record(self, failure: Health | None, times: int, group: TargetGroup) -> None:
        """Count ``times`` checks with the same result; None is a pass."""
        if failure is None:
            self.passed, self.failed = self.passed + times, 0
            # D: "Health checks for Application Load Balancer target groups": the first check that passes is enough.
            at_once = not group.is_layer_4 and self.state == "initial"
            if at_once or self.passed >= int(group.healthy_threshold_count):
                self.state = "healthy"
        else:
            self.failed, self.passed, self.failure = self.failed + times, 0, failure
            if self.failed >= int(group.unhealthy_threshold_count):
                self.state = "unhealthy"


@dataclass(frozen=True)
class Probe:
    """One look that is due."""

    group: TargetGroup
    registration: Registration
    node: Node
    view: NodeView

    def run(self, backend: ELBv2Backend) -> None:
        """Look, and count. Another thread that looks already is left to it."""
        if not self.view.probing.acquire(blocking=False):
            return
        try:
            now = current().time()
            interval = float(self.group.health_check_interval_seconds)
            due = int((now - self.view.next_check) // interval) + 1
            if due < 1:
                return
            self.view.record(_failure(backend, self.group, self.registration, self.node), due, self.group)
            self.view.next_check += due * interval
        finally:
            self.view.probing.release()


def refresh(backend: ELBv2Backend, group: TargetGroup | None = None, *, wait: bool = True) -> None:
    """Make good the checks that fell due, of one group or of all, side by side.

    Our own machines answer a check at once, unless their process hangs. A service of the user's own may not answer:
    without ``wait`` its checks are made beside the caller, and count when they are done.
    """
    due = [
        probe for each in ([group] if group else list(backend.target_groups.values())) for probe in _due(backend, each)
    ]
    checks = [_beside.submit(probe.run, backend) for probe in due]
    patience = _LONGEST_PROBE if wait else 0.0 if machines.stand_in() is not None else _AT_ONCE
    if checks and patience:
        with unlocked():
            finished(checks, timeout=patience)


def _due(backend: ELBv2Backend, group: TargetGroup) -> Iterator[Probe]:
    now = current().time()
    balancers = backend.load_balancers_of(group)
    for registration in list(group.registrations.values()):
        if not balancers or backend.why_not_checked(registration, balancers) is not None:
            # A target that is not checked forgets what was known, and starts anew when it is checked again.
            registration.views.clear()
            continue
        seen: set[str] = set()
        for balancer in balancers:
            for node in backend.nodes_for(balancer, group, registration):
                seen.add(node.subnet.id)
                view = registration.views.get(node.subnet.id)
                if view is None:
                    start = max(registration.registered_at + durations.TARGET_REGISTRATION, balancer.active_at, now)
                    view = registration.views[node.subnet.id] = NodeView(start)
                if view.next_check <= now:
                    yield Probe(group, registration, node, view)
        for subnet_id in set(registration.views) - seen:
            registration.views.pop(subnet_id, None)


def health_of(backend: ELBv2Backend, group: TargetGroup, registration: Registration) -> Health:
    """The state of one registered target, as of the last ``refresh``."""
    if registration.draining_until is not None:
        return DRAINING if current().time() < registration.draining_until else NOT_REGISTERED
    balancers = backend.load_balancers_of(group)
    if not balancers:
        return NOT_USED
    reason = backend.why_not_checked(registration, balancers)
    if reason is not None:
        return reason
    if current().time() < registration.registered_at + durations.TARGET_REGISTRATION:
        return REGISTERING
    # A copy: requests of the data plane look, and make good, at the same time.
    views = list(registration.views.values())
    states = {view.state for view in views}
    if "unhealthy" in states:
        return next(view.failure for view in views if view.state == "unhealthy")
    return HEALTHY if states == {"healthy"} else CHECKING


def _failure(backend: ELBv2Backend, group: TargetGroup, registration: Registration, node: Node) -> Health | None:
    """How one health check from a node fails, now; None when it passes.

    Only Application Load Balancers tell how (D: TargetHealth, Reason).
    """
    port = group.health_port_for(registration)
    path = group.health_check_path or "/"
    host = f"{node.private_ip}:{port}"
    if group.target_type == "alb":
        application = backend.load_balancer(registration.target_id)
        reached = (
            network.Unreachable("it is gone", "targets")
            if application is None
            else network.enter(backend, application, port, network.Source.of(node), Asked("GET", host, path))
        )
    else:
        reached = network.reach(backend, node, registration, port)
    protocol = group.health_check_protocol
    if isinstance(reached, network.Unreachable):
        # A packet filter swallows the request; where nothing listens, the connection is refused.
        return UNHEALTHY if group.is_layer_4 or reached.hop == "backend" else TIMED_OUT
    if protocol == "TCP":
        return None
    if protocol != "HTTP":
        # The machines speak plain HTTP: a TLS handshake with them fails.
        return UNHEALTHY
    if isinstance(reached, network.Answered):
        return None if group.matches(reached.status) else UNHEALTHY
    timeout = float(group.health_check_timeout_seconds)
    headers = {"Host": host, "User-Agent": "ELB-HealthChecker/2.0", "Accept-Encoding": ""}
    machine = machines.get(reached.instance_id or "")
    if machines.stand_in() is None and machine is not None:
        if machine.settings.delay_of(path) >= timeout:
            return UNHEALTHY if group.is_layer_4 else TIMED_OUT
        headers[machines.NO_WAIT_HEADER] = "1"
    address = http_client.Address(reached.host, reached.port)
    try:
        status = http_client.probe(address, path, headers.items(), min(timeout, _LONGEST_PROBE))
    except http_client.NoAnswerInTime:
        if machines.stand_in() is None:
            machines.restart_if_hung()
        return UNHEALTHY
    except (OSError, http_client.BrokenAnswer):
        return UNHEALTHY
    if group.matches(status):
        return None
    if group.is_layer_4:
        return UNHEALTHY
    return Health("unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")
