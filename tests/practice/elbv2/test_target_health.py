from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from practice import machines


def wait_healthy(chain: Any) -> None:
    chain.clock.advance(60)
    assert chain.health() == ["healthy"] * 2


def test_from_registration_to_health(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    another = chain.defaults["instances"][0]
    chain.elb.register_targets(TargetGroupArn=chain.group, Targets=[{"Id": another, "Port": 81}])
    (seen,) = chain.elb.describe_target_health(TargetGroupArn=chain.group, Targets=[{"Id": another, "Port": 81}])[
        "TargetHealthDescriptions"
    ]
    assert seen["TargetHealth"] == {
        "State": "initial",
        "Reason": "Elb.RegistrationInProgress",
        "Description": "Target registration is in progress",
    }
    assert seen["HealthCheckPort"] == "81"
    wait = 30
    chain.clock.advance(wait)
    assert (
        chain.elb.describe_target_health(TargetGroupArn=chain.group, Targets=[{"Id": another, "Port": 81}])[
            "TargetHealthDescriptions"
        ][0]["TargetHealth"]["Reason"]
        == "Elb.InitialHealthChecking"
    )


def test_healthy_after_as_many_checks_as_the_threshold_says(chain: Any) -> None:
    chain.build(HealthyThresholdCount=3)
    chain.let_in(*chain.ips)
    # Checks began when the load balancer became active; the first ones failed.
    chain.clock.advance(10)
    chain.health()
    chain.clock.advance(10)
    assert "healthy" not in chain.health()
    chain.clock.advance(10)
    assert chain.health() == ["healthy"] * 2


def test_nobody_let_in_is_unhealthy(chain: Any) -> None:
    chain.build()
    chain.clock.advance(30)
    assert chain.health() == ["unhealthy Target.FailedHealthChecks"] * 2


def test_each_node_needs_its_own_rule(chain: Any) -> None:
    chain.build()
    chain.let_in(chain.ips[0])
    chain.clock.advance(60)
    assert chain.health() == ["healthy", "unhealthy Target.FailedHealthChecks"]


def test_the_past_is_judged_as_it_was(chain: Any) -> None:
    """A fault that begins now does not count for the checks before it, though nobody looked."""
    chain.build()
    chain.let_in(*chain.ips)
    wait_healthy(chain)
    chain.clock.advance(3600)
    chain.machine(0, status={"/health": 500})
    chain.clock.advance(9.9)
    assert chain.health() == ["healthy"] * 2
    chain.clock.advance(10.2)
    assert chain.health() == ["unhealthy Target.FailedHealthChecks", "healthy"]
    chain.machine(0, status={})
    chain.clock.advance(9.5)
    chain.health()
    chain.clock.advance(10.5)
    assert chain.health() == ["healthy"] * 2


@pytest.mark.parametrize(
    "fault", [{"listening": False}, {"port": 8080}, {"status": 404}, {"delay": 7.0}, {"status": {"/health": 503}}]
)
def test_what_makes_a_machine_unhealthy(chain: Any, fault: dict[str, Any]) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    wait_healthy(chain)
    chain.machine(0, **fault)
    chain.clock.advance(30)
    assert chain.health() == ["unhealthy Target.FailedHealthChecks", "healthy"]


@pytest.mark.parametrize("harmless", [{"status": {"/other": 500}}, {"delay": 3.0}, {"status": {"/health": 302}}])
def test_what_does_not(chain: Any, harmless: dict[str, Any]) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    wait_healthy(chain)
    chain.machine(0, **harmless)
    chain.clock.advance(60)
    assert chain.health() == ["healthy"] * 2


def test_a_machine_that_knows_its_hosts_is_healthy_by_address(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    chain.machine(0, virtual_hosts=["api.example.com"])
    wait_healthy(chain)


def test_a_health_check_port_of_its_own(chain: Any) -> None:
    chain.build(HealthCheckPort="8080")
    chain.let_in(*chain.ips)
    chain.clock.advance(60)
    assert chain.health() == ["unhealthy Target.FailedHealthChecks"] * 2
    chain.let_in(*chain.ips, port=8080)
    chain.machine(0, port=8080)
    chain.clock.advance(60)
    assert chain.health() == ["healthy", "unhealthy Target.FailedHealthChecks"]


def test_tcp_checks_are_the_default(chain: Any) -> None:
    group = chain.elb.create_target_group(Name="plain", Protocol="TCP", Port=80, VpcId=chain.defaults["vpc"])
    shown = group["TargetGroups"][0]
    assert shown["HealthCheckProtocol"] == "TCP"
    assert "Matcher" not in shown
    assert "HealthCheckPath" not in shown
    assert (shown["HealthyThresholdCount"], shown["HealthCheckTimeoutSeconds"]) == (5, 10)


def test_a_stopped_instance_is_not_used(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    wait_healthy(chain)
    first = chain.defaults["instances"][0]
    chain.ec2.stop_instances(InstanceIds=[first])
    chain.clock.advance(60)
    assert chain.health() == ["unused Target.InvalidState", "healthy"]
    chain.ec2.start_instances(InstanceIds=[first])
    chain.clock.advance(60)
    assert chain.health() == ["healthy"] * 2


def test_only_running_instances_of_the_vpc_can_be_registered(chain: Any) -> None:
    chain.build()

    def refused(target: str) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            chain.elb.register_targets(TargetGroupArn=chain.group, Targets=[{"Id": target}])
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    assert refused("web-1") == ("ValidationError", "Instance ID 'web-1' is not valid")
    unknown = "i-0123456789abcdef0"
    assert refused(unknown) == ("InvalidTarget", f"The following instances do not exist: '{unknown}'")
    elsewhere = chain.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    assert refused(elsewhere)[1].startswith("The following targets are not in a running state")
    chain.clock.advance(60)
    assert refused(elsewhere)[0] == "InvalidTarget"


def test_draining(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    wait_healthy(chain)
    first = chain.defaults["instances"][0]
    chain.elb.deregister_targets(TargetGroupArn=chain.group, Targets=[{"Id": first}])
    assert chain.health() == ["draining Target.DeregistrationInProgress", "healthy"]
    chain.clock.advance(300)
    assert chain.health() == ["healthy"]
    (asked,) = chain.elb.describe_target_health(TargetGroupArn=chain.group, Targets=[{"Id": first}])[
        "TargetHealthDescriptions"
    ]
    assert asked["TargetHealth"]["Reason"] == "Target.NotRegistered"
    chain.elb.deregister_targets(TargetGroupArn=chain.group, Targets=[{"Id": first}])


def test_a_zone_that_is_not_enabled(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    chain.elb.set_subnets(LoadBalancerArn=chain.load_balancer, Subnets=chain.defaults["subnets"][:1])
    chain.clock.advance(60)
    assert chain.health() == ["healthy", "unused Target.NotInUse"]


def test_a_change_of_the_check(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    chain.machine(0, status={"/wrong": 404})
    chain.machine(1, status={"/wrong": 404})
    wait_healthy(chain)
    changed = chain.elb.modify_target_group(TargetGroupArn=chain.group, HealthCheckPath="/wrong")["TargetGroups"][0]
    assert changed["HealthCheckPath"] == "/wrong"
    chain.clock.advance(30)
    assert chain.health() == ["unhealthy Target.FailedHealthChecks"] * 2
    chain.elb.modify_target_group(TargetGroupArn=chain.group, Matcher={"HttpCode": "200-499"})
    chain.clock.advance(30)
    assert chain.health() == ["healthy"] * 2


def test_a_service_of_the_users_own_that_hangs_is_unhealthy_and_delays_no_other_call(chain: Any) -> None:
    chain.build()
    chain.let_in(*chain.ips)
    wait_healthy(chain)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        machines.use_stand_in(f"http://127.0.0.1:{hanging.getsockname()[1]}")
        try:
            chain.clock.advance(30)
            # This call finds checks due, and does not sit them out: they hang until the server below ends them.
            assert chain.ec2.describe_vpcs()["Vpcs"]
            begun = [hanging.accept()[0] for _ in range(2)]
            assert chain.ec2.describe_vpcs()["Vpcs"]
            for connection in begun:
                connection.close()
            chain.clock.advance(30)
            hanging.close()
            assert chain.health() == ["unhealthy Target.FailedHealthChecks"] * 2
        finally:
            machines.use_stand_in(None)
