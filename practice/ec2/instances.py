"""Instances whose state changes take their time."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import instances as moto_instances
from moto.ec2.models.instances import Instance as MotoInstance
from moto.ec2.models.instances import InstanceState
from typing_extensions import override

from practice import durations, machines
from practice.clock import current

from .interfaces import NetworkInterface

__all__ = ["Instance"]

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


def _state(name: str) -> InstanceState:
    return InstanceState(name, _CODES[name])


class Instance(MotoInstance):
    """An instance: pending before it runs, stopping before it is stopped, shutting down before it is terminated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._enter("pending", "running", durations.INSTANCE_START)
        machines.launch(self.id, self.availability_zone or "", self.private_ip or "")
        self.launch_time = current().now().replace(tzinfo=None)

    @property
    def security_groups(self) -> list[Any]:
        """Those of its primary interface: an instance has none of its own (D: EC2 user guide, "Security groups")."""
        primary = getattr(self, "nics", {}).get(0)
        return self._launched_with if primary is None else list(primary.group_set)

    @security_groups.setter
    def security_groups(self, groups: list[Any]) -> None:
        primary = getattr(self, "nics", {}).get(0)
        if primary is None:
            self._launched_with = groups
        else:
            primary.set_groups(groups)

    # moto writes ``_state`` and mutates it; here it is what the clock says it is.
    @property
    def _state(self) -> InstanceState:
        return _state(self._last if current().time() >= self._until else self._passing)

    @_state.setter
    def _state(self, state: InstanceState) -> None:
        self._passing = self._last = state.name
        self._until = 0.0

    def _enter(self, passing: str, last: str, seconds: float) -> None:
        self._passing, self._last, self._until = passing, last, current().time() + seconds

    def skip_transition(self) -> None:
        """Be at once what the instance is becoming: for what was there before the account began."""
        self._until = 0.0

    @override
    def start(self) -> InstanceState:
        previous = self._state
        if previous.name not in {"running", "pending"}:
            super().start()
            self._enter("pending", "running", durations.INSTANCE_START)
            machines.launch(self.id, self.availability_zone or "", self.private_ip or "")
        return previous

    @override
    def stop(self) -> InstanceState:
        previous = self._state
        if previous.name not in {"stopped", "stopping"}:
            super().stop()
            self._enter("stopping", "stopped", durations.INSTANCE_STOP)
            machines.stop(self.id)
        return previous

    @override
    def terminate(self) -> InstanceState:
        previous = self._state
        if previous.name not in {"terminated", "shutting-down"}:
            super().terminate()
            for interface in list(self.nics.values()):
                if isinstance(interface, NetworkInterface) and not interface.delete_on_termination:
                    interface.release()
            self._enter("shutting-down", "terminated", durations.INSTANCE_SHUTDOWN)
            machines.stop(self.id, forget=True)
        return previous

    @override
    def reboot(self) -> None:
        """A reboot leaves the state as it is (D: RebootInstances)."""


# moto's RunInstances builds whatever this name is bound to.
moto_instances.Instance = Instance  # type: ignore[misc]
