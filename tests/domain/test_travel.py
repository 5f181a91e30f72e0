"""A patient who travels: every date once, no gap, no overlap, whatever zones and whenever."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pro.domain import zones
from pro.domain.reminders import in_quiet_hours
from pro.domain.schedule import patient_day, plan_calendar
from pro.domain.travel import SHORTEST, Calendar
from pro.domain.zones import zone
from tests.domain.thera import DIARY, QUIET, protocol
from tests.domain.zone_truth import exists, opening

PROVE = os.environ.get("PRO_PROVE") == "1"
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
CUTOFFS = st.sampled_from([time(0), time(2, 30), time(4), time(7, 15), time(12)])
NAMES = st.sampled_from(sorted(zones.names()))
ordinary = settings(max_examples=3_000 if PROVE else 100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def paris() -> Calendar:
    return Calendar.of(zone("Europe/Paris"), time(4))


@pytest.mark.parametrize(
    ("to", "at", "from_day", "opens"),
    [
        # 10:00 in Paris on the 5th: the 6th begins at 04:00 where the patient is then.
        ("Indian/Reunion", "2026-03-05T09:00", "2026-03-06", "2026-03-06T00:00"),
        ("America/Guadeloupe", "2026-03-05T09:00", "2026-03-06", "2026-03-06T08:00"),
        # Flown away on the night of the 5th: by the new clocks the 6th has begun, and is not begun twice.
        ("Asia/Tokyo", "2026-03-05T22:00", "2026-03-07", "2026-03-06T19:00"),
        # A little before the cut-off it is still the 5th.
        ("Indian/Reunion", "2026-03-06T02:30", "2026-03-07", "2026-03-07T00:00"),
        ("Europe/London", "2026-03-06T02:30", "2026-03-06", "2026-03-06T04:00"),
    ],
)
def test_a_new_zone_holds_from_the_next_day_not_yet_open(to: str, at: str, from_day: str, opens: str) -> None:
    moved = paris().moved(zone(to), utc(at))
    day = date.fromisoformat(from_day)
    assert moved.stays[-1].from_day == day
    assert moved.opens(day) == utc(opens)
    assert moved.closes(day - DAY) == utc(opens)
    assert moved.opens(day - DAY) == paris().opens(day - DAY)


def test_over_the_date_line_no_day_is_left_out() -> None:
    """25 hours ahead: two days of twelve hours and more, then the new clocks."""
    moved = Calendar.of(zone("Pacific/Pago_Pago"), time(4)).moved(zone("Pacific/Kiritimati"), utc("2026-03-05T21:00"))
    found = [(moved.opens(day), moved.closes(day)) for day in (date(2026, 3, n) for n in range(4, 11))]
    assert all(end - start >= SHORTEST for start, end in found)
    assert all(end == start for (_, end), (start, _) in pairwise(found))
    assert moved.opens(date(2026, 3, 10)) == utc("2026-03-09T14:00")


def test_a_change_still_to_come_is_given_up_for_another() -> None:
    once = paris().moved(zone("Indian/Reunion"), utc("2026-03-05T09:00"))
    again = once.moved(zone("America/Guadeloupe"), utc("2026-03-05T10:00"))
    assert [stay.zone.key for stay in again.stays] == ["Europe/Paris", "America/Guadeloupe"]


def test_a_stay_that_has_begun_is_history() -> None:
    once = paris().moved(zone("Indian/Reunion"), utc("2026-03-05T09:00"))
    home = once.moved(zone("Europe/Paris"), utc("2026-03-09T09:00"))
    assert [stay.zone.key for stay in home.stays] == ["Europe/Paris", "Indian/Reunion", "Europe/Paris"]
    assert home.opens(date(2026, 3, 7)) == utc("2026-03-07T00:00")
    assert home.opens(date(2026, 3, 10)) == utc("2026-03-10T03:00")


@st.composite
def journeys(draw: st.DrawFn) -> tuple[Calendar, list[datetime]]:
    start = datetime.combine(draw(st.dates(date(1970, 1, 10), date(2036, 1, 1))), time(0), UTC)
    calendar = Calendar.of(zone(draw(NAMES)), draw(CUTOFFS))
    moments = []
    for _ in range(draw(st.integers(1, 4))):
        start += timedelta(minutes=draw(st.integers(1, 4 * 24 * 60)))
        calendar = calendar.moved(zone(draw(NAMES)), start)
        moments.append(start)
    return calendar, moments


@pytest.mark.prove
@given(journeys())
@ordinary
def test_every_date_is_a_day_once_and_meets_its_neighbour(journey: tuple[Calendar, list[datetime]]) -> None:
    calendar, moments = journey
    day = calendar.holds(moments[0]) - 3 * DAY
    last = calendar.holds(moments[-1]) + 12 * DAY
    days = [one for n in range((last - day).days) if calendar.has(one := day + timedelta(days=n))]
    for one, following in pairwise(days):
        opens, closes = calendar.opens(one), calendar.closes(one)
        assert opens < closes == calendar.opens(following)
        assert calendar.holds(opens) == calendar.holds(closes - MOMENT) == one
        assert calendar.holds(closes) == following
    skipped = [day + timedelta(days=n) for n in range((last - day).days) if not calendar.has(day + timedelta(days=n))]
    assert all(not exists(calendar.zone_on(one).key, one) for one in skipped)
    final = days[-1]
    assert calendar.opens(final) == opening(calendar.zone_on(final).key, final, calendar.cutoff)


@given(journeys(), NAMES, st.integers(0, 5 * 24 * 60))
@ordinary
def test_what_has_opened_is_not_moved_by_a_later_journey(
    journey: tuple[Calendar, list[datetime]], to: str, minutes: int
) -> None:
    before, moments = journey
    now = moments[-1] + timedelta(minutes=minutes)
    after = before.moved(zone(to), now)
    today = before.holds(now)
    assert after.holds(now) == today
    for day in (today - n * DAY for n in range(4)):
        if before.has(day):
            assert after.has(day)
            assert after.opens(day) == before.opens(day)
    assert after.closes(today) > now


@pytest.mark.prove
@given(journeys())
@ordinary
def test_reminders_of_a_traveller_stand_in_their_windows_and_out_of_quiet_hours(
    journey: tuple[Calendar, list[datetime]],
) -> None:
    calendar, moments = journey
    day0 = calendar.holds(moments[0]) - DAY
    for one in plan_calendar(protocol(DIARY, cutoff=calendar.cutoff), day0, calendar)[:20]:
        assert all(one.opens_at <= reminder.at < one.closes_at <= one.end for reminder in one.reminders)
        assert not any(in_quiet_hours(reminder.at, calendar.zone_on(one.day), QUIET) for reminder in one.reminders)


@given(NAMES, CUTOFFS, st.integers(0, 67 * 365 * 24 * 60))
@ordinary
def test_who_never_travels_has_the_days_of_the_zone(name: str, cutoff: time, minutes: int) -> None:
    at = utc("1970-01-01T00:00") + timedelta(minutes=minutes)
    assert Calendar.of(zone(name), cutoff).holds(at) == patient_day(at, zone(name), cutoff)
