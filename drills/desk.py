"""A trainee at work: the course, the trainee's record and the practice account, joined. Every face asks this."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from drills import STACK, training
from drills import exam as exams
from drills.bench import ROUNDS, Bench
from drills.catalogue import COURSE
from drills.judging import judge
from drills.model import Course, Drill
from drills.question import Question, told_of
from drills.session import Result, Session
from drills.tools import price_list
from runbook import command_line
from runbook.accounts import Account, Kind, connect, pointing_at
from runbook.errors import BadInput, CannotContinue, Stopped
from runbook.parameters import validated

__all__ = ["Briefing", "Desk", "Ended"]

_SHOWN = 200  # characters of an answer


@dataclass(frozen=True)
class Briefing:
    """What the on-call engineer is told of the drill that runs, and where to look. Never why."""

    drill: Drill
    number: int
    """Its place in the course."""
    url: str
    answer: str
    """What the URL answered, status first. Text from outside."""
    stack: str
    region: str
    endpoint: str

    @property
    def call(self) -> str:
        """The request that shows the symptom; a GET is only its URL."""
        method = self.drill.symptom.method
        return self.url if method == "GET" else f"{method} {self.url}"

    @property
    def machines(self) -> str:
        """The command that logs in to an instance, and knows where."""
        return command_line.runbook("practice", "machine", "INSTANCE-ID", endpoint_url=self.endpoint)

    @property
    def shell(self) -> str:
        """What points the AWS CLI and boto3 of a shell at the practice account, and at no other."""
        return pointing_at(self.endpoint, self.region)


@dataclass(frozen=True)
class Ended:
    """A drill that is over."""

    drill: Drill
    result: Result | None
    """None when it was given up without one."""
    next: Drill | None = None
    """What comes next in the exam, or else in the course."""
    examined: bool = False
    """Whether it was a drill of an exam."""
    mended: bool = True
    """Whether the stack is as it should be; not so when the account it was on is gone."""

    @property
    def account(self) -> tuple[str, ...]:
        """How the points came about, a sentence a line: the answers, and what was used."""
        return () if self.result is None else told_of(self.result, self.drill)


class Desk:
    """One trainee's desk. ``tell`` hears what is being done, in a few words, while it takes time.

    A drill is judged, mended and reset on the account it was started on, wherever a command would look by itself.
    """

    def __init__(
        self,
        session: Session,
        *,
        course: Course | None = None,
        tell: Callable[[str], object] = lambda _text: None,
    ) -> None:
        self.course = course or Course.of(COURSE)
        self.session = session
        self.tell = tell
        self._bench: Bench | None = None
        self._stopped = False

    # --- what is going on ---------------------------------------------------------------------------------------

    @property
    def drill(self) -> Drill:
        """The drill that runs. Raises :class:`BadInput` when none does."""
        name = self.session.running.drill
        if (drill := self.course.get(name)) is None:
            raise BadInput(
                "drill", f"{name} is running, which the course does not have.", "Give it up: runbook drill reset"
            )
        return drill

    def briefing(self) -> Briefing:
        """What is told of the drill that runs. Raises :class:`BadInput` when none does, or it is not ready."""
        drill, running = self.drill, self.session.running
        if not running.ready:
            raise BadInput(
                "drill", f"the start of {drill.id} was interrupted.", f"Start it again: {_starting(drill.id)}"
            )
        return Briefing(
            drill,
            self.course.number(drill),
            running.url,
            running.answer,
            running.stack,
            running.region,
            running.endpoint,
        )

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints that were taken in the drill that runs."""
        return self.drill.hints[: self.session.running.hints]

    @property
    def question(self) -> Question:
        """Which hop, and why: what is to be answered of the drill that runs."""
        return Question.of(self.drill, self.course, self.session.name)

    @property
    def points(self) -> int:
        """What the drill that runs still gives, when the answers are right."""
        running = self.session.running
        return 0 if running.gave_up else self.drill.points(running.hints, running.tools)

    @property
    def allowed(self) -> str:
        """Which tools the drill that runs allows, and what each costs, in a few words."""
        if self.session.running.closed_book:
            return "closed book: check, the AWS CLI and curl; up, step, down, rollback and trace are refused"
        return price_list(self.drill.worth)

    def following(self) -> Drill | None:
        """What to do next: the exam's next drill, else the first of the course that is not solved yet."""
        if (exam := self.session.exam) is not None:
            return self.course.get(exam.next)
        return next((drill for drill in self.course.drills if self.session.record.best(drill.id) is None), None)

    def by_chance(self, seed: int | None = None, level: str | None = None) -> Drill:
        """Any drill (of a level), one not solved yet first; with a seed the same for everybody, whatever they solved.

        Raises :class:`BadInput` when there is none.
        """
        among = self.course.of_level(level)
        if not among:
            raise BadInput("level", f"the course has no {level} drill.")
        if seed is not None:
            return random.Random(seed).choice(among)
        unsolved = [drill for drill in among if self.session.record.best(drill.id) is None]
        return random.choice(unsolved or among)

    # --- beginning ----------------------------------------------------------------------------------------------

    def start(self, drill: Drill, account: Account, stack: str = STACK, *, closed_book: bool = False) -> Briefing:
        """Bring the stack up, break it, and start the stopwatch. In an exam, the exam decides on the closed book.

        Raises :class:`BadInput` when another drill is under way, and :class:`RunbookError` when AWS does not get there.
        """
        self.session.refresh()
        self._may_start(drill, account, stack)
        bench = self._open(account, stack)
        session = self.session
        session.prepare(
            drill,
            stack=stack,
            region=account.aws.region,
            endpoint=account.endpoint_url or "",
            token=account.practice.get("id"),
            closed_book=self.session.exam.closed_book if self.session.exam else closed_book,
        )
        with _working():
            training.start(bench, drill)
            url, answer = bench.url(drill.symptom.path), _answer(bench, drill)
        self._still(drill)
        session.start(url, answer)
        return self.briefing()

    def go_on(self, drill: Drill) -> Briefing:
        """Start another drill where the one before was. Raises :class:`BadInput` when that account is gone."""
        if self._bench is None:
            raise BadInput("drill", "its practice account is gone.", f"Go on with: {_starting(drill.id)}")
        return self.start(drill, self._bench.account, self._bench.params.stack)

    def _may_start(self, drill: Drill, account: Account, stack: str) -> None:
        exam, running = self.session.exam, self.session.record.running
        if exam is not None and exam.next != drill.id:
            raise BadInput(
                "drill", "an exam is under way.", "Go on with: runbook drill exam; or end it: runbook drill exam --end"
            )
        if running is not None and running.ready:
            if self.is_there():
                raise BadInput(
                    "drill", f"{running.drill} is running.", "End it with: runbook drill verify, or runbook drill reset"
                )
            if running.drill != drill.id:
                raise self._gone()
        place = (account.practice.get("id"), account.aws.region, stack)
        for other in self.session.others():
            theirs = other.running
            if theirs is not None and place[0] and (theirs.token, theirs.region, theirs.stack) == place:
                ending = command_line.runbook("drill", "reset", trainee=other.trainee)
                raise BadInput(
                    "trainee",
                    f"{other.trainee} has a drill running on stack {stack}.",
                    f"Name another with --stack; or end that one: {ending}",
                )

    def _open(self, account: Account, stack: str) -> Bench:
        params = validated({"stack": stack, "region": account.aws.region})
        self._bench = Bench(account, params, tell=self._hear)
        return self._bench

    def _hear(self, text: str) -> None:
        if self._stopped:
            raise Stopped
        self.tell(text)

    # --- the drill that runs ------------------------------------------------------------------------------------

    def hint(self) -> str:
        """The next hint; it costs points. Raises :class:`BadInput` when there is none."""
        self.session.refresh()
        self.briefing()
        return self.session.hint(self.drill)

    def reply(self, hop: str | None = None, why: str | None = None) -> None:
        """Answer which hop breaks it (by name or number), and why (by letter). Raises :class:`BadInput`.

        What is not given stays as it was answered before. Whether it is right is not shown before the drill is over.
        """
        self.session.refresh()
        self.briefing()
        question, running = self.question, self.session.running
        self.session.reply(
            running.hop if hop is None else question.hop(hop), running.cause if why is None else question.cause(why)
        )

    def verify(self) -> str | Ended:
        """Judge whether it is mended: what is still wrong, in a sentence, or the end of the drill."""
        self.session.refresh()
        drill = self.briefing().drill
        bench = self._bench_of_running()
        bench.known = self.session.running.url.removesuffix(drill.symptom.path or bench.params.test_path)
        self.tell("looking whether it is mended")
        try:
            with _working():
                wrong = judge(bench, drill)
        except CannotContinue as error:
            wrong = str(error)
        self._still(drill)
        if wrong:
            self.session.refuse()
            return wrong
        return self._ended(drill, solved=True)

    def solution(self) -> str:
        """What mends it, in Markdown. It gives no points any more."""
        self.session.refresh()
        drill = self.briefing().drill
        self.session.give_up()
        return drill.solution

    def apply_solution(self) -> Ended:
        """Do what the solution says, and end the drill without points."""
        self.session.refresh()
        drill = self.briefing().drill
        self.session.give_up()
        self._mend(drill)
        return self._ended(drill, solved=False)

    def give_up(self) -> Ended | None:
        """Bring the stack back to finished and forget the drill; in an exam it counts as zero.

        None when there was nothing but a name to forget: a drill that this course does not have.
        """
        self.session.refresh()
        running, exam = self.session.running, self.session.exam
        if self.course.get(running.drill) is None:
            self.session.drop()
            return None
        drill = self.drill
        if there := self.is_there():
            self.session.give_up()  # or else what is stopped half-way could be verified
            self._mend(drill)
        if exam is not None and exam.next == drill.id:
            return self._ended(drill, solved=False)
        self.session.drop()
        return Ended(drill, None, mended=there, next=self.following())

    def _mend(self, drill: Drill) -> None:
        with _working():
            training.reset(self._bench_of_running(), drill)
        self._still(drill)

    def _still(self, drill: Drill) -> None:
        """Read the record again after a while: another command may have taken a hint, or ended the drill."""
        self.session.refresh()
        if self.session.running.drill != drill.id:
            raise BadInput("drill", f"{drill.id} was ended meanwhile.", "See: runbook drill status")

    def _ended(self, drill: Drill, *, solved: bool) -> Ended:
        examined = self.session.exam is not None and self.session.exam.next == drill.id
        result = self.session.end(drill, solved=solved)
        following = self.following()
        if examined and self.session.exam is None:
            following = None
        return Ended(drill, result, following, examined)

    def _bench_of_running(self) -> Bench:
        account = self._account()
        if account is None:
            raise self._gone()
        return self._open(account, self.session.running.stack)

    def is_there(self) -> bool:
        """Whether the account is still there that the drill was started on."""
        return self._account() is not None

    def _account(self) -> Account | None:
        """The account that the drill was started on; None when it is gone."""
        running = self.session.running
        try:
            account = connect(Kind.PRACTICE, validated({"region": running.region}), endpoint_url=running.endpoint)
        except BadInput:
            return None
        return account if account.practice.get("id") == running.token else None

    def _gone(self) -> BadInput:
        drill = self.session.running.drill
        return BadInput(
            "drill",
            f"{drill} is running, but its practice account is gone; one ends when it is stopped, or idle for an hour.",
            f"Go on with: {_starting(drill)}; or give it up: runbook drill reset",
        )

    def stop(self) -> None:
        """End what is under way, with :class:`Stopped`: every wait at once. For another thread, or a signal."""
        self._stopped = True
        if self._bench is not None:
            self._bench.aws.control.stop()

    # --- exam ---------------------------------------------------------------------------------------------------

    def begin_exam(
        self, count: int, seed: int | None, out: Path, level: str | None = None, *, closed_book: bool = False
    ) -> Drill:
        """Begin an exam; its first drill is to be started next. Raises :class:`BadInput`."""
        self.session.refresh()
        running = self.session.record.running
        if running is not None and running.ready and self.session.exam is None:
            raise BadInput(
                "exam",
                f"{running.drill} is running.",
                "End it first with: runbook drill verify, or runbook drill reset",
            )
        chosen = exams.choose(self.course, count, seed, level)
        exams.writable(out)
        self.session.begin_exam(chosen, seed, out.absolute(), closed_book=closed_book)
        return self.course[chosen[0]]

    def end_exam(self) -> Ended | None:
        """End the exam early; what was not done counts as zero. The drill that ran, if any, is brought back."""
        self.session.refresh()
        self.session.end_exam()
        return self.give_up() if self.session.record.running is not None else None

    def report(self, out: Path | None = None) -> tuple[Path, Path]:
        """Write the report of the exam under way or of the last one. Raises :class:`BadInput`."""
        exam = self.session.record.exam
        if exam is None:
            raise BadInput("exam", "there was none yet.", "Begin one with: runbook drill exam N")
        return exams.write(self.session.name, exam, self.course, out or Path(exam.out))


def _answer(bench: Bench, drill: Drill) -> str:
    """What a caller is told, status first; and how often, if only some are told so."""
    symptom = drill.symptom
    answers = bench.ask(symptom.path, times=ROUNDS if symptom.only_some else 1, method=symptom.method)
    told = [answer for answer in answers if answer.status_code == symptom.status] or answers
    often = f" ({len(told)} of {len(answers)} calls)" if symptom.only_some else ""
    return f"{told[0].status_code} {told[0].text[:_SHOWN]}".strip() + often


@contextmanager
def _working() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise CannotContinue(
            f"The practice account could not be asked ({error}). Is it still there? runbook practice status"
        ) from error


def _starting(drill: str) -> str:
    return command_line.runbook("drill", "start", arguments=[drill])
