"""What drills behind the link build and rebuild: the load balancer, instances, subnets and their filters.

Everything is made in the drill's own VPC, so that :mod:`drills.clearing` finds it again.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Literal

from drills import service
from drills.bench import Bench
from runbook.record import as_list, from_list
from steps import load_balancer

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef, NetworkAclTypeDef

__all__ = [
    "add_subnet",
    "allow",
    "deny",
    "guard",
    "instances_named",
    "launch",
    "let_pass",
    "network_acl",
    "open_vpc",
    "replace_balancer",
    "replace_instance",
    "undeny",
    "vpc_range",
]

_THIRD_OCTETS = {"balancer": 3, "service": 13}
_FIRST_RULE, _RULES_APART = 100, 10


def vpc_range(bench: Bench) -> str:
    """The addresses of the VPC."""
    return bench.aws.ec2.describe_vpcs(VpcIds=[bench.service.vpc])["Vpcs"][0]["CidrBlock"]


# --- the load balancer ------------------------------------------------------------------------------------------------


def replace_balancer(bench: Bench, **settings: Any) -> None:
    """Make the load balancer anew with these settings, its listener and its link too, but no rules.

    Its addresses are others then. That is usual on AWS, and is made sure of here.
    """
    old, nodes, held = bench.balancer, bench.nodes, []
    bench.down("load-balancer")
    for node in nodes:
        made = bench.aws.ec2.create_network_interface(SubnetId=node.subnet, PrivateIpAddress=node.ip)
        held.append(made["NetworkInterface"]["NetworkInterfaceId"])
    bench.aws.elbv2.create_load_balancer(
        **{
            "Name": old.name,
            "Type": "network",
            "Scheme": "internal",
            "Subnets": list(old.subnets),
            "Tags": as_list(old.tags),
            **settings,
        }
    )
    bench.wait(lambda: bench.balancer.state == "active" or None, what="the load balancer to be active", usual=150.0)
    bench.up("nlb-addresses", "listener", "vpc-link", "stage-variables")
    for interface in held:
        bench.aws.ec2.delete_network_interface(NetworkInterfaceId=interface)


def guard(bench: Bench, port: int) -> str:
    """A security group for the load balancer that lets everybody in on this port."""
    name = load_balancer.name_of(bench.params.stack)
    ec2 = bench.aws.ec2
    here: list[FilterTypeDef] = [
        {"Name": "vpc-id", "Values": [bench.service.vpc]},
        {"Name": "group-name", "Values": [name]},
    ]
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=here)
    found = [item for page in pages for item in page["SecurityGroups"]]
    if found:  # from another time
        bench.shut_out(bench.rules(found[0]["GroupId"]), found[0]["GroupId"])
    group = (
        found[0]["GroupId"]
        if found
        else ec2.create_security_group(GroupName=name, Description="The load balancer's own", VpcId=bench.service.vpc)[
            "GroupId"
        ]
    )
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0"
    )
    return group


def open_vpc(bench: Bench) -> None:
    """Give the VPC an internet gateway, without which nothing in it can be internet-facing."""
    attached: list[FilterTypeDef] = [{"Name": "attachment.vpc-id", "Values": [bench.service.vpc]}]
    pages = bench.aws.ec2.get_paginator("describe_internet_gateways").paginate(Filters=attached)
    if not any(page["InternetGateways"] for page in pages):
        made = bench.aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        bench.aws.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=bench.service.vpc)


# --- instances and subnets --------------------------------------------------------------------------------------------


def add_subnet(bench: Bench, use: str, letter: str) -> str:
    """The subnet ``STACK-USE-LETTER`` in the zone of this letter; made when it is not there."""
    name, ec2 = f"{bench.params.stack}-{use}-{letter}", bench.aws.ec2
    here: list[FilterTypeDef] = [
        {"Name": "vpc-id", "Values": [bench.service.vpc]},
        {"Name": "tag:Name", "Values": [name]},
    ]
    pages = ec2.get_paginator("describe_subnets").paginate(Filters=here)
    if found := [item["SubnetId"] for page in pages for item in page["Subnets"]]:
        return found[0]
    zones = [item["ZoneName"] for item in ec2.describe_availability_zones()["AvailabilityZones"]]
    ranges = list(ipaddress.ip_network(vpc_range(bench)).subnets(new_prefix=24))
    return ec2.create_subnet(
        VpcId=bench.service.vpc,
        CidrBlock=str(ranges[_THIRD_OCTETS[use]]),
        AvailabilityZone=zones[ord(letter) - ord("a")],
        TagSpecifications=[{"ResourceType": "subnet", "Tags": as_list({"Name": name})}],
    )["Subnet"]["SubnetId"]


def instances_named(bench: Bench, name: str) -> list[str]:
    """The instances of this name in the VPC that are not terminated."""
    pages = bench.aws.ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "vpc-id", "Values": [bench.service.vpc]},
            {"Name": "tag:Name", "Values": [name]},
            {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
        ]
    )
    return [item["InstanceId"] for page in pages for each in page["Reservations"] for item in each["Instances"]]


def launch(bench: Bench, name: str, subnet: str) -> str:
    """Start another instance of the service there, and wait until it runs."""
    return _launch(bench, _described(bench, bench.instances[0]), {"Name": name}, subnet)


def replace_instance(bench: Bench, instance: str) -> None:
    """Terminate an instance of the service and start another in its place, which nobody registers."""
    old = _described(bench, instance)
    bench.deregister(instance)
    bench.aws.ec2.terminate_instances(InstanceIds=[instance])
    _launch(bench, old, from_list(old["Tags"]), old["SubnetId"])
    bench.service = service.ensure(bench.aws, bench.params.stack)


def _described(bench: Bench, instance: str) -> InstanceTypeDef:
    return bench.aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def _launch(bench: Bench, like: InstanceTypeDef, tags: dict[str, str], subnet: str) -> str:
    made = bench.aws.ec2.run_instances(
        ImageId=like["ImageId"],
        InstanceType=like["InstanceType"],
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group["GroupId"] for group in like["SecurityGroups"]],
        TagSpecifications=[{"ResourceType": "instance", "Tags": as_list(tags)}],
    )["Instances"][0]["InstanceId"]
    bench.wait(
        lambda: _described(bench, made)["State"]["Name"] == "running" or None, what="the instance to run", usual=60.0
    )
    bench.furnish(made)
    return made


# --- network ACLs -----------------------------------------------------------------------------------------------------


def network_acl(bench: Bench) -> str:
    """The network ACL of the instances' subnets, their own: one that lets nothing pass when it is new."""
    found = _acls_of(bench)
    if len(found) == 1 and not found[0]["IsDefault"]:
        return found[0]["NetworkAclId"]
    made = bench.aws.ec2.create_network_acl(VpcId=bench.service.vpc)["NetworkAcl"]["NetworkAclId"]
    for acl in found:
        for association in acl["Associations"]:
            if association["SubnetId"] in bench.service.instance_subnets:
                bench.aws.ec2.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=made
                )
    return made


def _acls_of(bench: Bench) -> list[NetworkAclTypeDef]:
    of_subnets: list[FilterTypeDef] = [
        {"Name": "association.subnet-id", "Values": list(bench.service.instance_subnets)}
    ]
    pages = bench.aws.ec2.get_paginator("describe_network_acls").paginate(Filters=of_subnets)
    return [acl for page in pages for acl in page["NetworkAcls"]]


def let_pass(bench: Bench, cidr: str, low: int, high: int | None = None, *, egress: bool = False) -> None:
    """Add a rule to the network ACL of the instances' subnets that lets TCP pass to these ports."""
    acl = network_acl(bench)
    (entries,) = (each["Entries"] for each in _acls_of(bench))
    taken = {entry["RuleNumber"] for entry in entries if entry["Egress"] is egress}
    number = next(n for n in range(_FIRST_RULE, _FIRST_RULE * _RULES_APART, _RULES_APART) if n not in taken)
    bench.aws.ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=number,
        Protocol="6",
        RuleAction="allow",
        Egress=egress,
        CidrBlock=cidr,
        PortRange={"From": low, "To": high or low},
    )


def deny(bench: Bench, cidr: str, number: int) -> None:
    """Add an entry that keeps all traffic of these addresses out, to the network ACL as it is."""
    _entry(bench, cidr, number, "deny")


def allow(bench: Bench, cidr: str, number: int) -> None:
    """Add an entry that lets all traffic of these addresses in, to the network ACL as it is."""
    _entry(bench, cidr, number, "allow")


def undeny(bench: Bench, number: int) -> None:
    """Take an inbound entry away."""
    (acl,) = _acls_of(bench)
    bench.aws.ec2.delete_network_acl_entry(NetworkAclId=acl["NetworkAclId"], RuleNumber=number, Egress=False)


def _entry(bench: Bench, cidr: str, number: int, action: Literal["allow", "deny"]) -> None:
    (acl,) = _acls_of(bench)
    bench.aws.ec2.create_network_acl_entry(
        NetworkAclId=acl["NetworkAclId"],
        RuleNumber=number,
        Protocol="-1",
        RuleAction=action,
        Egress=False,
        CidrBlock=cidr,
    )
