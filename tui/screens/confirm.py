"""Asking before the first change on an account that costs, and before anything is removed."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Label, Static

from runbook import present
from runbook.events import Action, Outcome
from runbook.outcome import Change
from runbook.removal import Removals, duration
from tui.board import StepState
from tui.screens.ask import YesOrNoScreen
from tui.session import Order, Session
from tui.widgets.box import Box
from tui.words import span, text

__all__ = ["ConfirmScreen"]

_REMOVAL = "What does not carry the stack's tag is not touched."


class ConfirmScreen(YesOrNoScreen):
    """Whose account, which region, what will change, how long, and that it costs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes", tooltip="Go on"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no", tooltip="Change nothing"),
    ]

    def __init__(self, session: Session, order: Order, removals: Removals) -> None:
        super().__init__()
        self._removals = removals
        self._session = session
        self._order = order

    def compose(self) -> ComposeResult:
        """A box in the middle."""
        session, order = self._session, self._order
        with Box(id="dialog", classes="-aws" if session.account.costs else "-practice"):
            yield Label(self._title(), id="dialog-title")
            yield Static(self._account(), id="dialog-account")
            with VerticalScroll(id="dialog-body"):
                yield Static(self._listed() if self._removals else self._changes(), id="dialog-changes")
            yield Static(
                self._removing() if order.action is Action.DOWN else self._outlook(), id="dialog-costs", markup=False
            )
            with Horizontal(id="dialog-buttons"):
                yield Button(
                    "Yes, go on  y", id="yes", compact=True, variant="error" if session.account.costs else "primary"
                )
                yield Button("No, change nothing  n", id="no", compact=True)

    def on_mount(self) -> None:
        """Where it costs, an Enter too many does nothing."""
        self.query_one("#no" if self._session.account.costs else "#yes").focus()

    def _title(self) -> Content:
        session, order = self._session, self._order
        stack = span(session.params.stack, "bold")
        if order.action is Action.DOWN and order.only:
            return Content.assemble("Undo ", span(session.board[order.only].name, "bold"), " of stack ", stack, "?")
        if order.action is Action.DOWN:
            return Content.assemble("Take down stack ", stack, "?")
        if order.only:
            return Content.assemble("Run ", span(session.board[order.only].name, "bold"), " of stack ", stack, "?")
        return Content.assemble("Bring up stack ", stack, "?")

    def _outlook(self) -> str:
        """How long it takes, and what it costs."""
        planned = self._session.board.planned
        return f"{present.counts(planned).capitalize()}. {present.outlook(planned)}" if planned else ""

    def _account(self) -> Table:
        account, identity = self._session.account, self._session.identity
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        if account.costs and identity is not None:
            grid.add_row(text("Account", "dim"), text(identity.account, "bold"))
            grid.add_row(text("Caller", "dim"), text(identity.arn, "bold"))
        else:
            grid.add_row(text("Account", "dim"), text(f"practice {account.practice.get('account_id', '')}", "bold"))
        grid.add_row(text("Region", "dim"), text(account.aws.region, "bold"))
        if account.endpoint_url:
            grid.add_row(text("Endpoint", "dim"), text(account.endpoint_url))
        return grid

    def _removing(self) -> str:
        """How long it takes, where that is worth saying, and what stays."""
        takes = duration(self._session.plan, self._removals, self._session.pace)
        return f"{takes} {_REMOVAL}" if takes else _REMOVAL

    def _listed(self) -> Text:
        """What is removed: its kind, name and id, and what goes with it."""
        lines: list[Text] = []
        width = max(len(each.kind) for resources in self._removals.values() for each in resources)
        for step, resources in self._removals.items():
            lines += [
                Text.assemble(
                    text(f"{each.kind:<{width}}  ", "bold"),
                    text(each.name),
                    "  " if each.name else "",
                    text(each.id, "dim"),
                )
                for each in resources
            ]
            if parts := [part.name for part in self._parts_of(step)]:
                lines.append(text(f"{'':<{width}}  with it: {', '.join(parts)}", "dim"))
        return Text("\n").join(lines)

    def _changes(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for state in self._session.board:
            if self._order.only in (None, state.id) and (row := self._change(state)) is not None:
                grid.add_row(*row)
        if not grid.row_count:
            grid.add_row(text("Nothing: all is as it should be."))
        return grid

    def _parts_of(self, step: str) -> list[StepState]:
        """The steps whose resources go with this one's, where all is removed."""
        plan = self._session.plan
        if self._order.only is not None:
            return []
        return [
            state
            for state in self._session.board
            if state.step.part_of is not None and plan.producers[state.step.part_of].id == step
        ]

    def _change(self, state: StepState) -> tuple[Text, Text, Text] | None:
        if state.outcome in (None, Outcome.DONE) or state.change is Change.NONE:
            return None
        line = present.plan_line(state, only_looks=state.step.only_looks)
        return text(f"{line.sign:>3} {line.word}", "bold"), text(state.name), text("\n".join(line.details), "dim")
