"""The parameters as a form, generated from the one validated model."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.parameters import Parameters, validated
from tui.screens.form import Field, FormScreen
from tui.session import Session

__all__ = ["ParametersScreen"]


class ParametersScreen(FormScreen[Parameters]):
    """What the stack is made from."""

    def __init__(self, session: Session, *, region_fixed: bool) -> None:
        super().__init__("Parameters", _fields(session, region_fixed=region_fixed), validated)


def _fields(session: Session, *, region_fixed: bool) -> Iterator[Field]:
    params, started = session.params, session.board.started
    effective = started.parameters if started is not None else params.filled(session.account.defaults)
    for name, info in Parameters.model_fields.items():
        shown = getattr(effective, name)
        if name == "region" and shown is None:
            shown = session.account.aws.region
        given = getattr(params, name) if name in params.given else None
        yield Field(name, info, given, shown, fixed=name == "region" and region_fixed)
