from __future__ import annotations

import os
import re
import zoneinfo
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pro.domain import schedule, zones
from pro.domain.protocol import ReminderStep
from pro.domain.schedule import Planned, day_closes, day_exists, day_opens, first_opening, patient_day, plan
from pro.domain.zones import UnknownZone, zone
from tests.domain import zone_truth
from tests.domain.thera import DIARY, WEEK2, protocol, timepoint

PROVE = os.environ.get("PRO_PROVE") == "1"
FOUR = time(4)
MIDNIGHT = time(0)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def plain(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def opens(day: str, name: str, cutoff: str = "04:00") -> str | None:
    return plain(day_opens(date.fromisoformat(day), zone(name), time.fromisoformat(cutoff)))


def closes(day: str, name: str, cutoff: str = "04:00") -> str | None:
    return plain(day_closes(date.fromisoformat(day), zone(name), time.fromisoformat(cutoff)))


def planned(key: str, day: str, among: tuple[Planned, ...]) -> Planned:
    (found,) = (one for one in among if (one.timepoint, one.day.isoformat()) == (key, day))
    return found


@pytest.mark.parametrize(
    ("instant", "name", "at_midnight", "at_four"),
    [
        ("2026-01-15T22:30", "Europe/Paris", "2026-01-15", "2026-01-15"),
        ("2026-01-15T23:30", "Europe/Paris", "2026-01-16", "2026-01-15"),
        ("2026-01-16T02:59", "Europe/Paris", "2026-01-16", "2026-01-15"),
        ("2026-01-16T03:00", "Europe/Paris", "2026-01-16", "2026-01-16"),
        ("2026-03-29T01:30", "Europe/Paris", "2026-03-29", "2026-03-28"),
        ("2026-03-29T02:00", "Europe/Paris", "2026-03-29", "2026-03-29"),
        ("2026-10-25T00:30", "Europe/Paris", "2026-10-25", "2026-10-24"),
        ("2026-10-25T01:30", "Europe/Paris", "2026-10-25", "2026-10-24"),
        ("2026-01-15T23:30", "Indian/Reunion", "2026-01-16", "2026-01-15"),
        # St. John's fell back at 00:01: the 7th had begun, though clocks show 23:15 of the 6th once more.
        ("2010-11-07T02:30", "America/St_Johns", "2010-11-07", "2010-11-06"),
        ("2010-11-07T02:45", "America/St_Johns", "2010-11-07", "2010-11-06"),
    ],
)
def test_an_instant_belongs_to_its_patient_day(instant: str, name: str, at_midnight: str, at_four: str) -> None:
    assert patient_day(utc(instant), zone(name), MIDNIGHT).isoformat() == at_midnight
    assert patient_day(utc(instant), zone(name), FOUR).isoformat() == at_four


@pytest.mark.parametrize(
    ("day", "name", "cutoff", "opening", "ending"),
    [
        # Cut-off 04:00: the clocks change inside the day before.
        ("2026-03-28", "Europe/Paris", "04:00", "2026-03-28T03:00:00Z", "2026-03-29T02:00:00Z"),
        ("2026-10-24", "Europe/Paris", "04:00", "2026-10-24T02:00:00Z", "2026-10-25T03:00:00Z"),
        # The cut-off does not exist: it opens when the clocks jump.
        ("2026-03-29", "Europe/Paris", "02:30", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
        ("2026-04-24", "Africa/Cairo", "00:00", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"),
        ("2026-04-23", "Africa/Cairo", "00:30", "2026-04-22T22:30:00Z", "2026-04-23T22:00:00Z"),
        ("2026-03-08", "America/Havana", "00:00", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        ("2026-03-29", "Asia/Beirut", "00:15", "2026-03-28T22:00:00Z", "2026-03-29T21:15:00Z"),
        # The cut-off comes twice: the first counts.
        ("2026-10-25", "Europe/Paris", "02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
        ("2025-11-02", "America/Havana", "00:00", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"),
        # Cuba keeps summer time through that winter: older zone files do not know.
        ("2026-11-01", "America/Havana", "00:00", "2026-11-01T04:00:00Z", "2026-11-02T04:00:00Z"),
        # Midnight falls back to 23:00: the date begins only after that hour has passed again.
        ("2026-10-24", "Asia/Beirut", "00:00", "2026-10-23T21:00:00Z", "2026-10-24T22:00:00Z"),
        # Half hours, quarters, and a half-hour change.
        ("2026-04-04", "Australia/Lord_Howe", "04:00", "2026-04-03T17:00:00Z", "2026-04-04T17:30:00Z"),
        ("2026-10-04", "Australia/Lord_Howe", "02:15", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"),
        ("2026-09-27", "Pacific/Chatham", "03:00", "2026-09-26T14:00:00Z", "2026-09-27T13:15:00Z"),
        ("2026-07-01", "Asia/Kathmandu", "04:00", "2026-06-30T22:15:00Z", "2026-07-01T22:15:00Z"),
        # Summer time suspended for Ramadan.
        ("2026-02-15", "Africa/Casablanca", "02:30", "2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z"),
        ("2026-03-22", "Africa/Casablanca", "02:30", "2026-03-22T02:00:00Z", "2026-03-23T01:30:00Z"),
        ("2024-02-29", "Europe/Paris", "04:00", "2024-02-29T03:00:00Z", "2024-03-01T03:00:00Z"),
        # Samoa left out 30 December 2011, Kwajalein 21 August 1993.
        ("2011-12-29", "Pacific/Apia", "04:00", "2011-12-29T14:00:00Z", "2011-12-30T14:00:00Z"),
        ("1993-08-20", "Pacific/Kwajalein", "04:00", "1993-08-20T16:00:00Z", "1993-08-21T16:00:00Z"),
        # Kwajalein lived most of 30 September 1969 twice.
        ("1969-09-30", "Pacific/Kwajalein", "04:00", "1969-09-29T17:00:00Z", "1969-10-01T16:00:00Z"),
        # Offsets with seconds: Paris before 1911.
        ("1900-01-01", "Europe/Paris", "04:00", "1900-01-01T03:50:39Z", "1900-01-02T03:50:39Z"),
    ],
)
def test_a_patient_day_opens_and_ends(day: str, name: str, cutoff: str, opening: str, ending: str) -> None:
    assert (opens(day, name, cutoff), closes(day, name, cutoff)) == (opening, ending)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2011-12-30", "Pacific/Apia"),
        ("2011-12-30", "Pacific/Fakaofo"),
        ("1993-08-21", "Pacific/Kwajalein"),
        ("1994-12-31", "Pacific/Kiritimati"),
        ("1844-12-31", "Asia/Manila"),
    ],
)
def test_a_date_that_the_zone_skips_is_no_patient_day(day: str, name: str) -> None:
    skipped = date.fromisoformat(day)
    assert not day_exists(skipped, zone(name))
    assert day_exists(skipped - DAY, zone(name))
    assert day_exists(skipped + DAY, zone(name))
    with pytest.raises(ValueError, match=f"{day} does not exist in {name}"):
        day_opens(skipped, zone(name), FOUR)
    assert patient_day(day_closes(skipped - DAY, zone(name), FOUR) - MOMENT, zone(name), FOUR) < skipped


def test_the_demonstration_in_paris() -> None:
    calendar = plan(protocol(), date(2026, 3, 2), zone("Europe/Paris"))
    assert Counter(one.timepoint for one in calendar) == {
        "screening": 1, "day0": 1, "week2": 1, "week4": 1, "week8": 1, "week12": 1, "diary": 84,
    }  # fmt: skip
    assert [(one.opens_at, one.timepoint) for one in calendar] == sorted(
        (one.opens_at, one.timepoint) for one in calendar
    )
    first = calendar[0]
    assert (first.timepoint, first.respondent, first.day) == ("screening", "clinician", date(2026, 2, 23))
    assert plain(first.opens_at) == "2026-02-16T03:00:00Z"
    assert plain(first.closes_at) == "2026-03-02T03:00:00Z"
    assert (first.late_until, first.reminders) == (None, ())


def test_a_diary_over_the_change_of_clocks() -> None:
    calendar = plan(protocol(), date(2026, 3, 2), zone("Europe/Paris"))
    before = planned("diary", "2026-03-28", calendar)
    assert plain(before.opens_at) == "2026-03-28T03:00:00Z"
    assert plain(before.closes_at) == "2026-03-29T02:00:00Z"
    assert plain(before.late_until) == "2026-03-29T10:00:00Z"
    assert [(one.step, plain(one.at)) for one in before.reminders] == [
        ("at-18:00", "2026-03-28T17:00:00Z"),
        ("at-20:00", "2026-03-28T19:00:00Z"),
    ]
    assert plain(planned("diary", "2026-03-29", calendar).reminders[0].at) == "2026-03-29T16:00:00Z"


def test_a_visit_reminds_on_each_day_of_its_window() -> None:
    week4 = planned("week4", "2026-03-30", plan(protocol(), date(2026, 3, 2), zone("Europe/Paris")))
    assert plain(week4.opens_at) == "2026-03-29T02:00:00Z"
    assert plain(week4.closes_at) == "2026-04-01T02:00:00Z"
    assert [(one.step, plain(one.at)) for one in week4.reminders] == [
        ("at-10:00/-1", "2026-03-29T08:00:00Z"),
        ("at-10:00/0", "2026-03-30T08:00:00Z"),
        ("at-10:00/1", "2026-03-31T08:00:00Z"),
    ]


def test_visit_windows_hold_both_their_ends() -> None:
    visits = (
        timepoint("d7", 7, before=2, after=2),
        timepoint("d15", 15, before=3, after=3),
        timepoint("d28", 28, before=3, after=3),
        timepoint("d90", 90, before=7, after=7),
    )
    calendar = plan(protocol(*visits), date(2026, 3, 2), zone("UTC"), MIDNIGHT)
    assert [(one.opens_at.date(), (one.closes_at - MOMENT).date()) for one in calendar] == [
        (date(2026, 3, 7), date(2026, 3, 11)),
        (date(2026, 3, 14), date(2026, 3, 20)),
        (date(2026, 3, 27), date(2026, 4, 2)),
        (date(2026, 5, 24), date(2026, 6, 7)),
    ]


def test_targets_every_few_days() -> None:
    weekly = timepoint("weekly", 0, 20)
    every = schedule.target_days(replace(weekly, every=7), date(2024, 2, 26))
    assert [day.isoformat() for day in every] == ["2024-02-26", "2024-03-04", "2024-03-11"]


def test_leap_day_has_a_diary() -> None:
    calendar = plan(protocol(DIARY), date(2024, 2, 28), zone("Europe/Paris"))
    assert [one.day.isoformat() for one in calendar[:3]] == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_an_assessment_whose_whole_window_is_skipped_does_not_exist() -> None:
    calendar = plan(protocol(DIARY), date(2011, 12, 28), zone("Pacific/Apia"))
    assert len(calendar) == 83
    assert [one.day.isoformat() for one in calendar[:3]] == ["2011-12-28", "2011-12-29", "2011-12-31"]
    last = calendar[1]
    assert plain(last.closes_at) == plain(calendar[2].opens_at) == "2011-12-30T14:00:00Z"
    assert plain(last.late_until) == "2011-12-30T22:00:00Z"  # 12:00 on the next date there is, the 31st


@pytest.mark.parametrize(
    ("target", "opening", "ending", "steps"),
    [
        ("2011-12-29", "2011-12-28T14:00:00Z", "2011-12-30T14:00:00Z", ["at-10:00/-1", "at-10:00/0"]),
        ("2011-12-30", "2011-12-29T14:00:00Z", "2011-12-31T14:00:00Z", ["at-10:00/-1", "at-10:00/1"]),
        ("2011-12-31", "2011-12-30T14:00:00Z", "2012-01-01T14:00:00Z", ["at-10:00/0", "at-10:00/1"]),
    ],
)
def test_a_window_over_a_skipped_date_keeps_the_days_there_are(
    target: str, opening: str, ending: str, steps: list[str]
) -> None:
    one = schedule.plan_one(WEEK2, date.fromisoformat(target), zone("Pacific/Apia"), FOUR)
    assert one is not None
    assert (plain(one.opens_at), plain(one.closes_at)) == (opening, ending)
    assert [reminder.step for reminder in one.reminders] == steps


@pytest.mark.parametrize(
    ("day", "clock", "cutoff", "expected"),
    [
        ("2026-10-25", "02:30", "00:00", "2026-10-25T00:30:00Z"),  # comes twice: the first
        ("2026-03-29", "02:30", "00:00", "2026-03-29T01:30:00Z"),  # skipped: an hour on
        ("2026-03-28", "02:30", "04:00", "2026-03-29T01:30:00Z"),  # before the cut-off: the next date
        ("2026-01-15", "04:00", "04:00", "2026-01-15T03:00:00Z"),  # at the cut-off: the date itself
        ("2026-01-15", "03:59", "04:00", "2026-01-16T02:59:00Z"),
        ("2026-01-15", "18:00", "04:00", "2026-01-15T17:00:00Z"),
        ("2026-10-25", "18:00", "04:00", "2026-10-25T17:00:00Z"),
    ],
)
def test_a_reminder_is_a_clock_time(day: str, clock: str, cutoff: str, expected: str) -> None:
    (reminder,) = schedule.reminder_steps(
        timepoint("one", 0, at=(clock,)),
        date.fromisoformat(day),
        zone("Europe/Paris"),
        time.fromisoformat(cutoff),
    )
    assert plain(reminder.at) == expected


@pytest.mark.parametrize("clock", ["22:45", "23:00", "23:30", "23:45"])
def test_a_clock_time_before_a_closing_rule_begins(clock: str) -> None:
    """Nuuk kept -02:00 through that night; the zone library calls its last hour -01:00."""
    day, at = date(2023, 10, 28), time.fromisoformat(clock)
    expected = datetime.combine(day, at, UTC) + timedelta(hours=2)
    assert schedule.clock_instant(day, at, zone("America/Nuuk")) == expected
    assert schedule.first_instant(day, at, zone("America/Nuuk")) == expected


def test_a_step_on_one_day_of_the_window_keeps_its_key() -> None:
    once = timepoint("visit", 14, before=1, after=1, steps=(ReminderStep("call", time(9), day=1),))
    (reminder,) = schedule.reminder_steps(once, date(2026, 3, 16), zone("Europe/Paris"), FOUR)
    assert (reminder.step, plain(reminder.at)) == ("call", "2026-03-17T08:00:00Z")


def test_another_cutoff_overrides_the_protocol() -> None:
    own, other = (plan(protocol(DIARY), date(2026, 3, 2), zone("UTC"), c)[0] for c in (None, time(12)))
    assert plain(own.opens_at) == "2026-03-02T04:00:00Z"
    assert plain(other.opens_at) == "2026-03-02T12:00:00Z"
    assert other.closes_at == other.late_until == utc("2026-03-03T12:00")


def test_a_late_entry_never_ends_before_its_window() -> None:
    """A site may let its days begin later than the protocol, which takes late entries until noon, expects."""
    early = replace(protocol(DIARY).timepoint("diary"), late_until=time(11))
    (day, *_) = plan(replace(protocol(DIARY), timepoints=(early,)), date(2026, 3, 2), zone("UTC"), time(11, 30))
    assert day.late_until == day.closes_at == utc("2026-03-03T11:30")


def test_an_unknown_zone_is_one_clear_line() -> None:
    for name in ("Europe/Pariss", "../zones", "", "Europe"):
        with pytest.raises(UnknownZone) as refusal:
            zone(name)
        assert "\n" not in str(refusal.value)
        assert repr(name) in str(refusal.value)


def test_zones_come_from_the_wheel_not_the_machine(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    utc_file = files("tzdata").joinpath("zoneinfo", "UTC").read_bytes()
    (tmp_path / "Europe" / "Paris").write_bytes(utc_file)
    zoneinfo.reset_tzpath([tmp_path])
    zones.zone.cache_clear()
    try:
        summer = datetime(2026, 7, 1, tzinfo=zone("Europe/Paris"))
        assert summer.utcoffset() == timedelta(hours=2)
    finally:
        zoneinfo.reset_tzpath()
        zones.zone.cache_clear()


# Every zone there is, against an account of time that shares no code with ours.

CUTOFFS = st.sampled_from([time(minute // 60, minute % 60) for minute in range(0, 12 * 60 + 1, 15)])


@cache
def changes(name: str) -> tuple[date, ...]:
    return tuple(until.date() for _, until, _ in zone_truth.stretches(name)[:-1])


@st.composite
def places(draw: st.DrawFn) -> tuple[str, date]:
    """A zone and a date of it, mostly near a change of its clocks."""
    name = draw(st.sampled_from(sorted(zones.names())))
    anywhere = st.dates(date(1840, 1, 1), date(2038, 1, 1))
    if not changes(name):
        return name, draw(anywhere)
    near = st.builds(lambda day, off: day + timedelta(days=off), st.sampled_from(changes(name)), st.integers(-3, 3))
    return name, draw(st.one_of(near, near, near, anywhere))


ordinary = settings(max_examples=5_000 if PROVE else 150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_day(name: str, day: date, cutoff: time) -> None:
    place = zone(name)
    assert day_exists(day, place) == zone_truth.exists(name, day)
    if not day_exists(day, place):
        return
    start, end = day_opens(day, place, cutoff), day_closes(day, place, cutoff)
    assert start == zone_truth.opening(name, day, cutoff)
    assert start < end
    assert patient_day(start, place, cutoff) == day
    assert patient_day(end - MOMENT, place, cutoff) == day
    following = patient_day(end, place, cutoff)
    assert following > day
    assert day_opens(following, place, cutoff) == end
    between = (day + timedelta(days=n) for n in range(1, (following - day).days))
    assert not any(zone_truth.exists(name, skipped) for skipped in between)


@given(places(), CUTOFFS)
@ordinary
def test_days_of_every_zone_meet_without_gap_or_overlap(place: tuple[str, date], cutoff: time) -> None:
    check_day(*place, cutoff)


@given(places(), CUTOFFS, st.integers(0, 86_399))
@ordinary
def test_every_instant_belongs_to_the_day_that_holds_it(place: tuple[str, date], cutoff: time, second: int) -> None:
    name, day = place
    instant = datetime.combine(day, MIDNIGHT, UTC) + timedelta(seconds=second)
    found = patient_day(instant, zone(name), cutoff)
    assert found == zone_truth.patient_day(name, instant, cutoff)
    assert day_opens(found, zone(name), cutoff) <= instant < day_closes(found, zone(name), cutoff)


@given(places(), CUTOFFS, st.times().map(lambda clock: clock.replace(second=0, microsecond=0)))
@ordinary
def test_reminders_of_every_zone_stand_in_their_window(place: tuple[str, date], cutoff: time, clock: time) -> None:
    name, target = place
    step = timepoint("visit", 0, before=1, after=1, steps=(ReminderStep("at", clock),))
    one = schedule.plan_one(step, target, zone(name), cutoff)
    assert one is not None
    days = [day for day in (target - DAY, target, target + DAY) if zone_truth.exists(name, day)]
    on = [day + DAY if clock < cutoff else day for day in days]
    expected = sorted(zone_truth.reminder(name, day, clock) for day in on)
    assert [reminder.at for reminder in one.reminders] == expected
    for day, at in zip(on, expected, strict=True):
        if zone_truth.local(name, at) == datetime.combine(day, clock):  # it is not moved out of a gap
            assert one.opens_at <= at < one.closes_at


prove = pytest.mark.skipif(not PROVE, reason="a long proof: PRO_PROVE=1")
NAMES = sorted(zones.names())
SLICES = 12


@pytest.mark.prove
@prove
@pytest.mark.parametrize("part", range(SLICES))
def test_every_change_of_clocks_there_is(part: int) -> None:
    for name in NAMES[part::SLICES]:
        days = {change + timedelta(days=off) for change in changes(name) for off in range(-2, 3)}
        days |= {date(year, month, 1) for year in range(1900, 2038) for month in (1, 7)}
        for day in sorted(days):
            for cutoff in (MIDNIGHT, time(2, 30), FOUR, time(12)):
                check_day(name, day, cutoff)


@pytest.mark.prove
@prove
@pytest.mark.parametrize("part", range(SLICES))
def test_each_date_of_recent_years_is_a_day_exactly_once(part: int) -> None:
    for name in NAMES[part::SLICES]:
        walk(name, date(2000, 1, 1), date(2037, 12, 31))


def walk(name: str, day: date, end: date) -> None:
    opening = day_opens(day, zone(name), FOUR)
    while day < end:
        closing = day_closes(day, zone(name), FOUR)
        assert opening < closing
        following = patient_day(closing, zone(name), FOUR)
        skipped = (day + timedelta(days=n) for n in range(1, (following - day).days))
        assert day < following
        assert not any(zone_truth.exists(name, date_between) for date_between in skipped)
        assert day_opens(following, zone(name), FOUR) == closing
        day, opening = following, closing


def test_nobody_asks_the_machine_for_a_zone() -> None:
    """`ZoneInfo(name)` reads the machine's files first; `zones.zone(name)` reads the locked ones."""
    package = Path(zones.__file__).parents[1]
    made = re.compile(r"(?<![\w.])(zoneinfo\.)?ZoneInfo(\.no_cache)?\(")
    asking = [
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if made.search(path.read_text("utf-8"))
    ]
    assert asking == []


@pytest.mark.parametrize("name", ["Europe/Paris", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("day0", [date(2026, 4, 1), date(2011, 12, 30), date(2012, 1, 6)])
def test_the_first_opening_is_that_of_the_plan(name: str, day0: date) -> None:
    """Also where the day that the first window aims at does not exist: Samoa had no 30 December 2011."""
    assert first_opening(protocol(), day0, zone(name)) == plan(protocol(), day0, zone(name))[0].opens_at
