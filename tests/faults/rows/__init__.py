"""The table: a module for each family of rows."""

from __future__ import annotations

from ..row import Row
from . import death, denied, drift, faces, interruption, login, outage, pace, passing, replacing, turns

__all__ = ["ROWS"]

ROWS: tuple[Row, ...] = (
    *death.ROWS,
    *replacing.ROWS,
    *passing.ROWS,
    *pace.ROWS,
    *outage.ROWS,
    *login.ROWS,
    *interruption.ROWS,
    *denied.ROWS,
    *faces.ROWS,
    *turns.ROWS,
    *drift.ROWS,
)
