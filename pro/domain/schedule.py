"""Calendar sums of a study: what a protocol plans for a patient, and what waits for something to happen first.

Sums are done on local dates and only then turned into instants (aware UTC). Whose day an instant is stands in
`patient_days`, and for a patient who travels in `travel`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pro.domain.patient_days import (
    DAY,
    DEFAULT_CUTOFF,
    LATEST_CUTOFF,
    clock_instant,
    day_closes,
    day_exists,
    day_opens,
    first_instant,
    patient_day,
)
from pro.domain.protocol import Anchor, Protocol, ReminderStep, Timepoint
from pro.domain.travel import Calendar

__all__ = [
    "DEFAULT_CUTOFF",
    "LATEST_CUTOFF",
    "Happened",
    "Plan",
    "Planned",
    "PlannedReminder",
    "Waiting",
    "clock_instant",
    "day_closes",
    "day_exists",
    "day_opens",
    "first_instant",
    "patient_day",
    "plan",
    "plan_after",
    "plan_all",
    "plan_calendar",
    "plan_one",
    "plan_target",
    "reminder_steps",
    "start_now",
    "steps_of",
    "target_days",
    "waiting_for",
]


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

    @property
    def end(self) -> datetime:
        """The instant from which it can no longer be filled."""
        return self.late_until or self.closes_at


@dataclass(frozen=True, slots=True)
class Happened:
    """An anchor that is known: `at` its instant, `day` its patient-day (of an examination the day staff wrote)."""

    anchor: Anchor
    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Waiting:
    """A timepoint that cannot be planned yet, and what it waits for."""

    timepoint: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Plan:
    planned: tuple[Planned, ...]
    waiting: tuple[Waiting, ...]


def plan(protocol: Protocol, day0: date, zone: ZoneInfo, cutoff: time | None = None) -> tuple[Planned, ...]:
    """Every assessment counted from day 0, by opening, then timepoint; where the zone skips a whole window there is none.

    `cutoff` stands in for the protocol's own (00:00 to 12:00). What counts from a visit or an event: `plan_all`.
    """
    return plan_calendar(protocol, day0, Calendar.of(zone, protocol.cutoff if cutoff is None else cutoff))


def first_opening(protocol: Protocol, day0: date, zone: ZoneInfo) -> datetime:
    """When the first of them opens; ValueError where there is none."""
    calendar = Calendar.of(zone, protocol.cutoff)
    found = (_from_day0(each, day0, calendar) for each in protocol.timepoints)
    firsts = (next((one for one in planned if one is not None), None) for planned in found)
    return min(one.opens_at for one in firsts if one is not None)


def plan_all(protocol: Protocol, day0: date, happened: Iterable[Happened], calendar: Calendar) -> Plan:
    """Every assessment that can be planned, and which timepoints wait for what.

    An event may come again: each time plans its timepoints anew. Of two that aim at the same day one is kept.
    """
    known = tuple(happened)
    found = {(one.timepoint, one.day): one for one in plan_calendar(protocol, day0, calendar)}
    for each in known:
        for one in plan_after(protocol, each, calendar):
            found.setdefault((one.timepoint, one.day), one)
    return Plan(_sorted(found.values()), waiting_for(protocol, known))


def waiting_for(protocol: Protocol, happened: Iterable[Happened] = ()) -> tuple[Waiting, ...]:
    """The timepoints that cannot be planned yet, in the protocol's order."""
    met = {each.anchor for each in happened}
    waiting = (Waiting(one.key, one.anchor) for one in protocol.timepoints if one.anchor.kind != "day0")
    return tuple(one for one in waiting if one.anchor not in met)


def plan_calendar(protocol: Protocol, day0: date, calendar: Calendar) -> tuple[Planned, ...]:
    """As `plan`, through every zone of the patient's calendar."""
    return _sorted(one for each in protocol.timepoints for one in _from_day0(each, day0, calendar) if one is not None)


def plan_after(protocol: Protocol, happened: Happened, calendar: Calendar) -> tuple[Planned, ...]:
    """The assessments of the timepoints that waited for this."""
    return _sorted(
        one
        for timepoint in protocol.timepoints
        if timepoint.anchor == happened.anchor and not timepoint.on_demand
        for one in _from(timepoint, happened, calendar)
        if one is not None
    )


def start_now(timepoint: Timepoint, day0: date, now: datetime, calendar: Calendar) -> Planned | None:
    """What the patient opens at `now`: until its hours are over, else until its days are; None where it may not be.

    It may be opened on the patient-days first_day to last_day, both included.
    """
    day = calendar.holds(now)
    if not timepoint.on_demand or not timepoint.first_day <= (day - day0).days <= timepoint.last_day:
        return None
    if timepoint.hours is not None:
        return replace(_in_hours(timepoint, now, calendar), day=day)
    one = _on_day(timepoint, day, calendar)
    return None if one is None else replace(one, opens_at=now)


def target_days(timepoint: Timepoint, day0: date) -> Iterator[date]:
    """The dates a timepoint aims at, counted from `day0`, whether or not the zone has them."""
    for offset in timepoint.targets:
        yield day0 + timedelta(days=offset)


def plan_one(timepoint: Timepoint, target: date, zone: ZoneInfo, cutoff: time) -> Planned | None:
    """The assessment of one target date; None where the zone skips every date of its window."""
    return _on_day(timepoint, target, Calendar.of(zone, cutoff))


def plan_target(timepoint: Timepoint, target: date, calendar: Calendar) -> Planned | None:
    """As `plan_one`, through every zone of the patient's calendar."""
    return _on_day(timepoint, target, calendar)


def reminder_steps(timepoint: Timepoint, target: date, zone: ZoneInfo, cutoff: time) -> tuple[PlannedReminder, ...]:
    """The reminders of one assessment of whole days in the order of their instants.

    A step on each day of a longer window has that day's offset from the target in its key (`at-10:00/-1`).
    """
    calendar = Calendar.of(zone, cutoff)
    return _steps(timepoint, target, _window(timepoint, target, calendar), calendar)


def steps_of(
    timepoint: Timepoint, day: date, opens_at: datetime, closes_at: datetime, zone: ZoneInfo, cutoff: time
) -> tuple[PlannedReminder, ...]:
    """The reminders of an assessment as it is stored; a window in hours has those clock times that lie in it."""
    if timepoint.hours is None:
        return reminder_steps(timepoint, day, zone, cutoff)
    return _steps_in(timepoint, day, opens_at, closes_at, Calendar.of(zone, cutoff))


def _sorted(planned: Iterable[Planned]) -> tuple[Planned, ...]:
    return tuple(sorted(planned, key=lambda one: (one.opens_at, one.timepoint)))


def _from_day0(timepoint: Timepoint, day0: date, calendar: Calendar) -> Iterator[Planned | None]:
    if timepoint.anchor.kind != "day0" or timepoint.on_demand:
        return
    if timepoint.hours is None:
        for target in target_days(timepoint, day0):
            yield _on_day(timepoint, target, calendar)
    elif calendar.has(day0):
        yield _in_hours(timepoint, calendar.opens(day0), calendar)


def _from(timepoint: Timepoint, happened: Happened, calendar: Calendar) -> Iterator[Planned | None]:
    if timepoint.hours is not None:
        yield _in_hours(timepoint, happened.at, calendar)
        return
    for target in target_days(timepoint, happened.day):
        yield _on_day(timepoint, target, calendar)


def _on_day(timepoint: Timepoint, target: date, calendar: Calendar) -> Planned | None:
    days = _window(timepoint, target, calendar)
    if not days:
        return None
    opens_at, closes_at = calendar.opens(days[0]), calendar.closes(days[-1])
    reminders = _steps(timepoint, target, days, calendar)
    if calendar.travels:
        reminders = tuple(one for one in reminders if opens_at <= one.at < closes_at)
    return Planned(
        timepoint=timepoint.key,
        day=target,
        opens_at=opens_at,
        closes_at=closes_at,
        late_until=_late_until(timepoint, days[-1], closes_at, calendar),
        reminders=reminders,
        respondent=timepoint.respondent,
    )


def _in_hours(timepoint: Timepoint, at: datetime, calendar: Calendar) -> Planned:
    assert timepoint.hours is not None
    opens_at, closes_at = at + timepoint.hours.opens, at + timepoint.hours.closes
    day = calendar.holds(opens_at)
    steps = _steps_in(timepoint, day, opens_at, closes_at, calendar)
    return Planned(timepoint.key, day, opens_at, closes_at, None, steps, timepoint.respondent)


def _window(timepoint: Timepoint, target: date, calendar: Calendar) -> list[date]:
    """The dates of the window that there are."""
    offsets = range(-timepoint.window_before, timepoint.window_after + 1)
    days = (target + timedelta(days=offset) for offset in offsets)
    return [day for day in days if calendar.has(day)]


def _late_until(timepoint: Timepoint, last: date, closes_at: datetime, calendar: Calendar) -> datetime | None:
    if timepoint.late_until is None:
        return None
    late = calendar.clock(last + DAY, timepoint.late_until)
    return max(late, closes_at)  # a site may open its days later than the protocol takes late entries


def _steps(
    timepoint: Timepoint, target: date, window: Sequence[date], calendar: Calendar
) -> tuple[PlannedReminder, ...]:
    found = (
        PlannedReminder(_step_key(step, timepoint, (day - target).days), _reminds_at(step, day, calendar))
        for step in timepoint.reminders
        for day in window
        if step.day is None or day == target + timedelta(days=step.day)
    )
    return tuple(sorted(found, key=lambda reminder: (reminder.at, reminder.step)))


def _steps_in(
    timepoint: Timepoint, target: date, opens_at: datetime, closes_at: datetime, calendar: Calendar
) -> tuple[PlannedReminder, ...]:
    """Each clock time on each patient-day that the hours touch, as far as it lies in them."""
    days = range((calendar.holds(closes_at) - target).days + 1)
    window = [day for n in days if calendar.has(day := target + timedelta(days=n))]
    return tuple(one for one in _steps(timepoint, target, window, calendar) if opens_at <= one.at < closes_at)


def _step_key(step: ReminderStep, timepoint: Timepoint, offset: int) -> str:
    single = timepoint.window_before == timepoint.window_after == 0 and timepoint.hours is None
    return step.key if single or step.day is not None else f"{step.key}/{offset}"


def _reminds_at(step: ReminderStep, day: date, calendar: Calendar) -> datetime:
    on = day + DAY if step.at < calendar.cutoff else day
    return clock_instant(on, step.at, calendar.zone_on(day))
