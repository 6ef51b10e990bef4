"""``runbook drill``: find and mend what a drill broke, on a practice account."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator
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
from runbook.errors import BadInput, Stopped
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
    help="Training: a stack on the practice account is broken in one real way; find it and mend it.",
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
        briefing = desk.start(drill, _practice(account, stack, region, endpoint_url), stack)
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
    drill = briefing.drill
    points = 0 if running.gave_up else drill.points(running.hints)
    if json:
        so_far = {
            "points": points,
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
    if examined:
        told.append(f"exam: drill {examined['drill']} of {examined['of']}")
    typer.echo(" · ".join(told))
    return 0


def hint(trainee: TraineeOption = None) -> None:
    """The next hint; each costs a fifth of the points."""
    desk = _desk(trainee)
    typer.echo(desk.hint())
    drill, running = desk.drill, desk.session.running
    left = 0 if running.gave_up else drill.points(running.hints)
    typer.echo(f"(Hint {running.hints} of {len(drill.hints)}; {left} of {drill.worth} points are left.)")


def verify(trainee: TraineeOption = None, json: JsonOption = False) -> int:
    """Judge whether it is mended. Exit 0 when it is, 3 when not."""
    with _working(trainee) as desk:
        drill = desk.briefing().drill
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
    """What mends it. The drill then gives no points."""
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
    stack: StackOption = STACK,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    account: AccountOption = "practice",
    trainee: TraineeOption = None,
) -> int:
    """N drills in a row: each that is over starts the next, and the last one writes the report."""
    if (count is not None) + end + report > 1:
        raise BadInput("exam", "give N to begin one, or --end, or --report.")
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
        drill = desk.following() if count is None else desk.begin_exam(count, seed, out or Path(), level)
        if drill is None:
            raise BadInput("exam", "its next drill is not in the course any more.", "End it: runbook drill exam --end")
        briefing = desk.start(drill, practice, stack)
    _brief(desk, briefing)
    return 0


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
        ("instances", f"to log in to one: GET or PATCH {briefing.endpoint}/_practice/machines/INSTANCE-ID"),
        ("", 'PATCH with -H "X-Practice-Token: $(runbook practice token)"'),
        ("AWS CLI", f"in a shell after: {briefing.shell}"),
    ):
        console.print(Text.assemble((f"{name:<11}", "bold"), value), soft_wrap=True)
    next_ = ["Mended? runbook drill verify", "Stuck? runbook drill hint"]
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
        _markdown(console, f"{ended.drill.debrief}\n\n**What mends it.** {ended.drill.solution}")
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
