"""The execution log: what API Gateway writes about one request.

The lines and their order: R `test_apigateway_api.py::TestApigatewayTestInvoke` and
`test_apigateway_basic.py::test_apigw_test_invoke_method_api` (TestInvokeMethod), T AWS re:Post "api-gateway-logs" (the
lines on usage plans). Every request is logged here whatever the stage's log level is, so that a rehearsal can be
explained afterwards; what goes to CloudWatch Logs is decided by the level, in `cloudwatch`.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from practice import clock

from .messages import Headers

__all__ = ["EVENT_LIMIT", "Entry", "Journal", "Line", "keep", "logs", "reset"]

# What is kept for reading: so many requests of a stage, and so many bytes of text in the whole account.
_KEPT_PER_STAGE: Final = 200
_KEPT_BYTES: Final = 8 * 1024 * 1024
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
    line_limit: int | None = EVENT_LIMIT
    """Where a line is cut; TestInvokeMethod answers whole lines."""
    lines: list[Line] = field(default_factory=list)
    integration_latency_ms: int | None = None
    integration_status: int | None = None

    def say(self, text: str, *, data: bool = False, error: bool = False) -> None:
        """Write a line."""
        self.lines.append(Line(clock.current().time(), text[: self.line_limit], data, error))

    def say_body(self, label: str, body: bytes) -> None:
        """Write a line of data tracing with a body, of which no more is decoded than is kept."""
        # A character of UTF-8 has at most four bytes.
        limit = None if self.line_limit is None else 4 * self.line_limit
        self.say(label + body[:limit].decode("utf-8", "replace"), data=True)

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

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        texts = [self.path, self.reason or "", *(line.text for line in self.journal.lines)]
        # Counted by Python's own measure, since a character takes one byte, two or four.
        return 1024 + sum(map(sys.getsizeof, texts)) + 128 * len(texts)

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


class _Kept:
    """Finished requests, the oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[int, tuple[tuple[str, str], Entry, int]] = OrderedDict()
        self._by_stage: dict[tuple[str, str], deque[int]] = {}
        self._number = itertools.count()
        self._bytes = 0

    def add(self, stage: tuple[str, str], entry: Entry) -> None:
        """Keep one more; the oldest of its stage goes when there are too many, and the oldest of all."""
        size = entry.size
        with self._lock:
            number = next(self._number)
            self._entries[number] = (stage, entry, size)
            self._bytes += size
            of_stage = self._by_stage.setdefault(stage, deque())
            of_stage.append(number)
            if len(of_stage) > _KEPT_PER_STAGE:
                self._drop(of_stage[0])
            while self._bytes > _KEPT_BYTES and len(self._entries) > 1:
                self._drop(next(iter(self._entries)))

    def _drop(self, number: int) -> None:
        stage, _, size = self._entries.pop(number)
        self._bytes -= size
        # The oldest of all is the oldest of its stage.
        self._by_stage[stage].popleft()
        if not self._by_stage[stage]:
            del self._by_stage[stage]

    def of(self, stage: tuple[str, str]) -> list[Entry]:
        """Those of a stage."""
        with self._lock:
            return [self._entries[number][1] for number in self._by_stage.get(stage, ())]

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._entries.clear()
            self._by_stage.clear()
            self._bytes = 0


_kept = _Kept()


def keep(api_id: str, stage: str, entry: Entry) -> None:
    """Remember a finished request, as long as there is room."""
    _kept.add((api_id, stage), entry)


def logs(api_id: str, stage: str) -> list[dict[str, Any]]:
    """The last requests to a stage with their execution logs, the oldest first, ready to be sent as JSON."""
    return [entry.as_json() for entry in _kept.of((api_id, stage))]


def reset() -> None:
    """Forget all requests."""
    _kept.clear()
