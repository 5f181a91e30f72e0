"""Timepoints counted from a visit or an event, windows in hours, bursts, and what the patient opens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from pro.domain.protocol import Anchor, Hours, Timepoint
from pro.domain.schedule import Happened, Planned, Waiting, plan, plan_all, start_now, steps_of, target_days
from pro.domain.travel import Calendar
from pro.domain.zones import zone
from tests.domain.thera import protocol, timepoint

PARIS = Calendar.of(zone("Europe/Paris"), time(4))
DAY0 = date(2026, 3, 2)
WEEK4 = timepoint("week4", 28, before=1, after=1)
SENT = Anchor("visit", "week4")
EXAMINED = Anchor("visit", "week4", "examination")
FLARE = Anchor("event", "flare-opened")
FOLLOW_UP = replace(timepoint("follow-up", 14, before=1, after=1, at=("10:00",)), anchor=SENT)
AFTER_FLARE = replace(
    timepoint("after-flare", 0, at=("09:00", "19:00")),
    anchor=FLARE,
    hours=Hours(timedelta(hours=24), timedelta(hours=72)),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def only(planned: tuple[Planned, ...], key: str) -> list[Planned]:
    return [one for one in planned if one.timepoint == key]


def test_what_waits_for_a_visit_is_not_planned_and_says_so() -> None:
    found = plan_all(protocol(WEEK4, FOLLOW_UP, AFTER_FLARE), DAY0, (), PARIS)
    assert [one.timepoint for one in found.planned] == ["week4"]
    assert found.waiting == (Waiting("follow-up", SENT), Waiting("after-flare", FLARE))
    assert [str(one.anchor) for one in found.waiting] == ["the submission of week4", "the event flare-opened"]
    assert [one.timepoint for one in plan(protocol(WEEK4, FOLLOW_UP), DAY0, zone("Europe/Paris"))] == ["week4"]


def test_days_count_from_the_visit_as_it_took_place() -> None:
    sent = Happened(SENT, utc("2026-03-31T20:00"), date(2026, 3, 31))
    found = plan_all(protocol(WEEK4, FOLLOW_UP), DAY0, (sent,), PARIS)
    (one,) = only(found.planned, "follow-up")
    assert (one.day, one.opens_at, one.closes_at) == (
        date(2026, 4, 14),
        utc("2026-04-13T02:00"),
        utc("2026-04-16T02:00"),
    )
    assert [step.step for step in one.reminders] == ["at-10:00/-1", "at-10:00/0", "at-10:00/1"]
    assert found.waiting == ()


def test_an_examination_is_not_a_submission() -> None:
    examined = Happened(EXAMINED, utc("2026-03-31T08:00"), date(2026, 3, 31))
    assert plan_all(protocol(WEEK4, FOLLOW_UP), DAY0, (examined,), PARIS).waiting == (Waiting("follow-up", SENT),)


def test_an_event_may_come_again() -> None:
    twice = [Happened(FLARE, utc(f"2026-03-{day}T17:00"), date(2026, 3, day)) for day in (10, 20)]
    found = only(plan_all(protocol(AFTER_FLARE), DAY0, twice, PARIS).planned, "after-flare")
    assert [one.day for one in found] == [date(2026, 3, 11), date(2026, 3, 21)]


def test_hours_are_elapsed_time_over_the_change_of_clocks() -> None:
    happened = Happened(FLARE, utc("2026-03-28T11:00"), date(2026, 3, 28))  # 12:00 in Paris, the night before the jump
    (one,) = plan_all(protocol(AFTER_FLARE), DAY0, (happened,), PARIS).planned
    assert (one.day, one.opens_at, one.closes_at) == (
        date(2026, 3, 29),
        utc("2026-03-29T11:00"),
        utc("2026-03-31T11:00"),
    )
    assert [(step.step, step.at) for step in one.reminders] == [
        ("at-19:00/0", utc("2026-03-29T17:00")),
        ("at-09:00/1", utc("2026-03-30T07:00")),
        ("at-19:00/1", utc("2026-03-30T17:00")),
        ("at-09:00/2", utc("2026-03-31T07:00")),
    ]
    stored = steps_of(AFTER_FLARE, one.day, one.opens_at, one.closes_at, zone("Europe/Paris"), time(4))
    assert stored == one.reminders


def test_hours_from_day_0_count_from_its_opening() -> None:
    early = replace(timepoint("early", 0), hours=Hours(timedelta(hours=6), timedelta(hours=30)))
    (one,) = plan(protocol(early), DAY0, zone("Europe/Paris"))
    assert (one.opens_at, one.closes_at) == (utc("2026-03-02T09:00"), utc("2026-03-03T09:00"))


@pytest.mark.parametrize(
    ("first", "last", "every", "burst", "days"),
    [
        (0, 3, 1, 1, [0, 1, 2, 3]),
        (0, 28, 7, 1, [0, 7, 14, 21, 28]),
        (0, 10, 3, 1, [0, 3, 6, 9]),
        (0, 57, 28, 3, [0, 1, 2, 28, 29, 30, 56, 57]),
    ],
)
def test_daily_weekly_every_third_and_bursts(first: int, last: int, every: int, burst: int, days: list[int]) -> None:
    diary = replace(timepoint("diary", first, last), every=every, burst=burst)
    assert [(day - DAY0).days for day in target_days(diary, DAY0)] == days


REPORT = replace(timepoint("report", 0, 83), on_demand=True)


def test_what_the_patient_opens_is_never_planned() -> None:
    assert plan(protocol(REPORT), DAY0, zone("Europe/Paris")) == ()


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-03-02T02:59", None),  # before day 0
        ("2026-03-02T03:00", date(2026, 3, 2)),
        ("2026-03-03T01:30", date(2026, 3, 2)),  # after midnight it is still day 0
        ("2026-05-25T01:59", date(2026, 5, 24)),
        ("2026-05-25T02:00", None),  # day 84
    ],
)
def test_the_patient_opens_it_on_one_of_its_days(now: str, day: date | None) -> None:
    found = start_now(REPORT, DAY0, utc(now), PARIS)
    assert (found and found.day) == day
    if found is not None:
        assert (found.opens_at, found.closes_at) == (utc(now), PARIS.closes(found.day))


def test_what_the_patient_opens_may_last_some_hours() -> None:
    attack: Timepoint = replace(REPORT, hours=Hours(timedelta(0), timedelta(hours=2)))
    found = start_now(attack, DAY0, utc("2026-03-03T02:30"), PARIS)
    assert found is not None
    assert (found.day, found.closes_at) == (date(2026, 3, 2), utc("2026-03-03T04:30"))
