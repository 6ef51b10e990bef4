"""CloudWatch Logs: a stage's execution and access logs, in moto's own logs backend, so that any client can read them.

D "Set up CloudWatch logging for REST APIs": the group `API-Gateway-Execution-Logs_{api}/{stage}`; level OFF, ERROR or
INFO; data tracing adds requests and answers; the account needs a CloudWatch role.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from practice import clock
from practice.apigateway.snapshot import Api, StageView
from practice.locking import locked

from .errors import NotPractised
from .journal import EVENT_LIMIT, Journal
from .mapping import Sources
from .messages import Headers, Request
from .routing import Match
from .templates import render

if TYPE_CHECKING:
    from moto.logs.models import LogsBackend, LogStream

__all__ = ["reset", "write"]

# About what moto keeps of an event besides its text.
_OVERHEAD: Final = 512
_KEPT_CHARACTERS: Final = 16 * 1024 * 1024
_written: deque[tuple[LogStream, int, int]] = deque()
"""What was written, the oldest first: stream, number of events, number of characters."""
_kept_characters = 0


def write(
    api: Api, stage: StageView, found: Match | None, request: Request, journal: Journal, context: Mapping[str, Any]
) -> None:
    """Log one finished request where the stage's settings say so."""
    if found is not None:
        settings = stage.settings_for(found.route.path, found.method.http_method)
        if settings.logging_level in {"INFO", "ERROR"} and _role_is_set(api):
            info = settings.logging_level == "INFO"
            lines = [
                (line.time, f"({journal.request_id}) {line.text}"[:EVENT_LIMIT])
                for line in journal.lines
                if line.error or (info and (settings.data_trace_enabled or not line.data))
            ]
            if lines:
                _put(api, f"API-Gateway-Execution-Logs_{api.id}/{stage.name}", _stream(journal), lines, create=True)
    log = stage.access_log
    if log is not None and log.destination_arn and log.format:
        _, _, group = log.destination_arn.partition(":log-group:")
        group = group.removesuffix(":*")
        if group:
            sources = Sources({}, {}, Headers(), b"", {}, _dashed(context))
            try:
                line = render(log.format, sources, b"").rstrip("\n")
            except NotPractised:
                line = log.format
            _put(api, group, _stream(journal), [(clock.current().time(), line)], create=False)
    del request


def _dashed(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """D "Set up access logging": a variable without a value is written as a dash."""
    return _Dashed(context)


class _Dashed(dict[str, Any]):
    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(
            {key: _Dashed(value) if isinstance(value, Mapping) else value for key, value in values.items()}
        )

    def get(self, key: str, default: Any = None) -> Any:
        value = super().get(key, default)
        return "-" if value is None else value


def _stream(journal: Journal) -> str:
    # AWS spreads requests over streams named by a hash; which one a request meets means nothing.
    return hashlib.md5(journal.request_id[:1].encode(), usedforsecurity=False).hexdigest()


def _role_is_set(api: Api) -> bool:
    return api.can_log


def _put(api: Api, group: str, stream: str, lines: Sequence[tuple[float, str]], *, create: bool) -> None:
    from moto.logs.models import logs_backends

    backend: LogsBackend = logs_backends[api.account_id][api.region]
    with locked():
        if group not in backend.groups:
            if not create:
                return
            backend.create_log_group(group, {})
        if stream not in backend.groups[group].streams:
            backend.create_log_stream(group, stream)
        events = [{"timestamp": int(seconds * 1000), "message": text} for seconds, text in lines]
        # Events far from the wall's present are refused by the service; the account's clock may run ahead of it.
        log_stream = backend.groups[group].streams[stream]
        log_stream.put_log_events(events)
        _make_room(log_stream, len(events), sum(len(text) for _, text in lines))


def _make_room(stream: LogStream, events: int, characters: int) -> None:
    """Let the oldest events go when there are too many. AWS keeps them for good; here they take memory."""
    global _kept_characters
    _written.append((stream, events, characters))
    _kept_characters += characters + events * _OVERHEAD
    while _kept_characters > _KEPT_CHARACTERS and len(_written) > 1:
        oldest, events, characters = _written.popleft()
        del oldest.events[:events]
        _kept_characters -= characters + events * _OVERHEAD


def reset() -> None:
    """Forget what was written."""
    global _kept_characters
    _written.clear()
    _kept_characters = 0
