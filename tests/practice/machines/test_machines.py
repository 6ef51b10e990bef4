from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import httpx
import psutil
import pytest

from practice import machines
from practice.machines import Machine, MachineSettings


@pytest.fixture
def machine() -> Iterator[Machine]:
    yield machines.launch("i-0123456789abcdef0", "us-east-1a", "10.0.1.4")
    machines.reset()


def url(machine: Machine) -> str:
    host, port = machines.address(machine) or ("", 0)
    return f"http://{host}:{port}"


def configure(machine: Machine, **settings: object) -> None:
    machines.configure(machine, MachineSettings.model_validate(settings))


def test_it_says_what_arrived(machine: Machine) -> None:
    answer = httpx.post(f"{url(machine)}/a%2Fb/%C3%A9?x=1&x=2", content=b"h\xc3\xa9llo", headers={"X-One": "1"})
    seen = answer.json()
    assert answer.status_code == 200
    assert seen["instance_id"] == "i-0123456789abcdef0"
    assert seen["zone"] == "us-east-1a"
    assert seen["method"] == "POST"
    assert seen["path"] == "/a%2Fb/%C3%A9?x=1&x=2"
    assert seen["headers"]["X-One"] == "1"
    assert (seen["body"], seen["body_encoding"]) == ("héllo", "utf-8")


def test_binary_bodies_are_said_to_be_encoded(machine: Machine) -> None:
    seen = httpx.put(url(machine), content=b"\xff\x00").json()
    assert (seen["body"], seen["body_encoding"]) == ("/wA=", "base64")


def test_one_connection_for_many_requests(machine: Machine) -> None:
    with socket.create_connection(machines.address(machine) or ("", 0)) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200")


def test_head_and_bodyless_statuses_have_no_body(machine: Machine) -> None:
    configure(machine, status={"/none": 204})
    with httpx.Client(base_url=url(machine)) as browser:
        assert browser.head("/").content == b""
        assert browser.get("/none").status_code == 204
        assert browser.get("/").status_code == 200


def test_nonsense_is_a_bad_request(machine: Machine) -> None:
    with socket.create_connection(machines.address(machine) or ("", 0)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_status_by_path(machine: Machine) -> None:
    configure(machine, status={"/health": 503})
    assert httpx.get(f"{url(machine)}/health?verbose=1").status_code == 503
    assert httpx.get(f"{url(machine)}/other").status_code == 200
    configure(machine, status=500)
    assert httpx.get(f"{url(machine)}/other").status_code == 500


def test_a_delay_holds_up_only_those_who_wait(machine: Machine) -> None:
    configure(machine, delay={"/slow": 60, "/soon": 0.05})
    with contextlib.ExitStack() as stack:
        waiting = [
            stack.enter_context(socket.create_connection(machines.address(machine) or ("", 0))) for _ in range(8)
        ]
        for connection in waiting:
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert httpx.get(f"{url(machine)}/fast").status_code == 200
        assert httpx.get(f"{url(machine)}/soon").elapsed.total_seconds() >= 0.05
        readable, _, _ = select.select(waiting, [], [], 0)
        assert readable == []


def test_a_health_check_does_not_sit_a_delay_out(machine: Machine) -> None:
    configure(machine, delay=30)
    assert httpx.get(url(machine), headers={machines.NO_WAIT_HEADER: "1"}).status_code == 200


def test_virtual_hosts(machine: Machine) -> None:
    configure(machine, virtual_hosts=["Api.Example.com"])
    for host, status in [("api.example.com", 200), ("api.example.com:80", 200), ("other", 404), ("10.0.1.5:80", 200)]:
        assert httpx.get(url(machine), headers={"Host": host}).status_code == status


def test_not_listening_refuses_and_cuts(machine: Machine) -> None:
    where = url(machine)
    with httpx.Client(base_url=where) as browser:
        browser.get("/")
        configure(machine, listening=False)
        assert machines.address(machine) is None
        with pytest.raises(httpx.TransportError):
            browser.get("/")
    configure(machine)
    assert httpx.get(url(machine)).status_code == 200


def test_settings_that_cannot_be() -> None:
    for wrong in ({"port": 0}, {"status": 99}, {"delay": -1}, {"unknown": 1}):
        with pytest.raises(ValueError, match="validation error"):
            MachineSettings.model_validate(wrong)


def test_the_machines_end_with_the_account_however_it_ends() -> None:
    program = textwrap.dedent("""
        from practice import machines
        machine = machines.launch("i-0123456789abcdef0", "us-east-1a", "10.0.1.4")
        print(machines.address(machine)[1], flush=True)
        input()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as account:
        assert account.stdout is not None
        port = int(account.stdout.readline())
        (child,) = psutil.Process(account.pid).children()
        assert httpx.get(f"http://127.0.0.1:{port}").status_code == 200
        account.kill()
    child.wait(timeout=60)
