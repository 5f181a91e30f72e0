"""What one patient will live through: which texts go, where the clocks jump, what has no day of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from pro.domain.outlook import ClockChange, clock_changes, outlook
from pro.domain.protocol import Anchor, Hours, QuietHours
from pro.domain.zones import zone
from tests.domain.thera import protocol, timepoint

PARIS = zone("Europe/Paris")
DAY0 = date(2026, 6, 1)
HOUR = timedelta(hours=1)
DIARY = timepoint("diary", 0, 9, late_until=time(12), at=("18:00", "20:00"))
WEEK1 = timepoint("week1", 7, before=1, after=1, at=("10:00", "18:00"))
FLARE = Anchor("event", "flare-opened")


def test_steps_of_one_instant_are_one_text() -> None:
    found = outlook(protocol(DIARY, WEEK1), DAY0, PARIS)
    assert len(found.asked) == 11
    assert len(found.texts) == len(found.sent) == 2 * 10 + 3, "the visit's 18:00 is the diary's"
    shared = [one for one in found.sent if len(one.announces) == 2]
    assert [one.due_at.astimezone(PARIS).day for one in shared] == [7, 8, 9]


def test_whoever_answers_at_once_gets_one_text_an_assessment() -> None:
    assert outlook(protocol(DIARY), DAY0, PARIS).prompt == 10
    assert outlook(protocol(DIARY, WEEK1), DAY0, PARIS).prompt == 11


def test_over_the_cap_none_goes_and_it_says_why() -> None:
    found = outlook(replace(protocol(DIARY, WEEK1), daily_cap=2), DAY0, PARIS)
    stopped = [one for one in found.texts if one.leaves_at is None]
    assert [(one.due_at.astimezone(PARIS).strftime("%d %H:%M"), one.why) for one in stopped] == [
        ("07 20:00", "daily-cap"),
        ("08 20:00", "daily-cap"),
        ("09 20:00", "daily-cap"),
    ]


def test_in_quiet_hours_it_waits_and_too_late_it_stays() -> None:
    evening = replace(protocol(DIARY), quiet_hours=QuietHours(time(17, 30), time(19, 0)))
    found = outlook(evening, DAY0, PARIS)
    assert found.texts[0].leaves_at == found.texts[0].due_at + HOUR
    assert len(found.sent) == 20
    night = replace(protocol(DIARY), quiet_hours=QuietHours(time(17, 30), time(8, 30)))
    assert {one.why for one in outlook(night, DAY0, PARIS).texts} == {"quiet-hours"}


def test_another_cut_off_moves_every_day() -> None:
    found = outlook(protocol(DIARY), DAY0, PARIS, time(0))
    assert found.protocol.cutoff == time(0)
    assert found.planned[0].opens_at == datetime(2026, 5, 31, 22, tzinfo=UTC)


def test_the_clocks_of_the_period() -> None:
    autumn = outlook(protocol(DIARY), date(2026, 10, 20), PARIS)
    assert autumn.changes == (ClockChange(datetime(2026, 10, 25, 1, tzinfo=UTC), 2 * HOUR, 1 * HOUR),)
    assert not autumn.changes[0].forward
    assert outlook(protocol(DIARY), DAY0, PARIS).changes == ()
    assert clock_changes((), PARIS) == ()


def test_half_an_hour_and_a_date_that_is_skipped() -> None:
    (half,) = outlook(protocol(DIARY), date(2026, 9, 28), zone("Australia/Lord_Howe")).changes
    assert half.after - half.before == HOUR / 2
    apia = outlook(protocol(DIARY), date(2011, 12, 28), zone("Pacific/Apia"))
    assert [(one.at, one.after - one.before) for one in apia.changes] == [
        (datetime(2011, 12, 30, 10, tzinfo=UTC), timedelta(days=1))
    ]
    assert date(2011, 12, 30) not in {one.day for one in apia.planned}
    assert apia.changes[0].skipped == (date(2011, 12, 30),)
    assert [apia.lived(date(2011, 12, 28), date(2011, 12, day)) for day in (29, 30, 31)] == [2, 2, 3]
    assert half.skipped == ()


@pytest.mark.parametrize(
    ("at", "before", "after", "skipped"),
    [
        (datetime(1993, 8, 21, 12, tzinfo=UTC), -12, 12, (date(1993, 8, 21),)),
        (datetime(1993, 8, 21, 11, tzinfo=UTC), -12, 36, (date(1993, 8, 21),)),
        (datetime(1993, 8, 22, 0, tzinfo=UTC), -12, 12, ()),
        (datetime(1969, 9, 30, 13, tzinfo=UTC), 11, -12, ()),
    ],
)
def test_a_date_is_skipped_where_none_of_its_minutes_comes(
    at: datetime, before: int, after: int, skipped: tuple[date, ...]
) -> None:
    assert ClockChange(at, before * HOUR, after * HOUR).skipped == skipped


def test_what_has_no_day_is_an_example() -> None:
    follow_up = replace(timepoint("follow-up", 14, at=("10:00",)), anchor=Anchor("visit", "week1"))
    after_flare = replace(timepoint("after-flare", 0), anchor=FLARE, hours=Hours(24 * HOUR, 72 * HOUR))
    entry = replace(timepoint("entry", 3, 9), on_demand=True)
    found = outlook(protocol(WEEK1, follow_up, after_flare, entry), DAY0, PARIS)
    noon = datetime(2026, 6, 8, 10, tzinfo=UTC)
    assert [(one.timepoint.key, one.at) for one in found.examples] == [
        ("follow-up", noon),
        ("after-flare", noon),
        ("entry", datetime(2026, 6, 4, 10, tzinfo=UTC)),
    ]
    assert found.examples[0].planned[0].day == date(2026, 6, 22)
    assert found.examples[1].planned[0].opens_at == noon + 24 * HOUR
    assert found.examples[2].planned[0].day == date(2026, 6, 4)
    assert {one.timepoint for one in found.planned} == {"week1"}
