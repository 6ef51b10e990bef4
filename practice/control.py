"""``/_practice``: what AWS does not have. What this account is, and the knobs of its machines."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from pydantic import ValidationError

from practice import ACCOUNT_ID, CREDENTIALS, VERSION, clock, dataplane, machines, seed, tokens
from practice.locking import locked

__all__ = ["LARGEST_BODY", "PREFIX", "Control"]

PREFIX: Final = "/_practice"
LARGEST_BODY: Final = 64 * 1024

_TOKEN: Final = "HTTP_" + tokens.HEADER.upper().replace("-", "_")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class _Refusal(Exception):
    """A request that cannot be answered, with its status."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """The WSGI application under ``/_practice``."""

    def __init__(
        self,
        region: str,
        url: Callable[[], str],
        *,
        token: str,
        reset: Callable[[], None],
        shut_down: Callable[[], None],
    ) -> None:
        self.region, self.url, self.token = region, url, token
        self._reset, self._shut_down = reset, shut_down

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        parts = [part for part in environ["PATH_INFO"].removeprefix(PREFIX).split("/") if part]
        try:
            answer, status = self._answer(environ["REQUEST_METHOD"], parts, environ), "200 OK"
        except _Refusal as refusal:
            answer, status = {"message": str(refusal)}, refusal.status
        return _send(start_response, status, answer)

    def _answer(self, method: str, parts: list[str], environ: Environ) -> dict[str, Any]:
        if method != "GET" and not hmac.compare_digest(environ.get(_TOKEN, "").encode(), self.token.encode()):
            raise _Refusal(
                "403 Forbidden",
                f"what changes this practice account needs its token, in the header {tokens.HEADER}; "
                "`runbook practice token` prints it",
            )
        match method, parts:
            case "GET", []:
                return self.describe()
            case "POST", ["reset"]:
                with locked():
                    self._reset()
                return self.describe()
            case "POST", ["stop"]:
                self._shut_down()
                return {"stopping": True}
            case "GET" | "PUT", ["regions", region]:
                return self._region(region, create=method == "PUT")
            case "GET", ["logs", api_id, stage]:
                return {"requests": dataplane.logs(api_id, stage)}
            case "GET", ["machines"]:
                return {"machines": [machine.as_json() for machine in machines.all_machines()]}
            case "GET" | "PUT" | "PATCH", ["machines", instance_id]:
                return self._machine(method, instance_id, environ)
        raise _Refusal("404 Not Found", "there is no such practice endpoint")

    def describe(self) -> dict[str, Any]:
        """What this account is, and how to reach what is in it."""
        now = clock.current()
        here = seed.defaults(self.region)
        return {
            "practice": True,
            "version": VERSION,
            "id": tokens.id_of(self.token),
            "account_id": ACCOUNT_ID,
            "region": self.region,
            "time_scale": now.scale,
            "clock": now.now().isoformat(),
            "invoke_url": f"{self.url()}/_aws/execute-api/{{api_id}}/{{stage}}",
            "credentials": CREDENTIALS._asdict(),
            "defaults": here.as_json() if here else None,
            "machines": [machine.as_json() for machine in machines.all_machines()],
        }

    def _region(self, region: str, *, create: bool) -> dict[str, Any]:
        found = seed.defaults(region)
        if found is None and create:
            try:
                with locked():
                    found = seed.seed(region)
            except KeyError:
                raise _Refusal("400 Bad Request", f"AWS has no region {region}") from None
        if found is None:
            raise _Refusal("404 Not Found", f"nothing was seeded in {region}: PUT this address to do so")
        return found.as_json()

    def _machine(self, method: str, instance_id: str, environ: Environ) -> dict[str, Any]:
        machine = machines.get(instance_id)
        if machine is None:
            raise _Refusal("404 Not Found", f"there is no running instance {instance_id}")
        if method != "GET":
            changes = _json_body(environ)
            base = machine.settings.model_dump() if method == "PATCH" else {}
            try:
                settings = machines.MachineSettings.model_validate(base | changes)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"])
                raise _Refusal("400 Bad Request", f"{where}: {first['msg']}") from None
            with locked():
                # The health up to now was that of the machine as it was.
                from practice.server import settle

                settle()
                machines.configure(machine, settings)
        return machine.as_json()


def _send(start_response: StartResponse, status: str, answer: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(answer, indent=2, default=str).encode() + b"\n"
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _json_body(environ: Environ) -> dict[str, Any]:
    try:
        body = json.loads(environ["wsgi.input"].read() or b"{}")
    except (ValueError, RecursionError):
        raise _Refusal("400 Bad Request", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise _Refusal("400 Bad Request", "the body is not a JSON object")
    return body
