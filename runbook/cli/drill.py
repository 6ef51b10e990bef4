"""``runbook drill``: find and mend what a drill broke, on a practice account."""

from __future__ import annotations

import json as jsonlib
import random as chance
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runbook.cli.options import FAILED, NOT_AS_IT_SHOULD_BE, Target, exits, targeted
from runbook.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from drills.bench import Bench
    from drills.model import Course, Drill
    from drills.session import Result, Session

__all__ = ["app"]

STACK = "drill"
STACK_ONLY = ("stack", "region")

app = typer.Typer(
    help="Training: a stack on the practice account is broken in one real way; find it and mend it.",
    no_args_is_help=True,
)

TraineeOption = Annotated[
    str | None,
    typer.Option("--trainee", envvar="RUNBOOK_TRAINEE", help="Whose record it is; by default the system's user."),
]


def show(trainee: TraineeOption = None, json: Annotated[bool, typer.Option("--json", help="JSON.")] = False) -> None:
    """The course, and how you did so far."""
    from rich.table import Table

    course, session = _course(), _session(trainee)
    if json:
        told = [
            {
                "number": course.number(drill),
                "id": drill.id,
                "title": drill.title,
                "level": drill.level,
                "minutes": drill.minutes,
                "points": best.points if (best := session.record.best(drill.id)) else None,
                "worth": drill.worth,
            }
            for drill in course.drills
        ]
        typer.echo(jsonlib.dumps(told, ensure_ascii=False))
        return
    table = Table("#", "name", "what is seen", "level", "minutes", "points", box=None, pad_edge=False)
    for drill in course.drills:
        best = session.record.best(drill.id)
        points = f"{best.points}/{drill.worth}" if best else f"–/{drill.worth}"
        number = str(course.number(drill))
        table.add_row(number, drill.id, drill.title, drill.difficulty, str(drill.minutes), points)
    _console().print(table)


@targeted(STACK_ONLY)
def start(
    target: Target,
    name: Annotated[str | None, typer.Argument(help="The drill, by name or number.")] = None,
    random: Annotated[bool, typer.Option("--random", help="Any drill, by chance; one not solved yet first.")] = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="By chance, but the same drill for the same N: for a class."),
    ] = None,
    trainee: TraineeOption = None,
) -> int:
    """Bring a stack up, break it, and tell what the on-call engineer is told."""
    course, session = _course(), _session(trainee)
    by_chance = random or seed is not None
    if (name is None) is not by_chance:
        raise BadInput("drill", "give the name of a drill, or --random, or --seed N.", "See: runbook drill list")
    drill = course[name] if name else _any(course, session, seed)
    _start(target, course, session, drill)
    return 0


def status(trainee: TraineeOption = None) -> None:
    """Which drill runs, since when, and what it gives."""
    from drills.exam import clock

    course, session = _course(), _session(trainee)
    running = session.running
    drill = course[running.drill]
    points = 0 if running.gave_up else drill.points(running.hints)
    typer.echo(f"Drill {course.number(drill)}, {drill.id}: {drill.title}")
    typer.echo(
        f"{clock(session.seconds)} of about {drill.minutes}:00; {running.hints} hints; {points} points to be had"
    )
    if exam := session.record.exam:
        typer.echo(f"Exam: drill {len(exam.results) + 1} of {len(exam.drills)}")


def hint(trainee: TraineeOption = None) -> None:
    """The next hint; each costs a fifth of the points."""
    course, session = _course(), _session(trainee)
    drill = course[session.running.drill]
    typer.echo(session.hint(drill))
    typer.echo(f"({drill.points(session.running.hints)} of {drill.worth} points are left.)")


@targeted(("region",))
def verify(target: Target, trainee: TraineeOption = None) -> int:
    """Judge whether it is mended. Exit 0 when it is, 3 when not."""
    from drills.judging import judge

    course, session = _course(), _session(trainee)
    drill = course[session.running.drill]
    with _bench(target, session.running.stack) as bench:
        wrong = judge(bench, drill)
    if wrong:
        session.refuse()
        typer.echo(f"Not yet. {wrong}")
        return NOT_AS_IT_SHOULD_BE
    _ended(target, course, session, drill, session.end(drill, solved=True))
    return 0


@targeted(("region",))
def solution(
    target: Target,
    trainee: TraineeOption = None,
    apply: Annotated[bool, typer.Option("--apply", help="Also do it, and end the drill.")] = False,
) -> int:
    """What mends it. The drill then gives no points."""
    course, session = _course(), _session(trainee)
    drill = course[session.running.drill]
    session.give_up()
    _markdown(_console(), drill.solution)
    if apply:
        from drills import training

        with _bench(target, session.running.stack) as bench:
            training.reset(bench, drill)
        _ended(target, course, session, drill, session.end(drill, solved=False))
    else:
        typer.echo("Do it and verify; or let it be done: runbook drill solution --apply")
    return 0


@targeted(("region",))
def reset(target: Target, trainee: TraineeOption = None) -> int:
    """Give the drill up without a result, and bring the stack back to finished."""
    from drills import training

    course, session = _course(), _session(trainee)
    running = session.running
    with _bench(target, running.stack) as bench:
        training.reset(bench, course[running.drill])
    session.drop()
    typer.echo(f"Stack {running.stack} is as it should be.")
    return 0


@targeted(STACK_ONLY)
def exam(
    target: Target,
    count: Annotated[int, typer.Argument(metavar="N", help="How many drills; 0 writes the report of what was done.")],
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="The same exam for the same N.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory of the report.")] = Path(),
    trainee: TraineeOption = None,
) -> int:
    """N drills in a row: each verify that is accepted starts the next; the report is written at the end."""
    from drills.exam import choose

    course, session = _course(), _session(trainee)
    if count == 0:
        return _report(course, session, out)
    if (begun := session.record.exam) is not None and begun.next is not None:
        raise BadInput("exam", "one is under way.", "Go on with it, or end it early with: runbook drill exam 0")
    begun = session.begin_exam(choose(course, count, seed), seed)
    _start(target, course, session, course[begun.drills[0]])
    return 0


for _name, _command in (
    ("list", show),
    ("start", start),
    ("status", status),
    ("hint", hint),
    ("verify", verify),
    ("solution", solution),
    ("reset", reset),
    ("exam", exam),
):
    app.command(_name)(exits(_command))


# --- parts ------------------------------------------------------------------------------------------------------------


def _course() -> Course:
    from drills.catalogue import COURSE
    from drills.model import Course

    return Course.of(COURSE)


def _session(trainee: str | None) -> Session:
    from drills.session import Session

    return Session(trainee)


def _any(course: Course, session: Session, seed: int | None) -> Drill:
    if seed is not None:  # whatever this trainee has done: a class gets one drill
        return chance.Random(seed).choice(course.drills)
    unsolved = [drill for drill in course.drills if session.record.best(drill.id) is None]
    return chance.choice(unsolved or course.drills)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _markdown(console: Console, text: str) -> None:
    from rich.markdown import Markdown

    console.print(Markdown(text))


@contextmanager
def _bench(target: Target, stack: str) -> Iterator[Bench]:
    """The drill's bench, with a line of what it is doing where somebody watches."""
    from rich.console import Console

    from drills.bench import Bench

    account = target.connect()
    with Console(stderr=True).status("practice account") as line:
        yield Bench(account, target.parameters.with_values(stack=stack), tell=line.update)


def _start(target: Target, course: Course, session: Session, drill: Drill) -> None:
    from drills import training

    stack = target.parameters.stack if "stack" in target.parameters.given else STACK
    if (running := session.record.running) is not None:
        raise BadInput("drill", f"{running.drill} is running.", "End it with: runbook drill verify, or drill reset")
    with _bench(target, stack) as bench:
        training.start(bench, drill)
        url, endpoint, region = bench.url(drill.symptom.path), bench.account.endpoint_url, bench.aws.region
    session.start(drill, stack=stack, region=region)
    console = _console()
    console.rule(f"Drill {course.number(drill)} · {drill.difficulty} · about {drill.minutes} minutes")
    _markdown(console, f"# {drill.title}\n\n{drill.story}")
    console.print(f"\n[b]URL[/]        {url}\n[b]stack[/]      {stack}\n[b]AWS[/]        {endpoint} ({region})")
    console.print(f"[b]instances[/]  to log in to one: GET or PATCH {endpoint}/_practice/machines/INSTANCE-ID")
    console.print("\nMended? runbook drill verify · Stuck? runbook drill hint")


def _ended(target: Target, course: Course, session: Session, drill: Drill, result: Result) -> None:
    from drills.exam import clock

    console = _console()
    said = "Solved" if result.solved else "Over"
    console.print(f"[b]{said}[/] in {clock(result.seconds)}: {result.points} of {result.worth} points.\n")
    _markdown(console, drill.debrief)
    if (exam := session.record.exam) is None:
        return
    if exam.next is not None:
        _start(target, course, session, course[exam.next])
    else:
        console.print("\nThat was the last one. Write the report with: runbook drill exam 0")


def _report(course: Course, session: Session, out: Path) -> int:
    from drills.exam import write

    if (exam := session.record.exam) is None:
        typer.echo("There is no exam to report on; begin one with: runbook drill exam N", err=True)
        return FAILED
    for path in write(session.record, exam, course, out):
        typer.echo(f"wrote {path}")
    session.end_exam()
    return 0
