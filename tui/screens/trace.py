"""The trace of a request: the hops on its way, which of them breaks it, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from runbook.events import Action
from runbook.picture import Light, of_hops
from tui.session import Order, Session
from tui.widgets.path import PathPicture
from tui.words import safe, span

if TYPE_CHECKING:
    from runbook.trace import Hop, Trace
    from tui.app import RunbookApp

__all__ = ["TraceScreen"]

_QUIET = "$foreground 55%"
# By the value of runbook.trace.State, which is loaded only when a trace is asked for.
_SIGNS = {
    "ok": ("✓", "$text-success"),
    "broken": ("✗", "bold $text-error"),
    "suspicious": ("!", "bold $text-warning"),
    "not reached": ("·", _QUIET),
    "unknown": ("?", "$text-accent"),
}
_LIGHTS = {
    "ok": Light.LIT,
    "broken": Light.BROKEN,
    "suspicious": Light.WRONG,
    "not reached": Light.DARK,
    "unknown": Light.UNKNOWN,
}
_HOP_LIT_AFTER = 0.05
"""Seconds from one hop of the picture to the next: it is lit in the order in which the request passes them."""


_WAYS = (
    "A trace calls the URL, then looks at every hop on the request's way, and says which one breaks it. It only looks. "
    "Beside the hops stands what was found of the chosen one, and what mends it."
)
_SIGNED = {
    "✓": "as it should be",
    "✗": "breaks it",
    "!": "works, but not as it should, or not for long",
    "·": "not reached: what comes before it is missing",
    "?": "could not be looked at; the evidence says why",
}


class TraceScreen(Screen[None]):
    """Any REST API behind a VPC link can be traced: by its URL, its id, or the stack's name."""

    app: RunbookApp

    AUTO_FOCUS = "#hops"
    BINDING_GROUP_TITLE = "Trace"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", id="trace.back", tooltip="Back to the steps"),
        Binding("r", "again", "Trace again", id="trace.again", tooltip="Follow the request once more"),
        Binding("slash", "target", "Another URL", id="trace.target", tooltip="Trace another URL, API id or stack"),
        Binding("y", "copy", "Copy command", id="trace.copy", tooltip="Copy the AWS CLI command that mends the hop"),
        Binding(
            "m", "mend", "Run our step", id="trace.mend", tooltip="Run the step of the runbook that repairs the hop"
        ),
        Binding("question_mark,f1", "help", "Help", id="trace.help", tooltip="What the keys do"),
    ]

    class Traced(Message):
        """A trace has ended."""

        def __init__(self, trace: Trace) -> None:
            self.trace = trace
            super().__init__()

    class NotTraced(Message):
        """A trace could not be made."""

        def __init__(self, problem: str) -> None:
            self.problem = problem
            super().__init__()

    def __init__(self, session: Session, target: str = "", method: str = "GET") -> None:
        super().__init__()
        self._session = session
        self._target = target
        self._method = method
        self._trace: Trace | None = None
        self._following = False
        self._leaving = False
        self._hops_lit = 0

    def compose(self) -> ComposeResult:
        """What is traced on top, the hops below it, the chosen hop beside them."""
        invocation = self._session.board.invocation
        target = self._target or str(getattr(invocation, "url", "")) or self._session.params.stack
        yield Input(safe(target), placeholder="invoke URL, API id or stack name", compact=True, id="trace-target")
        yield Static(id="verdict")
        yield PathPicture()
        with Horizontal(id="trace-body"):
            yield OptionList(id="hops", compact=True)
            with VerticalScroll(id="hop"):
                yield Static(id="hop-text")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Trace at once."""
        self.query_one("#hops").border_title = "Hops"
        self.query_one("#hop").border_title = "Evidence"
        self.action_again()

    def action_again(self) -> None:
        """Trace in a worker; one at a time."""
        if self._following:
            return
        self._following = True
        self._trace = None
        self._light(0)
        target = self.query_one(Input).value
        self.query_one("#verdict", Static).update(Content.styled("Following the request …", _QUIET))
        self.query_one("#trace-body").loading = True
        self.run_worker(lambda: self._follow(target), thread=True, exclusive=True, exit_on_error=False)

    def _follow(self, target: str) -> None:
        from drills import tools
        from runbook.explain import explain
        from runbook.trace import parse_target, trace

        try:
            account = self._session.account
            followed = parse_target(target, account.aws, method=self._method)
            tools.use("trace", account, target.strip(), api=followed.api_id)
            done = trace(account.aws, followed)
        except Exception as error:
            self.post_message(self.NotTraced(explain(error)))
        else:
            self.post_message(self.Traced(done))

    def action_back(self) -> None:
        """Go back; a trace under way is let finish first, because a run would share its connection to AWS."""
        if self._following:
            self._leaving = True
            self.query_one("#verdict", Static).update(Content.styled("Finishing …", _QUIET))
        else:
            self.dismiss(None)

    def _ended(self) -> bool:
        self._following = False
        if self._leaving:
            self.dismiss(None)
        return self._leaving

    @on(NotTraced)
    def _not_traced(self, message: NotTraced) -> None:
        if self._ended():
            return
        self.query_one("#trace-body").loading = False
        self.query_one("#hops", OptionList).clear_options()
        self.query_one("#hop-text", Static).update("")
        self.query_one("#verdict", Static).update(span(message.problem, "$text-error"))

    @on(Traced)
    def _traced(self, message: Traced) -> None:
        if self._ended():
            return
        self._trace = trace = message.trace
        self.query_one("#trace-body").loading = False
        self.query_one("#verdict", Static).update(_verdict(trace))
        hops = self.query_one("#hops", OptionList)
        hops.set_options([Option(_row(hop, broken=hop.id == trace.verdict), id=hop.id) for hop in trace.hops])
        worst = next((n for n, hop in enumerate(trace.hops) if hop.id == trace.verdict), None)
        if worst is None:
            worst = next((n for n, hop in enumerate(trace.hops) if hop.state.value == "suspicious"), 0)
        hops.highlighted = worst
        self._light(len(trace.hops) if self.app.animation_level == "none" else 1)

    def _light(self, count: int) -> None:
        """Light the first hops of the picture, and soon the next."""
        trace, self._hops_lit = self._trace, count
        hops = trace.hops if trace is not None else ()
        lights = [_LIGHTS[hop.state.value] if at < count else Light.DARK for at, hop in enumerate(hops)]
        shown = [(hop.id, hop.title, light) for hop, light in zip(hops, lights, strict=True)]
        self.query_one(PathPicture).show(of_hops(self._session.plan.boxes, shown))
        if count < len(hops):
            self.set_timer(_HOP_LIT_AFTER, lambda: self._light_next(trace))

    def _light_next(self, of: Trace | None) -> None:
        if of is self._trace:
            self._light(self._hops_lit + 1)

    @property
    def _hop(self) -> Hop | None:
        chosen = self.query_one("#hops", OptionList).highlighted
        return None if self._trace is None or chosen is None else self._trace.hops[chosen]

    @on(OptionList.OptionHighlighted, "#hops")
    def _chose(self) -> None:
        if (hop := self._hop) is not None:
            self.query_one("#hop-text", Static).update(_detail(hop))
            self.query_one("#hop").scroll_home(animate=False)
            self._colour_hops()
        self.refresh_bindings()

    def _colour_hops(self) -> None:
        """The chosen hop is in the colours of the cursor, on which others cannot be read."""
        if (trace := self._trace) is None:
            return
        hops = self.query_one("#hops", OptionList)
        for at, hop in enumerate(trace.hops):
            row = _row(hop, broken=hop.id == trace.verdict)
            hops.replace_option_prompt_at_index(at, Content(row.plain) if at == hops.highlighted else row)

    @on(Input.Submitted)
    def _asked(self) -> None:
        self.query_one("#hops").focus()
        self.action_again()

    def action_target(self) -> None:
        """Go to the field that says what is traced."""
        self.query_one(Input).focus()

    def action_help(self) -> None:
        """Open the help."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self, _WAYS, _SIGNED))

    def action_copy(self) -> None:
        """Copy the command that mends the chosen hop."""
        if (hop := self._hop) is not None:
            self.app.copy_to_clipboard(hop.command)
            self.notify(safe(hop.command), title="Copied", markup=False)

    def action_mend(self) -> None:
        """Run the step that repairs the chosen hop."""
        if (hop := self._hop) is not None and hop.step:
            self.app.back_to_steps()
            self.app.ask_for(Order(Action.UP, only=hop.step))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Only what the chosen hop offers."""
        if action == "copy":
            return self._hop is not None and bool(self._hop.command)
        if action == "mend":
            ours = self._trace is not None and self._trace.stack == self._session.params.stack
            return ours and self._hop is not None and bool(self._hop.step)
        return True


def _verdict(trace: Trace) -> Content:
    answered = f"{trace.status} in {trace.latency} ms" if trace.status is not None else "no answer"
    if trace.verdict is not None:
        head = Content.assemble(("✗ ", "bold $text-error"), span(trace.verdict, "bold $text-error"), " breaks it")
    elif trace.exit_code == 0:
        head = Content.styled("✓ healthy", "bold $text-success")
    elif trace.exit_code == 1:
        head = Content.styled("? what breaks it could not be told", "bold $text-accent")
    else:
        head = Content.styled("! it works, but look at what is marked", "bold $text-warning")
    return Content.assemble(head, (f"  {answered}", "bold"), "\n", span(trace.answer, _QUIET))


def _row(hop: Hop, *, broken: bool) -> Content:
    sign, style = _SIGNS[hop.state.value]
    return Content.assemble((f"{sign} ", style), span(hop.title, "bold" if broken else ""))


def _detail(hop: Hop) -> Content:
    _, style = _SIGNS[hop.state.value]
    parts = [Content.assemble(span(hop.title, "bold"), "\n", (hop.state.value, style)), Content(""), span(hop.evidence)]
    if hop.fix:
        parts += [Content(""), Content.assemble(("To mend it  ", "bold $text-accent"), span(hop.fix))]
    if hop.command:
        parts += [Content(""), span(hop.command, "$text-primary")]
    if hop.step:
        parts += [Content(""), Content.assemble("Our step ", span(hop.step, "bold"), " repairs it.")]
    for advice in hop.advice:
        parts += [Content(""), Content.assemble(("advice  ", "bold $text-accent"), span(advice, _QUIET))]
    return Content("\n").join(parts)
