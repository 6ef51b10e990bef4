"""The EC2 backend: moto's, with machines behind its instances and AWS's refusals."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend as MotoEC2Backend
from moto.ec2.models.instances import Instance, InstanceState, Reservation

from practice import machines

from .errors import dependency_violation
from .interfaces import LoadBalancerInterface, NetworkInterface

__all__ = ["EC2Backend"]


class EC2Backend(MotoEC2Backend):
    """One region's EC2."""

    # -- interfaces -------------------------------------------------------------------------------------------------

    def create_network_interface(
        self, subnet: Any, private_ip_address: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if isinstance(subnet, str):
            subnet = self.get_subnet(subnet)
        requested = private_ip_address or next(
            (
                entry["PrivateIpAddress"]
                for entry in (args[0] if args else []) or []
                if isinstance(entry, dict)
            ),
            None,
        )
        # moto draws a random address that may be taken; AWS hands out a free one.
        private_ip_address = requested or subnet.get_available_subnet_ip(None)
        interface = NetworkInterface(self, subnet, private_ip_address, *args, **kwargs)
        self.enis[interface.id] = interface
        return interface

    def create_load_balancer_interface(
        self, subnet: Any, private_ip: str, description: str, group_ids: list[str]
    ) -> LoadBalancerInterface:
        """An interface of a load balancer, with an address that was set aside before."""
        interface = LoadBalancerInterface(
            self, subnet, private_ip, description=description, group_ids=group_ids
        )
        self.enis[interface.id] = interface
        return interface

    def release_load_balancer_interface(self, interface: LoadBalancerInterface) -> None:
        """Elastic Load Balancing takes its interface away; its address is free again."""
        self.enis.pop(interface.id, None)
        self.tags.pop(interface.id, None)
        assert interface.private_ip_address is not None
        interface.subnet.del_subnet_ip(interface.private_ip_address)

    def delete_network_interface(self, eni_id: str) -> None:
        interface = self.get_network_interface(eni_id)
        super().delete_network_interface(eni_id)
        interface.subnet.del_subnet_ip(interface.private_ip_address)

    # -- instances --------------------------------------------------------------------------------------------------

    def run_instances(self, *args: Any, **kwargs: Any) -> Reservation:
        reservation = super().run_instances(*args, **kwargs)
        for instance in reservation.instances:
            self._launch_machine(instance)
            if not kwargs.get("nics"):
                # An interface that is made at launch goes with its instance, unless the launch says otherwise.
                instance.nics[0].delete_on_termination = True
        return reservation

    def start_instances(self, instance_ids: list[str]) -> list[tuple[Instance, InstanceState]]:
        started = super().start_instances(instance_ids)
        for instance, _ in started:
            self._launch_machine(instance)
        return started

    def stop_instances(self, instance_ids: list[str]) -> list[tuple[Instance, InstanceState]]:
        stopped = super().stop_instances(instance_ids)
        for instance, _ in stopped:
            machines.stop(instance.id)
        return stopped

    def terminate_instances(self, instance_ids: list[str]) -> list[tuple[Instance, InstanceState]]:
        terminated = super().terminate_instances(instance_ids)
        for instance, _ in terminated:
            machines.stop(instance.id, forget=True)
        return terminated

    @staticmethod
    def _launch_machine(instance: Instance) -> None:
        machines.launch(instance.id, instance.availability_zone or "", instance.private_ip or "")

    # -- refusals ---------------------------------------------------------------------------------------------------

    def delete_subnet(self, subnet_id: str) -> Any:
        self.get_subnet(subnet_id)
        if any(interface.subnet.id == subnet_id for interface in self.enis.values()):
            raise dependency_violation("subnet", subnet_id)
        return super().delete_subnet(subnet_id)

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        group = self.get_security_group_by_name_or_id(group_id or name or "")
        if group is not None:
            in_use = any(
                member.id == group.id for interface in self.enis.values() for member in interface.group_set
            )
            referenced = any(
                rule.source_group.get("GroupId") == group.id
                for groups in self.groups.values()
                for other in groups.values()
                if other.id != group.id
                for rule in [*other.ingress_rules, *other.egress_rules]
            )
            if in_use or referenced:
                raise dependency_violation("security group", group.id)
        super().delete_security_group(name, group_id)
