"""Calendar sums of a study: which patient-day an instant belongs to, and what a protocol plans for a patient.

Sums are done on local dates and only then turned into instants (aware UTC). A patient-day opens at the first
instant whose local wall clock is at or past date + cut-off and lasts until the next one opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from pro.domain.protocol import Protocol, ReminderStep, Timepoint

DEFAULT_CUTOFF = time(4)
LATEST_CUTOFF = time(12)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_DAYS_KEPT = 65_536
"""Openings remembered: a year of days in each of some 180 zones."""


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """One assessment as the protocol plans it; `day` is its target date, `closes_at` is exclusive."""

    timepoint: str
    day: date
    opens_at: datetime
    closes_at: datetime
    late_until: datetime | None
    reminders: tuple[PlannedReminder, ...]
    respondent: Literal["patient", "clinician"]


@lru_cache(maxsize=_DAYS_KEPT)
def clock_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a clock time: forward by the gap where the clocks skip it, the first where it repeats."""
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


@lru_cache(maxsize=_DAYS_KEPT)
def first_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first instant whose local wall clock is at or past `day` `at`; in a gap the instant of the jump."""
    wall = datetime.combine(day, at)
    instant = clock_instant(day, at, zone)
    if _wall(instant, zone) == wall:
        return instant
    return _jump(wall, before=wall.replace(tzinfo=zone, fold=1).astimezone(UTC), after=instant, zone=zone)


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _jump(wall: datetime, *, before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the clocks of `zone` leap over `wall`, known to lie in (before, after]."""
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if _wall(middle, zone) < wall:
            before = middle
        else:
            after = middle
    return after


@lru_cache(maxsize=_DAYS_KEPT)
def day_exists(day: date, zone: ZoneInfo) -> bool:
    """Whether the zone has that date at all (Samoa went from 2011-12-29 to 2011-12-31)."""
    return _wall(first_instant(day, time(0), zone), zone).date() == day


def day_opens(day: date, zone: ZoneInfo, cutoff: time) -> datetime:
    """The instant at which the patient-day opens; ValueError for a date that the zone skips."""
    if not day_exists(day, zone):
        raise ValueError(f"{day} does not exist in {zone.key}")
    return first_instant(day, cutoff, zone)


def day_closes(day: date, zone: ZoneInfo, cutoff: time) -> datetime:
    """The instant at which the patient-day has ended, which is where the next existing one opens."""
    following = day + _DAY
    while not day_exists(following, zone):
        following += _DAY
    return first_instant(following, cutoff, zone)


def patient_day(instant: datetime, zone: ZoneInfo, cutoff: time) -> date:
    """The date of the patient-day that holds `instant` (aware); exactly one does."""
    day = instant.astimezone(zone).date() + _DAY
    while not (day_exists(day, zone) and first_instant(day, cutoff, zone) <= instant):
        day -= _DAY
    return day


def plan(protocol: Protocol, day0: date, zone: ZoneInfo, cutoff: time | None = None) -> tuple[Planned, ...]:
    """Every assessment of one patient, by opening, then timepoint; target dates the zone skips have none.

    `cutoff` stands in for the protocol's own (00:00 to 12:00).
    """
    starts = protocol.cutoff if cutoff is None else cutoff
    planned = (
        one
        for timepoint in protocol.timepoints
        for target in target_days(timepoint, day0)
        if (one := plan_one(timepoint, target, zone, starts)) is not None
    )
    return tuple(sorted(planned, key=lambda one: (one.opens_at, one.timepoint)))


def target_days(timepoint: Timepoint, day0: date) -> Iterator[date]:
    """The dates a timepoint aims at, whether or not the zone has them."""
    for offset in range(timepoint.first_day, timepoint.last_day + 1, timepoint.every):
        yield day0 + timedelta(days=offset)


def plan_one(timepoint: Timepoint, target: date, zone: ZoneInfo, cutoff: time) -> Planned | None:
    """The assessment of one target date; None where the zone skips that date."""
    if not day_exists(target, zone):
        return None
    days = _window(timepoint, target, zone)
    return Planned(
        timepoint=timepoint.key,
        day=target,
        opens_at=day_opens(days[0], zone, cutoff),
        closes_at=day_closes(days[-1], zone, cutoff),
        late_until=_late_until(timepoint, days[-1], zone),
        reminders=reminder_steps(timepoint, target, zone, cutoff),
        respondent=timepoint.respondent,
    )


def _window(timepoint: Timepoint, target: date, zone: ZoneInfo) -> list[date]:
    """The dates of the window that the zone has."""
    offsets = range(-timepoint.window_before, timepoint.window_after + 1)
    days = (target + timedelta(days=offset) for offset in offsets)
    return [day for day in days if day_exists(day, zone)]


def _late_until(timepoint: Timepoint, last: date, zone: ZoneInfo) -> datetime | None:
    if timepoint.late_until is None:
        return None
    return clock_instant(last + _DAY, timepoint.late_until, zone)


def reminder_steps(timepoint: Timepoint, target: date, zone: ZoneInfo, cutoff: time) -> tuple[PlannedReminder, ...]:
    """The reminders of one assessment in the order of their instants.

    A step on each day of a longer window has that day's offset from the target in its key (`at-10:00/-1`).
    """
    window = _window(timepoint, target, zone)
    found = (
        PlannedReminder(_step_key(step, timepoint, (day - target).days), _reminds_at(step, day, zone, cutoff))
        for step in timepoint.reminders
        for day in window
        if step.day is None or day == target + timedelta(days=step.day)
    )
    return tuple(sorted(found, key=lambda reminder: (reminder.at, reminder.step)))


def _step_key(step: ReminderStep, timepoint: Timepoint, offset: int) -> str:
    single = timepoint.window_before == timepoint.window_after == 0
    return step.key if single or step.day is not None else f"{step.key}/{offset}"


def _reminds_at(step: ReminderStep, day: date, zone: ZoneInfo, cutoff: time) -> datetime:
    return clock_instant(day + _DAY if step.at < cutoff else day, step.at, zone)
