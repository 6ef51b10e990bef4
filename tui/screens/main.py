"""The main screen: checklist, the chosen step, its explanation, the AWS calls, and the strip below."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Footer, OptionList, Tab, Tabs

from runbook.events import (
    Action,
    CallAnswered,
    CallSent,
    Event,
    Noted,
    Outcome,
    RunFinished,
    RunStarted,
    StepFinished,
    Waited,
)
from tui.board import StepState
from tui.extras import EXTRAS
from tui.session import Order, Session
from tui.widgets.banner import Banner
from tui.widgets.calls import Calls
from tui.widgets.checklist import Checklist
from tui.widgets.invoked import Invoked
from tui.widgets.path import PathPicture
from tui.widgets.result import Result
from tui.widgets.strip import ProgressStrip
from tui.words import safe

if TYPE_CHECKING:
    from tui.app import RunbookApp

__all__ = ["MainScreen"]

_PANES = {"result": "Step", "why": "Why", "calls": "AWS calls"}


class MainScreen(Screen[None]):
    """Shows the session; asks the app to do what a key asks for."""

    app: RunbookApp

    AUTO_FOCUS = "#checklist"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (as Textual declares it)
        (0, "-narrow"),
        (104, "-wide"),
        (160, "-roomy"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-low"),
        (32, "-high"),
    ]
    BINDING_GROUP_TITLE = "Runbook"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "go_on",
            "Guide",
            id="guide",
            tooltip="Walk through: what will change, do it, what changed",
        ),
        Binding("u", "up", "Run all", id="up", tooltip="Do what is missing and repair what drifted"),
        Binding("c", "check", "Check", id="check", tooltip="Look at all steps; changes nothing"),
        Binding("r", "run_step", "Step", id="run_step", tooltip="Do just the chosen step"),
        Binding("z", "undo_step", "Undo", show=False, id="undo_step", tooltip="Remove what the chosen step made"),
        Binding("d", "down", "Down", id="down", tooltip="Remove everything of the stack, and nothing else"),
        Binding("s", "skip", "Leave it", id="skip", tooltip="Leave the step that asks as it is"),
        Binding("a", "rest", "Do the rest", id="rest", tooltip="Do all the steps that are left without asking"),
        Binding("x", "stop", "Stop", id="stop", tooltip="End every wait; the call in flight finishes"),
        Binding("y", "copy_url", "Copy URL", show=False, id="copy_url", tooltip="Copy the invoke URL"),
        Binding("i", "invoke", "Call again", show=False, id="invoke", tooltip="Call the invoke URL again and look"),
        *(
            Binding(extra.key, f"extra('{name}')", extra.title, id=name, tooltip=extra.tooltip)
            for name, extra in EXTRAS.items()
        ),
        Binding("p", "parameters", "Params", id="parameters", tooltip="What the stack is made from"),
        Binding(
            "f", "filter", "Filter calls", show=False, id="filter", tooltip="Only the chosen step's AWS calls, or all"
        ),
        Binding("m", "zoom", "Zoom", show=False, id="zoom", tooltip="Give the pane all the room, and back"),
        Binding("1", "pane('result')", "Step", show=False, id="pane.step", tooltip="What is known of the step"),
        Binding("2", "pane('why')", "Why", show=False, id="pane.why", tooltip="The step's explanation"),
        Binding("3", "pane('calls')", "Calls", show=False, id="pane.calls", tooltip="The AWS calls"),
        Binding("question_mark,f1", "help", "Help", id="help", tooltip="What the keys do and the signs mean"),
        Binding("q", "app.quit", "Quit", id="quit", tooltip="Leave; a run is stopped and says where it stood"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._filtered = False
        self._explained: str | None = None
        self._works: tuple[bool | None, ...] = ()
        self.guiding = False
        """A person is being walked through; that goes on after the run has ended, until all was shown."""
        self._seen: set[str] = set()

    # --- what is on the screen ----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Everything but the Markdown, which is mounted when it is first needed."""
        yield Banner(id="banner")
        yield PathPicture()
        with Horizontal(id="body"):
            yield Checklist()
            with Container(id="detail"):
                yield Tabs(*(Tab(title, id=f"{pane}-tab") for pane, title in _PANES.items()), id="tabs")
                yield Result()
                yield VerticalScroll(id="why")
                yield Calls()
        invoked = Invoked(tuple((n, f"{e.title} {e.key}") for n, e in EXTRAS.items() if e.about_url))
        invoked.display = False
        yield invoked
        yield ProgressStrip()
        yield Footer(compact=True, show_command_palette=False)

    def on_screen_resume(self) -> None:
        """Look again where something else than a run has changed the stack meanwhile."""
        self.app.look_again()

    def on_mount(self) -> None:
        """Say what is awaited."""
        self.query_one("#why").border_title = "Why"
        self.query_one(Tabs).can_focus = True
        self.set_class(True, "-pane-result")
        self.query_one(ProgressStrip).say(self.app.connecting)
        self.app.theme_changed_signal.subscribe(self, self._recolour)
        self.query_one(Result).query_one("#card").display = False

    def _recolour(self, _theme: Theme) -> None:
        """What was written with the colours of the theme before is written again."""
        if self.session is not None:
            self.query_one(Calls).renew(self.session.board)

    @property
    def session(self) -> Session | None:
        """The app's session, once there is one."""
        return self.app.session

    @property
    def chosen(self) -> StepState | None:
        """The step that is shown."""
        return self.query_one(Checklist).chosen

    def show_connecting(self) -> None:
        """Show that there is no account yet, and which keys will be used when there is."""
        self.query_one(ProgressStrip).say(self.app.connecting)

    def show_session(self) -> None:
        """Show the session from the beginning: it is new, or its stack is another."""
        session = self.session
        if session is None:
            return
        self.query_one(Banner).session = session
        self.query_one(Checklist).show_board(session.board)
        self.query_one(ProgressStrip).show_session(session)
        self.query_one(Calls).renew(session.board)
        self.renew()

    def run_began(self, order: Order) -> None:
        """A run was ordered."""
        if not self.app.looks_first:
            self.guiding = order.guided
        self.renew()

    def show_event(self, event: Event) -> None:
        """Show what one event changed; the session has learnt it."""
        session = self.session
        if session is None:
            return
        chosen = self.chosen
        calls = self.query_one(Calls)
        match event:
            case CallSent():
                calls.tell_in_flight(session.board)
                self.query_one(ProgressStrip).renew()
                return
            case CallAnswered():
                calls.add(event)
                calls.tell_in_flight(session.board)
                return
            case Noted():
                self.notify(safe(event.text), title="Note", severity="warning", timeout=15, markup=False)
                return
            case RunStarted():  # it has said of which track the stack is
                self.query_one(Checklist).show_board(session.board)
            case RunFinished():
                calls.tell_in_flight(session.board)
                self.renew()
                self._point_out(session)
                return
            case Waited() if chosen is None or event.step != chosen.id:
                self.query_one(ProgressStrip).renew()
                return
            case StepFinished(step=str(name)) if event.outcome in (Outcome.FAILED, Outcome.STOPPED, Outcome.BLOCKED):
                self._seen.discard(name)
        self.renew(moved=event.step)

    def renew(self, moved: str | None = None) -> None:
        """Show how everything stands."""
        session = self.session
        if session is None:
            return
        self.query_one(Checklist).renew()
        self.query_one(ProgressStrip).renew()
        self.query_one(PathPicture).show_board(session.board)
        self.query_one(Invoked).show_invocation(None if session.running else session.board.invocation)
        chosen = self.chosen
        if chosen is not None and moved in (None, chosen.id):
            self._show_chosen(chosen, session)
        elif chosen is not None and chosen.wait is not None:
            self.query_one(Result).renew_wait(session)
        self._renew_keys()

    def _show_chosen(self, chosen: StepState, session: Session) -> None:
        explained = self.query_one("#why").display
        self.query_one(Result).show_step(
            chosen, session, guiding=self.guiding, following=self._following, explained=explained
        )

    def on_resize(self) -> None:
        """The explanation may be beside the step now, or may not be any more."""
        self.call_after_refresh(self.renew)

    def _renew_keys(self) -> None:
        """Lay the footer out anew only when other keys work than before."""
        works = tuple(
            self.check_action(binding.action.partition("(")[0], _arguments(binding.action))
            for _, binding in self._bindings
        )
        if works != self._works:
            self._works = works
            self.refresh_bindings()

    def _point_out(self, session: Session) -> None:
        """At the end of a run, go to what matters: the step that failed, or the invoke URL's answer."""
        stopped = session.board.stopped_at
        wrong = stopped[0] if stopped else session.board.first([Outcome.FAILED])
        if wrong is not None:
            self.query_one(Checklist).choose(wrong)
        elif self.guiding:
            self._follow()
        elif session.board.invocation is not None and session.last and session.last.action is Action.UP:
            last = list(session.board)[-1]
            if session.board.run and session.board.run.only is None:
                self.query_one(Checklist).choose(last)

    @on(OptionList.OptionHighlighted, "#checklist")
    def _chose(self) -> None:
        session, chosen = self.session, self.chosen
        if session is None or chosen is None:
            return
        self._show_chosen(chosen, session)
        if self._filtered:
            self.query_one(Calls).only(chosen.id, session.board)
        self._renew_keys()
        self.set_timer(0.06, self._explain)  # holding a key down should not parse every explanation on the way

    async def _explain(self) -> None:
        chosen = self.chosen
        if chosen is None or chosen.id == self._explained:
            return
        self._explained = chosen.id
        from textual.widgets import Markdown  # takes as long as the rest of the screen to import

        pane = self.query_one("#why", VerticalScroll)
        pane.scroll_home(animate=False)
        shown = pane.query(Markdown)
        if shown:
            await shown.first().update(chosen.step.explanation)
        else:
            await pane.mount(Markdown(chosen.step.explanation, open_links=False))

    # --- the guided way -----------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """When the chosen step was gone on from, go to the first that was not."""
        chosen = self.chosen
        if (chosen is None or chosen.id in self._seen) and (step := self._next()) is not None:
            self.query_one(Checklist).choose(step)

    def _next(self) -> StepState | None:
        """The first step in reading order that a person has not gone on from."""
        board = self.session.board if self.session is not None else ()
        return next((state for state in board if state.id not in self._seen), None)

    @property
    def _following(self) -> StepState | None:
        """Where Enter leads from the chosen step."""
        board, chosen = self.session.board if self.session is not None else (), self.chosen
        return next((state for state in board if state is not chosen and state.id not in self._seen), None)

    def action_go_on(self) -> None:
        """Enter: the next thing of the guided way."""
        session, chosen = self.session, self.chosen
        if session is None or chosen is None:
            return
        if session.running and not session.guided:
            return
        if not self.guiding:
            self._seen = set()
            self.query_one(Checklist).action_first()
            self._guide(session)
        elif session.running and not session.board.began:
            return  # an Enter too many: there is nothing to go on from before the run has said what its steps are
        elif chosen.asked is not None:
            session.approve(chosen)
            self.renew()
        elif not chosen.idle:
            if asking := session.board.asking:
                self.query_one(Checklist).choose(asking[0])
        elif not session.running and not chosen.settled and chosen.outcome is not Outcome.SKIPPED:
            self._guide(session)  # it failed, or the run was stopped: once more from here
        else:
            self._seen.add(chosen.id)
            self.guiding = session.running or self._next() is not None
            self._follow()
            self.renew()

    def _guide(self, session: Session) -> None:
        self._seen &= {state.id for state in session.board if state.settled}
        self.app.ask_for(Order(Action.UP, guided=True))

    def action_skip(self) -> None:
        """Leave the step that asks."""
        session, chosen = self.session, self.chosen
        if session is not None and chosen is not None and chosen.asked is not None:
            session.skip(chosen)
            self._seen.add(chosen.id)
            self._follow()
            self.renew()

    def action_rest(self) -> None:
        """End the guided way by doing all that is left."""
        if self.session is not None:
            self.guiding = False
            self.session.approve_all()
            self.renew()

    @on(Result.Answered)
    def _answered(self, message: Result.Answered) -> None:
        self.query_one(Checklist).focus()  # the button that was pressed goes away
        if message.approved:
            self.action_go_on()
        else:
            self.action_skip()

    # --- other keys ---------------------------------------------------------------------------------------------

    def action_up(self) -> None:
        """Run all."""
        self.app.ask_for(Order(Action.UP))

    def action_check(self) -> None:
        """Check all."""
        self.app.ask_for(Order(Action.CHECK))

    def action_down(self) -> None:
        """Take all down."""
        self.app.ask_for(Order(Action.DOWN))

    def action_run_step(self) -> None:
        """Run the chosen step."""
        if (chosen := self.chosen) is not None:
            self.app.ask_for(Order(Action.UP, only=chosen.id))

    def action_undo_step(self) -> None:
        """Undo the chosen step."""
        if (chosen := self.chosen) is not None:
            self.app.ask_for(Order(Action.DOWN, only=chosen.id))

    @on(Invoked.Again)
    def action_invoke(self) -> None:
        """Call the invoke URL again."""
        if self.session is not None and (step := self.session.plan.calling) is not None:
            self.app.ask_for(Order(Action.CHECK, only=step.id))

    def action_stop(self) -> None:
        """Stop the run."""
        if self.session is not None:
            self.session.stop()
            self.renew()

    @on(Invoked.Copy)
    def action_copy_url(self) -> None:
        """Copy the invoke URL."""
        url = self.query_one(Invoked).url
        self.app.copy_to_clipboard(url)
        self.notify(url, title="Copied", markup=False)

    @on(Calls.Copy)
    def _copy_call(self, message: Calls.Copy) -> None:
        from runbook.call_command import command_of

        if (session := self.session) is None:
            return
        command = command_of(message.call, session.account.aws.region, session.account.endpoint_url)
        if command:
            self.app.copy_to_clipboard(command)
            self.notify(command, title="Copied", markup=False)
        else:
            self.notify("This call cannot be written as a command that is safe to paste.", severity="warning")

    @on(Invoked.Open)
    def _open_extra(self, message: Invoked.Open) -> None:
        self.action_extra(message.screen)

    def action_extra(self, name: str) -> None:
        """Open one of the further screens."""
        if self.session is not None:
            self.app.push_screen(EXTRAS[name].screen(self.session))

    def action_parameters(self) -> None:
        """Open the form."""
        self.app.edit_parameters()

    def action_help(self) -> None:
        """Open the help."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self))

    def action_filter(self) -> None:
        """Show the chosen step's calls only, or all again."""
        if self.session is not None and self.chosen is not None:
            self._filtered = not self._filtered
            self.query_one(Calls).only(self.chosen.id if self._filtered else None, self.session.board)
            self.action_pane("calls")

    @property
    def pane(self) -> str:
        """The pane in view, where there is room for one."""
        return next((pane for pane in _PANES if self.has_class(f"-pane-{pane}")), "result")

    def lay_out(self, pane: str, *, zoomed: bool) -> None:
        """Show the panes as they were left the last time."""
        if pane in _PANES and pane != self.pane:
            self.action_pane(pane)
        if zoomed:
            self.action_zoom()

    def action_zoom(self) -> None:
        """Give the pane in view all the room, and back."""
        if self.maximized is not None:
            self.minimize()
            return
        focused = self.focused
        self.maximized = focused if focused is not None and focused.id in _PANES else self.query_one(f"#{self.pane}")
        self.maximized.focus()

    def action_pane(self, pane: str) -> None:
        """Show this pane; where all are in view, go to it."""
        for name in _PANES:
            self.set_class(name == pane, f"-pane-{name}")
        if self.maximized is not None:
            self.maximized = self.query_one(f"#{pane}")
        tabs = self.query_one(Tabs)
        if tabs.active != f"{pane}-tab":
            tabs.active = f"{pane}-tab"
        if self.maximized is not None or not tabs.display or self.has_class("-wide"):
            self.query_one(f"#{pane}").focus()

    @on(Tabs.TabActivated)
    def _tab(self, event: Tabs.TabActivated) -> None:
        pane = str(event.tab.id).removesuffix("-tab")
        for name in _PANES:
            self.set_class(name == pane, f"-pane-{name}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is in the footer."""
        session = self.session
        if session is None:
            return action not in _NEED_SESSION
        running, chosen = session.running, self.chosen
        match action:
            case "up" | "check" | "run_step" | "undo_step" | "down" | "parameters":
                return not running
            case "stop":
                return running and not session.control.stopped
            case "rest":
                return running and session.guided
            case "skip":
                return chosen is not None and chosen.asked is not None
            case "go_on":
                return not running or session.guided
            case "copy_url" | "invoke":
                return not running and session.board.invocation is not None
            case "extra":
                return EXTRAS[str(parameters[0])].available(session)
            case _:
                return True


def _arguments(action: str) -> tuple[object, ...]:
    """The arguments in an action such as ``extra('trace')``."""
    inside = action.partition("(")[2].rstrip(")")
    return (inside.strip("'"),) if inside else ()


_NEED_SESSION = frozenset(
    {
        "go_on",
        "up",
        "check",
        "run_step",
        "undo_step",
        "down",
        "rest",
        "skip",
        "stop",
        "copy_url",
        "invoke",
        "extra",
        "parameters",
        "filter",
    }
)
