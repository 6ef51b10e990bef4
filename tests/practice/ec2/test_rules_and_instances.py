from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def rule(*cidrs: str, port: int = 80) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": cidr, "Description": f"from {cidr}"} for cidr in cidrs],
    }


@pytest.fixture
def ec2(client: Any) -> Any:
    return client("ec2")


def rules_of(ec2: Any, group: str) -> list[dict[str, Any]]:
    filters = [{"Name": "group-id", "Values": [group]}]
    found = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return [each for each in found if not each["IsEgress"]]


def test_every_answer_has_a_request_id_of_its_own(ec2: Any) -> None:
    ids = [ec2.describe_vpcs()["ResponseMetadata"]["RequestId"] for _ in range(2)]
    with pytest.raises(ClientError) as caught:
        ec2.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])
    refused = caught.value.response["ResponseMetadata"]
    ids.append(refused["RequestId"])
    assert [str(uuid.UUID(each)) for each in ids] == ids
    assert len(set(ids)) == 3
    assert refused["HTTPHeaders"]["x-amzn-requestid"] == refused["RequestId"]


def test_all_new_rules_are_in_the_answer_with_tags_and_descriptions(ec2: Any, defaults: dict[str, Any]) -> None:
    group = defaults["security_group"]
    tags = [{"Key": "stack", "Value": "demo"}]
    answer = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[rule("10.0.1.5/32"), rule("10.0.2.5/32", port=81)],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
    )["SecurityGroupRules"]
    assert [(each["CidrIpv4"], each["FromPort"]) for each in answer] == [("10.0.1.5/32", 80), ("10.0.2.5/32", 81)]
    shown = rules_of(ec2, group)
    assert [each["Description"] for each in shown] == ["from 10.0.1.5/32", "from 10.0.2.5/32"]
    assert all(each["Tags"] == tags for each in shown)
    by_tag = ec2.describe_security_group_rules(Filters=[{"Name": "tag:stack", "Values": ["demo"]}])
    assert len(by_tag["SecurityGroupRules"]) == 2
    ec2.revoke_security_group_ingress(
        GroupId=group, SecurityGroupRuleIds=[each["SecurityGroupRuleId"] for each in answer]
    )
    assert rules_of(ec2, group) == []
    leftovers = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["security-group-rule"]}])["Tags"]
    assert leftovers == []


def test_a_second_identical_rule_is_refused_and_nothing_else_added(ec2: Any, defaults: dict[str, Any]) -> None:
    group = defaults["security_group"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule("10.0.1.5/32")])
    code, message = refusal(
        ec2.authorize_security_group_ingress,
        GroupId=group,
        IpPermissions=[rule("10.0.9.9/32"), rule("10.0.1.5/32")],
    )
    assert code == "InvalidPermission.Duplicate"
    assert message == ('the specified rule "peer: 10.0.1.5/32, TCP, from port: 80, to port: 80, ALLOW" already exists')
    assert [each["CidrIpv4"] for each in rules_of(ec2, group)] == ["10.0.1.5/32"]


def test_revoking_what_is_not_there(ec2: Any, defaults: dict[str, Any]) -> None:
    group = defaults["security_group"]
    code, _ = refusal(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[rule("10.0.1.5/32")])
    assert code == "InvalidPermission.NotFound"


def test_security_groups_in_use_stay(ec2: Any, defaults: dict[str, Any]) -> None:
    used = defaults["security_group"]
    assert refusal(ec2.delete_security_group, GroupId=used) == (
        "DependencyViolation",
        f"resource {used} has a dependent object",
    )
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=defaults["vpc"])["GroupId"]
    pair = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": other}]}
    ec2.authorize_security_group_ingress(GroupId=used, IpPermissions=[pair])
    assert refusal(ec2.delete_security_group, GroupId=other)[0] == "DependencyViolation"
    ec2.revoke_security_group_ingress(GroupId=used, IpPermissions=[pair])
    ec2.delete_security_group(GroupId=other)
    assert refusal(ec2.describe_security_groups, GroupIds=[other]) == (
        "InvalidGroup.NotFound",
        f"The security group '{other}' does not exist",
    )


def test_the_default_group_and_network_acl_stay(ec2: Any, defaults: dict[str, Any]) -> None:
    mine = [{"Name": "vpc-id", "Values": [defaults["vpc"]]}]
    groups = ec2.describe_security_groups(Filters=[*mine, {"Name": "group-name", "Values": ["default"]}])
    assert refusal(ec2.delete_security_group, GroupId=groups["SecurityGroups"][0]["GroupId"])[0] == "CannotDelete"
    (acl,) = ec2.describe_network_acls(Filters=mine)["NetworkAcls"]
    with pytest.raises(ClientError):
        ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])


def test_vpcs_and_subnets_in_use_stay(ec2: Any, defaults: dict[str, Any]) -> None:
    subnet = defaults["subnets"][0]
    assert refusal(ec2.delete_subnet, SubnetId=subnet) == (
        "DependencyViolation",
        f"The subnet '{subnet}' has dependencies and cannot be deleted.",
    )
    assert refusal(ec2.delete_vpc, VpcId=defaults["vpc"])[0] == "DependencyViolation"
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    empty = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    assert refusal(ec2.delete_vpc, VpcId=vpc)[0] == "DependencyViolation"
    ec2.delete_subnet(SubnetId=empty)
    ec2.delete_vpc(VpcId=vpc)


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("describe_instances", {"InstanceIds": ["web"]}, "InvalidInstanceID.Malformed"),
        ("describe_instances", {"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceID.NotFound"),
        ("describe_subnets", {"SubnetIds": ["subnet-0123456789abcdef0"]}, "InvalidSubnetID.NotFound"),
        ("describe_vpcs", {"VpcIds": ["vpc-0123456789abcdef0"]}, "InvalidVpcID.NotFound"),
        ("describe_security_groups", {"GroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ("describe_network_acls", {"NetworkAclIds": ["acl-0123456789abcdef0"]}, "InvalidNetworkAclID.NotFound"),
        (
            "describe_network_interfaces",
            {"NetworkInterfaceIds": ["eni-0123456789abcdef0"]},
            "InvalidNetworkInterfaceID.NotFound",
        ),
    ],
)
def test_unknown_ids(ec2: Any, operation: str, parameters: dict[str, Any], code: str) -> None:
    assert refusal(getattr(ec2, operation), **parameters)[0] == code


def test_a_new_network_acl_denies_everything(ec2: Any, defaults: dict[str, Any]) -> None:
    made = ec2.create_network_acl(VpcId=defaults["vpc"])["NetworkAcl"]["NetworkAclId"]
    (shown,) = ec2.describe_network_acls(NetworkAclIds=[made])["NetworkAcls"]
    entries = {(each["RuleNumber"], each["Egress"], each["RuleAction"], each["Protocol"]) for each in shown["Entries"]}
    assert entries == {(32767, True, "deny", "-1"), (32767, False, "deny", "-1")}


def test_network_acl_entries_and_associations_that_are_not_there(ec2: Any, defaults: dict[str, Any]) -> None:
    acl = ec2.create_network_acl(VpcId=defaults["vpc"])["NetworkAcl"]["NetworkAclId"]
    missing = {"NetworkAclId": acl, "RuleNumber": 7, "Egress": False}
    assert refusal(ec2.delete_network_acl_entry, **missing)[0] == "InvalidNetworkAclEntry.NotFound"
    code, _ = refusal(ec2.replace_network_acl_association, AssociationId="aclassoc-0123456789abcdef0", NetworkAclId=acl)
    assert code == "InvalidAssociationID.NotFound"


def states(ec2: Any, instance: str) -> str:
    return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_an_instance_takes_its_time(account: Any, clock: Any, ec2: Any, defaults: dict[str, Any]) -> None:
    launched = ec2.run_instances(
        ImageId="ami-04681a1dbd79675a5", MinCount=1, MaxCount=1, SubnetId=defaults["subnets"][0]
    )["Instances"][0]["InstanceId"]
    seen = [states(ec2, launched)]
    for call, seconds in [
        (None, 20),
        (ec2.stop_instances, 0),
        (None, 30),
        (ec2.start_instances, 0),
        (None, 20),
        (ec2.terminate_instances, 0),
        (None, 30),
    ]:
        if call is not None:
            call(InstanceIds=[launched])
        clock.advance(seconds)
        seen.append(states(ec2, launched))
    assert seen == [
        "pending",
        "running",
        "stopping",
        "stopped",
        "pending",
        "running",
        "shutting-down",
        "terminated",
    ]
    assert httpx.get(f"{account.url}/_practice/machines/{launched}").status_code == 404
    gone = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [launched]}])
    assert gone["NetworkInterfaces"] == []


def test_interfaces_have_addresses_of_their_own(ec2: Any, defaults: dict[str, Any]) -> None:
    subnet = defaults["subnets"][0]
    made = [ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"] for _ in range(20)]
    addresses = {each["PrivateIpAddress"] for each in made}
    assert len(addresses) == 20
    before = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]
    ec2.delete_network_interface(NetworkInterfaceId=made[0]["NetworkInterfaceId"])
    after = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]
    assert after == before + 1


def test_an_address_that_was_asked_for_is_nobody_elses(ec2: Any, defaults: dict[str, Any]) -> None:
    subnet = defaults["subnets"][0]
    first = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    address = first["PrivateIpAddress"]
    code = "InvalidIPAddress.InUse"
    asked = {"SubnetId": subnet, "PrivateIpAddress": address}
    assert refusal(ec2.create_network_interface, **asked)[0] == code
    ec2.delete_network_interface(NetworkInterfaceId=first["NetworkInterfaceId"])
    ec2.create_network_interface(**asked)
    others = [ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"] for _ in range(3)]
    assert address not in {each["PrivateIpAddress"] for each in others}


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("requester-managed", ["false"], 2),
        ("status", ["in-use"], 2),
        ("interface-type", ["network_load_balancer"], 0),
        ("attachment.status", ["attached"], 2),
        ("private-ip-address", ["10.0.1.4"], 1),
    ],
)
def test_interfaces_are_found_by_filters(
    ec2: Any, defaults: dict[str, Any], name: str, values: list[str], found: int
) -> None:
    filters = [{"Name": "vpc-id", "Values": [defaults["vpc"]]}, {"Name": name, "Values": values}]
    assert len(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == found


# --- security groups of instances and interfaces ----------------------------------------------------------------------


def group_ids(ec2: Any, instance: str) -> tuple[set[str], set[str]]:
    """Those that the instance shows, and those of its interface."""
    (reservation,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    (shown,) = reservation["Instances"]
    filters = [{"Name": "attachment.instance-id", "Values": [instance]}]
    (interface,) = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    assert shown["NetworkInterfaces"][0]["Groups"] == interface["Groups"]
    return {each["GroupId"] for each in shown["SecurityGroups"]}, {each["GroupId"] for each in interface["Groups"]}


@pytest.fixture
def other(ec2: Any, defaults: dict[str, Any]) -> str:
    return ec2.create_security_group(GroupName="other", Description="other", VpcId=defaults["vpc"])["GroupId"]


def test_an_instances_groups_are_its_interfaces(ec2: Any, defaults: dict[str, Any], other: str) -> None:
    instance, group = defaults["instances"][0], defaults["security_group"]
    assert group_ids(ec2, instance) == ({group}, {group})
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[other])
    assert group_ids(ec2, instance) == ({other}, {other})
    found = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [other]}])["NetworkInterfaces"]
    assert [each["Attachment"]["InstanceId"] for each in found] == [instance]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=found[0]["NetworkInterfaceId"], Groups=[group, other])
    assert group_ids(ec2, instance) == ({group, other}, {group, other})


def test_groups_that_are_not_there_are_given_to_nothing(ec2: Any, defaults: dict[str, Any]) -> None:
    instance, group = defaults["instances"][0], defaults["security_group"]
    missing = ("InvalidGroup.NotFound", "The security group 'sg-0000000000000000a' does not exist")
    assert refusal(ec2.modify_instance_attribute, InstanceId=instance, Groups=["sg-0000000000000000a"]) == missing
    assert group_ids(ec2, instance) == ({group}, {group})


def test_a_group_that_an_interface_has_no_more_can_be_deleted(ec2: Any, defaults: dict[str, Any], other: str) -> None:
    for instance in defaults["instances"]:
        ec2.modify_instance_attribute(InstanceId=instance, Groups=[other])
    ec2.delete_security_group(GroupId=defaults["security_group"])
    assert refusal(ec2.delete_security_group, GroupId=other)[0] == "DependencyViolation"
