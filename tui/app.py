"""The Textual application: owns the session, runs it in worker threads that only post messages."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.actions import parse
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from runbook.errors import RunbookError
from runbook.events import Action, Event, Outcome, RunFinished
from tui.preferences import Preferences
from tui.session import Order, Runs, Session
from tui.theme import DARK, LIGHT
from tui.training import Training

if TYPE_CHECKING:
    from drills.desk import Desk
    from runbook.accounts import Account
    from runbook.aws import Identity
    from runbook.parameters import Parameters
    from runbook.removal import Removals
    from runbook.step import Plan
    from runbook.track import Tracks
    from tui.screens.main import MainScreen

__all__ = ["RunbookApp"]

_ENDS_WITHIN = 2.0
"""Wall seconds that the app has to end by itself when its terminal was closed."""

_WRONG = (Outcome.FAILED, Outcome.STOPPED)

_AT_ONCE = frozenset({"q", "ctrl+q", "ctrl+c", "ctrl+z"})
"""Keys that do not wait for an account: leaving must always be possible."""


class RunbookApp(App[None]):
    """The guided runbook in the terminal."""

    TITLE = "runbook"
    CSS_PATH = "runbook.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []

    class Connected(Message):
        """The account, the steps and the engine are there."""

        def __init__(self, session: Session) -> None:
            self.session = session
            super().__init__()

    class Failed(Message):
        """There is no account to work on."""

        def __init__(self, error: Exception) -> None:
            self.error = error
            super().__init__()

    class Told(Message):
        """A run told an event."""

        def __init__(self, event: Event) -> None:
            self.event = event
            super().__init__()

    class Known(Message):
        """Whose account it is was found out, for somebody to agree to."""

        def __init__(self, identity: Identity, order: Order) -> None:
            self.identity = identity
            self.order = order
            super().__init__()

    class RemovalsListed(Message):
        """What an order would remove was looked up, for a person to agree to."""

        def __init__(self, order: Order, session: Session, removals: Removals) -> None:
            self.order = order
            self.session = session
            self.removals = removals
            super().__init__()

    def __init__(
        self,
        account: Account | Callable[[Parameters], Account],
        params: Parameters,
        *,
        plan: Plan | Tracks | None = None,
        runs: Runs | None = None,
        clock: Callable[[], float] = time.monotonic,
        desk: Callable[[str | None], Desk] | None = None,
        remember: bool = False,
    ) -> None:
        """``remember``: begin with the theme and layout of the last start, and keep those of this one."""
        super().__init__()
        self._remember = remember
        self._looks = Preferences.remembered() if remember else Preferences()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.set_reactive(App.theme, DARK.name)  # before the first picture, so that nothing is drawn twice
        self.stylesheet.set_variables(self.get_css_variables())  # they were read when the theme was Textual's own
        self._account = account
        self._params = params
        self._plan = plan
        self._runs = runs
        self._clock = clock
        self._desk = desk
        self._after_look: Order | None = None
        self._look_is_due = False
        self._connecting = True
        self._early_keys: list[events.Key] = []
        self._leaving = False
        self._by_signal = 0
        self._run_is_over = threading.Event()
        self._run_is_over.set()
        self._main_is_there = asyncio.Event()
        self.main: MainScreen
        self.session: Session | None = None
        self.training: Training | None = None
        """The drills of the session's account."""
        self.failure: Exception | None = None
        """What made it impossible to begin."""

    # --- beginning ----------------------------------------------------------------------------------------------

    @property
    def connecting(self) -> str:
        """What is going on before there is a session; empty once there is one."""
        if not self._connecting:
            return ""
        kept = " ".join(self.get_key_display(Binding(key.key, "")) for key in self._early_keys)
        return "Connecting to the account and reading the steps …" + (f"  then: {kept}" if kept else "")

    async def on_event(self, event: events.Event) -> None:
        """Keep the keys that are pressed before there is an account to use them on, instead of losing them."""
        early = self._connecting and isinstance(event, events.Key) and not event.is_forwarded
        if early and isinstance(event, events.Key) and event.key not in _AT_ONCE:
            self._early_keys.append(event)
            self._show_connecting()
        else:
            await super().on_event(event)

    def _show_connecting(self) -> None:
        if self._main_is_there.is_set():
            self.main.show_connecting()
        elif opening := self.query("#opening"):
            opening.first(Static).update(Content(self.connecting))

    def _stop_connecting(self, *, use_keys: bool) -> None:
        """Use the keys that were kept, in their order."""
        self._connecting = False
        kept, self._early_keys = self._early_keys, []
        self._show_connecting()
        for key in kept if use_keys else ():
            self.post_message(events.Key(key.key, key.character))

    @property
    def looks_first(self) -> bool:
        """Whether the run only looks what the ordered one would change, for a person to agree to."""
        return self._after_look is not None

    def on_mount(self) -> None:
        """Show the screen first; everything that takes time comes after it was painted."""
        if self._looks.theme in self.available_themes:
            self.theme = self._looks.theme
        self.call_after_refresh(self._begin)

    def compose(self) -> ComposeResult:
        """The first picture: only what is going on. The widgets of the main screen take longer to import than this."""
        yield Static(self.connecting, id="opening")

    async def _begin(self) -> None:
        from tui.screens.main import MainScreen

        self._obey_signals()
        self.connect(self._params)
        self.main = MainScreen()
        await self.push_screen(self.main)
        self.main.lay_out(self._looks.pane, zoomed=self._looks.zoomed)
        self._main_is_there.set()

    def connect(self, params: Parameters) -> None:
        """Connect to the account in a worker."""
        self._connecting = True
        self._show_connecting()
        self.run_worker(lambda: self._connect(params), name="connect", thread=True, exit_on_error=False)

    def _connect(self, params: Parameters) -> None:
        try:
            steps = self._plan or _tracks()
            account = self._account(params) if callable(self._account) else self._account
            runs = self._runs or _engine()
            session = Session(account, steps, params, runs, clock=self._clock)
        except Exception as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Connected(session))

    @on(Connected)
    async def _connected(self, message: Connected) -> None:
        await self._main_is_there.wait()
        self.session = message.session
        self.training = Training(self, message.session, self._desk)
        self.main.show_session()
        self._stop_connecting(use_keys=True)
        if self.session.account.costs:
            self.find_out(None)

    @on(Failed)
    async def _failed(self, message: Failed) -> None:
        if self._connecting:
            await self._main_is_there.wait()
            self._stop_connecting(use_keys=False)
        if self.session is None:
            self.failure = message.error
            self.exit(return_code=2 if isinstance(message.error, RunbookError) else 1)
        else:
            self.session.trouble, self.session.looking = str(message.error), ""
            self.main.renew()

    def _obey_signals(self) -> None:
        """A closed terminal or a kill stops the run as the key does."""
        loop = asyncio.get_running_loop()
        for name in ("SIGHUP", "SIGTERM"):
            if number := getattr(signal, name, None):
                with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                    loop.add_signal_handler(number, self._signalled, number)
        if hasattr(select, "poll") and sys.__stdin__ is not None and sys.__stdin__.isatty():
            threading.Thread(target=self._watch_the_terminal, args=(loop,), daemon=True).start()

    def _watch_the_terminal(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hear of its end ourselves: the system tells the process it was opened for, and ``make`` tells nobody."""
        terminal = select.poll()
        terminal.register(0, 0)  # nothing but a hang-up, of which poll tells in any case
        if any(happened & select.POLLHUP for _, happened in terminal.poll()):
            with contextlib.suppress(RuntimeError):  # the app has ended meanwhile
                loop.call_soon_threadsafe(self._signalled, signal.SIGHUP)

    def _signalled(self, number: int) -> None:
        if self._by_signal == 128 + number:
            return  # by the system and by our own watch
        self._by_signal = 128 + number  # as shells tell it
        if number == getattr(signal, "SIGHUP", None):
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, 1)
            os.dup2(nobody, 2)
            threading.Thread(target=self._leave_without_a_terminal, daemon=True).start()
        self._leave()

    def _leave_without_a_terminal(self) -> None:
        """Textual's writer may have died with the terminal, and the app would wait for it for ever."""
        self._run_is_over.wait()
        time.sleep(_ENDS_WITHIN)
        os._exit(self._by_signal)

    # --- runs ---------------------------------------------------------------------------------------------------

    def ask_for(self, order: Order) -> None:
        """Do what a person asks for, once they have agreed where that is needed."""
        session = self.session
        if session is None or session.running or session.looking:
            return
        if self.training is not None and self.training.busy:
            self.notify(
                "A drill is being worked on; it is a matter of seconds.", title=self.training.busy, markup=False
            )
            return
        if not session.must_ask(order):
            self.start(order)
        elif session.account.costs:
            self.find_out(order)
        else:
            self._list_removals(order)

    def start(self, order: Order) -> None:
        """Begin a run in a worker thread."""
        assert self.session is not None  # noqa: S101 (asked for through ask_for)
        session = self.session
        self._look_is_due = False
        session.begin(order)
        self._run_is_over.clear()
        self.main.run_began(order)
        self.run_worker(lambda: self._tell(session.events(order)), name="run", group="run", thread=True)

    def _tell(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                self.post_message(self.Told(event))
        finally:
            self._run_is_over.set()

    @on(Told)
    def _told(self, message: Told) -> None:
        session = self.session
        if session is None:
            return
        session.take(message.event)
        self.main.show_event(message.event)
        if isinstance(message.event, RunFinished):
            self._run_ended(session, message.event)

    def _run_ended(self, session: Session, finished: RunFinished) -> None:
        if self._leaving:
            self._go()
        elif (order := self._after_look) is not None:
            self._after_look = None
            if not finished.error and session.board.first(_WRONG) is None:
                self._confirm(order)

    # --- agreeing -----------------------------------------------------------------------------------------------

    def find_out(self, order: Order | None) -> None:
        """Ask AWS in a worker whose account this is; with an order, ask the person next."""
        session = self.session
        assert session is not None  # noqa: S101 (asked for through ask_for)
        self.run_worker(lambda: self._find_out(session, order), name="identity", thread=True, exit_on_error=False)

    def _find_out(self, session: Session, order: Order | None) -> None:
        try:
            identity = session.account.aws.identity()
        except Exception as error:
            from runbook.explain import explain

            self.post_message(self.Failed(RunbookError(explain(error))))
        else:
            self.post_message(self.Known(identity, order or Order(Action.CHECK)))

    @on(Known)
    def _known(self, message: Known) -> None:
        session = self.session
        if session is None:
            return
        session.identity, session.trouble = message.identity, ""
        self.main.renew()
        self.main.query_one("Banner").session = session  # type: ignore[attr-defined]
        order = message.order
        if not order.changes or session.running:
            return
        if order.action is Action.UP:  # what will be created is known only after a look
            self._after_look = order
            self.start(Order(Action.CHECK, only=order.only))
        else:
            self._list_removals(order)

    def _list_removals(self, order: Order) -> None:
        """Look in a worker what would be removed; ask the person next."""
        session = self.session
        assert session is not None  # noqa: S101 (asked for through ask_for)
        session.looking = "Looking up what would be removed …"
        self.main.renew()
        self.run_worker(lambda: self._look_up(session, order), name="removals", thread=True, exit_on_error=False)

    def _look_up(self, session: Session, order: Order) -> None:
        try:
            found = session.removals(order)
        except Exception as error:
            from runbook.explain import explain

            self.post_message(self.Failed(RunbookError(explain(error))))
        else:
            self.post_message(self.RemovalsListed(order, session, found))

    @on(RemovalsListed)
    def _removals_listed(self, message: RemovalsListed) -> None:
        session, order = message.session, message.order
        session.looking = ""
        self.main.renew()
        if session is not self.session or session.running:
            return
        if message.removals:
            self._confirm(order, message.removals)
            return
        of = f"step {session.board[order.only].name}" if order.only else f"stack {session.params.stack}"
        self.notify(
            f"Nothing of {of} exists in {session.account.aws.region}: there is nothing to remove.",
            title="Nothing to remove",
            markup=False,
        )

    def _confirm(self, order: Order, removals: Removals | None = None) -> None:
        from tui.screens.confirm import ConfirmScreen

        session = self.session
        assert session is not None  # noqa: S101 (asked for through ask_for)

        def agreed(yes: bool | None) -> None:
            if yes:
                session.confirmed = session.identity
                self.start(order)

        self.push_screen(ConfirmScreen(session, order, removals or {}), agreed)

    # --- parameters ---------------------------------------------------------------------------------------------

    def edit_parameters(self) -> None:
        """Open the form; what comes back is the session's."""
        from tui.screens.parameters import ParametersScreen

        session = self.session
        if session is None or session.running:
            return

        def changed(params: Parameters | None) -> None:
            if params is None or params == session.params:
                return
            if params.region != session.params.region:
                self.connect(params)
                return
            session.change(params)
            self.main.show_session()

        self.push_screen(ParametersScreen(session, region_fixed=not callable(self._account)), changed)

    # --- the command palette ------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Whatever a key does now, by name too."""
        yield from super().get_system_commands(screen)
        by_id = {binding.id: binding for _, binding in screen._bindings}  # a binding of two keys is there twice
        for binding in by_id.values():
            _, name, arguments = parse(binding.action)
            if binding.id and binding.tooltip and screen.check_action(name, arguments):
                yield SystemCommand(binding.description, binding.tooltip, partial(screen.run_action, binding.action))

    # --- drills -------------------------------------------------------------------------------------------------

    @on(Training.Heard)
    def _heard(self, message: Training.Heard) -> None:
        if self.training is not None:
            self.training.hear(message.text)

    @on(Training.Finished)
    def _finished(self, message: Training.Finished) -> None:
        if self.training is not None:
            self.training.finish(message)

    def work_on(self, stack: str) -> None:
        """Have checklist and trace on another stack of this account, with the parameters it remembers."""
        from runbook.parameters import validated

        session = self.session
        if session is None or session.running or session.params.stack == stack:
            return
        session.change(validated({"stack": stack, "region": session.account.aws.region}))
        self._look_is_due = True
        self.main.show_session()

    def stack_was_changed(self, stack: str) -> None:
        """By a drill and not by a run: nothing of what is shown of it holds any more."""
        session = self.session
        if session is not None and session.params.stack == stack:
            session.forget()
            self._look_is_due = True
            self.main.show_session()
            if self.screen is self.main:
                self.look_again()

    def look_again(self) -> None:
        """Check the stack, if that is due since something else than a run changed it."""
        if self._look_is_due and not (self.training and self.training.busy):
            self.ask_for(Order(Action.CHECK))

    def back_to_steps(self) -> None:
        """Close what is over the checklist."""
        while self.screen is not self.main:
            self.pop_screen()

    # --- leaving ------------------------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave; a run is stopped first, and the call in flight is let finish."""
        self._leave()

    def on_unmount(self) -> None:
        """However the app ends, no run goes on unseen, and the looks are kept."""
        if self._remember and self._main_is_there.is_set():
            looks = Preferences(theme=self.theme, pane=self.main.pane, zoomed=self.main.maximized is not None)
            if looks != self._looks:
                looks.remember()
        if self.session is not None:
            self.session.stop()
        if self.training is not None:
            self.training.stop()

    def _leave(self) -> None:
        session = self.session
        if session is None or not session.running:
            self._go()
            return
        session.stop()
        if not self._leaving:
            from tui.screens.leaving import LeavingScreen

            self._leaving = True
            self.push_screen(LeavingScreen())

    def _go(self) -> None:
        session = self.session
        if session is None:
            self.exit(return_code=self._by_signal)
            return
        from tui.words import text

        stands = session.stands
        self.exit(return_code=self._by_signal or session.exit_code, message=text(stands) if stands else None)


def _tracks() -> Tracks:
    from steps.tracks import TRACKS

    return TRACKS


def _engine() -> Runs:
    from runbook.engine import run

    return run
