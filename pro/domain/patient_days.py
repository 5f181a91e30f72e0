"""Which patient-day an instant belongs to, in one zone.

A patient-day opens at the first instant whose local wall clock is at or past its date + cut-off and lasts until the
next one opens. Sums are done on local dates and only then turned into instants (aware UTC).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DEFAULT_CUTOFF = time(4)
LATEST_CUTOFF = time(12)
DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_DAYS_KEPT = 65_536
"""Openings remembered: a year of days in each of some 180 zones."""


@lru_cache(maxsize=_DAYS_KEPT)
def clock_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a clock time: forward by the gap where the clocks skip it, the first where it repeats."""
    first, second = (datetime.combine(day, at.replace(fold=fold), zone) for fold in (0, 1))
    instant = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset() or _wall(instant, zone) == first.replace(tzinfo=None):
        return instant
    # zoneinfo itself errs by an hour for the last hour before a closing rule begins (Nuuk, 28 October 2023)
    other = second.astimezone(UTC)
    return other if _wall(other, zone) == first.replace(tzinfo=None) else instant


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
    following = day + DAY
    while not day_exists(following, zone):
        following += DAY
    return first_instant(following, cutoff, zone)


def patient_day(instant: datetime, zone: ZoneInfo, cutoff: time) -> date:
    """The date of the patient-day that holds `instant` (aware); exactly one does."""
    day = instant.astimezone(zone).date() + DAY
    while not (day_exists(day, zone) and first_instant(day, cutoff, zone) <= instant):
        day -= DAY
    return day
