"""The parameters as a form, generated from the one validated model; errors stand at their fields."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Select, Static, Switch

from runbook.errors import BadInput
from runbook.parameters import Parameters, validated
from tui.session import Session
from tui.words import safe, span

__all__ = ["ParametersScreen"]


class Field(Vertical):
    """One parameter: its name, a way to give it, what it means, and what is wrong with it."""

    def __init__(self, name: str, info: FieldInfo, given: Any, effective: Any, *, fixed: bool) -> None:
        super().__init__(id=f"field-{name}", classes="field")
        self.parameter = name
        self._info = info
        self._given = given
        self._effective = effective
        self._fixed = fixed

    def compose(self) -> ComposeResult:
        """Label and control on a line; help, or what is wrong, below."""
        with Horizontal(classes="field-line"):
            yield Label(self.parameter.replace("_", " "), classes="field-name")
            control = self._control()
            control.disabled = self._fixed
            yield control
        help_ = self._info.description or ""
        yield Static(
            help_ + (" Fixed here: start again to change it." if self._fixed else ""),
            classes="field-help",
            markup=False,
        )
        yield Static(classes="field-error", markup=False)

    def _control(self) -> Widget:
        if isinstance(self._info.default, bool):
            return Switch(bool(self._effective), id=self.parameter)
        choices = _choices(self._info.annotation)
        if choices:
            return Select(
                [(choice, choice) for choice in choices],
                allow_blank=False,
                value=self._effective,
                compact=True,
                id=self.parameter,
            )
        default = _spelled(self._effective)
        return Input(
            _spelled(self._given) if self._given is not None else "",
            placeholder=default or "",
            compact=True,
            id=self.parameter,
        )

    @property
    def value(self) -> Any:
        """What was given, as text; None when nothing was."""
        control = self.query_one(f"#{self.parameter}")
        if isinstance(control, Switch | Select):
            value = control.value
            return value if self._given is not None or value != self._effective else None
        assert isinstance(control, Input)  # noqa: S101 (there is no fourth kind)
        return control.value.strip() or None

    def complain(self, problem: str) -> None:
        """Say what is wrong, or nothing."""
        error = self.query_one(".field-error", Static)
        error.update(span(problem))
        error.display = bool(problem)
        self.set_class(bool(problem), "-wrong")

    def judge(self) -> bool:
        """Whether this value alone is right; says so if not."""
        value = self.value
        try:
            validated({} if value is None else {self.parameter: value})
        except BadInput as error:
            self.complain(f"{error.problem} {error.remedy}".strip())
            return False
        self.complain("")
        return True


class ParametersScreen(ModalScreen[Parameters | None]):
    """What the stack is made from. An empty field stands at its default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Use these", id="parameters.save", tooltip="Go on with these parameters"),
        Binding("escape", "dismiss(None)", "Leave as they were", id="parameters.cancel", tooltip="Change nothing"),
    ]

    def __init__(self, session: Session, *, region_fixed: bool) -> None:
        super().__init__()
        self._session = session
        self._region_fixed = region_fixed

    def compose(self) -> ComposeResult:
        """A form that fills the height it needs."""
        params = self._session.params
        started = self._session.board.started
        effective = started.parameters if started is not None else params.filled(self._session.account.defaults)
        with Vertical(id="form"):
            yield Label(
                Content.assemble("Parameters", ("   empty: what is shown in grey", "$foreground 55%")),
                id="dialog-title",
            )
            with VerticalScroll(id="form-fields", can_focus=False):
                for name, info in Parameters.model_fields.items():
                    shown = getattr(effective, name)
                    if name == "region" and shown is None:
                        shown = self._session.account.aws.region
                    given = getattr(params, name) if name in params.given else None
                    yield Field(name, info, given, shown, fixed=name == "region" and self._region_fixed)
            with Horizontal(id="dialog-buttons"):
                yield Button("Use these  ^s", id="save", variant="primary", compact=True)
                yield Button("Leave as they were  esc", id="cancel", compact=True)

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Switch.Changed)
    def _judge(self, event: Input.Changed | Select.Changed | Switch.Changed) -> None:
        control = event.control
        field = next((w for w in control.ancestors if isinstance(w, Field)), None)
        if field is not None:
            field.judge()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Give the parameters back if all are right; else go to the first that is not."""
        fields = list(self.query(Field))
        wrong = [field for field in fields if not field.judge()]
        values = {field.parameter: field.value for field in fields if field.value is not None}
        if not wrong:
            try:
                self.dismiss(validated(values))
            except BadInput as error:
                at = next((field for field in fields if field.parameter == error.parameter), fields[0])
                at.complain(f"{error.problem} {error.remedy}".strip())
                wrong = [at]
        if wrong:
            wrong[0].query_one(f"#{wrong[0].parameter}").focus()
            wrong[0].scroll_visible()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)


def _choices(annotation: Any) -> tuple[str, ...]:
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return safe(", ".join(f"{key}={text}" for key, text in value.items()))
    if isinstance(value, tuple):
        return safe(", ".join(map(str, value)))
    return safe(str(value))
