from __future__ import annotations

from typing import Any

import httpx
import pytest

from practice.network import Backend, Source, Unreachable


@pytest.fixture
def healthy(chain: Any) -> Any:
    """The chain with both nodes let in and both targets healthy."""
    chain.build()
    chain.let_in(*chain.ips)
    chain.clock.advance(60)
    assert chain.health() == ["healthy"] * 2
    return chain


def broken_at(answer: Any) -> str:
    assert isinstance(answer, Unreachable), answer
    return answer.hop


def served_by(chain: Any, flows: int = 8) -> set[str]:
    answers = [chain.connect() for _ in range(flows)]
    assert all(isinstance(answer, Backend) for answer in answers), answers
    return {answer.instance_id for answer in answers}


def test_flows_spread_over_the_healthy_targets(healthy: Any) -> None:
    assert served_by(healthy) == set(healthy.defaults["instances"])


def test_a_flow_ends_at_a_real_server(healthy: Any) -> None:
    end = healthy.connect()
    answer = httpx.get(f"http://{end.host}:{end.port}/a%2Fb?c=d", headers={"Host": "front"}).json()
    assert answer["instance_id"] == end.instance_id
    assert answer["path"] == "/a%2Fb?c=d"
    assert answer["headers"]["Host"] == "front"
    assert end.node_ip in healthy.ips


def test_without_cross_zone_a_node_keeps_to_its_zone(healthy: Any) -> None:
    zones = {end.node_ip: end.zone for end in (healthy.connect() for _ in range(8))}
    assert zones == dict(zip(healthy.ips, ["us-east-1a", "us-east-1b"], strict=True))


def test_unhealthy_targets_get_nothing(healthy: Any) -> None:
    healthy.machine(0, status=500)
    healthy.clock.advance(30)
    assert served_by(healthy) == {healthy.defaults["instances"][1]}


def test_all_unhealthy_fails_open(healthy: Any) -> None:
    for index in range(2):
        healthy.machine(index, status={"/health": 500})
    healthy.clock.advance(30)
    assert healthy.health() == ["unhealthy Target.FailedHealthChecks"] * 2
    assert served_by(healthy) == set(healthy.defaults["instances"])


def test_nobody_let_in(chain: Any) -> None:
    chain.build()
    answer = chain.connect()
    assert broken_at(answer) == "security-group"
    assert chain.ips[0] in answer.reason or chain.ips[1] in answer.reason


def test_a_rule_on_another_port_does_not_help(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips, port=81)
    assert broken_at(chain.connect()) == "security-group"


def test_the_clients_address_does_not_count_through_private_link(chain: Any) -> None:
    chain.build()
    chain.let_in("10.0.99.99")
    assert broken_at(chain.connect()) == "security-group"


@pytest.mark.parametrize("fault", [{"listening": False}, {"port": 8080}])
def test_nothing_listens(healthy: Any, fault: dict[str, Any]) -> None:
    for index in range(2):
        healthy.machine(index, **fault)
    assert broken_at(healthy.connect()) == "backend"


def test_stopped_instances_are_not_used(healthy: Any) -> None:
    healthy.ec2.stop_instances(InstanceIds=healthy.defaults["instances"])
    healthy.clock.advance(60)
    assert broken_at(healthy.connect()) == "targets"


def test_a_stopped_instance_does_not_answer_even_by_a_kept_connection(healthy: Any) -> None:
    end = healthy.connect()
    with httpx.Client(base_url=f"http://{end.host}:{end.port}") as browser:
        assert browser.get("/").status_code == 200
        healthy.ec2.stop_instances(InstanceIds=[end.instance_id])
        with pytest.raises(httpx.TransportError):
            browser.get("/")


def test_no_listener_on_the_port(healthy: Any) -> None:
    assert broken_at(healthy.connect(8080)) == "listener"


def test_still_provisioning(chain: Any) -> None:
    chain.load_balancer = chain.elb.create_load_balancer(
        Name="front", Type="network", Scheme="internal", Subnets=chain.defaults["subnets"]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    assert broken_at(chain.connect()) == "load-balancer"


def test_gone(healthy: Any) -> None:
    healthy.elb.delete_load_balancer(LoadBalancerArn=healthy.load_balancer)
    assert broken_at(healthy.connect()) == "load-balancer"


def test_an_empty_group(healthy: Any) -> None:
    targets = [{"Id": instance} for instance in healthy.defaults["instances"]]
    healthy.elb.deregister_targets(TargetGroupArn=healthy.group, Targets=targets)
    assert broken_at(healthy.connect()) == "targets"


def own_security_group(chain: Any, *, enforce: str, rules: list[dict[str, Any]]) -> None:
    """A load balancer with a security group of its own, in front of the service."""
    chain.build()
    group = chain.ec2.create_security_group(GroupName="front", Description="front", VpcId=chain.defaults["vpc"])
    if rules:
        chain.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)
    chain.elb.delete_load_balancer(LoadBalancerArn=chain.load_balancer)
    chain.load_balancer = chain.elb.create_load_balancer(
        Name="guarded",
        Type="network",
        Scheme="internal",
        Subnets=chain.defaults["subnets"],
        SecurityGroups=[group["GroupId"]],
    )["LoadBalancers"][0]["LoadBalancerArn"]
    chain.elb.set_security_groups(
        LoadBalancerArn=chain.load_balancer,
        SecurityGroups=[group["GroupId"]],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic=enforce,
    )
    chain.elb.create_listener(
        LoadBalancerArn=chain.load_balancer,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": chain.group}],
    )
    # The service lets the load balancer's group in: no address is needed then.
    chain.ec2.authorize_security_group_ingress(
        GroupId=chain.defaults["security_group"],
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 80,
                "UserIdGroupPairs": [{"GroupId": group["GroupId"]}],
            }
        ],
    )
    chain.clock.advance(180)
    assert [interface["Groups"][0]["GroupId"] for interface in chain.interfaces()] == [group["GroupId"]] * 2
    assert chain.health() == ["healthy"] * 2


def open_to(cidr: str) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": cidr}]}]


def test_a_load_balancers_own_group_is_enforced_on_private_link(chain: Any) -> None:
    own_security_group(chain, enforce="on", rules=open_to("10.0.0.0/16"))
    assert broken_at(chain.connect()) == "security-group"
    assert isinstance(chain.connect(source=Source("10.0.7.7")), Backend)
    assert broken_at(chain.connect(source=Source("192.168.0.1"))) == "security-group"


def test_it_can_be_told_not_to_be(chain: Any) -> None:
    own_security_group(chain, enforce="off", rules=[])
    assert isinstance(chain.connect(), Backend)
    assert broken_at(chain.connect(source=Source("10.0.7.7"))) == "security-group"


def test_a_rule_for_everybody_lets_private_link_in(chain: Any) -> None:
    own_security_group(chain, enforce="on", rules=open_to("0.0.0.0/0"))
    assert isinstance(chain.connect(), Backend)


def close_subnet(chain: Any, index: int, *entries: dict[str, Any]) -> None:
    """Give a subnet a network ACL of its own, which lets nothing through but ``entries``."""
    acl = chain.ec2.create_network_acl(VpcId=chain.defaults["vpc"])["NetworkAcl"]["NetworkAclId"]
    for number, entry in enumerate(entries, start=1):
        chain.ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=number, Protocol="6", RuleAction="allow", CidrBlock="0.0.0.0/0", **entry
        )
    subnet = chain.defaults["subnets"][index]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (present,) = chain.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    (association,) = [each for each in present["Associations"] if each["SubnetId"] == subnet]
    chain.ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)


def cross_zone(chain: Any) -> None:
    attributes = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    chain.elb.modify_load_balancer_attributes(LoadBalancerArn=chain.load_balancer, Attributes=attributes)


def test_network_acls_do_not_concern_traffic_within_a_subnet(healthy: Any) -> None:
    for index in range(2):
        close_subnet(healthy, index)
    healthy.clock.advance(60)
    assert served_by(healthy) == set(healthy.defaults["instances"])


def test_network_acls_judge_what_crosses_subnets_both_ways(healthy: Any) -> None:
    cross_zone(healthy)
    first = healthy.defaults["instances"][0]
    healthy.elb.deregister_targets(TargetGroupArn=healthy.group, Targets=[{"Id": first}])
    healthy.elb.set_subnets(LoadBalancerArn=healthy.load_balancer, Subnets=healthy.defaults["subnets"][:1])
    second = healthy.defaults["instances"][1]
    # One node, in the first subnet; one target, in the second, whose zone is not enabled any more.
    assert broken_at(healthy.connect()) == "targets"
    healthy.elb.set_subnets(LoadBalancerArn=healthy.load_balancer, Subnets=healthy.defaults["subnets"])
    healthy.let_in(*{each["PrivateIpAddress"] for each in healthy.interfaces()} - set(healthy.ips))
    healthy.clock.advance(120)
    assert served_by(healthy) == {second}

    close_subnet(healthy, 1, {"Egress": False, "PortRange": {"From": 80, "To": 80}})
    answers = {broken_at(answer) for answer in (healthy.connect() for _ in range(8)) if not isinstance(answer, Backend)}
    assert answers == {"network-acl"}

    close_subnet(
        healthy,
        1,
        {"Egress": False, "PortRange": {"From": 80, "To": 80}},
        {"Egress": True, "PortRange": {"From": 1024, "To": 65535}},
    )
    assert served_by(healthy) == {second}


def test_a_user_s_own_service_stands_in(account: Any, chain: Any) -> None:
    from practice import machines

    chain.build()
    chain.let_in(*chain.ips)
    machine = machines.get(chain.defaults["instances"][0])
    assert machine is not None
    host, port = machines.address(machine) or ("", 0)
    machines.use_stand_in(f"http://{host}:{port}")
    try:
        assert {(end.host, end.port) for end in (chain.connect() for _ in range(4))} == {(host, port)}
    finally:
        machines.use_stand_in(None)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "http://example.com", "http://10.0.0.1:80", "http://127.0.0.1/x"]
)
def test_nothing_is_forwarded_outside_the_loopback(url: str) -> None:
    from practice import machines

    with pytest.raises(ValueError, match=r"http://127\.0\.0\.1:PORT"):
        machines.use_stand_in(url)
