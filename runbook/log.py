"""The event log of a run: JSON lines, written as it happens, so that it says where a run stood that died.

The first line (``LogOpened``) says what program wrote it and for which account; then come the run's events as
:func:`runbook.events.to_json` gives them. Credentials, tokens and signed headers are taken out of every line. A log
that cannot be written never breaks a run: :attr:`RunLog.problem` says why there is none.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets as random
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import private_files
from runbook.events import Action, Event, LogOpened, to_json
from runbook.redaction import redacted, secrets_of

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.step import Plan
    from runbook.track import Tracks

__all__ = ["HOME_VARIABLE", "RunLog", "directory", "logged", "runs", "stack_of"]

log = logging.getLogger(__name__)

HOME_VARIABLE = "RUNBOOK_HOME"
_SUFFIX = ".jsonl"


def directory() -> Path:
    """Where logs are kept: ``runs`` in ``RUNBOOK_HOME``, else in the system's place for a user's state."""
    home = os.environ.get(HOME_VARIABLE)
    return (Path(home) if home else private_files.state_directory()) / "runs"


def runs(where: Path | None = None) -> list[Path]:
    """The logs that are there, newest first; none when they cannot be listed."""
    try:
        return sorted((where or directory()).glob(f"*{_SUFFIX}"), key=_age, reverse=True)
    except OSError:
        return []


def stack_of(path: Path) -> str:
    """The stack that a log's name names."""
    return path.name.partition("-")[2].rsplit("-", 2)[0]


def _age(path: Path) -> tuple[str, int]:
    # Names start with the second, in one zone; of two runs within one, the later was written to later.
    try:
        written = path.stat().st_mtime_ns
    except OSError:  # gone meanwhile
        written = 0
    return path.name.partition("-")[0], written


class RunLog:
    """One run's log. Nothing is written before the first event."""

    def __init__(
        self,
        stack: str,
        action: Action,
        *,
        about: Mapping[str, Any] | None = None,
        secrets: Callable[[], Collection[str]] = frozenset,
        where: Path | None = None,
    ) -> None:
        """``about`` goes into the first line; ``secrets`` is asked at each line for texts that must not be in it."""
        self.stack = stack
        self.action = action
        self.path: Path | None = None
        """The file, once there is one."""
        self.problem = ""
        """Why there is no log, or why it ends early."""
        self._about = dict(about or {})
        self._secrets = secrets
        self._where = where
        self._file: IO[str] | None = None

    @classmethod
    def of(cls, plan: Plan | Tracks, account: Account, *, stack: str, action: Action, face: str) -> RunLog:
        """The log of a run of these steps on this account, by this face (``cli``, ``notebook``, ``tui``)."""
        about = {
            "face": face,
            "kind": account.kind.value,
            "endpoint_url": account.endpoint_url,
            "region": account.aws.region,
            "titles": dict(plan.titles),
        }
        return cls(stack, action, about=about, secrets=secrets_of(account.aws.session))

    def write(self, event: Event) -> None:
        """Add one event. Never raises."""
        if self.problem:
            return
        try:
            if self._file is None:
                self._file = self._open()
                self._line(to_json(self._opening(event.at)))
            self._line(to_json(event))
        except Exception as error:  # a log is for the run, not the run for the log
            self._broken(error)

    def lines(self, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
        """The lines that these events, from the first on, make in a log; for where it cannot be written, too."""
        for number, event in enumerate(events):
            if number == 0:
                yield self._cleaned(to_json(self._opening(event.at)))
            yield self._cleaned(to_json(event))

    def close(self) -> None:
        """Close the file. Never raises."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self._broken(error)

    def _opening(self, at: datetime) -> LogOpened:
        try:
            program = f"apigw-vpc-runbook {version('apigw-vpc-runbook')}"
        except PackageNotFoundError:
            program = "apigw-vpc-runbook"
        return LogOpened(at=at, program=program, stack=self.stack, action=self.action, **self._about)

    def _open(self) -> IO[str]:
        where = self._where or directory()
        private_files.make_directory(where)
        stack = re.sub(r"[^A-Za-z0-9-]", "_", self.stack)[:40]
        # Two runs of one stack may begin in the same second.
        name = f"{_now():%Y%m%dT%H%M%SZ}-{stack}-{self.action.value}-{random.token_hex(2)}{_SUFFIX}"
        path = where / name
        # Readable by the user only: it tells of an account's inside, if not its secrets.
        descriptor = private_files.open_new(path)
        self.path = path
        return os.fdopen(descriptor, "w", encoding="utf-8")

    def _line(self, body: Mapping[str, Any]) -> None:
        assert self._file is not None  # noqa: S101 (opened before the first line)
        # ASCII, so that no text from AWS or a backend is impossible to encode.
        self._file.write(json.dumps(self._cleaned(body)) + "\n")
        self._file.flush()

    def _cleaned(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return redacted(dict(body), self._secrets())

    def _broken(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        self.problem = f"the run's log cannot be written ({self.path or self._where or directory()}): {reason}"
        log.warning("%s", self.problem)
        self.close()


def logged(
    events: Iterator[Event], to: RunLog, *, stop: Callable[[], None] | None = None
) -> Generator[Event, None, None]:
    """Pass the events on, writing each to the log first. Closing it closes ``events``.

    With ``stop``, which ends a run, closing it early calls that and still writes what the run tells until it has
    ended: where it stood is known although nobody looks any more.
    """
    try:
        for event in events:
            to.write(event)
            yield event
    except GeneratorExit:
        if stop is not None:
            stop()
            for event in events:
                to.write(event)
        raise
    finally:
        close = getattr(events, "close", None)
        try:
            if close is not None:
                close()
        finally:
            to.close()


def _now() -> datetime:
    return datetime.now(UTC)
