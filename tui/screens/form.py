"""A form generated from a validated model; errors stand at their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args, get_origin

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
from tui.widgets.box import Box
from tui.words import safe, span

__all__ = ["Field", "FormScreen"]

T = TypeVar("T")


class Field(Vertical):
    """One value: its name, a way to give it, what it means, and what is wrong with it."""

    def __init__(self, name: str, info: FieldInfo, given: Any, effective: Any, *, fixed: bool = False) -> None:
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
            placeholder=safe(default or ""),
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

    def judge(self, make: Callable[[Mapping[str, Any]], object]) -> bool:
        """Whether this value alone is right; says so if not."""
        value = self.value
        try:
            make({} if value is None else {self.parameter: value})
        except BadInput as error:
            if error.parameter == self.parameter:
                self.complain(f"{error.problem} {error.remedy}".strip())
                return False
        self.complain("")
        return True


class FormScreen(ModalScreen[T | None], Generic[T]):
    """Fields, and what is made of them. An empty field stands at its default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Use these", id="form.save", tooltip="Go on with these"),
        Binding("escape", "dismiss(None)", "Leave as they were", id="form.cancel", tooltip="Change nothing"),
    ]

    def __init__(
        self,
        title: str,
        fields: Iterable[Field],
        make: Callable[[Mapping[str, Any]], T],
        *,
        yes: str = "Use these",
        no: str = "Leave as they were",
    ) -> None:
        super().__init__()
        self._title, self._yes, self._no = title, yes, no
        self._fields = list(fields)
        self._make = make

    def compose(self) -> ComposeResult:
        """A form that fills the height it needs."""
        with Box(id="form"):
            yield Label(
                Content.assemble(self._title, ("   empty: what is shown in grey", "$foreground 55%")),
                id="dialog-title",
            )
            with VerticalScroll(id="form-fields", can_focus=False):
                yield from self._fields
            with Horizontal(id="dialog-buttons"):
                yield Button(f"{self._yes}  ^s", id="save", variant="primary", compact=True)
                yield Button(f"{self._no}  esc", id="cancel", compact=True)

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Switch.Changed)
    def _judge(self, event: Input.Changed | Select.Changed | Switch.Changed) -> None:
        control = event.control
        field = next((w for w in control.ancestors if isinstance(w, Field)), None)
        if field is not None:
            field.judge(self._make)

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Give back what is made of them if all are right; else go to the first that is not."""
        fields = self._fields
        wrong = [field for field in fields if not field.judge(self._make)]
        values = {field.parameter: field.value for field in fields if field.value is not None}
        if not wrong:
            try:
                self.dismiss(self._make(values))
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
