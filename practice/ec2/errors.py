"""EC2's refusals that moto lacks or words differently. Kinds of source as in ``practice.durations``."""

from __future__ import annotations

from collections.abc import Iterable

from moto.ec2.exceptions import EC2ClientError, InvalidVPCIdError

__all__ = [
    "EC2ClientError",
    "address_in_use",
    "cannot_delete_default_group",
    "default_network_acl",
    "duplicate_group",
    "duplicate_rule",
    "group_in_use",
    "has_dependencies",
    "interface_in_use",
    "invalid_filter",
    "invalid_token",
    "malformed_instance",
    "no_ports",
    "no_such_association",
    "no_such_entry",
    "no_such_groups",
    "no_such_network_acl",
    "no_such_subnet",
    "no_such_vpc",
    "too_few_results",
]


def address_in_use() -> EC2ClientError:
    """An interface that asks for an address another one has (T: pulumi-aws#2169)."""
    return EC2ClientError("InvalidIPAddress.InUse", "The specified address is already in use.")


def interface_in_use(interface_id: str) -> EC2ClientError:
    """DeleteNetworkInterface of an attached interface (T: quoted in many public reports)."""
    return EC2ClientError("InvalidParameterValue", f"Network interface '{interface_id}' is currently in use.")


def has_dependencies(kind: str, resource_id: str) -> EC2ClientError:
    """Deleting something that others need (T: aws-cdk#14456 has both this and the next)."""
    return EC2ClientError("DependencyViolation", f"The {kind} '{resource_id}' has dependencies and cannot be deleted.")


def group_in_use(group_id: str) -> EC2ClientError:
    """Deleting a security group that an interface or another group's rule uses."""
    return EC2ClientError("DependencyViolation", f"resource {group_id} has a dependent object")


def cannot_delete_default_group(group_id: str) -> EC2ClientError:
    """Deleting a VPC's default group (T: iasql#654)."""
    return EC2ClientError(
        "CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user'
    )


def duplicate_rule(peer: str, protocol: str, ports: tuple[int | None, int | None]) -> EC2ClientError:
    """Authorizing a rule that is there (T: quoted in many public reports)."""
    if protocol == "-1":
        described = f"peer: {peer}, ALL, ALLOW"
    else:
        described = f"peer: {peer}, {protocol.upper()}, from port: {ports[0]}, to port: {ports[1]}, ALLOW"
    return EC2ClientError("InvalidPermission.Duplicate", f'the specified rule "{described}" already exists')


def no_such_groups(group_ids: Iterable[str]) -> EC2ClientError:
    """Security groups that are not there (T: quoted in many public reports)."""
    names = list(group_ids)
    if len(names) == 1:
        return EC2ClientError("InvalidGroup.NotFound", f"The security group '{names[0]}' does not exist")
    return EC2ClientError("InvalidGroup.NotFound", f"The security groups '{', '.join(names)}' do not exist")


def duplicate_group(name: str, vpc_id: str) -> EC2ClientError:
    """A second security group of a name in one VPC (T: hashicorp/terraform#15428)."""
    return EC2ClientError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc_id}'")


def no_such_vpc(vpc_id: str) -> EC2ClientError:
    """A VPC that is not there (K)."""
    error = InvalidVPCIdError(vpc_id)  # moto's own code catches this class
    error.message = f"The vpc ID '{vpc_id}' does not exist"
    return error


def no_such_subnet(subnet_id: str) -> EC2ClientError:
    """A subnet that is not there."""
    return EC2ClientError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")


def invalid_filter(name: str) -> EC2ClientError:
    """A filter that the operation does not know (T: quoted in many public reports)."""
    return EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")


def invalid_token(token: str) -> EC2ClientError:
    """A NextToken that AWS did not give out (T: boto3#2673, of DescribeVpcs; others may word it otherwise)."""
    return EC2ClientError(
        "InvalidParameterValue", f"Value ( {token} ) for parameter NextToken is invalid. The token is invalid."
    )


def too_few_results(most: str) -> EC2ClientError:
    """MaxResults below what DescribeInstances takes (T: quoted in the sources of steampipe's AWS plugin)."""
    return EC2ClientError(
        "InvalidParameterValue",
        f"Value ( {most} ) for parameter maxResults is invalid. Expecting a value greater than 5.",
    )


def no_ports(protocol: str) -> EC2ClientError:
    """A rule for TCP, UDP or ICMP that lacks a port (T: cfn-lint#2999; before 2024 the same in other order)."""
    spoken = "ICMP" if protocol == "icmp" else "TCP/UDP"
    return EC2ClientError(
        "InvalidParameterValue", f"Invalid value for portRange. Must specify both from and to ports with {spoken}."
    )


def malformed_instance(instance_id: str) -> EC2ClientError:
    """An instance id that is none (T: quoted in many public reports)."""
    return EC2ClientError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')


def no_such_network_acl(acl_id: str) -> EC2ClientError:
    """A network ACL that is not there."""
    return EC2ClientError("InvalidNetworkAclID.NotFound", f"The networkAcl ID '{acl_id}' does not exist")


def no_such_entry() -> EC2ClientError:
    """A rule that the network ACL does not have (code D: EC2 error codes; the wording is unknown)."""
    return EC2ClientError("InvalidNetworkAclEntry.NotFound", "The specified network ACL entry does not exist.")


def no_such_association(association_id: str) -> EC2ClientError:
    """An association of a subnet that is not there (code D: EC2 error codes)."""
    return EC2ClientError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")


def default_network_acl(acl_id: str) -> EC2ClientError:
    """Deleting a VPC's default network ACL (code D: EC2 error codes; K)."""
    return EC2ClientError("InvalidParameterValue", f"cannot delete default network ACL {acl_id}")
