"""An integration's timeout is AWS time, and no backend is cut off because the account's clock runs fast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice import clock
from practice.clock import Clock, ManualClock, ScaledClock
from practice.dataplane.patience import UNSCALED, wall_seconds


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    before = clock.current()
    yield
    clock.use(before)


def at(scale: float | None) -> Clock:
    return ManualClock() if scale is None else ScaledClock(scale)


@pytest.mark.parametrize("scale", [1.0, None])
def test_in_real_time_and_by_hand_a_timeout_lasts_what_it_says(scale: float | None) -> None:
    clock.use(at(scale))
    assert [wall_seconds(each) for each in (0.05, 2.0, 29.0)] == [0.05, 2.0, 29.0]


def test_a_long_timeout_is_rehearsed_quickly() -> None:
    clock.use(ScaledClock(60))
    assert wall_seconds(29.0) == pytest.approx(2.45)


@given(
    scale=st.floats(1.0, 10_000.0),
    one=st.floats(0.05, 29.0),
    other=st.floats(0.05, 29.0),
)
def test_a_longer_timeout_is_a_longer_wait_and_a_short_one_is_never_scaled(
    scale: float, one: float, other: float
) -> None:
    clock.use(ScaledClock(scale))
    assert wall_seconds(one) <= one
    assert one > UNSCALED or wall_seconds(one) == one
    if one < other:
        assert wall_seconds(one) <= wall_seconds(other)
