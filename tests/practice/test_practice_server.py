from __future__ import annotations

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from practice import ACCOUNT_ID, CREDENTIALS
from practice.clock import ManualClock, ScaledClock
from practice.server import Account, serve


def test_it_says_what_it_is(account: Account, clock: ManualClock) -> None:
    said = httpx.get(f"{account.url}/_practice").json()
    assert said["practice"] is True
    assert said["account_id"] == ACCOUNT_ID
    assert said["region"] == "us-east-1"
    assert said["time_scale"] is None
    assert said["clock"] == clock.now().isoformat()
    assert said["invoke_url"] == f"{account.url}/_aws/execute-api/{{api_id}}/{{stage}}"
    assert said["credentials"] == CREDENTIALS._asdict()
    assert [machine["instance_id"] for machine in said["machines"]] == said["defaults"]["instances"]


def test_everybody_is_the_operator(account: Account, client: Any) -> None:
    caller = client("sts").get_caller_identity()
    assert caller["Account"] == ACCOUNT_ID
    assert caller["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:user/operator"


def test_the_private_service_lets_nobody_in(client: Any, defaults: dict[str, Any]) -> None:
    ec2 = client("ec2")
    (group,) = ec2.describe_security_groups(GroupIds=[defaults["security_group"]])["SecurityGroups"]
    assert group["IpPermissions"] == []
    reservations = ec2.describe_instances(InstanceIds=defaults["instances"])["Reservations"]
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    assert [instance["State"]["Name"] for instance in instances] == ["running"] * 2
    assert [instance["SubnetId"] for instance in instances] == defaults["subnets"]
    assert len({instance["Placement"]["AvailabilityZone"] for instance in instances}) == 2
    assert {instance["VpcId"] for instance in instances} == {defaults["vpc"]}
    assert all(instance["SecurityGroups"][0]["GroupId"] == group["GroupId"] for instance in instances)
    assert all(tag["Key"] == "Name" for instance in instances for tag in instance["Tags"])
    (vpc,) = ec2.describe_vpcs(VpcIds=[defaults["vpc"]])["Vpcs"]
    assert vpc["IsDefault"] is False
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [defaults["vpc"]]}])["NetworkAcls"]
    assert acl["IsDefault"] is True
    assert sorted(each["SubnetId"] for each in acl["Associations"]) == sorted(defaults["subnets"])


def test_another_region_can_be_seeded(account: Account, client: Any, session: Any) -> None:
    assert httpx.get(f"{account.url}/_practice/regions/eu-west-1").status_code == 404
    headers = account.control_headers
    seeded = httpx.put(f"{account.url}/_practice/regions/eu-west-1", headers=headers).json()
    assert seeded == httpx.put(f"{account.url}/_practice/regions/eu-west-1", headers=headers).json()
    ec2 = session.client("ec2", endpoint_url=account.url, region_name="eu-west-1")
    assert ec2.describe_subnets(SubnetIds=seeded["subnets"])["Subnets"][0]["AvailabilityZone"] == "eu-west-1a"
    assert httpx.put(f"{account.url}/_practice/regions/moon-1", headers=headers).status_code == 400


def test_reset_makes_it_new(account: Account, client: Any, defaults: dict[str, Any]) -> None:
    client("elbv2").create_target_group(Name="left", Protocol="TCP", Port=80, VpcId=defaults["vpc"])
    fresh = httpx.post(f"{account.url}/_practice/reset", headers=account.control_headers).json()
    assert fresh["defaults"]["vpc"] != defaults["vpc"]
    assert client("elbv2").describe_target_groups()["TargetGroups"] == []


def test_machines_are_seen_and_set(account: Account, defaults: dict[str, Any]) -> None:
    url = f"{account.url}/_practice/machines/{defaults['instances'][0]}"
    owner = httpx.Client(headers=account.control_headers)
    assert owner.put(url, json={"port": 8080}).json()["settings"]["port"] == 8080
    assert owner.patch(url, json={"status": 500}).json()["settings"] == {
        "listening": True,
        "port": 8080,
        "status": {"*": 500},
        "delay": {},
        "virtual_hosts": None,
    }
    assert owner.put(url, json={}).json()["settings"]["port"] == 80
    wrong = owner.put(url, json={"port": 70000})
    assert (wrong.status_code, wrong.json()["message"].split(":")[0]) == (400, "port")
    assert owner.put(url, content="{").status_code == 400
    assert httpx.get(f"{account.url}/_practice/machines/i-none").status_code == 404


def test_unsigned_requests_are_told_what_this_is(account: Account) -> None:
    answer = httpx.get(account.url)
    assert answer.status_code == 403
    assert "/_practice" in answer.text
    # moto's own back door would empty the account behind our back.
    assert httpx.post(f"{account.url}/moto-api/reset").status_code == 403


def test_an_operation_that_nobody_implements_says_so(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        client("ec2").describe_address_transfers()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com"])
def test_only_the_loopback_unless_told_twice(host: str) -> None:
    with pytest.raises(ValueError, match="told twice"), serve(host=host):
        pass


def test_a_taken_port_is_an_error(account: Account) -> None:
    with pytest.raises(OSError, match="in use"), serve(int(account.url.rpartition(":")[2])):
        pass


def test_sixteen_control_plane_clients_at_once(account: Account, client: Any, defaults: dict[str, Any]) -> None:
    clients = [(client("ec2"), client("elbv2")) for _ in range(4)]

    def work(number: int) -> list[str]:
        ec2, elb = clients[number % len(clients)]
        made = []
        for round_ in range(4):
            name = f"tg-{number}-{round_}"
            arn = elb.create_target_group(Name=name, Protocol="TCP", Port=80, VpcId=defaults["vpc"])
            made.append(arn["TargetGroups"][0]["TargetGroupName"])
            ec2.describe_instances()
            group = ec2.create_security_group(GroupName=name, Description=name, VpcId=defaults["vpc"])["GroupId"]
            ec2.describe_security_groups()
            ec2.delete_security_group(GroupId=group)
            elb.describe_target_groups()
        return made

    with ThreadPoolExecutor(16) as pool:
        made = [name for names in pool.map(work, range(16)) for name in names]
    shown = client("elbv2").describe_target_groups()["TargetGroups"]
    assert sorted(group["TargetGroupName"] for group in shown) == sorted(made)


def test_a_client_that_dawdles_holds_up_nobody(account: Account, client: Any) -> None:
    host, port = account.url.removeprefix("http://").split(":")
    head = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ec2/aws4_request, S=h\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(head.encode() + b"Action=Desc")
        assert client("ec2").describe_vpcs()["Vpcs"]


def test_idle_time_counts_requests_not_looks(account: Account, client: Any) -> None:
    account.last_request -= 100
    httpx.get(f"{account.url}/_practice")
    assert account.idle_seconds >= 100
    client("sts").get_caller_identity()
    assert account.idle_seconds < 100


def test_130_requests_in_flight_delay_nobody(account: Account, client: Any) -> None:
    host, port = account.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        for _ in range(130):
            connection = stack.enter_context(socket.create_connection((host, int(port))))
            # A request whose body does not come keeps its thread.
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        assert client("ec2").describe_vpcs()["Vpcs"]


def test_a_scaled_account_moves_by_itself() -> None:
    with serve(clock=ScaledClock(36000)) as account:
        assert httpx.get(f"{account.url}/_practice").json()["time_scale"] == 36000


def test_no_web_page_may_read_its_answers(client: Any) -> None:
    answer = client("sts").get_caller_identity()
    assert "access-control-allow-origin" not in answer["ResponseMetadata"]["HTTPHeaders"]


def test_no_web_page_turns_the_knobs(account: Account) -> None:
    url = f"{account.url}/_practice"
    for origin in ("https://example.com", account.url, "null"):
        headers = {"Origin": origin} | account.control_headers
        assert httpx.post(f"{url}/reset", headers=headers).status_code == 403
        assert httpx.get(url, headers=headers).status_code == 403
