"""One position of every row; ``make faults`` tries them all."""

from __future__ import annotations

import socket
import zlib
from typing import Any

import pytest

from .row import NotReached, Row, look
from .rows import ROWS
from .world import USUAL, served_here


@pytest.fixture(scope="session")
def port() -> int:
    """One port for all accounts, since clients are kept by address; what an undisturbed run does is known then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    with served_here(USUAL, number) as world:
        look(world)
    return number


def _param(row: Row) -> Any:
    """Where the clock is slow, ten minutes of AWS are waited for."""
    slow = row.setting.time_scale <= 60
    marks = [pytest.mark.waits(600 / row.setting.time_scale)] if slow else []
    return pytest.param(row, id=row.name.replace(" ", "-"), marks=marks)


@pytest.mark.parametrize("row", map(_param, ROWS))
def test_a_run_survives(row: Row, port: int) -> None:
    with served_here(row.setting, port) as world:
        positions = row.positions(world)
        first = zlib.crc32(row.name.encode()) % len(positions)  # so that not all rows try the same
        for position in (*positions[first:], *positions[:first]):
            try:
                row.trial(world, position)
            except NotReached:
                continue
            return
    pytest.fail("no position was reached")
