"""The ELBv2 backend: moto's, with Network Load Balancers and target groups that have a life."""

from __future__ import annotations

from typing import Any

from moto.elb.models import ELBBackend as MotoELBBackend
from moto.elbv2 import models as moto_models
from moto.elbv2.exceptions import (
    DuplicateLoadBalancerName,
    InvalidTargetError,
    SubnetNotFoundError,
    TargetGroupNotFoundError,
    TargetNotRunning,
)
from moto.elbv2.models import ELBv2Backend as MotoELBv2Backend
from moto.elbv2.models import FakeHealthStatus, FakeListener, FakeLoadBalancer, elbv2_backends
from moto.moto_api._internal import mock_random

from practice import durations
from practice.clock import current

from . import health
from .associations import association
from .errors import deletion_protected, in_use_by_service, invalid_configuration
from .load_balancers import NetworkLoadBalancer, Node
from .target_groups import Registration, TargetGroup

__all__ = ["ClassicELBBackend", "ELBv2Backend", "elbv2_backends"]

# moto's CreateTargetGroup builds whatever this name is bound to.
moto_models.FakeTargetGroup = TargetGroup  # type: ignore[misc]


class ClassicELBBackend(MotoELBBackend):
    """moto's classic load balancers, whose URL the second generation shares."""

    @property
    def _url_module(self) -> Any:
        from . import urls

        return urls


class ELBv2Backend(MotoELBv2Backend):
    """One region's load balancers."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.target_groups: dict[str, TargetGroup] = {}  # type: ignore[assignment]
        self._leaving: list[tuple[float, NetworkLoadBalancer]] = []

    @property
    def _url_module(self) -> Any:
        from . import urls

        return urls

    # -- load balancers ---------------------------------------------------------------------------------------------

    def create_load_balancer(
        self,
        name: str,
        security_groups: list[str],
        subnet_ids: list[str],
        subnet_mappings: list[dict[str, str]] | None = None,
        scheme: str = "internet-facing",
        loadbalancer_type: str | None = None,
        ip_address_type: str = "ipv4",
        tags: list[dict[str, str]] | None = None,
        enforce_on_private_link: str | None = None,
    ) -> FakeLoadBalancer:
        if loadbalancer_type != "network":
            return super().create_load_balancer(
                name,
                security_groups,
                subnet_ids,
                subnet_mappings,
                scheme,
                loadbalancer_type,
                ip_address_type,
                tags,
            )
        mappings = subnet_mappings or [{"SubnetId": subnet_id} for subnet_id in subnet_ids]
        if not mappings:
            raise SubnetNotFoundError()
        subnets = [self.ec2_backend.get_subnet(mapping["SubnetId"]) for mapping in mappings]
        if len({subnet.availability_zone for subnet in subnets}) < len(subnets):
            raise invalid_configuration(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
            )
        existing = next((each for each in self.load_balancers.values() if each.name == name), None)
        if existing is not None:
            same = (
                isinstance(existing, NetworkLoadBalancer)
                and existing.scheme == scheme
                and {subnet.id for subnet in existing.subnets} == {subnet.id for subnet in subnets}
                and set(existing.security_groups) == set(security_groups)
            )
            if same:
                return existing
            raise DuplicateLoadBalancerName()
        identifier = mock_random.get_random_hex(length=16)
        balancer = NetworkLoadBalancer(
            self.ec2_backend,
            fixed_ips={
                mapping["SubnetId"]: mapping["PrivateIPv4Address"]
                for mapping in mappings
                if mapping.get("PrivateIPv4Address")
            },
            enforce_on_private_link=(enforce_on_private_link or "on") if security_groups else None,
            name=name,
            security_groups=security_groups,
            subnets=subnets,
            vpc_id=subnets[0].vpc_id,
            arn=(
                f"arn:{self.partition}:elasticloadbalancing:{self.region_name}:{self.account_id}"
                f":loadbalancer/net/{name}/{identifier}"
            ),
            dns_name=f"{name}-{identifier}.elb.{self.region_name}.amazonaws.com",
            scheme=scheme,
            ip_address_type=ip_address_type,
        )
        self.load_balancers[balancer.arn] = balancer
        self.tagging_service.tag_resource(balancer.arn, tags)
        return balancer

    def delete_load_balancer(self, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer is None:
            return
        if balancer.attrs.get("deletion_protection.enabled") == "true":
            raise deletion_protected(arn)
        if association(arn) is not None:
            raise in_use_by_service(arn)
        super().delete_load_balancer(arn)
        if isinstance(balancer, NetworkLoadBalancer):
            self._leaving.append((current().time() + durations.LOAD_BALANCER_INTERFACE_RELEASE, balancer))

    def network_load_balancer(self, arn: str) -> NetworkLoadBalancer | None:
        """The Network Load Balancer of that ARN."""
        balancer = self.load_balancers.get(arn)
        return balancer if isinstance(balancer, NetworkLoadBalancer) else None

    # -- listeners --------------------------------------------------------------------------------------------------

    def listener_on(self, balancer: FakeLoadBalancer, port: int) -> FakeListener | None:
        """The listener of a load balancer on a port."""
        return next((each for each in list(balancer.listeners.values()) if int(each.port) == port), None)

    def group_of(self, listener: FakeListener) -> TargetGroup | None:
        """The group that a Network Load Balancer's listener forwards to."""
        for action in listener.default_actions:
            for arn in self._get_target_group_arns_from(action_data=action.data):
                group = self.target_groups.get(arn)
                if group is not None:
                    return group
        return None

    def network_load_balancers_of(self, group: TargetGroup) -> list[NetworkLoadBalancer]:
        """The Network Load Balancers that forward to a group."""
        return [
            balancer
            for arn in group.load_balancer_arns
            if (balancer := self.network_load_balancer(arn)) is not None
        ]

    # -- targets ----------------------------------------------------------------------------------------------------

    def register_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        group = self._group(target_group_arn)
        now = current().time()
        accepted = [self._registration(group, target, now) for target in instances]
        for registration in accepted:
            key = (registration.target_id, registration.port)
            known = group.registrations.get(key)
            if known is None or known.draining_until is not None:
                group.registrations[key] = registration

    def _registration(self, group: TargetGroup, target: dict[str, Any], now: float) -> Registration:
        port = int(target.get("Port") or group.port)
        target_id = target["Id"]
        if group.target_type == "instance":
            instance = self.ec2_backend.get_instance_by_id(target_id)
            if instance is None or instance.vpc_id != group.vpc_id:
                raise InvalidTargetError()
            if instance.state != "running":
                raise TargetNotRunning(instance_id=target_id)
            return Registration(
                target_id, port, now, instance.id, instance.private_ip, instance.availability_zone
            )
        for instance in self.ec2_backend.all_instances():
            if instance.vpc_id == group.vpc_id and instance.private_ip == target_id:
                return Registration(target_id, port, now, instance.id, target_id, instance.availability_zone)
        return Registration(target_id, port, now, None, target_id, target.get("AvailabilityZone"))

    def deregister_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        group = self._group(target_group_arn)
        now = current().time()
        for target in instances:
            port = target.get("Port")
            matching = [
                registration
                for registration in group.registrations.values()
                if registration.target_id == target["Id"] and (port is None or registration.port == int(port))
            ]
            for registration in matching:
                if registration.draining_until is None:
                    delay = float(group.attributes["deregistration_delay.timeout_seconds"])
                    # Nothing flows to a target that no load balancer uses: there is nothing to drain.
                    used = bool(self.network_load_balancers_of(group))
                    registration.draining_until = now + (delay if used else 0.0)

    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        for group in self.target_groups.values():
            targets = [
                {"Id": each.target_id}
                for each in group.registrations.values()
                if each.target_id in instance_ids
            ]
            self.deregister_targets(group.arn, targets)

    def describe_target_health(
        self, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[FakeHealthStatus]:
        group = self._group(target_group_arn)
        health.refresh(self, group)
        if targets:
            return [self._health_status(group, self._find(group, target), target) for target in targets]
        return [self._health_status(group, each, {}) for each in list(group.registrations.values())]

    @staticmethod
    def _find(group: TargetGroup, target: dict[str, Any]) -> Registration | None:
        port = int(target.get("Port") or group.port)
        return group.registrations.get((target["Id"], port))

    def _health_status(
        self, group: TargetGroup, registration: Registration | None, target: dict[str, Any]
    ) -> FakeHealthStatus:
        if registration is None:
            port = str(target.get("Port") or group.port)
            answer = health.NOT_REGISTERED
            return FakeHealthStatus(target["Id"], port, port, answer.state, answer.reason, answer.description)
        answer = health.health_of(self, group, registration)
        return FakeHealthStatus(
            registration.target_id,
            str(registration.port),
            str(group.health_port_for(registration)),
            answer.state,
            answer.reason,
            answer.description,
        )

    def why_not_checked(
        self, registration: Registration, balancers: list[NetworkLoadBalancer]
    ) -> health.Health | None:
        """The state of a target that the load balancers leave alone; None when they check it."""
        if registration.draining_until is not None:
            return health.DRAINING
        if registration.instance_id is not None:
            instance = self.ec2_backend.get_instance_by_id(registration.instance_id)
            if instance is None or instance.state == "terminated":
                return health.TERMINATED
            if instance.state in {"stopped", "stopping"}:
                return health.STOPPED
        zones = {node.zone for balancer in balancers for node in balancer.nodes}
        if registration.zone not in {None, "all"} and registration.zone not in zones:
            return health.ZONE_NOT_ENABLED
        return None

    def nodes_for(
        self, balancer: NetworkLoadBalancer, group: TargetGroup, registration: Registration
    ) -> list[Node]:
        """The nodes that send traffic to a target, and so check its health."""
        if self.is_cross_zone(balancer, group) or registration.zone in {None, "all"}:
            return list(balancer.nodes)
        return [node for node in list(balancer.nodes) if node.zone == registration.zone]

    @staticmethod
    def is_cross_zone(balancer: NetworkLoadBalancer, group: TargetGroup) -> bool:
        """Whether nodes send traffic to targets of other zones: off unless the group or the load balancer says so."""
        if group.cross_zone == "use_load_balancer_configuration":
            return balancer.cross_zone
        return group.cross_zone == "true"

    def _group(self, arn: str) -> TargetGroup:
        group = self.target_groups.get(arn)
        if group is None:
            raise TargetGroupNotFoundError()
        return group

    # -- time -------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let happen what is due: interfaces come and go, draining ends, health checks are made good."""
        now = current().time()
        for balancer in list(self.load_balancers.values()):
            if isinstance(balancer, NetworkLoadBalancer):
                balancer.settle()
        for due, balancer in list(self._leaving):
            if due <= now:
                balancer.release()
                self._leaving.remove((due, balancer))
        for group in list(self.target_groups.values()):
            for key, registration in list(group.registrations.items()):
                if registration.draining_until is not None and registration.draining_until <= now:
                    del group.registrations[key]
        health.refresh(self)
