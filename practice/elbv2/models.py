"""The ELBv2 backend: moto's, with Network Load Balancers and target groups that have a life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.subnets import Subnet
from moto.elb.models import ELBBackend as MotoELBBackend
from moto.elbv2 import models as moto_models
from moto.elbv2.models import (
    AvailabilityZone,
    FakeAction,
    FakeHealthStatus,
    FakeListener,
    FakeLoadBalancer,
    elbv2_backends,
)
from moto.elbv2.models import ELBv2Backend as MotoELBv2Backend
from moto.moto_api._internal import mock_random
from typing_extensions import override

from practice import durations
from practice.clock import current
from practice.ec2.models import EC2Backend

from . import errors, health, validation
from .associations import association
from .load_balancers import ApplicationLoadBalancer, LoadBalancer, NetworkLoadBalancer, Node
from .target_groups import LAYER_4_PROTOCOLS, Registration, TargetGroup

__all__ = ["ClassicELBBackend", "ELBv2Backend", "elbv2_backends"]

# D: "Not enough IP space": Elastic Load Balancing wants this many free addresses in each subnet.
_FREE_ADDRESSES = 8
_LONGEST_DELAY = ("deregistration_delay.timeout_seconds", "3600")

# moto's CreateTargetGroup builds whatever this name is bound to.
moto_models.FakeTargetGroup = TargetGroup  # type: ignore[misc]


class ClassicELBBackend(MotoELBBackend):
    """Moto's classic load balancers, whose URL the second generation shares."""

    @property
    @override
    def _url_module(self) -> Any:
        from . import urls

        return urls


class ELBv2Backend(MotoELBv2Backend):
    """One region's load balancers."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.target_groups: dict[str, TargetGroup] = {}  # type: ignore[assignment]
        self._leaving: list[tuple[float, LoadBalancer]] = []

    @property
    @override
    def _url_module(self) -> Any:
        from . import urls

        return urls

    @property
    @override
    def ec2_backend(self) -> EC2Backend:
        return cast("EC2Backend", super().ec2_backend)

    # -- load balancers ---------------------------------------------------------------------------------------------

    def create_load_balancer_of(
        self,
        kind: str,
        name: str,
        mappings: list[dict[str, str]],
        *,
        security_groups: list[str],
        scheme: str,
        ip_address_type: str,
        tags: list[dict[str, str]] | None,
        enforce_on_private_link: str | None,
    ) -> LoadBalancer:
        """CreateLoadBalancer of type ``network`` or ``application``.

        The existing one when name and settings are the same.
        """
        validation.check_load_balancer_name(name)
        validation.check_scheme(scheme)
        validation.check_ip_address_type(ip_address_type)
        validation.check_tags(tags)
        subnets = self._subnets(mappings, kind)
        self._check_security_groups(security_groups, subnets[0].vpc_id)
        if kind == "application" and not security_groups:
            # D: CreateLoadBalancer, SecurityGroups.
            default = self.ec2_backend.get_default_security_group(subnets[0].vpc_id)
            security_groups = [default.id] if default is not None else []
        existing = next((each for each in self.load_balancers.values() if each.name == name), None)
        if existing is not None:
            if (
                isinstance(existing, LoadBalancer)
                and existing.type == kind
                and existing.scheme == scheme
                and {node.subnet.id for node in existing.nodes} == {subnet.id for subnet in subnets}
                and set(existing.security_groups) == set(security_groups)
                and existing.ip_address_type == ip_address_type
                and self.tagging_service.get_tag_dict_for_resource(existing.arn)
                == {tag["Key"]: tag.get("Value") for tag in tags or []}
            ):
                return existing
            raise errors.duplicate_load_balancer(name)
        if scheme == "internet-facing" and not self.ec2_backend.has_internet_gateway(subnets[0].vpc_id):
            raise errors.no_internet_gateway(subnets[0].vpc_id)
        self._check_addresses(subnets)
        identifier = mock_random.get_random_hex(length=16)
        made = NetworkLoadBalancer if kind == "network" else ApplicationLoadBalancer
        settings: dict[str, Any] = {
            "name": name,
            "security_groups": security_groups,
            "subnets": subnets,
            "vpc_id": subnets[0].vpc_id,
            "arn": (
                f"arn:{self.partition}:elasticloadbalancing:{self.region_name}:{self.account_id}"
                f":loadbalancer/{made.MARK}/{name}/{identifier}"
            ),
            "dns_name": self._dns_name(kind, name, identifier, scheme),
            "scheme": scheme,
            "ip_address_type": ip_address_type,
        }
        if kind == "network":
            settings |= {
                "fixed_ips": _fixed_addresses(mappings),
                "elastic_ips": self._elastic_addresses(mappings),
                "enforce_on_private_link": (enforce_on_private_link or "on") if security_groups else None,
            }
        # CloudFormation's methods are abstract: moto leaves them out too.
        balancer: LoadBalancer = made(self.ec2_backend, **settings)  # type: ignore[abstract]
        self.load_balancers[balancer.arn] = balancer
        self.tagging_service.tag_resource(balancer.arn, tags)
        return balancer

    def _dns_name(self, kind: str, name: str, identifier: str, scheme: str) -> str:
        suffix = _dns_suffix(self.partition)
        if kind == "network":
            return f"{name}-{identifier}.elb.{self.region_name}.{suffix}"
        # D: Application Load Balancer guide: the region before `elb`, and `internal-` before an internal one's name.
        number = int(identifier, 16) % 10**10
        return f"{'internal-' if scheme == 'internal' else ''}{name}-{number:010}.{self.region_name}.elb.{suffix}"

    def _subnets(self, mappings: list[dict[str, str]], kind: str) -> list[Subnet]:
        """The subnets of a load balancer. Raise what AWS raises when they cannot be its."""
        if kind == "application" and len(mappings) < 2:
            # T: cfn-lint#638 and many reports.
            raise errors.ValidationError("At least two subnets in two different Availability Zones must be specified")
        if not mappings:
            raise errors.ValidationError("At least one subnet must be specified")
        known = {subnet.id: subnet for subnet in self.ec2_backend.describe_subnets()}
        if any(mapping["SubnetId"] not in known for mapping in mappings):
            raise errors.SubnetNotFoundError()
        subnets = [known[mapping["SubnetId"]] for mapping in mappings]
        if len({subnet.vpc_id for subnet in subnets}) > 1:
            raise errors.invalid_configuration("All subnets must belong to the same VPC")
        if len({subnet.availability_zone for subnet in subnets}) < len(subnets):
            raise errors.invalid_configuration(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
            )
        return subnets

    def _elastic_addresses(self, mappings: list[dict[str, str]]) -> dict[str, ElasticAddress]:
        """The Elastic IP addresses that are asked for, by subnet."""
        known = {address.allocation_id: address for address in self.ec2_backend.addresses}
        asked = {each["SubnetId"]: each["AllocationId"] for each in mappings if each.get("AllocationId")}
        if any(allocation not in known for allocation in asked.values()):
            raise errors.allocation_not_found()
        return {subnet: known[allocation] for subnet, allocation in asked.items()}

    @staticmethod
    def _check_addresses(subnets: Iterable[Subnet]) -> None:
        for subnet in subnets:
            if subnet.available_ip_address_count < _FREE_ADDRESSES:
                raise errors.not_enough_addresses(subnet.id)

    def _check_security_groups(self, group_ids: list[str], vpc_id: str) -> None:
        for group_id in group_ids:
            group = self.ec2_backend.get_security_group_from_id(group_id)
            if group is None or group.vpc_id != vpc_id:
                raise errors.invalid_security_groups()

    @override
    def describe_load_balancers(self, arns: list[str] | None, names: list[str] | None) -> list[FakeLoadBalancer]:
        by_arn = dict(self.load_balancers)
        by_name = {balancer.name: balancer for balancer in by_arn.values()}
        for asked, known in ((arns, by_arn), (names, by_name)):
            missing = [each for each in asked or [] if each not in known]
            if missing:
                raise errors.no_such_load_balancers(missing)
        if not arns and not names:
            return list(by_arn.values())
        return [by_arn[arn] for arn in arns or []] + [by_name[name] for name in names or []]

    @override
    def delete_load_balancer(self, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer is None:
            return
        if balancer.attrs.get("deletion_protection.enabled") == "true":
            raise errors.deletion_protected(arn)
        if association(arn) is not None:
            raise errors.in_use_by_service(arn)
        super().delete_load_balancer(arn)
        for resource in [arn, *balancer.listeners]:
            self.tagging_service.delete_all_tags_for_resource(resource)
        if isinstance(balancer, LoadBalancer):
            self._leaving.append((current().time() + durations.LOAD_BALANCER_INTERFACE_RELEASE, balancer))

    @override
    def set_subnets(
        self, arn: str, subnets: list[str], subnet_mappings: list[dict[str, Any]]
    ) -> list[AvailabilityZone]:
        balancer = self.load_balancer(arn)
        if balancer is None:
            return super().set_subnets(arn, subnets, subnet_mappings)
        mappings = subnet_mappings or [{"SubnetId": subnet_id} for subnet_id in subnets]
        wanted = self._subnets(mappings, balancer.KIND)
        if wanted[0].vpc_id != balancer.vpc_id:
            raise errors.invalid_configuration("All subnets must belong to the same VPC")
        present = {node.subnet.id: node.zone for node in balancer.nodes}
        coming = [subnet for subnet in wanted if subnet.id not in present]
        for subnet in coming:
            if subnet.availability_zone in present.values():
                raise errors.zone_has_its_subnet(subnet.availability_zone, subnet.id)
        if association(arn) is not None and present.keys() - {subnet.id for subnet in wanted}:
            raise errors.subnet_has_endpoints(arn)
        self._check_addresses(coming)
        if isinstance(balancer, NetworkLoadBalancer):
            balancer.fixed_ips |= _fixed_addresses(mappings)
            balancer.elastic_ips |= self._elastic_addresses(mappings)
        balancer.set_subnets(wanted)
        return balancer.availability_zones

    @override
    def set_security_groups(self, arn: str, sec_groups: list[str], enforce_on_private_link: str | None = None) -> None:
        balancer = self.load_balancer(arn)
        if balancer is None:
            super().set_security_groups(arn, sec_groups)
            return
        if not balancer.security_groups:
            # The code is D (SetSecurityGroups: not unless one was given at creation), the wording T from before
            # Network Load Balancers had any (terraform-aws-alb#276); today's is unknown.
            raise errors.invalid_configuration(
                "SetSecurityGroups is not supported for load balancers of type 'network'"
            )
        self._check_security_groups(sec_groups, balancer.vpc_id)
        balancer.set_security_groups(sec_groups)
        if enforce_on_private_link is not None and isinstance(balancer, NetworkLoadBalancer):
            balancer.enforce_security_group_inbound_rules_on_private_link_traffic = enforce_on_private_link

    @override
    def modify_load_balancer_attributes(self, arn: str, attrs: dict[str, Any]) -> dict[str, Any]:
        balancer = self.load_balancer(arn)
        if balancer is not None:
            for key in attrs:
                if key not in balancer.attrs:
                    # T: many reports quote it.
                    raise errors.invalid_configuration(f"Load balancer attribute key '{key}' is not recognized")
        return super().modify_load_balancer_attributes(arn, attrs)

    def load_balancer(self, arn: str) -> LoadBalancer | None:
        """The Network or Application Load Balancer of that ARN."""
        balancer = self.load_balancers.get(arn)
        return balancer if isinstance(balancer, LoadBalancer) else None

    def network_load_balancer(self, arn: str) -> NetworkLoadBalancer | None:
        """The Network Load Balancer of that ARN."""
        balancer = self.load_balancers.get(arn)
        return balancer if isinstance(balancer, NetworkLoadBalancer) else None

    # -- listeners --------------------------------------------------------------------------------------------------

    @override
    def create_listener(
        self,
        load_balancer_arn: str,
        protocol: str,
        port: str,
        ssl_policy: str,
        certificate: str | None,
        actions: list[dict[str, Any]],
        alpn_policy: list[str] | None = None,
        tags: list[dict[str, str]] | None = None,
    ) -> FakeListener:
        balancer = self.network_load_balancer(load_balancer_arn)
        application = self.load_balancer(load_balancer_arn) if balancer is None else None
        if application is not None:
            self._validate_port_and_protocol("application", port, protocol)
            if self.listener_on(application, validation.check_port(port)) is not None:
                raise errors.duplicate_listener(load_balancer_arn)
        if balancer is not None:
            self._validate_port_and_protocol("network", port, protocol)
            number = validation.check_port(port)
            self._check_forwarding(balancer, protocol, actions)
            existing = self.listener_on(balancer, number)
            if existing is not None:
                if existing.protocol == protocol and _forwards_to(existing) == self._arns(actions):
                    return existing
                raise errors.duplicate_listener(load_balancer_arn)
            if protocol != "TLS":
                ssl_policy = None  # type: ignore[assignment]
        listener = super().create_listener(
            load_balancer_arn, protocol, port, ssl_policy, certificate, actions, alpn_policy, tags
        )
        if balancer is not None and protocol != "TLS":
            # Only TLS listeners have one, and moto shows an empty list.
            listener.alpn_policy = None  # type: ignore[assignment]
        return listener

    @override
    def modify_listener(
        self,
        arn: str,
        port: str | None = None,
        protocol: str | None = None,
        ssl_policy: str | None = None,
        certificates: list[dict[str, Any]] | None = None,
        actions: list[dict[str, Any]] | None = None,
    ) -> FakeListener:
        listener = self.describe_listeners(None, [arn])[0]
        balancer = self.network_load_balancer(listener.load_balancer_arn)
        if balancer is not None:
            if actions:
                self._check_forwarding(balancer, protocol or listener.protocol, actions)
                self._validate_actions([FakeAction(action) for action in actions])
            if port is not None:
                other = self.listener_on(balancer, validation.check_port(port))
                if other is not None and other is not listener:
                    raise errors.duplicate_listener(balancer.arn)
        # moto knows TLS when a listener is created only.
        encrypts = balancer is not None and protocol == "TLS"
        listener = super().modify_listener(arn, port, None if encrypts else protocol, ssl_policy, certificates, actions)
        if encrypts:
            listener.protocol = "TLS"
            if certificates:
                listener.certificate = certificates[0]["CertificateArn"]
                listener.certificates = [each["CertificateArn"] for each in certificates]
        return listener

    @override
    def delete_listener(self, listener_arn: str) -> FakeListener:
        listener = super().delete_listener(listener_arn)
        self.tagging_service.delete_all_tags_for_resource(listener_arn)
        return listener

    @override
    def describe_listeners(self, load_balancer_arn: str | None, listener_arns: list[str]) -> list[FakeListener]:
        found = super().describe_listeners(load_balancer_arn, listener_arns)
        if listener_arns and len(found) < len(set(listener_arns)):
            raise errors.ListenerNotFoundError()
        return found

    def _arns(self, actions: list[dict[str, Any]]) -> list[str]:
        return [arn for action in actions for arn in self._get_target_group_arns_from(action_data=action)]

    def _check_forwarding(
        self, balancer: NetworkLoadBalancer, protocol: str | None, actions: list[dict[str, Any]]
    ) -> None:
        """Whether a load balancer may forward to the groups named."""
        for arn in self._arns(actions):
            group = self.target_groups.get(arn)
            if group is None:
                continue  # moto says that it is not there
            if not group.is_layer_4 or (protocol == "TCP" and group.protocol not in {"TCP", "TCP_UDP"}):
                # The code is D (CreateListener, IncompatibleProtocols); the wording is the reference's.
                raise errors.ELBClientError(
                    "IncompatibleProtocols", "The specified configuration is not valid with this protocol."
                )
            if any(other != balancer.arn for other in group.load_balancer_arns):
                raise errors.association_limit(arn)

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

    def load_balancers_of(self, group: TargetGroup) -> list[LoadBalancer]:
        """The load balancers that forward to a group."""
        return [balancer for arn in group.load_balancer_arns if (balancer := self.load_balancer(arn)) is not None]

    # -- target groups ----------------------------------------------------------------------------------------------

    @override
    def create_target_group(self, name: str, **kwargs: Any) -> TargetGroup:
        protocol = kwargs.get("protocol")
        if protocol in {"HTTP", "HTTPS"} and kwargs.get("target_type") != "lambda":
            # D: CreateTargetGroup, HealthCheckPath and HealthCheckTimeoutSeconds.
            kwargs["healthcheck_path"] = kwargs.get("healthcheck_path") or "/"
            kwargs["healthcheck_timeout_seconds"] = kwargs.get("healthcheck_timeout_seconds") or 5
        if protocol not in LAYER_4_PROTOCOLS or kwargs.get("target_type") not in {"instance", "ip", "alb"}:
            return cast("TargetGroup", super().create_target_group(name, **kwargs))
        health_protocol = kwargs.get("healthcheck_protocol") or "TCP"
        validation.check_tags(kwargs.get("tags"))
        if kwargs.get("port") is not None:
            validation.check_port(kwargs["port"])
        validation.check_health_check(
            {
                "healthCheckIntervalSeconds": kwargs.get("healthcheck_interval_seconds"),
                "healthCheckTimeoutSeconds": kwargs.get("healthcheck_timeout_seconds"),
                "healthyThresholdCount": kwargs.get("healthy_threshold_count"),
                "unhealthyThresholdCount": kwargs.get("unhealthy_threshold_count"),
                "healthCheckPath": kwargs.get("healthcheck_path"),
            },
            protocol=health_protocol,
        )
        http = health_protocol in {"HTTP", "HTTPS"}
        # D: CreateTargetGroup and the "Health check settings" of the Network Load Balancer guide.
        kwargs["healthcheck_protocol"] = health_protocol
        kwargs["healthcheck_interval_seconds"] = kwargs.get("healthcheck_interval_seconds") or 30
        kwargs["healthcheck_timeout_seconds"] = kwargs.get("healthcheck_timeout_seconds") or (
            6 if health_protocol == "HTTP" else 10
        )
        kwargs["healthy_threshold_count"] = str(kwargs.get("healthy_threshold_count") or 5)
        kwargs["unhealthy_threshold_count"] = str(kwargs.get("unhealthy_threshold_count") or 2)
        kwargs["healthcheck_path"] = kwargs.get("healthcheck_path") or ("/" if http else None)
        kwargs["matcher"] = kwargs.get("matcher") or ({"HttpCode": "200-399"} if http else None)
        same_name = next((group for group in self.target_groups.values() if group.name == name), None)
        if same_name is not None:
            tags = {tag["Key"]: tag.get("Value") for tag in kwargs.get("tags") or []}
            if same_name.has_settings(kwargs) and self.tagging_service.get_tag_dict_for_resource(same_name.arn) == tags:
                return same_name
            raise errors.duplicate_target_group(name)
        return cast("TargetGroup", super().create_target_group(name, **kwargs))

    @override
    def modify_target_group(
        self,
        arn: str,
        health_check_proto: str | None = None,
        health_check_port: str | None = None,
        health_check_path: str | None = None,
        health_check_interval: int | None = None,
        health_check_timeout: int | None = None,
        healthy_threshold_count: str | None = None,
        unhealthy_threshold_count: str | None = None,
        http_codes: str | None = None,
        health_check_enabled: bool | None = None,
    ) -> TargetGroup:
        group = self._group(arn)
        if group.is_layer_4:
            protocol = health_check_proto or group.health_check_protocol
            validation.check_health_check(
                {
                    "healthCheckIntervalSeconds": health_check_interval,
                    "healthCheckTimeoutSeconds": health_check_timeout,
                    "healthyThresholdCount": healthy_threshold_count,
                    "unhealthyThresholdCount": unhealthy_threshold_count,
                    "healthCheckPath": health_check_path,
                },
                protocol=protocol,
            )
        super().modify_target_group(
            arn,
            health_check_proto,
            health_check_port,
            health_check_path,
            health_check_interval,
            health_check_timeout,
            healthy_threshold_count,
            unhealthy_threshold_count,
            http_codes,
            health_check_enabled,
        )
        if group.is_layer_4:
            group.settle_health_check(http_codes)
        return group

    @override
    def modify_target_group_attributes(self, target_group_arn: str, attributes: dict[str, Any]) -> None:
        group = self._group(target_group_arn)
        if group.is_layer_4:
            for key in attributes:
                if key not in group.attributes:
                    # K: the words that are known of keys of other kinds of groups.
                    raise errors.ValidationError(f"Target group attribute key '{key}' is not recognized")
        # D: "The range is 0-3600 seconds"; moto leaves the last one out.
        longest = {key: value for key, value in attributes.items() if (key, value) == _LONGEST_DELAY}
        super().modify_target_group_attributes(
            target_group_arn, {key: value for key, value in attributes.items() if key not in longest}
        )
        group.attributes.update(longest)

    @override
    def delete_target_group(self, target_group_arn: str) -> TargetGroup:
        # D: deleting what is not there is no error of AWS's; TargetGroupNotFound is not among the operation's.
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise errors.TargetGroupNotFoundError()
        if self._any_listener_using(target_group_arn):
            raise errors.target_group_in_use(target_group_arn)
        super().delete_target_group(target_group_arn)
        self.tagging_service.delete_all_tags_for_resource(target_group_arn)
        return group

    @override
    def describe_tags(self, resource_arns: list[str]) -> dict[str, dict[str, str]]:
        for arn in resource_arns:
            self._get_resource_by_arn(arn)
        return super().describe_tags(resource_arns)

    # -- targets ----------------------------------------------------------------------------------------------------

    @override
    def register_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        group = self._group(target_group_arn)
        now = current().time()
        if group.target_type == "instance":
            self._check_instances(group, [target["Id"] for target in instances])
        if group.target_type == "alb":
            self._check_application(group, instances)
        if group.target_type == "lambda":
            # Answered as 501 in our own name, like all that is not practised.
            raise NotImplementedError("Lambda functions as targets are not part of the practice account")
        for target in instances:
            registration = self._registration(group, target, now)
            key = (registration.target_id, registration.port)
            known = group.registrations.get(key)
            # Registering again what is registered changes nothing; what was draining starts anew.
            if known is None or known.draining_until is not None:
                group.registrations[key] = registration

    def _check_instances(self, group: TargetGroup, instance_ids: list[str]) -> None:
        """All or none: raise what AWS raises when one of them cannot be registered."""
        for instance_id in instance_ids:
            if not instance_id.startswith("i-"):
                # T: aws-load-balancer-controller#328
                raise errors.ValidationError(f"Instance ID '{instance_id}' is not valid")
        instances = {instance.id: instance for instance in self.ec2_backend.all_instances()}
        missing = [instance_id for instance_id in instance_ids if instance_id not in instances]
        if missing:
            raise errors.no_such_instances(missing)
        for instance_id in instance_ids:
            if instances[instance_id].state != "running":
                raise errors.TargetNotRunning(instance_id)
        strangers = [instance_id for instance_id in instance_ids if instances[instance_id].vpc_id != group.vpc_id]
        if strangers:
            raise errors.not_in_vpc(strangers, group.vpc_id)

    def _check_application(self, group: TargetGroup, targets: list[dict[str, Any]]) -> None:
        """An Application Load Balancer as target must listen on the port."""
        for target in targets:
            balancer = self.load_balancer(target["Id"])
            if not isinstance(balancer, ApplicationLoadBalancer):
                # The code is D (RegisterTargets, InvalidTarget); the wording is unknown.
                raise errors.ELBClientError("InvalidTarget", "The specified target does not exist or is not valid.")
            if self.listener_on(balancer, int(target.get("Port") or group.port)) is None:
                # T: hashicorp/terraform-provider-aws#38987
                raise errors.ValidationError(
                    "If the target type is ALB, the target must have at least one listener that matches the target "
                    "group port or any specified port overrides"
                )

    def _registration(self, group: TargetGroup, target: dict[str, Any], now: float) -> Registration:
        port = validation.check_port(target.get("Port") or group.port)
        target_id = target["Id"]
        for instance in self.ec2_backend.all_instances():
            if target_id == instance.id or (
                target_id == instance.private_ip and instance.vpc_id == group.vpc_id and instance.state != "terminated"
            ):
                return Registration(target_id, port, now, instance.id, instance.private_ip, instance.availability_zone)
        return Registration(target_id, port, now, None, target_id, target.get("AvailabilityZone"))

    @override
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
                    delay = float(str(group.attributes["deregistration_delay.timeout_seconds"]))
                    # Nothing flows to a target that no load balancer uses: there is nothing to drain.
                    used = bool(self.load_balancers_of(group))
                    registration.draining_until = now + (delay if used else 0.0)

    @override
    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        for group in self.target_groups.values():
            targets = [
                {"Id": each.target_id} for each in group.registrations.values() if each.target_id in instance_ids
            ]
            self.deregister_targets(group.arn, targets)

    @override
    def describe_target_health(self, target_group_arn: str, targets: list[dict[str, Any]]) -> list[FakeHealthStatus]:
        group = self._group(target_group_arn)
        health.refresh(self, group)
        if targets:
            return [self._health_status(group, self._find(group, target), target) for target in targets]
        return [self._health_status(group, each, {}) for each in list(group.registrations.values())]

    @staticmethod
    def _find(group: TargetGroup, target: dict[str, Any]) -> Registration | None:
        port = int(target.get("Port") or group.port or 0)  # a group of Lambda functions has none
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

    def why_not_checked(self, registration: Registration, balancers: Sequence[LoadBalancer]) -> health.Health | None:
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

    def nodes_for(self, balancer: LoadBalancer, group: TargetGroup, registration: Registration) -> list[Node]:
        """The nodes that send traffic to a target, and so check its health."""
        if self.is_cross_zone(balancer, group) or registration.zone in {None, "all"}:
            return list(balancer.nodes)
        return [node for node in list(balancer.nodes) if node.zone == registration.zone]

    @staticmethod
    def is_cross_zone(balancer: LoadBalancer, group: TargetGroup) -> bool:
        """Whether nodes send traffic to targets of other zones: as the group says, else as the load balancer does."""
        if group.cross_zone == "use_load_balancer_configuration":
            return balancer.cross_zone
        return group.cross_zone == "true"

    def _group(self, arn: str) -> TargetGroup:
        group = self.target_groups.get(arn)
        if group is None:
            raise errors.TargetGroupNotFoundError()
        return group

    # -- time -------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let happen what is due: interfaces come and go, draining ends, health checks are made good."""
        now = current().time()
        for balancer in list(self.load_balancers.values()):
            if isinstance(balancer, LoadBalancer):
                balancer.settle()
        for due, balancer in list(self._leaving):
            if due <= now:
                balancer.release()
                self._leaving.remove((due, balancer))
        for group in list(self.target_groups.values()):
            for key, registration in list(group.registrations.items()):
                if registration.draining_until is not None and registration.draining_until <= now:
                    del group.registrations[key]
        health.refresh(self, wait=False)


def _fixed_addresses(mappings: list[dict[str, str]]) -> dict[str, str]:
    return {
        mapping["SubnetId"]: mapping["PrivateIPv4Address"] for mapping in mappings if mapping.get("PrivateIPv4Address")
    }


def _forwards_to(listener: FakeListener) -> list[str]:
    return [action.data["TargetGroupArn"] for action in listener.default_actions if "TargetGroupArn" in action.data]


def _dns_suffix(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
