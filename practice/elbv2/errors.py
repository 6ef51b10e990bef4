"""Elastic Load Balancing's refusals that moto lacks. Kinds of source as in ``practice.durations``."""

from __future__ import annotations

from moto.elbv2.exceptions import ELBClientError, ValidationError

__all__ = [
    "ELBClientError",
    "ValidationError",
    "deletion_protected",
    "in_use_by_service",
    "invalid_configuration",
    "no_such_subnet",
]


def in_use_by_service(arn: str) -> ELBClientError:
    """Deleting a load balancer that a VPC link uses (T: terraform#5701)."""
    return ELBClientError(
        "ResourceInUse",
        f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service",
    )


def deletion_protected(arn: str) -> ELBClientError:
    """Deleting a protected load balancer (T: many reports quote it)."""
    return ELBClientError(
        "OperationNotPermitted",
        f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
    )


def invalid_configuration(message: str) -> ELBClientError:
    """A configuration that cannot be."""
    return ELBClientError("InvalidConfigurationRequest", message)


def no_such_subnet(subnet_id: str) -> ELBClientError:
    """A subnet that is not there."""
    return ELBClientError("SubnetNotFound", f"The subnet ID '{subnet_id}' is not valid")
