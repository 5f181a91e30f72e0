"""A patient's own calendar: patient-days through every zone that the patient has lived in.

A change of zone takes effect on the first patient-day that has not opened, by the old clocks and by the new. That day
opens by the new clocks, and the day before closes there. No day is left out and none comes twice, however far the
patient travels; where clocks jump so far ahead that days would be squeezed, each lasts `SHORTEST` until they fit again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pro.domain.patient_days import DAY, clock_instant, day_closes, day_exists, day_opens, first_instant

SHORTEST = timedelta(hours=12)
"""No patient-day becomes shorter than this by travelling."""


@dataclass(frozen=True, slots=True)
class Stay:
    """From this patient-day on, until the next stay, the patient's clocks are those of `zone`."""

    from_day: date
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Calendar:
    """The patient-days of one patient; `stays` by day, the first holds for all days before it too."""

    stays: tuple[Stay, ...]
    cutoff: time

    @classmethod
    def of(cls, zone: ZoneInfo, cutoff: time) -> Calendar:
        """Of somebody who never travels."""
        return cls((Stay(date.min, zone),), cutoff)

    @property
    def travels(self) -> bool:
        return len(self.stays) > 1

    def zone_on(self, day: date) -> ZoneInfo:
        """The zone whose clocks that patient-day goes by."""
        stays = self.stays
        return (stays[0] if len(stays) == 1 else stays[self._index(day)]).zone

    def has(self, day: date) -> bool:
        """Whether there is that patient-day; a zone may skip a date."""
        return day_exists(day, self.zone_on(day))

    def opens(self, day: date) -> datetime:
        """The instant at which the patient-day opens; ValueError for a date that its zone skips."""
        index = self._index(day)
        opening = day_opens(day, self.stays[index].zone, self.cutoff)
        return opening if index == 0 else self._not_squeezed(index, day, opening)

    def closes(self, day: date) -> datetime:
        """The instant at which the patient-day has ended: the next one opens there."""
        if not self.travels:
            return day_closes(day, self.stays[0].zone, self.cutoff)
        return self.opens(self._next(day))

    def clock(self, day: date, at: time) -> datetime:
        """A clock time on that date, by the clocks of its patient-day; in a gap forward, repeated the first."""
        return clock_instant(day, at, self.zone_on(day))

    def holds(self, instant: datetime) -> date:
        """The patient-day that holds `instant` (aware); exactly one does."""
        day = instant.date() + 2 * DAY
        while not (self.has(day) and self.opens(day) <= instant):
            day -= DAY
        return day

    def moved(self, zone: ZoneInfo, now: datetime) -> Calendar:
        """The calendar after a change to `zone` at `now`; a change still to come is given up for it."""
        day = self.holds(now) + DAY
        while not (day_exists(day, zone) and first_instant(day, self.cutoff, zone) > now):
            day += DAY
        kept = tuple(stay for n, stay in enumerate(self.stays) if n == 0 or stay.from_day < day)
        return Calendar((*kept, Stay(day, zone)), self.cutoff)

    def _index(self, day: date) -> int:
        index = len(self.stays) - 1
        while index and self.stays[index].from_day > day:
            index -= 1
        return index

    def _next(self, day: date) -> date:
        day += DAY
        while not self.has(day):
            day += DAY
        return day

    def _not_squeezed(self, index: int, day: date, opening: datetime) -> datetime:
        """`opening`, or later where the days since the change would be shorter than SHORTEST."""
        reached = self._opens_before(self.stays[index].from_day)
        for one in self._days(self.stays[index].from_day, day):
            by_clock = day_opens(one, self.stays[index].zone, self.cutoff)
            reached = max(by_clock, reached + SHORTEST)
            if reached == by_clock:
                return opening
        return max(opening, reached + SHORTEST)

    def _opens_before(self, day: date) -> datetime:
        day -= DAY
        while not self.has(day):
            day -= DAY
        return self.opens(day)

    def _days(self, first: date, end: date) -> Iterator[date]:
        """Days that there are, from `first` up to before `end`."""
        while first < end:
            if self.has(first):
                yield first
            first += DAY
