"""A journey that is known before: what it will change is said first, and the worker makes it when its day comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from pro.clock import Moment
from pro.domain import zones
from pro.domain.patient_days import day_exists, day_opens
from pro.domain.reminders import leaves_at
from pro.domain.schedule import steps_of
from pro.domain.travel import Calendar
from pro.services.access import Right
from pro.services.audit import WORKER, Actor, lock_patient, record
from pro.services.calendars import calendar_of
from pro.services.courses import Stay
from pro.services.enrolment.facts import Doer, by_of
from pro.services.enrolment.holding import NotNow, kind_of_excuse
from pro.services.enrolment.leaving import unfinished
from pro.services.enrolment.travelling import SameZone, move, recomputed
from pro.services.parts import Parts
from pro.store import courses
from pro.store.tables import Assessment, Patient

LEAD = timedelta(minutes=75)
"""So long before its first day opens a journey is made, by the tick that comes then: as late as is safe where a worker
has to be started first, since quiet hours go by the new clocks from then on."""
FARTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Foretold:
    """A reminder after a change of zone."""

    timepoint: str
    day: date
    at: datetime
    leaves_at: datetime | None
    """Later than `at` where the quiet hours there hold it up; None where it would come too late then."""
    moves: bool
    """It goes by the new clocks; else by those that its assessment opened under."""
    excused: str = ""
    """`hold` or `pause` where nobody will be reminded for that."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a change of zone will do."""

    zone: str
    old: str
    from_day: date
    """The first patient-day by the new clocks."""
    at: datetime
    """Its opening: the day before closes there."""
    made_at: datetime
    """From then on quiet hours go by the new clocks."""
    at_once: bool
    """That is now; else the worker makes it when its day comes."""
    assessments: int
    """Those whose instants change."""
    reminders: tuple[Foretold, ...]
    """Of the first patient-day by the new clocks that has any, in order."""
    held_up: tuple[Foretold, ...] = ()
    """Those from `made_at` until that day opens that stand in the quiet hours there, in order."""
    silent: tuple[Foretold, ...] = ()
    """All that will not go for the quiet hours there, in order: only a call by the site can stand in for them."""
    is_open: bool = True
    """Something can be filled until that day opens."""
    instead_of: Stay | None = None
    """Another journey that was to come: it is taken back."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A journey that is to come."""

    stay: Stay
    made_at: datetime
    """Until then all goes by the old clocks."""
    opens: datetime
    """When its first day does: what comes before is still told by the old clocks."""
    reminders: tuple[Foretold, ...]
    """Those from then on, in order."""


def foresee(parts: Parts, patient_id: int, zone: str, from_day: date | None, moment: Moment) -> Foreseen:
    """What would change; changes nothing. `from_day` None or too near: the next patient-day that has not opened.

    Raises UnknownZone, SameZone, NotNow (in one line) for a day that cannot be, KeyError where there is no patient.
    """
    wanted = zones.zone(zone)
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None:
            raise KeyError(f"no patient {patient_id}")
        _may_move(patient, zone)
        calendar = _calendar(parts, session, patient)
        made_at, at_once = _made_at(calendar, zone, from_day, moment.study)
        moved = calendar.moved(wanted, made_at)
        first = moved.stays[-1].from_day
        expected = unfinished(session, patient_id, made_at)
        if not at_once and not expected and not _may_come(parts, patient, first):
            said = f"nothing is asked of {patient.number} any more from {first} on: check the year"
            raise NotNow("nothing-then", said)
        rows = recomputed(parts, session, patient, expected, moved, made_at)
        told = [each for each in _all_foretold(parts, patient, expected, rows, moved) if not each.excused]
        opens = moved.opens(first)
        return Foreseen(
            zone=zone,
            old=patient.zone,
            from_day=first,
            at=opens,
            made_at=made_at,
            at_once=at_once,
            assessments=len(rows),
            reminders=_first_reminders(told, moved),
            held_up=tuple(each for each in told if made_at <= each.at < opens and each.leaves_at != each.at),
            silent=tuple(each for each in told if made_at <= each.at and each.leaves_at is None),
            is_open=any(row["opens_at"] < opens for row in rows),
            instead_of=_another(session, patient_id, zone, first, at_once=at_once),
        )


def coming(parts: Parts, session: Session, patient_id: int, moment: Moment) -> Coming | None:
    """The journey that is to come, as the worker will make it; None where there is none."""
    found, patient = courses.journey_of(session, patient_id), session.get(Patient, patient_id)
    if found is None or patient is None or found.zone == patient.zone:
        return None
    calendar = _calendar(parts, session, patient)
    made_at = max(moment.study, _opening(calendar, found.zone, found.from_day) - LEAD)
    moved = calendar.moved(zones.zone(found.zone), made_at)
    expected = unfinished(session, patient_id, made_at)
    rows = recomputed(parts, session, patient, expected, moved, made_at)
    told = _all_foretold(parts, patient, expected, rows, moved)
    stay, opens = Stay(found.zone, found.from_day), moved.opens(moved.stays[-1].from_day)
    return Coming(stay, made_at, opens, tuple(each for each in told if each.at >= made_at))


def coming_at(parts: Parts, patient_id: int) -> datetime | None:
    """When the worker makes the journey that is to come; None where there is none."""
    with parts.study.reading() as session:
        return _to_be_made(parts, session, patient_id)


def plan_journey(
    parts: Parts, doer: Doer, patient_id: int, zone: str, from_day: date | None, moment: Moment
) -> Foreseen:
    """Moves the patient from that day on, at once where it is near; takes the place of a journey that is to come.

    Raises what `foresee` does.
    """
    seen = foresee(parts, patient_id, zone, from_day, moment)
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        _may_move(patient, zone)
        by = by_of(doer, Right.ENROL, patient.site_id)
        other = _another(session, patient_id, zone, seen.from_day, at_once=seen.at_once)
        courses.end_journey(session, patient_id, moment.study, done=False)
        if other is not None:
            _unplanned(session, patient, other, by.actor, moment)
            seen = replace(seen, instead_of=other)
        if seen.at_once:
            move(parts, session, patient, zone, by, moment)
            return seen
        first_look = _first_look(patient.zone, seen)
        courses.add_journey(session, patient_id, seen.from_day, zone, moment.study, first_look)
        event = {"from": patient.zone, "to": zone, "from_day": seen.from_day}
        record(session, patient, "patient.zone-planned", event, by.actor, moment.study)
    return seen


def cancel_journey(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> bool:
    """Takes the journey to come back; False where there is none any more."""
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        found = courses.journey_of(session, patient_id)
        if found is None:
            return False
        courses.end_journey(session, patient_id, moment.study, done=False)
        actor = by_of(doer, Right.ENROL, patient.site_id).actor
        _unplanned(session, patient, Stay(found.zone, found.from_day), actor, moment)
        return True


def set_out(parts: Parts, moment: Moment) -> int:
    """Makes the journeys whose day is about to open. Safe to run twice, or by several workers.

    One that cannot be made holds up no other patient's; what stood in its way is raised when all were tried.
    """
    with parts.study.plain_reading() as session:
        due = courses.due(session, moment.study)
    made, faults = 0, []
    for row in due:
        try:
            made += _set_out(parts, row.patient_id, moment)
        except Exception as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return made


def overdue_since(parts: Parts, session: Session, moment: Moment) -> datetime | None:
    """When the oldest journey that nobody made was to be made, study time; None where none is due."""
    due = (_to_be_made(parts, session, row.patient_id) for row in courses.due(session, moment.study))
    return min((at for at in due if at is not None and at <= moment.study), default=None)


def _to_be_made(parts: Parts, session: Session, patient_id: int) -> datetime | None:
    found, patient = courses.journey_of(session, patient_id), session.get(Patient, patient_id)
    if found is None or patient is None:
        return None
    return _opening(_calendar(parts, session, patient), found.zone, found.from_day) - LEAD


def _first_look(here: str, seen: Foreseen) -> datetime:
    """Where its day begins first, whatever hour of it is the cut-off: until then an amendment may move that."""
    places = (zones.zone(each) for each in (here, seen.zone))
    return min(day_opens(seen.from_day, place, time(0)) for place in places) - LEAD


def _set_out(parts: Parts, patient_id: int, moment: Moment) -> bool:
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        found = courses.journey_of(session, patient_id)
        if found is None:
            return False
        if patient.withdrawn_at is not None or patient.ended_at is not None:
            return courses.end_journey(session, patient_id, moment.study, done=False)
        made_at = _opening(_calendar(parts, session, patient), found.zone, found.from_day) - LEAD
        if moment.study < made_at:
            courses.put_off(session, patient_id, made_at)
            return False
        if patient.zone != found.zone:
            move(parts, session, patient, found.zone, by_of(WORKER, Right.ENROL, patient.site_id), moment)
        return courses.end_journey(session, patient_id, moment.study, done=True)


def _may_come(parts: Parts, patient: Patient, day: date) -> bool:
    """Whether the protocol may still ask something on that day or later that is not planned yet."""
    for each in parts.library.protocol(patient.protocol, patient.protocol_version).timepoints:
        if each.anchor.kind != "day0":
            return True
        if each.on_demand and patient.day0 + timedelta(days=each.last_day) >= day:
            return True
    return False


def _another(session: Session, patient_id: int, zone: str, from_day: date, *, at_once: bool) -> Stay | None:
    """The journey to come whose place this one takes; None where there is none, or it is the same once more."""
    found = courses.journey_of(session, patient_id)
    if found is None or (not at_once and (found.zone, found.from_day) == (zone, from_day)):
        return None
    return Stay(found.zone, found.from_day)


def _unplanned(session: Session, patient: Patient, journey: Stay, actor: Actor, moment: Moment) -> None:
    event = {"to": journey.zone, "from_day": journey.from_day}
    record(session, patient, "patient.zone-unplanned", event, actor, moment.study)


def _may_move(patient: Patient, zone: str) -> None:
    if patient.withdrawn_at is not None or patient.ended_at is not None:
        raise NotNow("ended", f"{patient.number} is no longer in the study")
    if patient.zone == zone:
        raise SameZone(f"{patient.number} lives by the clocks of {zone} already")


def _calendar(parts: Parts, session: Session, patient: Patient) -> Calendar:
    assert patient.id is not None
    protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
    return calendar_of(session, patient.id, patient.zone, protocol.cutoff)


def _made_at(calendar: Calendar, zone: str, from_day: date | None, now: datetime) -> tuple[datetime, bool]:
    """When the change is made, and whether that is now."""
    if from_day is None:
        return now, True
    today = calendar.holds(now)
    if from_day < today:
        raise NotNow("past", f"{from_day} has passed: leave the day out where the patient is there already")
    if from_day - today > FARTHEST:
        raise NotNow("too-far", f"{from_day} is more than a year ahead")
    if not day_exists(from_day, zones.zone(zone)) or not calendar.has(from_day):
        raise NotNow("no-such-day", f"{from_day} does not exist there")
    made_at = _opening(calendar, zone, from_day) - LEAD
    return (now, True) if made_at <= now else (made_at, False)


def _opening(calendar: Calendar, zone: str, day: date) -> datetime:
    """The earlier of the two openings of that day, by the old clocks and by the new."""
    return min(calendar.opens(day), day_opens(day, zones.zone(zone), calendar.cutoff))


def _all_foretold(
    parts: Parts, patient: Patient, expected: Sequence[Assessment], rows: Sequence[dict[str, Any]], moved: Calendar
) -> tuple[Foretold, ...]:
    """Every reminder that is left, in order; what is open at the change keeps the old clocks."""
    there = moved.stays[-1].zone
    told = (
        each for one, row in zip(expected, rows, strict=True) for each in _foretold(parts, patient, one, row, there)
    )
    return tuple(sorted(told, key=lambda each: each.at))


def _first_reminders(told: Sequence[Foretold], moved: Calendar) -> tuple[Foretold, ...]:
    """Those of the first patient-day by the new clocks that has any."""
    there = [each for each in told if each.at >= moved.opens(moved.stays[-1].from_day)]
    day = min((moved.holds(each.at) for each in there), default=None)
    return tuple(each for each in there if moved.holds(each.at) == day)


def _foretold(
    parts: Parts, patient: Patient, one: Assessment, row: dict[str, Any], there: ZoneInfo
) -> Iterator[Foretold]:
    protocol = parts.library.protocol(one.protocol, one.protocol_version)
    timepoint, quiet = protocol.timepoint(one.timepoint), protocol.quiet_hours
    clocks = zones.zone(row["clocks"]) if row["clocks"] else there
    for step in steps_of(timepoint, one.day, row["opens_at"], row["closes_at"], clocks, protocol.cutoff):
        if step.at >= row["closes_at"]:
            continue
        leaves = leaves_at(step.at, row["closes_at"], there, quiet, protocol.late_message)
        moves, excused = row["clocks"] is None, kind_of_excuse(one.excused_why)
        yield Foretold(one.timepoint, one.day, step.at, leaves, moves=moves, excused=excused)
