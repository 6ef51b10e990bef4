"""A backend that does not end, drips, or answers out of turn costs neither time nor memory."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable

import httpx
import psutil
import pytest

from practice import machines
from practice.machines import MachineSettings

from .conftest import PROXY, Rig, Scripted, to

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMIT = 10 * 1024 * 1024
TIMEOUT = (504, "Endpoint request timed out")
NETWORK = (504, "Network error communicating with endpoint")
INTERNAL = (500, "Internal server error")


def forever(head: bytes, part: bytes, pause: float = 0.0) -> Callable[[socket.socket], None]:
    def talk(peer: socket.socket) -> None:
        peer.sendall(head)
        while True:
            peer.sendall(part)
            if pause:
                time.sleep(pause)

    return talk


def once(raw: bytes) -> Callable[[socket.socket], None]:
    return lambda peer: peer.sendall(raw)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MISBEHAVIOUR: dict[str, tuple[Callable[[socket.socket], None], tuple[int, str]]] = {
    "a body without an end": (forever(HEAD + b"\r\n", b"a" * 65536), INTERNAL),
    "chunks without an end": (forever(CHUNKED, b"10000\r\n" + b"a" * 65536 + b"\r\n"), INTERNAL),
    "one byte too many, announced": (once(HEAD + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1)), INTERNAL),
    "a length of a gigabyte": (once(HEAD + b"Content-Length: 1000000000\r\n\r\n"), INTERNAL),
    "headers without an end": (forever(HEAD, b"X: " + b"a" * 1000 + b"\r\n"), NETWORK),
    "a header line without an end": (forever(HEAD + b"X: ", b"a" * 1000), NETWORK),
    "trailers without an end": (forever(CHUNKED + b"0\r\n", b"X: " + b"a" * 1000 + b"\r\n"), NETWORK),
    "a chunk extension without an end": (forever(CHUNKED + b"5;", b"a" * 1000), NETWORK),
    "a head that drips": (forever(HEAD + b"X: ", b"a", 0.02), TIMEOUT),
    "a body that drips": (forever(HEAD + b"Content-Length: 9999\r\n\r\n", b"a", 0.02), TIMEOUT),
    "interim answers without an end": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), NETWORK),
    "interim answers that drip": (forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.05), TIMEOUT),
    "101": (once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), NETWORK),
    "a negative length": (once(HEAD + b"Content-Length: -5\r\n\r\nok"), NETWORK),
    "two lengths": (once(HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nokABC"), NETWORK),
    "a length of many digits": (once(HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"), NETWORK),
    "a chunk size that is none": (once(CHUNKED + b"zz\r\nabc\r\n"), NETWORK),
    "a negative chunk size": (once(CHUNKED + b"-5\r\nabc\r\n"), NETWORK),
    "a huge chunk size": (once(CHUNKED + b"f" * 40 + b"\r\nabc\r\n"), NETWORK),
    "no HTTP": (once(b"\x16\x03\x01\x02" * 20 + b"\r\n\r\n"), NETWORK),
    "HTTP/0.9": (once(b"hello\r\n\r\n"), NETWORK),
}


@pytest.mark.parametrize("kind", MISBEHAVIOUR)
def test_it_costs_its_caller_the_timeout_at_most(rig: Rig, scripted: Scripted, kind: str) -> None:
    script, expected = MISBEHAVIOUR[kind]
    api = rig.deploy({"/a": {"GET": to(scripted.url, timeoutInMillis=300)}})
    assert api.get("/a").status_code == 200
    scripted.script = script
    tracemalloc.start()
    began = time.monotonic()
    answer = api.get("/a")
    took = time.monotonic() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, answer.json()["message"]) == expected
    assert took < 10  # the timeout, and a busy computer
    assert peak < 4 * LIMIT
    scripted.answers(OK)
    for _ in range(3):
        assert api.get("/a").text == "ok"


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
        b"HTTP/1.1 102 Processing\r\n\r\n" + OK + b"POISON",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nPOISON",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nPOISON",
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_no_request_gets_the_answer_of_another(rig: Rig, scripted: Scripted, raw: bytes, late: bool) -> None:
    """Whatever a backend sends besides the answer is thrown away with the connection."""
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    sent = threading.Event()

    def script(peer: socket.socket) -> None:
        end = raw.find(b"POISON")
        if late and end >= 0:
            peer.sendall(raw[:end])
            time.sleep(0.05)
            peer.sendall(raw[end:])
        else:
            peer.sendall(raw)
        sent.set()

    scripted.script = script
    assert api.get("/a").text in {"ok", ""}
    assert sent.wait(10)
    scripted.answers(OK)
    for _ in range(3):
        answer = api.get("/a")
        assert (answer.status_code, answer.text) == (200, "ok")


def test_an_answer_of_exactly_the_limit_is_handed_on(rig: Rig, scripted: Scripted) -> None:
    scripted.answers(HEAD + b"Content-Length: %d\r\n\r\n" % LIMIT + b"a" * LIMIT)
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    assert len(api.get("/a").content) == LIMIT


def test_a_head_request_may_announce_what_is_too_long_to_send(rig: Rig, scripted: Scripted) -> None:
    scripted.answers(HEAD + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1))
    api = rig.deploy({"/a": {"HEAD": to(scripted.url)}})
    assert api.request("HEAD", "/a").status_code == 200


def test_the_log_says_how_long_the_answer_is(rig: Rig, scripted: Scripted) -> None:
    scripted.answers(HEAD + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1))
    api = rig.deploy({"/a": {"GET": to(scripted.url)}})
    api.get("/a")
    assert api.last_log()[-2] == (
        f"Execution failed due to configuration error: Integration response of reported length {LIMIT + 1} is larger "
        f"than allowed maximum of {LIMIT} bytes."
    )


# -- the machines


@pytest.fixture
def process() -> psutil.Process:
    child = machines._process._ensure()
    return psutil.Process(child.pid)


def test_a_hanging_process_of_the_machines_blocks_nobody_and_is_replaced(
    rig: Rig, process: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "_ANSWERS_WITHIN", 1.0)
    api = rig.deploy({"/{proxy+}": {"ANY": {**PROXY, "timeoutInMillis": 200}}})
    assert api.get("/x").status_code == 200
    instance = rig.defaults["instances"][0]
    os.kill(process.pid, signal.SIGSTOP)
    try:
        asking = threading.Thread(
            target=httpx.put,
            args=(f"{rig.url}/_practice/machines/{instance}",),
            kwargs={"json": {}, "headers": rig.control_headers, "timeout": 30},
        )
        asking.start()
        while not machines._process._lock.locked():
            time.sleep(0.001)
        began = time.monotonic()
        rig.client("ec2").describe_vpcs()
        httpx.get(f"{rig.url}/_practice", trust_env=False).raise_for_status()
        assert time.monotonic() - began < 0.9  # while that one waits
        assert asking.is_alive()
        asking.join(30)
    finally:
        if process.is_running():
            os.kill(process.pid, signal.SIGCONT)
    assert not process.is_running()
    assert api.get("/x").status_code == 200


def test_a_caller_who_waited_in_vain_has_the_process_looked_at(
    rig: Rig, process: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "_ANSWERS_WITHIN", 0.5)
    api = rig.deploy({"/{proxy+}": {"ANY": {**PROXY, "timeoutInMillis": 1000}}})
    assert api.get("/x").status_code == 200
    os.kill(process.pid, signal.SIGSTOP)
    assert api.get("/x").status_code == 504
    process.wait(30)
    assert api.get("/x").status_code == 200


def test_a_slow_machine_is_not_taken_for_a_hung_process(rig: Rig, process: psutil.Process) -> None:
    api = rig.deploy({"/{proxy+}": {"ANY": {**PROXY, "timeoutInMillis": 100}}})
    rig.configure_machines(delay={"/x": 60})
    try:
        assert api.get("/x").status_code == 504
        assert machines._checking.acquire(timeout=30)
        machines._checking.release()
    finally:
        rig.configure_machines()
    assert process.is_running()


def test_orders_to_a_process_that_never_answers_end_in_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(machines, "_ANSWERS_WITHIN", 0.2)
    own = machines._Process()
    monkeypatch.setattr(machines, "_PROGRAM", "-c")
    monkeypatch.setattr(machines.sys, "executable", "/bin/cat")
    monkeypatch.setattr(machines, "forget_ports", lambda: None)
    machine = machines.Machine("i-1", "a", "10.0.0.1")
    machine.settings = MachineSettings()
    with pytest.raises(OSError, match="does not answer"):
        own.ask({"do": "configure", "filler": "x" * 200_000})
    own.end()
