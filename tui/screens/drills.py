"""The drills: the course, the symptom of the drill that runs, and the debrief of the one that has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Markdown, Static

from runbook.events import Action
from tui.session import Order, Session
from tui.training import Training
from tui.words import safe, span, text

if TYPE_CHECKING:
    from drills.desk import Briefing, Ended
    from drills.model import Drill
    from tui.app import RunbookApp

__all__ = ["DrillsScreen"]

_QUIET = "$foreground 55%"
_TICK = 1.0  # seconds between two looks at the stopwatch
_COLUMNS = {"#": 3, "title": 20, "level": 6, "min": 4, "points": 7}
"""Columns of the course and their widths; the title takes what is left."""
_NOT_HERE = """\
# Drills

A drill breaks a finished stack in one real way, so that you find it and mend it. That is nothing to do on a real AWS
account: drills run on a practice account only.

Open one beside this with `runbook tui --account practice`, and press `l` there. It needs no AWS account and costs
nothing.
"""
_WELCOME = """\
# Drills

Each drill breaks a finished stack in one real way and shows what an on-call engineer would see. Find the cause and mend
it with whatever you like: the checklist, trace, the AWS CLI, boto3. Any right repair counts.

Choose one and press **Enter**, or **n** for the next of the course. A hint costs a fifth of the points.
"""
_WAYS = (
    "A drill breaks a finished stack on the practice account. You see what an on-call engineer would see; find the "
    "cause and mend it. v judges by the answers and the account's state, so any right repair counts.\n"
    "Mend it here (t traces, c opens the checklist of the drill's stack, l comes back), with the AWS CLI, or with "
    "boto3. The stopwatch goes on wherever you are. In the list, ✓ is solved and ▶ is the drill that runs."
)


class Course(DataTable[Text], inherit_bindings=False):
    """The drills in teaching order. Going up and down, or a click, chooses; Enter is left to the screen."""

    BINDING_GROUP_TITLE = "Course"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Drill before", show=False, id="course.up"),
        Binding("down,j", "cursor_down", "Next drill", show=False, id="course.down"),
        Binding("home", "scroll_top", "First drill", show=False, id="course.first"),
        Binding("end", "scroll_bottom", "Last drill", show=False, id="course.last"),
        Binding("pageup", "page_up", "Page up", show=False, id="course.page_up"),
        Binding("pagedown", "page_down", "Page down", show=False, id="course.page_down"),
    ]

    def on_mount(self) -> None:
        """Name pane and columns."""
        self.border_title = "Course"
        for name, width in _COLUMNS.items():
            self.add_column(name, width=width, key=name)

    def on_resize(self) -> None:
        """Give the titles the room there is."""
        padding = 2 * self.cell_padding
        others = sum(width + padding for name, width in _COLUMNS.items() if name != "title")
        for key, column in self.columns.items():
            if key.value == "title":
                column.width = max(_COLUMNS["title"], self.scrollable_content_region.width - others - padding)
        self._require_update_dimensions = True
        self.refresh(layout=True)


class DrillsScreen(Screen[None]):
    """Shows the training; asks it to do what a key asks for."""

    app: RunbookApp

    AUTO_FOCUS = "#course"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (as Textual declares it)
        (0, "-narrow"),
        (104, "-wide"),
    ]
    BINDING_GROUP_TITLE = "Drills"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "Start", id="drills.start", tooltip="Start the chosen drill"),
        Binding("n", "next", "Next", id="drills.next", tooltip="Start the next drill of the exam, or of the course"),
        Binding("a", "any", "Any", id="drills.any", tooltip="Start a drill by chance, one not solved yet first"),
        Binding("v", "verify", "Verify", id="drills.verify", tooltip="Judge whether it is mended"),
        Binding("h", "hint", "Hint", id="drills.hint", tooltip="The next hint; it costs a fifth of the points"),
        Binding("s", "solution", "Solution", id="drills.solution", tooltip="What mends it; it costs all points"),
        Binding("x", "give_up", "Give up", id="drills.give_up", tooltip="Bring the stack back to finished"),
        Binding("t", "trace", "Trace", id="drills.trace", tooltip="Follow the drill's request hop by hop"),
        Binding("c", "checklist", "Checklist", id="drills.checklist", tooltip="The checklist, on the drill's stack"),
        Binding("y", "copy", "Copy URL", show=False, id="drills.copy", tooltip="Copy the URL that shows the symptom"),
        Binding("l", "turn", "List", id="drills.turn", tooltip="From the course to the page beside it, and back"),
        Binding("question_mark,f1", "help", "Help", id="drills.help", tooltip="What the keys do"),
        Binding("escape,q", "back", "Back", id="drills.back", tooltip="Back to the steps; a drill goes on"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[str, str, str, Briefing | None] | None = None
        self._offered: tuple[bool | None, ...] = ()

    def compose(self) -> ComposeResult:
        """How it stands on top, the course, and beside it the page of the drill."""
        yield Static(id="drill-head")
        with Horizontal(id="drill-body"):
            yield Course(id="course", cursor_type="row", zebra_stripes=False, cell_padding=1)
            with VerticalScroll(id="drill-page"):
                yield Markdown(id="drill-text")
                yield Static(id="drill-facts")
                yield Markdown(id="drill-more")
        yield Footer(compact=True, show_command_palette=False)

    async def on_mount(self) -> None:
        """Read the course, and show what is known."""
        self.query_one("#drill-page").border_title = "Drill"
        self.set_class(True, "-list")
        training = self._training
        if training is None:
            await self.query_one("#drill-text", Markdown).update(_NOT_HERE)
            self.query_one("#drill-head", Static).update(span("There are no drills here.", "$text-warning"))
            self._turn_to("page")
            return
        training.changed.subscribe(self, self._changed)
        self.set_interval(_TICK, self._head)
        training.open()
        await self._renew()

    @property
    def _training(self) -> Training | None:
        """The training; None where drills are not for."""
        return None if self._session.account.costs else self.app.training

    # --- showing ------------------------------------------------------------------------------------------------

    async def _changed(self, _training: Training) -> None:
        await self._renew()

    async def _renew(self) -> None:
        training = self._training
        if training is None:
            return
        self._list(training)
        self._head()
        await self._page(training)
        works = tuple(self.check_action(binding.action, ()) for _, binding in self._bindings)
        if works != self._offered:
            self._offered = works
            self.refresh_bindings()

    def _list(self, training: Training) -> None:
        desk = training.desk
        if desk is None:
            return
        course, record = self.query_one(Course), desk.session.record
        running = record.running.drill if record.running else ""
        for drill in desk.course.drills:
            best = record.best(drill.id)
            style = "bold" if drill.id == running else "" if best is None else "dim"
            points = f"{best.points if best else '–'}/{drill.worth}"
            sign = "▶" if drill.id == running else "✓" if best else ""
            cells = (
                Text(f"{sign or desk.course.number(drill):>2}", style),
                Text(drill.title, style),
                Text(drill.difficulty, style),
                Text(str(drill.minutes), style, justify="right"),
                Text(points, style, justify="right"),
            )
            if drill.id in course.rows:
                for name, cell in zip(_COLUMNS, cells, strict=True):
                    course.update_cell(drill.id, name, cell)
            else:
                course.add_row(*cells, key=drill.id)
        if self._first_look:
            self._first_look = False
            at = training.briefing.drill if training.briefing else desk.following()
            course.move_cursor(row=desk.course.number(at) - 1 if at else 0)
            if training.briefing:
                self._turn_to("page")

    _first_look = True

    def _head(self) -> None:
        """How it stands, in two lines; once a second while a stopwatch runs."""
        training = self._training
        if training is None:
            return
        lines = [self._standing(training), self._word(training)]
        self.query_one("#drill-head", Static).update(Content("\n").join(lines))

    def _standing(self, training: Training) -> Content:
        from drills.exam import clock

        desk = training.desk
        if desk is None:
            return Content(" ")
        record, briefing, exam = desk.session.record, training.briefing, desk.session.exam
        parts: list[Content] = []
        if exam is not None:
            parts.append(span(f"exam {len(exam.results) + 1} of {len(exam.drills)}", "bold $text-accent"))
        if briefing is not None and record.running is not None:
            drill, running = briefing.drill, record.running
            points = 0 if running.gave_up else drill.points(running.hints)
            parts += [
                Content.styled(f"⏱ {clock(desk.session.seconds)}", "bold $text-primary"),
                span(f"of about {drill.minutes} minutes", _QUIET),
                Content.styled(f"{points} of {drill.worth} points", "bold"),
                span(f"{running.hints} of {len(drill.hints)} hints", _QUIET),
            ]
        else:
            best = [kept for drill in desk.course.drills if (kept := record.best(drill.id))]
            worth = sum(drill.worth for drill in desk.course.drills)
            parts += [
                span(desk.session.name, "bold"),
                Content(f"{len(best)} of {len(desk.course.drills)} drills solved"),
                span(f"{sum(kept.points for kept in best)} of {worth} points", _QUIET),
            ]
        return Content("  ").join(parts)

    def _word(self, training: Training) -> Content:
        """What is being done, or what came of it."""
        if training.busy:
            return Content.assemble(("… ", "bold $text-primary"), span(training.busy))
        if training.said:
            style = "bold $text-warning" if training.wrong else "$text-success"
            return span(training.said.replace("\n", " "), style)
        if training.ended is not None:
            return span("Read the debrief; n goes on.", _QUIET)
        if training.briefing is not None and not training.here:
            return span("It runs on another account; if that is gone, Enter goes on with it here.", "$text-warning")
        if training.briefing is not None:
            return span("Find it and mend it, then v judges.", _QUIET)
        if training.interrupted and training.desk is not None:
            name = training.desk.session.running.drill
            return span(f"The start of {name} was interrupted: start it again, or give it up.", "bold $text-warning")
        return span("Choose a drill and press Enter, or n for the next.", _QUIET)

    async def _page(self, training: Training) -> None:
        """The symptom while a drill runs; the debrief when it has ended; else what is known of the chosen drill."""
        briefing, ended = training.briefing, training.ended
        if briefing is not None:
            title, told, more = "Symptom", _story(briefing), _more(training)
        elif ended is not None and self._chosen in (None, ended.drill):
            title, told, more = "Debrief", _debrief(ended), ""
        else:
            title, told, more = "Drill", self._about_chosen(training), ""
        if (wanted := (title, told, more, briefing)) == self._shown:
            return
        fresh = self._shown is None or self._shown[:2] != wanted[:2]
        self._shown = wanted
        page = self.query_one("#drill-page")
        page.border_title = title
        await self.query_one("#drill-text", Markdown).update(told)
        facts = self.query_one("#drill-facts", Static)
        facts.update("" if briefing is None else _facts(briefing))
        facts.display = briefing is not None
        await self.query_one("#drill-more", Markdown).update(more)
        self.query_one("#drill-more").display = bool(more)
        if not fresh:
            page.scroll_end(animate=False)  # to the new hint
            return
        page.scroll_home(animate=False)
        if title != "Drill":
            self._turn_to("page")

    def _about_chosen(self, training: Training) -> str:
        """A drill that was solved may be read again; of another only what the table says."""
        drill, desk = self._chosen, training.desk
        if drill is None or desk is None:
            return _WELCOME
        best = desk.session.record.best(drill.id)
        about = f"{drill.difficulty.capitalize()}, about {drill.minutes} minutes, {drill.worth} points."
        if best is None:
            return f"# {drill.title}\n\n{about} Press **Enter** to start it.\n\n---\n\n{_WELCOME.partition(chr(10))[2]}"
        from drills.exam import clock

        solved = f"Solved in {clock(best.seconds)} with {best.points} of {best.worth} points."
        return f"# {drill.title}\n\n{about} {solved}\n\n{drill.story}\n\n{drill.debrief}\n\n{_mends(drill)}"

    @on(DataTable.RowHighlighted)
    async def _chose(self) -> None:
        training = self._training
        if training is not None and training.briefing is None:
            await self._page(training)

    @property
    def _chosen(self) -> Drill | None:
        training, course = self._training, self.query_one(Course)
        if training is None or training.desk is None or not course.row_count:
            return None
        return training.desk.course.drills[course.cursor_row]

    def _turn_to(self, pane: str) -> None:
        """Where there is room for one only, show this one; go to it."""
        for name in ("list", "page"):
            self.set_class(name == pane, f"-{name}")
        self.query_one("#course" if pane == "list" else "#drill-page").focus()

    # --- keys ---------------------------------------------------------------------------------------------------

    def action_start(self) -> None:
        """Start the chosen drill; or the one that runs, here, when the account it was on is gone."""
        briefing = self._training.briefing if self._training else None
        if (drill := briefing.drill if briefing else self._chosen) is not None:
            self._start(drill)

    def action_next(self) -> None:
        """Start what comes next."""
        training = self._training
        if training is not None and training.desk is not None and (drill := training.desk.following()) is not None:
            self._start(drill)

    def action_any(self) -> None:
        """Start any."""
        training = self._training
        if training is not None and training.desk is not None:
            self._start(training.desk.by_chance())

    def _start(self, drill: Drill) -> None:
        training = self._training
        if training is not None and training.desk is not None:
            self.query_one(Course).move_cursor(row=training.desk.course.number(drill) - 1)
            training.start(drill)

    def action_verify(self) -> None:
        """Have it judged."""
        if (training := self._training) is not None:
            training.verify()

    def action_hint(self) -> None:
        """Ask for the next hint, once its price is agreed to."""
        training = self._training
        if training is None or training.briefing is None or training.desk is None:
            return
        drill, running = training.briefing.drill, training.desk.session.running
        left = drill.points(running.hints)
        price = (
            "It costs nothing any more."
            if running.gave_up
            else f"It costs {left - drill.points(running.hints + 1)} of {left} points."
        )
        self._ask(f"Hint {running.hints + 1} of {len(drill.hints)}?", price, training.hint)

    def action_solution(self) -> None:
        """Show what mends it, once its price is agreed to."""
        if (training := self._training) is not None:
            self._ask("See what mends it?", "The drill then gives no points.", training.reveal)

    def action_give_up(self) -> None:
        """Give it up, once that is agreed to."""
        training = self._training
        if training is None or training.desk is None:
            return
        zero = "In the exam it counts as zero." if training.desk.session.exam else "It leaves no result."
        self._ask("Give it up?", f"The stack is brought back to finished. {zero}", training.give_up)

    def _ask(self, question: str, meaning: str, yes: Callable[[], None]) -> None:
        from tui.screens.ask import AskScreen

        self.app.push_screen(AskScreen(question, meaning), lambda agreed: yes() if agreed else None)

    def action_trace(self) -> None:
        """Trace the request that shows the symptom."""
        from tui.screens.trace import TraceScreen

        if (briefing := self._reachable()) is not None:
            self.app.work_on(briefing.stack)
            self.app.push_screen(TraceScreen(self._session, briefing.url, briefing.drill.symptom.method))

    def action_checklist(self) -> None:
        """Go to the checklist of the drill's stack, and look."""
        if (briefing := self._reachable()) is not None:
            self.app.work_on(briefing.stack)
            self.app.back_to_steps()
            self.app.ask_for(Order(Action.CHECK))

    def _reachable(self) -> Briefing | None:
        training = self._training
        briefing = training.briefing if training else None
        if training is None or briefing is None or training.here:
            return briefing
        self.notify(
            f"This drill runs elsewhere: runbook tui --endpoint-url {safe(briefing.endpoint)} "
            f"--region {safe(briefing.region)}",
            severity="warning",
            markup=False,
        )
        return None

    def action_copy(self) -> None:
        """Copy the URL."""
        training = self._training
        if training is not None and training.briefing is not None:
            self.app.copy_to_clipboard(training.briefing.url)
            self.notify(safe(training.briefing.url), title="Copied", markup=False)

    def action_turn(self) -> None:
        """From the list to the page and back."""
        self._turn_to("page" if self.query_one(Course).has_focus else "list")

    def action_help(self) -> None:
        """Open the help."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self, _WAYS, signs={}))

    def action_back(self) -> None:
        """Back to the steps."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Only what can be done now is in the footer."""
        training = self._training
        if action in ("back", "help"):
            return True
        if training is None or training.desk is None:
            return False
        free, briefing = not training.busy, training.briefing
        running = briefing is not None
        match action:
            case "start":
                return free and (not training.here if running else training.desk.session.exam is None)
            case "any":
                return free and not running and training.desk.session.exam is None
            case "next":
                return free and not running and training.desk.following() is not None
            case "verify" | "solution":
                return free and running
            case "hint":
                return free and briefing is not None and len(training.hints) < len(briefing.drill.hints)
            case "give_up":
                return free and (running or training.interrupted)
            case "trace" | "checklist" | "copy":
                return free and running
            case _:
                return True


def _story(briefing: Briefing) -> str:
    return f"# {briefing.drill.title}\n\n{briefing.drill.story}"


def _facts(briefing: Briefing) -> Table:
    """Where to look. The answer is text from outside."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value, style in (
        ("URL", briefing.call, "underline"),
        ("answer", briefing.answer, "bold"),
        ("stack", briefing.stack, ""),
        ("log in to", f"{briefing.endpoint}/_practice/machines/INSTANCE-ID", "dim"),
        ("AWS CLI", briefing.shell, "dim"),
    ):
        grid.add_row(text(name, "dim"), text(value, style))
    return grid


def _more(training: Training) -> str:
    """The hints taken, and the solution once looked at."""
    parts = [f"**Hint {number}.** {hint}" for number, hint in enumerate(training.hints, start=1)]
    if training.solution:
        parts.append(f"**What mends it.** {training.solution}")
    return "\n\n".join(parts)


def _debrief(ended: Ended) -> str:
    from drills.exam import clock

    result = ended.result
    assert result is not None  # noqa: S101 (without one there is no debrief)
    said = "Solved" if result.solved else "Over"
    heard = f"{said} in {clock(result.seconds)}: **{result.points} of {result.worth} points**."
    return f"# {ended.drill.title}\n\n{heard}\n\n{ended.drill.debrief}\n\n{_mends(ended.drill)}"


def _mends(drill: Drill) -> str:
    return f"**What mends it.** {drill.solution}"
