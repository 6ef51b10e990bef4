"""The parameters as a form, generated from the one validated model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runbook.parameters import Parameters, validated
from tui.screens.form import Field, FormScreen
from tui.session import Session

__all__ = ["ParametersScreen"]


class ParametersScreen(FormScreen[Parameters]):
    """What the stack is made from."""

    def __init__(self, session: Session, *, region_fixed: bool) -> None:
        def make(values: Mapping[str, Any]) -> Parameters:
            given = validated(values)
            session.fit(given if "track" in values else given.with_values(track=_effective(session).track))
            return given

        super().__init__("Parameters", _fields(session, region_fixed=region_fixed), make)


def _effective(session: Session) -> Parameters:
    started = session.board.started
    return started.parameters if started is not None else session.params.filled(session.account.defaults)


def _fields(session: Session, *, region_fixed: bool) -> Iterator[Field]:
    params, effective = session.params, _effective(session)
    for name, info in Parameters.model_fields.items():
        shown = getattr(effective, name)
        if name == "region" and shown is None:
            shown = session.account.aws.region
        given = getattr(params, name) if name in params.given else None
        yield Field(name, info, given, shown, fixed=name == "region" and region_fixed)
