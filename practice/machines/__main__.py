"""The process of the machines: one small HTTP/1.1 server an instance, on loopback ports of the system's choice.

It is told what to do over its standard input, one JSON object a line, and answers each with one line. The end of the
input ends it: so it cannot outlive the practice account, however that ends.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import json
import signal
import sys
from collections.abc import Sequence
from email.utils import formatdate
from typing import Any, cast

import h11
from typing_extensions import override

# A health check asks for the answer without the wait: whether the answer would come in time is judged from the
# settings, and nobody has to sit it out.
NO_WAIT = b"x-practice-no-wait"


class Machine:
    """The service of one instance."""

    def __init__(self, instance_id: str, zone: str, private_ip: str) -> None:
        self.instance_id, self.zone, self.private_ip = instance_id, zone, private_ip
        self.settings: dict[str, Any] = {}
        self.server: asyncio.Server | None = None
        self.connections: set[Connection] = set()
        self.port = 0

    async def listen(self) -> None:
        """Accept connections, if that is not done already."""
        if self.server is None:
            loop = asyncio.get_running_loop()
            # The same port again after a stop, where the system still has it.
            try:
                self.server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, backlog=512)
            except OSError:
                self.server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=512)
            self.port = self.server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Accept none any more, and cut those there are."""
        if self.server is not None:
            self.server.close()
            self.server = None
        for connection in list(self.connections):
            connection.abort()

    def _status_of(self, path: str) -> int:
        by_path = self.settings.get("status") or {}
        return int(by_path.get(path, by_path.get("*", 200)))

    def delay_of(self, path: str) -> float:
        """Seconds to wait before answering."""
        by_path = self.settings.get("delay") or {}
        return float(by_path.get(path, by_path.get("*", 0.0)))

    def _knows_host(self, host: str) -> bool:
        known = self.settings.get("virtual_hosts")
        if known is None:
            return True
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and ":" in host else host
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(name.strip("[]"))
            return True
        return name.lower() in {entry.lower() for entry in known}

    def answer(self, request: h11.Request, body: bytes) -> tuple[int, bytes]:
        """The status and the JSON that says what arrived."""
        target = request.target.decode("latin-1")
        headers: dict[str, str] = {}
        host = ""
        for name, value in request.headers.raw_items():
            key, text = name.decode("latin-1"), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
            if name.lower() == b"host":
                host = text
        if not self._knows_host(host):
            return 404, json.dumps(
                {"instance_id": self.instance_id, "message": "no site of this name here", "host": host}
            ).encode()
        try:
            text, encoding = body.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(body).decode("ascii"), "base64"
        answer = {
            "instance_id": self.instance_id,
            "zone": self.zone,
            "private_ip": self.private_ip,
            "method": request.method.decode("ascii"),
            "path": target,
            "headers": headers,
            "body": text,
            "body_encoding": encoding,
        }
        return self._status_of(target.partition("?")[0]), json.dumps(answer, ensure_ascii=False).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
        self.request: h11.Request | None = None
        self.body: list[bytes] = []
        self.pending: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.machine.connections.add(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.machine.connections.discard(self)
        if self.pending:
            self.pending.cancel()

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    @override
    def data_received(self, data: bytes) -> None:
        self.http.receive_data(data)
        self._advance()

    def _advance(self) -> None:
        """Read on until a whole request is there, the input is used up, or an answer is due."""
        while self.pending is None:
            try:
                event = self.http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error)
                return
            if event is h11.NEED_DATA or event is h11.PAUSED:
                if self.http.they_are_waiting_for_100_continue:
                    self.transport.write(self._send(h11.InformationalResponse(status_code=100, headers=[])))
                return
            if isinstance(event, h11.Request):
                self.request, self.body = event, []
            elif isinstance(event, h11.Data):
                self.body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._respond()
            elif isinstance(event, h11.ConnectionClosed):
                self.transport.close()
                return

    def _send(self, event: h11.Event) -> bytes:
        return self.http.send(event) or b""

    def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self.http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._write(error.error_status_hint, b'{"message":"bad request"}')
        self.transport.close()

    def _respond(self) -> None:
        request = cast("h11.Request", self.request)
        status, body = self.machine.answer(request, b"".join(self.body))
        path = request.target.decode("latin-1").partition("?")[0]
        delay = self.machine.delay_of(path)
        if delay and not any(name == NO_WAIT for name, _ in request.headers):
            loop = asyncio.get_running_loop()
            self.pending = loop.call_later(delay, self._finish, status, body)
        else:
            self._finish(status, body, resume=False)

    def _finish(self, status: int, body: bytes, *, resume: bool = True) -> None:
        self.pending = None
        self._write(status, body)
        if self.http.our_state is h11.MUST_CLOSE:
            self.transport.close()
            return
        self.http.start_next_cycle()
        if resume:
            self._advance()

    def _write(self, status: int, body: bytes) -> None:
        headers = [
            (b"Date", formatdate(usegmt=True).encode()),
            (b"Server", b"practice-machine"),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", str(len(body)).encode()),
        ]
        bodyless = status in {204, 304}
        head = self.request is not None and self.request.method == b"HEAD"
        if bodyless:
            headers = [pair for pair in headers if pair[0] not in {b"Content-Length", b"Content-Type"}]
        out = self._send(h11.Response(status_code=status, headers=headers))
        if not bodyless and not head:
            out += self._send(h11.Data(data=body))
        out += self._send(h11.EndOfMessage())
        self.transport.write(out)


class Machines:
    """All machines, by instance id."""

    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order and answer with the port the machine listens on (0: it does not)."""
        if order["do"] == "ping":
            return {}
        instance_id = order["instance_id"]
        if order["do"] == "remove":
            machine = self.machines.pop(instance_id, None)
            if machine:
                machine.close()
            return {"port": 0}
        machine = self.machines.get(instance_id)
        if machine is None:
            machine = self.machines[instance_id] = Machine(instance_id, order["zone"], order["private_ip"])
        machine.settings = order["settings"]
        if machine.settings.get("listening", True):
            await machine.listen()
            return {"port": machine.port}
        machine.close()
        return {"port": 0}


async def main(argv: Sequence[str] = ()) -> None:
    """Obey until the input ends."""
    del argv
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    machines = Machines()
    while line := await reader.readline():
        answer = await machines.obey(json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches the whole group: the account's end ends us, not the key.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(main())
