"""The line on top: whose account this is, and which stack."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.session import Session
from tui.words import safe, span

__all__ = ["Banner"]


class Banner(Static):
    """Practice or AWS, so that nobody mistakes one for the other."""

    session: reactive[Session | None] = reactive(None, always_update=True)

    def watch_session(self, session: Session | None) -> None:
        """Colour the line by the kind of account, and write it."""
        self.set_class(session is not None and not session.account.costs, "-practice")
        self.set_class(session is not None and session.account.costs, "-aws")
        self.update(self._line(session))

    def on_resize(self) -> None:
        """Say less where there is less room."""
        self.update(self._line(self.session))

    def _line(self, session: Session | None) -> Content:
        if session is None:
            return Content(" runbook")
        account = session.account
        roomy = self.size.width >= 100
        where = [safe(account.aws.region)]
        if account.costs:
            kind = "AWS ACCOUNT"
            number = session.identity.account if session.identity else ""
            where += [session.identity.arn if roomy and session.identity else ""]
        else:
            kind, number = "PRACTICE ACCOUNT", str(account.practice.get("account_id", ""))
        where += [account.endpoint_url or ""]
        if not account.costs and roomy:
            where += ["nothing here costs money"]
        left = Content.assemble(
            (f" {kind} ", "bold $background on $banner"),
            span(f" {number}", "bold"),
            span("".join(f" · {part}" for part in where if part), "$foreground 75%"),
        )
        right = Content.assemble(("stack ", "$foreground 55%"), span(session.params.stack, "bold"), " ")
        gap = self.size.width - left.cell_length - right.cell_length
        return Content.assemble(left, " " * gap, right) if gap > 0 else left.truncate(self.size.width, ellipsis=True)
