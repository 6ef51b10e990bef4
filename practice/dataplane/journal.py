"""The execution log: what API Gateway writes about one request.

The lines and their order: R `test_apigateway_api.py::TestApigatewayTestInvoke` and
`test_apigateway_basic.py::test_apigw_test_invoke_method_api` (TestInvokeMethod), T AWS re:Post "api-gateway-logs" (the
lines on usage plans). Every request is logged here whatever the stage's log level is, so that a rehearsal can be
explained afterwards; what goes to CloudWatch Logs is decided by the level, in `cloudwatch`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from practice import clock

from .messages import Headers

__all__ = ["EVENT_LIMIT", "Entry", "Journal", "Line", "keep", "logs", "reset"]

_KEPT_PER_STAGE: Final = 200
# D "Important notes": log events longer than this many bytes are cut before they go to CloudWatch Logs.
EVENT_LIMIT: Final = 1024
# R: the headers line of a recorded log is cut here.
_HEADERS_LIMIT: Final = 998


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `data` lines are written only with data tracing on, `error` lines at level ERROR too."""

    time: float
    text: str
    data: bool = False
    error: bool = False


@dataclass(slots=True)
class Journal:
    """The log of one request while it runs."""

    request_id: str
    lines: list[Line] = field(default_factory=list)
    integration_latency_ms: int | None = None
    integration_status: int | None = None

    def say(self, text: str, *, data: bool = False, error: bool = False) -> None:
        """Write a line."""
        self.lines.append(Line(clock.current().time(), text, data, error))

    def as_test_log(self) -> str:
        """The log as TestInvokeMethod answers it."""
        first = f"Execution log for request {self.request_id}\n"
        return first + "".join(f"{_stamp(line.time)} : {line.text}\n" for line in self.lines)


def _stamp(seconds: float) -> str:
    # Java's Date.toString: the C locale's names, whatever ours is.
    moment = datetime.fromtimestamp(seconds, UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][moment.month - 1]
    return f"{day} {month} {moment:%d %H:%M:%S} UTC {moment.year}"


def as_map(values: Mapping[str, str]) -> str:
    """A map as Java prints it."""
    return "{" + ", ".join(f"{key}={value}" for key, value in values.items()) + "}"


def as_header_map(headers: Headers) -> str:
    """Headers as the log shows them, cut where AWS cuts."""
    text = as_map(headers.joined())
    return text if len(text) <= _HEADERS_LIMIT else f"{text[:_HEADERS_LIMIT]} [TRUNCATED]"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished request, for reading."""

    journal: Journal
    time: float
    method: str
    path: str
    status: int
    hop: str | None
    """Where a request through a VPC link ended, in the practice account's words; None when it arrived."""
    reason: str | None

    def as_json(self) -> dict[str, Any]:
        """The entry as it is answered to whoever reads the logs."""
        return {
            "request_id": self.journal.request_id,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat(timespec="milliseconds"),
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "integration_status": self.journal.integration_status,
            "integration_latency_ms": self.journal.integration_latency_ms,
            "hop": self.hop,
            "reason": self.reason,
            "log": self.journal.as_test_log(),
        }


_entries: dict[tuple[str, str], deque[Entry]] = {}
_lock = threading.Lock()


def keep(api_id: str, stage: str, entry: Entry) -> None:
    """Remember a finished request, its long lines cut; the oldest of a stage goes when there are too many."""
    lines = entry.journal.lines
    for number, line in enumerate(lines):
        if len(line.text) > EVENT_LIMIT:
            lines[number] = replace(line, text=line.text[:EVENT_LIMIT])
    with _lock:
        _entries.setdefault((api_id, stage), deque(maxlen=_KEPT_PER_STAGE)).append(entry)


def logs(api_id: str, stage: str) -> list[dict[str, Any]]:
    """The last requests to a stage with their execution logs, the oldest first, ready to be sent as JSON."""
    with _lock:
        entries = list(_entries.get((api_id, stage), ()))
    return [entry.as_json() for entry in entries]


def reset() -> None:
    """Forget all requests."""
    with _lock:
        _entries.clear()
