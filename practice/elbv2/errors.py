"""Elastic Load Balancing's refusals that moto lacks.

Kinds of source as in ``practice.durations``; *unknown* marks a message whose code is documented and whose wording we
could not find: it is the API reference's own sentence about the rule.
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.elbv2.exceptions import (
    ELBClientError,
    ListenerNotFoundError,
    LoadBalancerNotFoundError,
    SubnetNotFoundError,
    TargetGroupNotFoundError,
    TargetNotRunning,
    ValidationError,
)

__all__ = [
    "ELBClientError",
    "ListenerNotFoundError",
    "LoadBalancerNotFoundError",
    "SubnetNotFoundError",
    "TargetGroupNotFoundError",
    "TargetNotRunning",
    "ValidationError",
    "allocation_not_found",
    "association_limit",
    "deletion_protected",
    "duplicate_listener",
    "duplicate_load_balancer",
    "duplicate_target_group",
    "in_use_by_service",
    "invalid_configuration",
    "invalid_security_groups",
    "no_internet_gateway",
    "no_such_instances",
    "no_such_load_balancers",
    "not_enough_addresses",
    "not_in_enumeration",
    "not_in_range",
    "not_in_vpc",
    "subnet_has_endpoints",
    "target_group_in_use",
    "zone_has_its_subnet",
]


def in_use_by_service(arn: str) -> ELBClientError:
    """Deleting a load balancer that a VPC link uses (T: terraform-provider-aws#5701)."""
    return ELBClientError(
        "ResourceInUse",
        f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service",
    )


def deletion_protected(arn: str) -> ELBClientError:
    """Deleting a protected load balancer (T: quoted in many public reports)."""
    return ELBClientError(
        "OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    )


def duplicate_load_balancer(name: str) -> ELBClientError:
    """A name that another load balancer with other settings has (T: quoted in many public reports)."""
    return ELBClientError(
        "DuplicateLoadBalancerName",
        f"A load balancer with the same name '{name}' exists, but with different settings",
    )


def duplicate_target_group(name: str) -> ELBClientError:
    """A name that another target group with other settings has (T: quoted in many public reports)."""
    return ELBClientError(
        "DuplicateTargetGroupName", f"A target group with the same name '{name}' exists, but with different settings"
    )


def duplicate_listener(load_balancer_arn: str) -> ELBClientError:
    """A second listener on a port (T: quoted in many public reports)."""
    return ELBClientError(
        "DuplicateListener", f"A listener already exists on this port for this load balancer '{load_balancer_arn}'"
    )


def association_limit(target_group_arn: str) -> ELBClientError:
    """A target group that another load balancer uses already (T: terraform-provider-aws#22005)."""
    return ELBClientError(
        "TargetGroupAssociationLimit",
        f"The following target groups cannot be associated with more than one load balancer: {target_group_arn}",
    )


def invalid_configuration(message: str) -> ELBClientError:
    """A configuration that cannot be."""
    return ELBClientError("InvalidConfigurationRequest", message)


def zone_has_its_subnet(zone: str, subnet_id: str) -> ELBClientError:
    """SetSubnets with another subnet of a zone that is enabled already.

    The wording is T (aws-load-balancer-controller#4171); the code is K.
    """
    return invalid_configuration(
        "You cannot specify an additional subnet from an Availability Zone that is already associated with the load "
        f"balancer. The Availability Zone '{zone}' corresponding to the new subnet '{subnet_id}' is already "
        "associated with the load balancer."
    )


def subnet_has_endpoints(load_balancer_arn: str) -> ELBClientError:
    """SetSubnets without a subnet that it had, while endpoints (a VPC link) are connected.

    That it is refused is D ("Update the Availability Zones for your Network Load Balancer"); AWS's code and words are
    not known to us.
    """
    return invalid_configuration(
        f"Load balancer '{load_balancer_arn}' has active VPC endpoint associations: its subnets cannot be removed"
    )


def invalid_security_groups() -> ELBClientError:
    """Security groups that are not there or of another VPC (K)."""
    return invalid_configuration("One or more security groups are invalid")


def not_enough_addresses(subnet_id: str) -> ELBClientError:
    """A subnet that is nearly full (T: aws-load-balancer-controller#1233)."""
    return ELBClientError(
        "InvalidSubnet",
        f"Not enough IP space available in {subnet_id}. ELB requires at least 8 free IP addresses in each subnet.",
    )


def no_internet_gateway(vpc_id: str) -> ELBClientError:
    """An internet-facing load balancer in a VPC without a way out (T: quoted in many public reports)."""
    return ELBClientError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def no_such_load_balancers(asked: Iterable[str]) -> ELBClientError:
    """Describing load balancers that do not exist (T: quoted in many public reports)."""
    return ELBClientError("LoadBalancerNotFound", f"Load balancers '[{', '.join(asked)}]' not found")


def no_such_instances(instance_ids: Iterable[str]) -> ELBClientError:
    """Registering instances that do not exist (T: aws-load-balancer-controller#272)."""
    names = ", ".join(f"'{instance_id}'" for instance_id in instance_ids)
    return ELBClientError("InvalidTarget", f"The following instances do not exist: {names}")


def target_group_in_use(arn: str) -> ELBClientError:
    """Deleting a target group that is forwarded to (T: Reckon-Limited/containerless#1)."""
    return ELBClientError("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule")


def not_in_vpc(instance_ids: Iterable[str], vpc_id: str) -> ELBClientError:
    """Registering instances of another VPC (unknown)."""
    del instance_ids, vpc_id
    return ELBClientError(
        "InvalidTarget", "The specified target does not exist or is not in the same VPC as the target group."
    )


def allocation_not_found() -> ELBClientError:
    """An Elastic IP address that is not there (D: the exception's own text; AWS's wording is unknown)."""
    return ELBClientError("AllocationIdNotFound", "The specified allocation ID does not exist.")


def not_in_enumeration(value: str, field: str, allowed: Iterable[str]) -> ELBClientError:
    """A value outside an enumeration (K: the form of all such answers)."""
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(allowed)}]"
    )


def not_in_range(value: int, field: str, low: int, high: int) -> ELBClientError:
    """A number outside its range (K: the form of all such answers)."""
    bound = f"less than or equal to {high}" if value > high else f"greater than or equal to {low}"
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: "
        f"Member must have value {bound}"
    )
