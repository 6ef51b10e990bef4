"""What a trainee did: the drill that runs, hints, stopwatch, points, results, and an exam. One local file a trainee.

The file is replaced as a whole, so that a command that dies leaves the one before.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

import private_files
from runbook.errors import BadInput, quoted
from runbook.log import HOME_VARIABLE

if TYPE_CHECKING:
    from drills.model import Drill

__all__ = ["Exam", "Record", "Result", "Running", "Session", "directory", "fit", "trainee"]

_UNFIT = re.compile(r"[^\w.@ -]")


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Running(_Kept):
    """The drill that runs now."""

    drill: str
    stack: str
    region: str
    endpoint: str
    """Where the practice account is that it was started on."""
    token: str | None = None
    """Which one that is, by what it shows of its token: an address can be another account's later."""
    url: str = ""
    """What is asked of the service to see the symptom; empty until the stack is broken."""
    answer: str = ""
    """What came back when it was asked: status and body."""
    started: AwareDatetime | None = None
    """When the symptom first showed."""
    hints: int = 0
    """How many were asked for."""
    refused: int = 0
    """How often verify said no."""
    gave_up: bool = False
    """Whether the solution was looked at; the drill then gives no points."""
    closed_book: bool = False
    """Whether the tools that find or repair by themselves are refused."""
    tools: tuple[str, ...] = ()
    """Those that were used, in the order of their first use."""
    hop: str | None = None
    """The answer to which hop breaks it; the last one given counts."""
    cause: str | None = None
    """The answer to why."""

    @property
    def ready(self) -> bool:
        """Whether its stack is broken as it should be; not while it is made, nor when that was interrupted."""
        return bool(self.url)


class Result(_Kept):
    """A drill that is over."""

    drill: str
    started: AwareDatetime
    seconds: float
    """Wall time from the symptom to the accepted verify, or to giving up."""
    hints: int
    refused: int
    solved: bool
    points: int
    worth: int
    """The most that was to be had."""
    closed_book: bool = False
    tools: tuple[str, ...] = ()
    """The tools used that cost points."""
    hop: str | None = None
    """The answers given; None for none, and in records from before the question."""
    cause: str | None = None
    hop_right: bool | None = None
    """Whether the answers are right; None in records from before the question."""
    cause_right: bool | None = None


class Exam(_Kept):
    """Several drills in a row."""

    drills: tuple[str, ...]
    started: AwareDatetime
    out: str = "."
    """Directory of the report."""
    results: tuple[Result, ...] = ()
    seed: int | None = None
    ended: bool = False
    """Whether it was ended early."""
    closed_book: bool = False
    """Whether its drills refuse the tools that find or repair by themselves."""

    @property
    def next(self) -> str | None:
        """The drill to do now; None when it is over."""
        return None if self.over else self.drills[len(self.results)]

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do in it."""
        return self.ended or len(self.results) >= len(self.drills)


class Record(_Kept):
    """Everything that is kept of one trainee."""

    trainee: str
    running: Running | None = None
    results: tuple[Result, ...] = Field(default=())
    exam: Exam | None = None
    """The one under way, or else the last one."""

    def best(self, drill: str) -> Result | None:
        """The best result in a drill: most points, then least time."""
        solved = [result for result in self.results if result.drill == drill and result.solved]
        return max(solved, key=lambda result: (result.points, -result.seconds), default=None)


def directory() -> Path:
    """Where records are kept: ``drills`` in ``RUNBOOK_HOME``, else in the system's place for a user's state."""
    home = os.environ.get(HOME_VARIABLE)
    return (Path(home) if home else private_files.state_directory()) / "drills"


def trainee() -> str:
    """Who sits here, as far as the system knows."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        user = ""
    return _UNFIT.sub("-", user).strip(". ")[:64] or "trainee"


def fit(name: str) -> str:
    """A trainee's name, fit for a file's. Raises :class:`BadInput`."""
    name = name.strip()
    if not 1 <= len(name) <= 64 or _UNFIT.search(name) or name.startswith("."):
        raise BadInput("trainee", f"{quoted(name)} is no name: 1 to 64 letters, digits, and . _ @ - or spaces.")
    return name


class Session:
    """One trainee's record, read from its file and written back at each change."""

    def __init__(
        self,
        name: str | None = None,
        *,
        where: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Read the record, if there is one. Raises :class:`BadInput` when the file holds something else."""
        self.name = fit(trainee() if name is None else name)
        self.path = (where or directory()) / f"{self.name}.json"
        self._now = now
        self.record = self._read()

    def refresh(self) -> None:
        """Read the record again: another command may have changed it."""
        self.record = self._read()

    def _read(self) -> Record:
        try:
            private_files.check_directory(self.path.parent)
            return Record.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Record(trainee=self.name)
        except ValidationError:
            raise BadInput(
                "trainee", f"{self.path} is damaged.", "Move it away to begin anew, or restore it from a copy."
            ) from None
        except OSError as error:
            raise BadInput("trainee", f"{self.path} cannot be read: {error.strerror}.") from None

    def others(self) -> Iterator[Record]:
        """The records of the other trainees kept here, as far as they can be read."""
        for path in sorted(self.path.parent.glob("*.json")):
            if path != self.path:
                with suppress(OSError, ValidationError):
                    yield Record.model_validate_json(path.read_bytes())

    def _write(self, **changes: object) -> None:
        record = self.record.model_copy(update=changes)
        try:
            private_files.make_directory(self.path.parent)
            private_files.replace(self.path, record.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise BadInput(
                "trainee",
                f"{self.path} cannot be written: {error.strerror}.",
                f"{HOME_VARIABLE} chooses another place.",
            ) from None
        self.record = record

    # --- the drill that runs ------------------------------------------------------------------------------------

    @property
    def running(self) -> Running:
        """The drill that runs. Raises :class:`BadInput` when there is none."""
        if self.record.running is None:
            raise BadInput("drill", f"no drill of {self.name} is running.", "Start one with: runbook drill start NAME")
        return self.record.running

    @property
    def seconds(self) -> float:
        """How long the drill that runs has taken so far."""
        started = self.running.started
        return (self._now() - started).total_seconds() if started else 0.0

    def prepare(
        self, drill: Drill, *, stack: str, region: str, endpoint: str, token: str | None, closed_book: bool = False
    ) -> None:
        """Note which drill is about to be broken, and where.

        If it runs already, only its account is another now: stopwatch, hints, refusals and a closed book stay.
        """
        place = {"stack": stack, "region": region, "endpoint": endpoint, "token": token}
        running = self.record.running
        if running is None or running.drill != drill.id:
            running = Running.model_validate({"drill": drill.id, **place})
        closed_book = closed_book or running.closed_book
        self._write(running=running.model_copy(update={**place, "url": "", "answer": "", "closed_book": closed_book}))

    def start(self, url: str, answer: str) -> None:
        """The symptom shows: the stopwatch runs."""
        self._change(url=url, answer=answer, started=self.running.started or self._now())

    def hint(self, drill: Drill) -> str:
        """The next hint. Raises :class:`BadInput` when all were given."""
        given = self.running.hints
        if given >= len(drill.hints):
            raise BadInput("hint", "there are no more hints.", "See: runbook drill solution")
        self._change(hints=given + 1)
        return drill.hints[given]

    def use(self, tool: str) -> None:
        """Note that a tool was used."""
        self._change(tools=(*self.running.tools, tool))

    def reply(self, hop: str | None, cause: str | None) -> None:
        """Note the answers to which hop breaks it, and why; the ones before no longer count."""
        self._change(hop=hop, cause=cause)

    def refuse(self) -> None:
        """Note that verify said no."""
        self._change(refused=self.running.refused + 1)

    def give_up(self) -> None:
        """Note that the solution was looked at."""
        self._change(gave_up=True)

    def _change(self, **changes: object) -> None:
        self._write(running=self.running.model_copy(update=changes))

    def end(self, drill: Drill, *, solved: bool) -> Result:
        """Stop the stopwatch and keep the result, in the exam too if it was its turn there."""
        running = self.running
        solved = solved and not running.gave_up
        hop_right, cause_right = running.hop == drill.hop, running.cause == drill.cause
        result = Result(
            drill=drill.id,
            started=running.started or self._now(),
            seconds=round(self.seconds, 1),
            hints=running.hints,
            refused=running.refused,
            solved=solved,
            points=drill.points(running.hints, running.tools, hop=hop_right, cause=cause_right) if solved else 0,
            worth=drill.worth,
            closed_book=running.closed_book,
            tools=running.tools,
            hop=running.hop,
            cause=running.cause,
            hop_right=hop_right,
            cause_right=cause_right,
        )
        exam = self.record.exam
        if exam and exam.next == drill.id:
            exam = exam.model_copy(update={"results": (*exam.results, result)})
        self._write(running=None, results=(*self.record.results, result), exam=exam)
        return result

    def drop(self) -> None:
        """Forget the drill that runs, without a result."""
        self._write(running=None)

    # --- exam ---------------------------------------------------------------------------------------------------

    @property
    def exam(self) -> Exam | None:
        """The exam under way."""
        exam = self.record.exam
        return None if exam is None or exam.over else exam

    def begin_exam(self, drills: tuple[str, ...], seed: int | None, out: Path, *, closed_book: bool = False) -> Exam:
        """Begin an exam of these drills. Raises :class:`BadInput` when one is under way."""
        if self.exam is not None:
            raise BadInput(
                "exam", "one is under way.", "Go on with: runbook drill exam; or end it: runbook drill exam --end"
            )
        exam = Exam(drills=drills, started=self._now(), seed=seed, out=str(out), closed_book=closed_book)
        self._write(exam=exam)
        return exam

    def end_exam(self) -> None:
        """End the exam early: what was not done in it counts as zero."""
        if self.exam is None:
            raise BadInput("exam", "none is under way.", "Begin one with: runbook drill exam N")
        self._write(exam=self.exam.model_copy(update={"ended": True}))
