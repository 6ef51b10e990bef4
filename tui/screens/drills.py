"""The drills: the course, the symptom of the drill that runs, and the debrief of the one that has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Markdown, Static

from runbook import command_line
from runbook.events import Action
from tui.screens.drill_page import NOT_HERE, Page, page
from tui.session import Order, Session
from tui.training import Training
from tui.widgets.course import Course
from tui.words import safe, span

if TYPE_CHECKING:
    from drills.desk import Briefing, Desk
    from drills.model import Drill
    from tui.app import RunbookApp

__all__ = ["DrillsScreen"]

_QUIET = "$foreground 55%"
_TICK = 1.0  # seconds between two looks at the stopwatch
_WAYS = (
    "A drill breaks a finished stack on the practice account. You see what an on-call engineer would see; find the "
    "cause and repair it. v asks which hop breaks it and why, then judges by what callers get and the account's state: "
    "any right repair counts. It gives a fifth of the points, the answers the rest; i changes them.\n"
    "Repair it here (t traces, c opens the checklist of the drill's stack, l comes back), with the AWS CLI, or with "
    "boto3. The stopwatch goes on wherever you are. In the list, ✓ is solved and ▶ is the drill that runs.\n"
    "An exam (e) is several in a row: n starts the next, and with the last one the report is written and shown."
)


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
        Binding("e", "exam", "Exam", id="drills.exam", tooltip="Begin an exam, or end the one under way"),
        Binding("v", "verify", "Verify", id="drills.verify", tooltip="Answer which hop and why; judge the repair"),
        Binding(
            "i", "answer", "Answer", show=False, id="drills.answer", tooltip="Change the answer: which hop, and why"
        ),
        Binding("h", "hint", "Hint", id="drills.hint", tooltip="The next hint; it costs a fifth of the points"),
        Binding("s", "solution", "Solution", id="drills.solution", tooltip="What mends it; it costs all points"),
        Binding("x", "give_up", "Reset", id="drills.give_up", tooltip="Give it up: bring the stack back to finished"),
        Binding("t", "trace", "Trace", id="drills.trace", tooltip="Follow the drill's request hop by hop"),
        Binding("c", "checklist", "Steps", id="drills.checklist", tooltip="The checklist, on the drill's stack"),
        Binding(
            "r",
            "report",
            "Report",
            show=False,
            id="drills.report",
            tooltip="Write and show the exam's report",
        ),
        Binding("p", "place", "Who", id="drills.place", tooltip="Whose record it is, and which stack is broken"),
        Binding("y", "copy", "Copy URL", show=False, id="drills.copy", tooltip="Copy the URL that shows the symptom"),
        Binding("w", "copy_shell", "Copy shell", show=False, id="drills.copy_shell", tooltip="Copy the AWS CLI's line"),
        Binding("l", "turn", "List", id="drills.turn", tooltip="From the course to the page beside it, and back"),
        Binding("question_mark,f1", "help", "Help", id="drills.help", tooltip="What the keys do"),
        Binding("escape,q", "back", "Back", id="drills.back", tooltip="Back to the steps; a drill goes on"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._of: Desk | None = None
        self._shown: Page | None = None
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
            await self.query_one("#drill-text", Markdown).update(NOT_HERE)
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
        course, briefing = self.query_one(Course), training.briefing
        course.show(desk)
        at = briefing.drill if briefing else desk.following() if desk is not self._of else self._chosen
        course.move_cursor(row=desk.course.number(at) - 1 if at else 0)
        if desk is not self._of and briefing:
            self._turn_to("page")
        self._of = desk

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
            parts += [
                Content.styled(f"⏱ {clock(desk.session.seconds)}", "bold $text-primary"),
                span(f"of about {drill.minutes} minutes", _QUIET),
                Content.styled(f"{desk.points} of {drill.worth} points", "bold"),
                span(f"{running.hints} of {len(drill.hints)} hints", _QUIET),
            ]
        else:
            best = [kept for drill in desk.course.drills if (kept := record.best(drill.id))]
            worth = sum(drill.worth for drill in desk.course.drills)
            parts += [
                span(desk.session.name, "bold"),
                Content(f"{len(best)} of {len(desk.course.drills)} drills solved"),
                span(f"{sum(kept.points for kept in best)} of {worth} points", _QUIET),
                span(f"stack {training.stack}", _QUIET),
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
            return span("Find it and repair it; v asks which hop and why, then judges.", _QUIET)
        if training.interrupted and training.desk is not None:
            name = training.desk.session.running.drill
            return span(f"The start of {name} was interrupted: start it again, or give it up.", "bold $text-warning")
        if training.desk is not None and training.desk.session.exam is not None:
            return span("The exam is under way: n starts its next drill, e ends it.", _QUIET)
        return span("Choose a drill and press Enter, or n for the next.", _QUIET)

    async def _page(self, training: Training) -> None:
        wanted = page(training, self._chosen)
        if wanted == self._shown:
            return
        fresh = self._shown is None or self._shown[:2] != wanted[:2]
        self._shown = wanted
        pane = self.query_one("#drill-page")
        pane.border_title = wanted.title
        await self.query_one("#drill-text", Markdown).update(wanted.told)
        facts = self.query_one("#drill-facts", Static)
        facts.update(wanted.facts)
        facts.display = wanted.briefing is not None
        await self.query_one("#drill-more", Markdown).update(wanted.more)
        self.query_one("#drill-more").display = bool(wanted.more)
        if not fresh:
            pane.scroll_end(animate=False)  # to the new hint
            return
        pane.scroll_home(animate=False)
        if wanted.title != "Drill":
            self._turn_to("page")

    @on(Course.RowHighlighted)
    async def _chose(self) -> None:
        training = self._training
        if training is not None and training.briefing is None:
            if self.query_one(Course).has_focus:
                training.put_away()
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
        if (training := self._training) is not None:
            training.start(drill)

    def action_exam(self) -> None:
        """Begin an exam; or end it early, once that is agreed to."""
        from tui.screens.drill_forms import ExamForm

        training = self._training
        if training is None or training.desk is None:
            return
        if training.desk.session.exam is not None:
            self._ask(
                "End the exam?", "What was not done in it counts as zero. The report is written.", training.end_exam
            )
        else:
            self.app.push_screen(
                ExamForm(training.desk), lambda order: None if order is None else training.begin_exam(order)
            )

    def action_report(self) -> None:
        """Write the report."""
        if (training := self._training) is not None:
            training.write_report()

    def action_place(self) -> None:
        """Choose trainee and stack."""
        from tui.screens.drill_forms import Place, PlaceForm

        training = self._training
        if training is None or training.desk is None:
            return
        place = Place(trainee=training.desk.session.name, stack=training.stack)
        self.app.push_screen(PlaceForm(place), lambda new: None if new is None else training.move(new))

    def action_verify(self) -> None:
        """Have it judged, once the question is answered; what gives no points is not asked."""
        training = self._training
        if training is None or training.desk is None:
            return
        running = training.desk.session.running
        if running.gave_up or running.hop is not None or running.cause is not None:
            training.verify()
            return
        from tui.screens.drill_forms import AnswerForm

        self.app.push_screen(
            AnswerForm(training.desk, yes="Verify"),
            lambda answer: None if answer is None else training.verify(answer),
        )

    def action_answer(self) -> None:
        """Answer which hop breaks it and why, also once more."""
        from tui.screens.drill_forms import AnswerForm

        training = self._training
        if training is not None and training.desk is not None:
            self.app.push_screen(
                AnswerForm(training.desk, yes="Answer"),
                lambda answer: None if answer is None else training.reply(answer),
            )

    def action_hint(self) -> None:
        """Ask for the next hint, once its price is agreed to."""
        training = self._training
        if training is None or training.briefing is None or training.desk is None:
            return
        drill, running, left = training.briefing.drill, training.desk.session.running, training.desk.points
        price = (
            f"It costs {left - drill.points(running.hints + 1, running.tools)} of {left} points."
            if left
            else "It costs nothing any more."
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
        command = command_line.runbook("tui", endpoint_url=briefing.endpoint, region=briefing.region)
        self.notify(f"This drill runs elsewhere: {command}", severity="warning", markup=False)
        return None

    def action_copy(self) -> None:
        """Copy the URL."""
        if self._training is not None and (briefing := self._training.briefing) is not None:
            self._copied(briefing.url)

    def action_copy_shell(self) -> None:
        """Copy what points a shell at the practice account."""
        if self._training is not None and (briefing := self._training.briefing) is not None:
            self._copied(briefing.shell)

    def _copied(self, what: str) -> None:
        self.app.copy_to_clipboard(what)
        self.notify(safe(what), title="Copied", markup=False)

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
            case "exam":
                return free and (training.desk.session.exam is not None or not running)
            case "report":
                return free and training.desk.session.record.exam is not None
            case "place":
                return free and training.desk.session.record.running is None
            case "any":
                return free and not running and training.desk.session.exam is None
            case "next":
                return free and not running and training.desk.following() is not None
            case "verify" | "solution" | "answer":
                return free and running
            case "hint":
                return free and briefing is not None and len(training.hints) < len(briefing.drill.hints)
            case "give_up":
                return free and (running or training.interrupted)
            case "trace" | "checklist" | "copy" | "copy_shell":
                return free and running
            case _:
                return True
