"""What a trainee did: the drill that runs, hints, stopwatch, points, results, and an exam. One local file a trainee.

The file is replaced as a whole, so that a command that dies leaves the one before.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import platformdirs
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from drills.model import Drill
from runbook.errors import BadInput
from runbook.log import HOME_VARIABLE

__all__ = ["Exam", "Record", "Result", "Running", "Session", "directory", "trainee"]


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Running(_Kept):
    """The drill that runs now."""

    drill: str
    stack: str
    region: str
    started: AwareDatetime
    hints: int = 0
    """How many were asked for."""
    refused: int = 0
    """How often verify said no."""
    gave_up: bool = False
    """Whether the solution was looked at; the drill then gives no points."""


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


class Exam(_Kept):
    """Several drills in a row."""

    drills: tuple[str, ...]
    started: AwareDatetime
    results: tuple[Result, ...] = ()
    seed: int | None = None

    @property
    def next(self) -> str | None:
        """The drill to do now; None when all are done."""
        return self.drills[len(self.results)] if len(self.results) < len(self.drills) else None


class Record(_Kept):
    """Everything that is kept of one trainee."""

    trainee: str
    running: Running | None = None
    results: tuple[Result, ...] = Field(default=())
    exam: Exam | None = None

    def best(self, drill: str) -> Result | None:
        """The best result in a drill: most points, then least time."""
        solved = [result for result in self.results if result.drill == drill and result.solved]
        return max(solved, key=lambda result: (result.points, -result.seconds), default=None)


def directory() -> Path:
    """Where records are kept: ``drills`` in ``RUNBOOK_HOME``, else in the system's place for a user's state."""
    home = os.environ.get(HOME_VARIABLE) or platformdirs.user_state_dir("apigw-vpc-runbook")
    return Path(home) / "drills"


def trainee() -> str:
    """Who sits here, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        return "trainee"


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
        self.name = (name or trainee()).strip()
        if not re.fullmatch(r"[\w.@ -]{1,64}", self.name) or self.name.startswith("."):
            raise BadInput("trainee", f"{self.name!r} is no name: 1 to 64 letters, digits, and . _ @ - or spaces.")
        self.path = (where or directory()) / f"{self.name}.json"
        self._now = now
        self.record = self._read()

    def _read(self) -> Record:
        try:
            return Record.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Record(trainee=self.name)
        except ValidationError:
            raise BadInput(
                "trainee", f"{self.path} is damaged.", "Move it away to begin anew, or restore it from a copy."
            ) from None
        except OSError as error:
            raise BadInput("trainee", f"{self.path} cannot be read: {error.strerror}.") from None

    def _write(self, **changes: object) -> None:
        record = self.record.model_copy(update=changes)
        new = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
            new.replace(self.path)
        except OSError as error:
            raise BadInput("trainee", f"{self.path} cannot be written: {error.strerror}.") from None
        self.record = record

    # --- the drill that runs ------------------------------------------------------------------------------------

    @property
    def running(self) -> Running:
        """The drill that runs. Raises :class:`BadInput` when there is none."""
        if self.record.running is None:
            raise BadInput("drill", "no drill runs.", "Start one with: runbook drill start NAME")
        return self.record.running

    @property
    def seconds(self) -> float:
        """How long the drill that runs has taken so far."""
        return (self._now() - self.running.started).total_seconds()

    def start(self, drill: Drill, *, stack: str, region: str) -> None:
        """Start the stopwatch."""
        running = Running(drill=drill.id, stack=stack, region=region, started=self._now())
        self._write(running=running)

    def hint(self, drill: Drill) -> str:
        """The next hint. Raises :class:`BadInput` when all were given."""
        given = self.running.hints
        if given == len(drill.hints):
            raise BadInput("hint", "there are no more hints.", "See: runbook drill solution")
        self._change(hints=given + 1)
        return drill.hints[given]

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
        result = Result(
            drill=drill.id,
            started=running.started,
            seconds=round(self.seconds, 1),
            hints=running.hints,
            refused=running.refused,
            solved=solved and not running.gave_up,
            points=drill.points(running.hints) if solved and not running.gave_up else 0,
            worth=drill.worth,
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

    def begin_exam(self, drills: tuple[str, ...], seed: int | None) -> Exam:
        """Begin an exam of these drills; one that was left unfinished is forgotten."""
        exam = Exam(drills=drills, started=self._now(), seed=seed)
        self._write(exam=exam, running=None)
        return exam

    def end_exam(self) -> None:
        """The exam's report was written: it is over. Its results stay."""
        self._write(exam=None)
