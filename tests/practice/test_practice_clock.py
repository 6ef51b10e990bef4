from __future__ import annotations

from datetime import UTC, datetime

import pytest

from practice import clock


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    moved = clock.ManualClock(datetime(2024, 1, 1, tzinfo=UTC))
    assert moved.now() == datetime(2024, 1, 1, tzinfo=UTC)
    moved.advance(90)
    assert moved.now() == datetime(2024, 1, 1, 0, 1, 30, tzinfo=UTC)
    assert moved.scale is None


def test_time_never_goes_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        clock.ManualClock().advance(-1)


def test_a_scaled_clock_runs_as_many_times_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monotonic = 100.0
    monkeypatch.setattr(clock.time, "monotonic", lambda: monotonic)
    scaled = clock.ScaledClock(60)
    start = scaled.time()
    monotonic = 102.5
    assert scaled.time() - start == pytest.approx(150)


@pytest.mark.parametrize("scale", [0, -1, float("nan")])
def test_a_scale_is_above_zero(scale: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        clock.ScaledClock(scale)


def test_one_clock_is_current() -> None:
    mine = clock.ManualClock()
    before = clock.use(mine)
    try:
        assert clock.current() is mine
    finally:
        assert clock.use(before) is mine
