"""``runbook drill``: find and mend what a drill broke, on a practice account."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drills import STACK
from runbook import command_line
from runbook.cli import completing
from runbook.cli.commands import SETTINGS, Command, Group
from runbook.cli.options import FAILED, NOT_AS_IT_SHOULD_BE, complain, exits
from runbook.cli.signals import stopping
from runbook.errors import BadInput, Stopped, named
from runbook.extras import need

if TYPE_CHECKING:
    from rich.console import Console

    from drills.desk import Briefing, Desk, Ended
    from drills.model import Drill
    from runbook.accounts import Account

__all__ = ["app"]

app = typer.Typer(
    **SETTINGS,
    cls=Group,
    help="Training: a stack on the practice account is broken in one real way; find it and repair it.",
    no_args_is_help=True,
)

TraineeOption = Annotated[
    str | None,
    typer.Option("--trainee", envvar="RUNBOOK_TRAINEE", help="Whose record it is; by default the system's user."),
]
LevelOption = Annotated[
    str | None,
    typer.Option(
        "--level",
        metavar="LEVEL",
        autocompletion=completing.levels,
        help="By chance, among the easy, medium or hard ones only.",
    ),
]
AccountOption = Annotated[str, typer.Option("--account", envvar="RUNBOOK_ACCOUNT", hidden=True)]
EndpointOption = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        metavar="URL",
        help="A served practice account, instead of the one in the background (also AWS_ENDPOINT_URL).",
    ),
]
RegionOption = Annotated[
    str | None, typer.Option("--region", envvar="RUNBOOK_REGION", help="Where in it; by default in its own region.")
]
StackOption = Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack to break.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]
ClosedOption = Annotated[
    bool,
    typer.Option(
        "--closed-book",
        help="Refuse up, step, down, rollback and trace on the stack; check, the AWS CLI and curl are allowed.",
    ),
]


def show(trainee: TraineeOption = None, json: JsonOption = False) -> None:
    """The course, and how you did so far."""
    from rich.table import Table
    from rich.text import Text

    desk = _desk(trainee)
    course, record = desk.course, desk.session.record
    best = {drill.id: record.best(drill.id) for drill in course.drills}
    if json:
        _json(
            [
                {**_told(desk, drill), "points": kept.points if (kept := best[drill.id]) else None}
                for drill in course.drills
            ]
        )
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("#", "name", "title", "level", "minutes", "points"):
        table.add_column(column, no_wrap=True, overflow="fold")
    for drill in course.drills:
        points = f"{kept.points}/{drill.worth}" if (kept := best[drill.id]) else f"–/{drill.worth}"
        cells = (str(course.number(drill)), drill.id, drill.title, drill.difficulty, str(drill.minutes), points)
        table.add_row(*map(Text, cells))
    console = _console()
    console.print(table)
    solved = [kept for kept in best.values() if kept]
    got, worth = sum(kept.points for kept in solved), sum(drill.worth for drill in course.drills)
    console.print(f"\n{len(solved)} of {len(course.drills)} solved, {got} of {worth} points.")


def start(
    name: Annotated[
        str | None, typer.Argument(help="The drill, by name or number.", autocompletion=completing.drills)
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Any drill, by chance; one not solved yet first.")] = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="By chance, but the same drill for the same N: for a class."),
    ] = None,
    level: LevelOption = None,
    closed_book: ClosedOption = False,
    stack: StackOption = STACK,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    account: AccountOption = "practice",
    trainee: TraineeOption = None,
) -> None:
    """Bring a stack up, break it, and tell what the on-call engineer is told."""
    with _working(trainee) as desk:
        by_chance = random or seed is not None or level is not None
        if (name is None) is not by_chance:
            raise BadInput("drill", "give the name of a drill, or --random, or --seed N.", "See: runbook drill list")
        drill = desk.course[name] if name is not None else desk.by_chance(seed, level)
        briefing = desk.start(drill, _practice(account, stack, region, endpoint_url), stack, closed_book=closed_book)
    _brief(desk, briefing)


def status(trainee: TraineeOption = None, json: JsonOption = False) -> int:
    """Which drill runs, since when, what it gives, and what is seen. Exit 1 when none does."""
    from drills.exam import clock

    desk = _desk(trainee)
    session = desk.session
    running, exam = session.record.running, session.exam
    examined = {"drill": len(exam.results) + 1, "of": len(exam.drills), "seed": exam.seed} if exam else None
    if running is None:
        if json:
            _json({"drill": None, "exam": examined})
        elif exam is None:
            typer.echo(f"No drill of {session.name} is running. Start one with: runbook drill start NAME")
        else:
            at = f"drill {len(exam.results) + 1} of {len(exam.drills)}"
            typer.echo(f"No drill of {session.name} is running; the exam is at {at}. Go on with: runbook drill exam")
        return FAILED
    briefing = desk.briefing()
    drill, points, question = briefing.drill, desk.points, desk.question
    if json:
        so_far = {
            "points": points,
            "closed_book": running.closed_book,
            "tools": running.tools,
            "question": {"hops": question.hops, "why": question.lettered},
            "answered": {"hop": running.hop, "why": running.cause},
            "seconds": round(session.seconds, 1),
            "hints": running.hints,
            "hints_taken": desk.hints,
            "refused": running.refused,
        }
        _json({"drill": _briefed(desk, briefing) | so_far, "exam": examined})
        return 0
    _brief(desk, briefing)
    for number, hint in enumerate(desk.hints, start=1):
        typer.echo(f"Hint {number}. {hint}\n")
    told = [f"{clock(session.seconds)} of about {drill.minutes} minutes", f"{points} of {drill.worth} points to be had"]
    told.append(f"{running.hints} of {len(drill.hints)} hints taken")
    if running.tools:
        told.append(f"tools used: {', '.join(running.tools)}")
    if examined:
        told.append(f"exam: drill {examined['drill']} of {examined['of']}")
    typer.echo(" · ".join(told))
    _show_question(desk)
    return 0


def hint(trainee: TraineeOption = None) -> None:
    """The next hint; each costs a fifth of the points."""
    desk = _desk(trainee)
    typer.echo(desk.hint())
    drill, running = desk.drill, desk.session.running
    typer.echo(f"(Hint {running.hints} of {len(drill.hints)}; {desk.points} of {drill.worth} points are left.)")


def verify(
    hop: Annotated[
        str | None, typer.Option("--hop", metavar="HOP", help="The hop that breaks it, by name or number.")
    ] = None,
    why: Annotated[
        str | None, typer.Option("--why", metavar="LETTER", help="The cause; drill status lists them.")
    ] = None,
    trainee: TraineeOption = None,
    json: JsonOption = False,
) -> int:
    """Answer which hop breaks it and why, then have the repair judged. Exit 0 when it is repaired, 3 when not.

    The answers give four fifths of the points; the last ones given count. A terminal asks for those that are missing.
    """
    desk = _desk(trainee)
    drill = desk.briefing().drill
    hop, why = _answers(desk, hop, why, asks=not json)
    if (hop, why) != (None, None):
        desk.reply(hop, why)
    with _status(desk):
        ended = desk.verify()
    if isinstance(ended, str):
        if json:
            _json({"drill": drill.id, "solved": False, "wrong": ended, "refused": desk.session.running.refused})
        else:
            _console().print(f"Not yet. {ended}", soft_wrap=True)
        return NOT_AS_IT_SHOULD_BE
    return _after(desk, ended, json=json)


def solution(
    trainee: TraineeOption = None,
    apply: Annotated[bool, typer.Option("--apply", help="Also do it, and end the drill.")] = False,
) -> int:
    """Show the solution (forfeits the points)."""
    desk = _desk(trainee)
    if apply:
        with _status(desk):
            ended = desk.apply_solution()
        return _after(desk, ended)
    _markdown(_console(), desk.solution())
    typer.echo("\nDo it and verify; or let it be done: runbook drill solution --apply")
    return 0


def reset(trainee: TraineeOption = None) -> int:
    """Give the drill up and bring the stack back to finished; in an exam it counts as zero, and the next begins."""
    with _working(trainee) as desk:
        ended = desk.give_up()
    if ended is not None and ended.result is not None:
        return _after(desk, ended)
    name = "The drill" if ended is None else ended.drill.id
    back = "; the stack is as it should be." if ended is not None and ended.mended else "."
    typer.echo(f"{name} is given up{back}")
    return 0


def exam(
    count: Annotated[
        int | None, typer.Argument(metavar="[N]", help="Begin one of so many drills; without N, go on with it.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="The same exam for the same N.")] = None,
    level: LevelOption = None,
    end: Annotated[bool, typer.Option("--end", help="End it early; what is not done counts as zero.")] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Only write the report, as it stands or of the last.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Directory of the report; by default this one.")
    ] = None,
    closed_book: ClosedOption = False,
    stack: StackOption = STACK,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    account: AccountOption = "practice",
    trainee: TraineeOption = None,
) -> int:
    """N drills in a row: each that is over starts the next, and the last one writes the report."""
    if (count is not None) + end + report > 1:
        raise BadInput("exam", "give N to begin one, or --end, or --report.")
    if closed_book and count is None:
        raise BadInput(
            "closed_book", "is chosen when an exam begins.", "For example: runbook drill exam 5 --closed-book"
        )
    desk = _desk(trainee)
    if report:
        return _report(desk, out)
    if end:
        with _status(desk):
            desk.end_exam()
        return _report(desk, out)
    if count is None and desk.session.exam is None:
        raise BadInput("exam", "say of how many drills.", "For example: runbook drill exam 5 --seed 7")
    running = desk.session.record.running
    if count is None and running is not None and running.ready and desk.is_there():
        _brief(desk, desk.briefing())
        return 0
    with _status(desk):
        practice = _practice(account, stack, region, endpoint_url)
        if count is None:
            drill = desk.following()
        else:
            drill = desk.begin_exam(count, seed, out or Path(), level, closed_book=closed_book)
        if drill is None:
            raise BadInput("exam", "its next drill is not in the course any more.", "End it: runbook drill exam --end")
        briefing = desk.start(drill, practice, stack)
    _brief(desk, briefing)
    return 0


def scores(
    where: Annotated[Path, typer.Argument(metavar="DIR", help="Reports (*.html) and records (*.json), also below.")],
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV, for a spreadsheet.")] = False,
) -> int:
    """Make one table of a class, from the trainees' records and exams. Exit 3 when a file could not be used."""
    from dataclasses import asdict

    from drills import scores as class_scores
    from drills.catalogue import COURSE
    from drills.model import Course

    if json and csv:
        raise BadInput("scores", "give --json or --csv, not both.")
    read = class_scores.read(where, Course.of(COURSE))
    for path in read.unreadable:
        typer.echo(f"{named(path)} is not a record of drills; it was left out.", err=True)
    if json:
        _json([asdict(row) for row in read.rows])
    elif csv:
        typer.echo(class_scores.as_csv(read.rows), nl=False)
    else:
        _show_scores(class_scores.cells(read.rows))
    return NOT_AS_IT_SHOULD_BE if read.unreadable else 0


def _show_scores(rows: list[tuple[str, ...]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from runbook.present import safe

    header, *rest = rows
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in header:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rest:
        table.add_row(*(Text(safe(cell)) for cell in row))
    _console().print(table)


def pages(out: Annotated[Path, typer.Argument(metavar="DIR")] = Path("docs/drills")) -> None:
    """Write the course's pages, as they are in the docs."""
    from drills.catalogue import COURSE
    from drills.model import Course
    from drills.pages import write
    from runbook.present import counted

    typer.echo(f"wrote {counted(len(write(Course.of(COURSE), out)), 'page')} to {out}")


for _name, _command in (
    ("list", show),
    ("start", start),
    ("status", status),
    ("hint", hint),
    ("verify", verify),
    ("solution", solution),
    ("reset", reset),
    ("exam", exam),
    ("scores", scores),
):
    app.command(_name, cls=Command)(exits(_command))
app.command("pages", hidden=True)(exits(pages))


# --- parts ------------------------------------------------------------------------------------------------------------


def _desk(trainee: str | None) -> Desk:
    need("practice", "drill")
    from drills.desk import Desk
    from drills.session import Session

    return Desk(Session(trainee))


@contextmanager
def _working(trainee: str | None) -> Iterator[Desk]:
    desk = _desk(trainee)
    with _status(desk):
        yield desk


@contextmanager
def _status(desk: Desk) -> Iterator[None]:
    """A line of what is being done, where somebody watches; Ctrl-C stops it as it stops a run."""
    from rich.text import Text

    from runbook.cli.console import terminal

    with stopping(desk) as signalled:
        try:
            with terminal(stderr=True).status(Text("practice account")) as line:
                desk.tell = lambda text: line.update(Text(text))
                yield
        except Stopped as stopped:
            code = complain(stopped)
            raise typer.Exit(signalled.exit_code or code) from None


def _practice(account: str, stack: str, region: str | None, endpoint_url: str | None) -> Account:
    """The practice account. Raises :class:`BadInput` when another is asked for, before anything is connected to."""
    from runbook.accounts import Kind, connect
    from runbook.parameters import validated

    if account != Kind.PRACTICE:
        raise BadInput("account", "drills break what they find, so they run on a practice account only.")
    params = validated({"stack": stack} | ({"region": region} if region else {}))
    return connect(Kind.PRACTICE, params, endpoint_url=endpoint_url)


def _answers(desk: Desk, hop: str | None, why: str | None, *, asks: bool) -> tuple[str | None, str | None]:
    """The answers as given; a terminal asks for what is missing."""
    from runbook.cli.console import watched

    running, question = desk.session.running, desk.question
    if not asks or running.gave_up or not sys.stdin.isatty() or not watched(_console()):
        return hop, why
    if hop is None and running.hop is None:
        typer.echo("Which hop breaks it?")
        for number, name in enumerate(question.hops, start=1):
            typer.echo(f"  {number:>2}  {name}")
        hop = typer.prompt("Hop", value_proc=lambda text: _accepted(question.hop, text))
    if why is None and running.cause is None:
        typer.echo("Why?")
        _show_causes(desk)
        letters = {cause: letter for letter, cause in question.lettered.items()}
        why = letters[typer.prompt("Why", value_proc=lambda text: _accepted(question.cause, text))]
    return hop, why


def _accepted(read: Callable[[str], str], text: str) -> str:
    """What was typed, or a question that is asked again."""
    try:
        return read(text)
    except BadInput as error:
        raise typer.BadParameter(f"{error.problem} {error.remedy}".strip()) from None


def _show_question(desk: Desk) -> None:
    """The question, for those who answer with options."""
    running, question = desk.session.running, desk.question
    typer.echo(f"\nBefore verify: which hop breaks it, and why? Hops: {', '.join(question.hops)}.")
    _show_causes(desk)
    if running.hop is None and running.cause is None:
        typer.echo("Answer with: runbook drill verify --hop HOP --why LETTER")
    else:
        typer.echo(f"Answered: {running.hop or 'no hop'}; {running.cause or 'no cause'}")


def _show_causes(desk: Desk) -> None:
    for letter, cause in desk.question.lettered.items():
        typer.echo(f"  {letter}   {cause}")


def _brief(desk: Desk, briefing: Briefing) -> None:
    from rich.text import Text

    from runbook.cli.console import watched

    drill, console = briefing.drill, _console()
    exam = desk.session.exam
    place = f"Exam {len(exam.results) + 1} of {len(exam.drills)}" if exam else f"Drill {briefing.number}"
    heading = Text(f"{place} · {drill.id} · {drill.difficulty} · about {drill.minutes} minutes")
    if watched(console):
        console.rule(heading)
    else:
        console.print(heading)
    _markdown(console, f"# {drill.title}\n\n{drill.story}")
    console.print()
    for name, value in (
        ("URL", briefing.call),
        ("answer", briefing.answer),
        ("stack", briefing.stack),
        ("instances", f"to log in to one: {briefing.machines}"),
        ("AWS CLI", f"in a shell after: {briefing.shell}"),
        ("tools", desk.allowed),
    ):
        console.print(Text.assemble((f"{name:<11}", "bold"), value), soft_wrap=True)
    next_ = ["Repaired? runbook drill verify", "Stuck? runbook drill hint"]
    next_ += ["Skip it? runbook drill reset"] if exam else []
    console.print("\n" + " · ".join(next_) + "\n")


def _after(desk: Desk, ended: Ended, *, json: bool = False) -> int:
    """Tell how a drill ended, and go on with the exam it is part of."""
    from rich.text import Text

    from drills.exam import clock

    result = ended.result
    assert result is not None  # noqa: S101 (only what has a result is told)
    going_on = ended.next if ended.examined else None
    if not json:
        console = _console()
        said = "Solved" if result.solved else "Over"
        console.print(Text(f"{said} in {clock(result.seconds)}: {result.points} of {result.worth} points.\n", "bold"))
        for line in ended.account:
            console.print(Text(line), soft_wrap=True)
        _markdown(console, f"\n{ended.drill.debrief}\n\n**What mends it.** {ended.drill.solution}")
        console.print()
    briefing = None
    if going_on is not None:
        with _status(desk):
            briefing = desk.go_on(going_on)
    reported = [str(path) for path in desk.report()] if ended.examined and desk.session.exam is None else []
    if json:
        told = result.model_dump(mode="json", exclude={"started"}) | {"wrong": None}
        _json(told | {"next": _briefed(desk, briefing) if briefing else None, "report": reported})
        return 0
    for path in reported:
        typer.echo(f"wrote {path}")
    if briefing:
        _brief(desk, briefing)
    elif ended.next:
        typer.echo(f"Next: {command_line.runbook('drill', 'start', arguments=[ended.next.id])}")
    return 0


def _report(desk: Desk, out: Path | None) -> int:
    for path in desk.report(out):
        typer.echo(f"wrote {path}")
    return 0


def _told(desk: Desk, drill: Drill) -> dict[str, Any]:
    return {
        "number": desk.course.number(drill),
        "id": drill.id,
        "title": drill.title,
        "level": drill.level,
        "minutes": drill.minutes,
        "worth": drill.worth,
    }


def _briefed(desk: Desk, briefing: Briefing) -> dict[str, Any]:
    return {
        **_told(desk, briefing.drill),
        "story": briefing.drill.story,
        "method": briefing.drill.symptom.method,
        "url": briefing.url,
        "answer": briefing.answer,
        "stack": briefing.stack,
        "region": briefing.region,
        "endpoint": briefing.endpoint,
    }


def _json(value: object) -> None:
    typer.echo(jsonlib.dumps(value))


def _console() -> Console:
    from runbook.cli.console import terminal

    return terminal()


def _markdown(console: Console, text: str) -> None:
    from rich.markdown import Markdown

    from runbook.cli.console import watched

    console.print(Markdown(text) if watched(console) else text)  # a pipe has no width to lay it out for
