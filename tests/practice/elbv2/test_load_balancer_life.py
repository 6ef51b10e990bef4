from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from practice import elbv2


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def create(chain: Any, name: str = "front", **changes: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"Type": "network", "Scheme": "internal", "Subnets": chain.defaults["subnets"]}
    return chain.elb.create_load_balancer(Name=name, **settings | changes)["LoadBalancers"][0]


def state(chain: Any, arn: str) -> str:
    return chain.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"]


def free_addresses(chain: Any) -> list[int]:
    subnets = chain.ec2.describe_subnets(SubnetIds=chain.defaults["subnets"])["Subnets"]
    return [subnet["AvailableIpAddressCount"] for subnet in subnets]


def test_names_say_what_it_is(chain: Any) -> None:
    balancer = create(chain)
    identifier = balancer["LoadBalancerArn"].rsplit("/", 1)[1]
    assert f":loadbalancer/net/front/{identifier}" in balancer["LoadBalancerArn"]
    assert balancer["DNSName"] == f"front-{identifier}.elb.us-east-1.amazonaws.com"
    assert balancer["State"]["Code"] == "provisioning"


def test_it_takes_minutes_and_its_interfaces_come_with_it(chain: Any) -> None:
    before = free_addresses(chain)
    chain.load_balancer = create(chain)["LoadBalancerArn"]
    chain.clock.advance(60)
    assert state(chain, chain.load_balancer) == "provisioning"
    assert chain.interfaces() == []
    chain.clock.advance(60)
    assert state(chain, chain.load_balancer) == "active"
    interfaces = chain.interfaces()
    assert [each["SubnetId"] for each in interfaces] == chain.defaults["subnets"]
    for each in interfaces:
        assert each["RequesterManaged"] is True
        assert each["InterfaceType"] == "network_load_balancer"
        assert each["Status"] == "in-use"
        assert each["Groups"] == []
    assert free_addresses(chain) == [count - 1 for count in before]


def test_interfaces_go_some_time_after_the_load_balancer(chain: Any) -> None:
    before = free_addresses(chain)
    chain.load_balancer = create(chain)["LoadBalancerArn"]
    chain.clock.advance(120)
    chain.elb.delete_load_balancer(LoadBalancerArn=chain.load_balancer)
    assert chain.elb.describe_load_balancers()["LoadBalancers"] == []
    assert len(chain.interfaces()) == 2
    chain.clock.advance(60)
    assert chain.interfaces() == []
    assert free_addresses(chain) == before


def test_a_load_balancer_deleted_while_provisioning_leaves_nothing(chain: Any) -> None:
    before = free_addresses(chain)
    chain.load_balancer = create(chain)["LoadBalancerArn"]
    chain.elb.delete_load_balancer(LoadBalancerArn=chain.load_balancer)
    chain.clock.advance(600)
    assert chain.interfaces() == []
    assert free_addresses(chain) == before


def test_nobody_but_elastic_load_balancing_ends_its_interfaces(chain: Any) -> None:
    chain.load_balancer = create(chain)["LoadBalancerArn"]
    chain.clock.advance(120)
    interface = chain.interfaces()[0]["NetworkInterfaceId"]
    code, message = refusal(chain.ec2.delete_network_interface, NetworkInterfaceId=interface)
    assert (code, message) == (
        "InvalidParameterValue",
        f"Network interface '{interface}' is currently in use.",
    )
    assert refusal(chain.ec2.delete_subnet, SubnetId=chain.defaults["subnets"][0])[0] == "DependencyViolation"


def test_the_same_again_is_the_same_load_balancer(chain: Any) -> None:
    first = create(chain, Tags=[{"Key": "a", "Value": "b"}])
    assert create(chain, Tags=[{"Key": "a", "Value": "b"}])["LoadBalancerArn"] == first["LoadBalancerArn"]
    assert len(chain.elb.describe_load_balancers()["LoadBalancers"]) == 1


@pytest.mark.parametrize("change", [{"Subnets": 1}, {"Tags": [{"Key": "other", "Value": "tag"}]}])
def test_the_same_name_with_other_settings_is_refused(chain: Any, change: dict[str, Any]) -> None:
    create(chain)
    if "Subnets" in change:
        change = {"Subnets": chain.defaults["subnets"][:1]}
    with pytest.raises(ClientError, match="'front' exists, but with different settings") as caught:
        create(chain, **change)
    assert caught.value.response["Error"]["Code"] == "DuplicateLoadBalancerName"


@pytest.mark.parametrize("name", ["x" * 33, "under_score", "-begin", "end-", "internal-front"])
def test_names_that_cannot_be(chain: Any, name: str) -> None:
    with pytest.raises(ClientError, match="ValidationError") as caught:
        create(chain, name)
    assert name in caught.value.response["Error"]["Message"]


def test_one_subnet_a_zone(chain: Any) -> None:
    zone = chain.ec2.describe_subnets(SubnetIds=chain.defaults["subnets"])["Subnets"][0]["AvailabilityZone"]
    twin = chain.ec2.create_subnet(VpcId=chain.defaults["vpc"], CidrBlock="10.0.3.0/24", AvailabilityZone=zone)[
        "Subnet"
    ]["SubnetId"]
    code, _ = refusal(
        chain.elb.create_load_balancer,
        Name="front",
        Type="network",
        Scheme="internal",
        Subnets=[chain.defaults["subnets"][0], twin],
    )
    assert code == "InvalidConfigurationRequest"


def test_a_subnet_needs_eight_free_addresses(chain: Any) -> None:
    small = chain.ec2.create_subnet(
        VpcId=chain.defaults["vpc"], CidrBlock="10.0.3.0/28", AvailabilityZone="us-east-1c"
    )["Subnet"]["SubnetId"]
    for _ in range(4):
        chain.ec2.create_network_interface(SubnetId=small)
    code, message = refusal(
        chain.elb.create_load_balancer, Name="front", Type="network", Scheme="internal", Subnets=[small]
    )
    assert code == "InvalidSubnet"
    assert message.startswith(f"Not enough IP space available in {small}.")


def test_internet_facing_needs_an_internet_gateway(chain: Any) -> None:
    settings = {"Name": "front", "Type": "network", "Subnets": chain.defaults["subnets"]}
    code, message = refusal(chain.elb.create_load_balancer, **settings)
    assert (code, message) == ("InvalidSubnet", f"VPC {chain.defaults['vpc']} has no internet gateway")
    gateway = chain.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    chain.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=chain.defaults["vpc"])
    assert chain.elb.create_load_balancer(**settings)["LoadBalancers"][0]["Scheme"] == "internet-facing"


def test_an_address_can_be_asked_for(chain: Any) -> None:
    subnet = chain.defaults["subnets"][0]
    mappings = [{"SubnetId": subnet, "PrivateIPv4Address": "10.0.1.77"}]
    balancer = chain.elb.create_load_balancer(Name="front", Type="network", Scheme="internal", SubnetMappings=mappings)[
        "LoadBalancers"
    ][0]
    assert balancer["AvailabilityZones"][0]["LoadBalancerAddresses"] == [{"PrivateIPv4Address": "10.0.1.77"}]
    chain.load_balancer = balancer["LoadBalancerArn"]
    chain.clock.advance(120)
    assert [each["PrivateIpAddress"] for each in chain.interfaces()] == ["10.0.1.77"]


def test_deletion_protection(chain: Any) -> None:
    arn = create(chain)["LoadBalancerArn"]
    protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    chain.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protect)
    code, message = refusal(chain.elb.delete_load_balancer, LoadBalancerArn=arn)
    assert code == "OperationNotPermitted"
    assert message == f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"


def test_a_load_balancer_that_a_service_uses_stays(chain: Any) -> None:
    arn = create(chain)["LoadBalancerArn"]
    elbv2.associate(arn, "link")
    code, message = refusal(chain.elb.delete_load_balancer, LoadBalancerArn=arn)
    assert code == "ResourceInUse"
    assert message.endswith("cannot be deleted because it is currently associated with another service")
    elbv2.dissociate(arn, "somebody else")
    assert elbv2.association(arn) == "link"
    elbv2.dissociate(arn, "link", chain.clock.time() + 60)
    assert elbv2.association(arn) == "link"
    chain.clock.advance(60)
    assert elbv2.association(arn) is None
    chain.elb.delete_load_balancer(LoadBalancerArn=arn)


def test_deleting_what_is_not_there_succeeds(chain: Any) -> None:
    arn = create(chain)["LoadBalancerArn"]
    chain.elb.delete_load_balancer(LoadBalancerArn=arn)
    chain.elb.delete_load_balancer(LoadBalancerArn=arn)


def test_subnets_can_be_set(chain: Any) -> None:
    chain.load_balancer = create(chain, Subnets=chain.defaults["subnets"][:1])["LoadBalancerArn"]
    chain.clock.advance(120)
    answer = chain.elb.set_subnets(LoadBalancerArn=chain.load_balancer, Subnets=chain.defaults["subnets"])
    assert [zone["SubnetId"] for zone in answer["AvailabilityZones"]] == chain.defaults["subnets"]
    assert len(chain.interfaces()) == 2
    chain.elb.set_subnets(LoadBalancerArn=chain.load_balancer, Subnets=chain.defaults["subnets"][1:])
    assert [each["SubnetId"] for each in chain.interfaces()] == chain.defaults["subnets"][1:]


def test_subnets_that_cannot_be_set(chain: Any) -> None:
    first, second = chain.defaults["subnets"]
    arn = create(chain)["LoadBalancerArn"]
    zone = chain.ec2.describe_subnets(SubnetIds=[first])["Subnets"][0]["AvailabilityZone"]
    beside = chain.ec2.create_subnet(VpcId=chain.defaults["vpc"], CidrBlock="10.0.9.0/24", AvailabilityZone=zone)
    subnet = beside["Subnet"]["SubnetId"]
    code, words = refusal(chain.elb.set_subnets, LoadBalancerArn=arn, Subnets=[subnet, second])
    assert code == "InvalidConfigurationRequest"
    assert f"The Availability Zone '{zone}' corresponding to the new subnet '{subnet}' is already associated" in words
    elbv2.associate(arn, "link")
    assert refusal(chain.elb.set_subnets, LoadBalancerArn=arn, Subnets=[second])[0] == "InvalidConfigurationRequest"
    elbv2.dissociate(arn, "link")
    chain.elb.set_subnets(LoadBalancerArn=arn, Subnets=[second])
    chain.elb.set_subnets(LoadBalancerArn=arn, Subnets=[subnet, second])


def test_security_groups_only_where_there_was_one_from_the_beginning(chain: Any) -> None:
    group = chain.defaults["security_group"]
    without = create(chain, "without")["LoadBalancerArn"]
    assert "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic" not in create(chain, "without")
    code, _ = refusal(chain.elb.set_security_groups, LoadBalancerArn=without, SecurityGroups=[group])
    assert code == "InvalidConfigurationRequest"
    given = create(chain, "given", SecurityGroups=[group])
    assert given["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"
    answer = chain.elb.set_security_groups(
        LoadBalancerArn=given["LoadBalancerArn"],
        SecurityGroups=[group],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    assert answer["SecurityGroupIds"] == [group]
    assert answer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"


def test_listeners(chain: Any) -> None:
    chain.build()
    forward = [{"Type": "forward", "TargetGroupArn": chain.group}]
    again = chain.elb.create_listener(
        LoadBalancerArn=chain.load_balancer, Protocol="TCP", Port=80, DefaultActions=forward
    )
    assert again["Listeners"][0]["ListenerArn"] == chain.listener
    other = chain.elb.create_target_group(Name="other", Protocol="TCP", Port=81, VpcId=chain.defaults["vpc"])
    other_forward = [{"Type": "forward", "TargetGroupArn": other["TargetGroups"][0]["TargetGroupArn"]}]
    code, message = refusal(
        chain.elb.create_listener,
        LoadBalancerArn=chain.load_balancer,
        Protocol="TCP",
        Port=80,
        DefaultActions=other_forward,
    )
    assert code == "DuplicateListener"
    assert message == f"A listener already exists on this port for this load balancer '{chain.load_balancer}'"
    second = create(chain, "second")["LoadBalancerArn"]
    code, _ = refusal(
        chain.elb.create_listener, LoadBalancerArn=second, Protocol="TCP", Port=80, DefaultActions=forward
    )
    assert code == "TargetGroupAssociationLimit"
    assert refusal(chain.elb.delete_target_group, TargetGroupArn=chain.group)[0] == "ResourceInUse"
    chain.elb.delete_listener(ListenerArn=chain.listener)
    chain.elb.delete_target_group(TargetGroupArn=chain.group)


def test_a_group_forgets_a_deleted_load_balancer(chain: Any) -> None:
    chain.build()
    shown = chain.elb.describe_target_groups(TargetGroupArns=[chain.group])["TargetGroups"][0]
    assert shown["LoadBalancerArns"] == [chain.load_balancer]
    chain.elb.delete_load_balancer(LoadBalancerArn=chain.load_balancer)
    shown = chain.elb.describe_target_groups(TargetGroupArns=[chain.group])["TargetGroups"][0]
    assert shown["LoadBalancerArns"] == []
    assert chain.health() == ["unused Target.NotInUse"] * 2


def test_a_listener_becomes_one_of_tls(chain: Any) -> None:
    chain.build()
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    changed = chain.elb.modify_listener(
        ListenerArn=chain.listener, Protocol="TLS", Port=443, Certificates=[{"CertificateArn": arn}]
    )["Listeners"][0]
    assert (changed["Protocol"], changed["Port"]) == ("TLS", 443)
    assert [each["CertificateArn"] for each in changed["Certificates"]] == [arn]
    assert chain.elb.modify_listener(ListenerArn=chain.listener, Protocol="TCP")["Listeners"][0]["Protocol"] == "TCP"


def test_targets_may_leave_for_an_hour(chain: Any) -> None:
    chain.build()
    key = "deregistration_delay.timeout_seconds"
    chain.elb.modify_target_group_attributes(TargetGroupArn=chain.group, Attributes=[{"Key": key, "Value": "3600"}])
    found = chain.elb.describe_target_group_attributes(TargetGroupArn=chain.group)["Attributes"]
    assert {each["Key"]: each["Value"] for each in found}[key] == "3600"
    with pytest.raises(ClientError, match="3601"):
        chain.elb.modify_target_group_attributes(TargetGroupArn=chain.group, Attributes=[{"Key": key, "Value": "3601"}])
