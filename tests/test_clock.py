"""Both clocks, always in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pro.clock import Clock, FixedClock, Moment


def test_a_moment_of_another_zone_is_turned_into_utc() -> None:
    paris = datetime(2026, 4, 14, 18, 0, tzinfo=ZoneInfo("Europe/Paris"))
    moment = Moment(paris, paris)
    assert moment.study == paris
    assert moment.study.tzinfo is UTC
    assert moment.running.hour == 16


def test_study_time_stands_off_running_time_by_the_offset_alone() -> None:
    moment = Clock(lambda: timedelta(days=-200)).now()
    assert moment.running - moment.study == timedelta(days=200)


def test_a_fixed_clock_moves_both() -> None:
    clock = FixedClock(datetime(2026, 4, 14, tzinfo=UTC))
    assert clock.move(timedelta(hours=1)) == clock.now()
    assert clock.now().study.hour == 1
