"""EC2's refusals that moto lacks, in AWS's words."""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError

__all__ = ["EC2ClientError", "dependency_violation", "interface_in_use"]


def interface_in_use(interface_id: str) -> EC2ClientError:
    """DeleteNetworkInterface of an attached interface."""
    return EC2ClientError("InvalidParameterValue", f"Network interface '{interface_id}' is currently in use.")


def dependency_violation(kind: str, resource_id: str) -> EC2ClientError:
    """Deleting something that others need."""
    article = "resource" if kind == "security group" else f"The {kind}"
    if kind == "security group":
        return EC2ClientError("DependencyViolation", f"{article} {resource_id} has a dependent object")
    return EC2ClientError(
        "DependencyViolation", f"{article} '{resource_id}' has dependencies and cannot be deleted."
    )
