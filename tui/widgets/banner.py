"""The line on top: whose account this is, and which stack."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from runbook import present
from tui.session import Session
from tui.words import span

__all__ = ["Banner"]


# The same in every theme, so that it is known at a glance.
_ON_PRACTICE = "#0e131a on #7fd992"
_ON_AWS = "#ffffff on #b3262e"


class Banner(Static):
    """Practice or AWS, so that nobody mistakes one for the other."""

    session: reactive[Session | None] = reactive(None, always_update=True)

    def watch_session(self, session: Session | None) -> None:
        """Colour the line by the kind of account, and write it."""
        self.set_class(session is not None and not session.account.costs, "-practice")
        self.set_class(session is not None and session.account.costs, "-aws")
        self.update(self._line(session))

    def on_resize(self) -> None:
        """Say less where there is less room; account and stack always."""
        self.update(self._line(self.session))

    def _line(self, session: Session | None) -> Content:
        if session is None:
            return Content(" runbook")
        account, identity = session.account, session.identity
        if account.costs:
            kind, number, more = "AWS ACCOUNT", identity.account if identity else "", identity.arn if identity else ""
        else:
            kind, number = "PRACTICE ACCOUNT", str(account.practice.get("account_id", ""))
            more = "nothing here costs money"
        left = Content.assemble(
            (f" {kind} ", f"bold {_ON_AWS if account.costs else _ON_PRACTICE}"), span(f" {number}", "bold")
        )
        right = Content.assemble(("stack ", "$foreground 55%"), span(session.params.stack, "bold"), " ")
        for part in filter(None, (present.speed(account.aws.pace), account.aws.region, account.endpoint_url, more)):
            longer = Content.assemble(left, span(f" · {part}", "$foreground 75%"))
            if longer.cell_length + right.cell_length >= self.size.width:
                break
            left = longer
        gap = self.size.width - left.cell_length - right.cell_length
        return Content.assemble(left, " " * max(1, gap), right)
