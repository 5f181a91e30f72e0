"""A patient moves to another zone: days not yet open are planned by its clocks, the open one closes where they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session

from pro.clock import Moment
from pro.domain import zones
from pro.domain.protocol import Protocol
from pro.domain.reminders import next_bell
from pro.domain.schedule import PlannedReminder, plan_target, steps_of
from pro.domain.travel import Calendar
from pro.services.access import Right
from pro.services.audit import lock_patient, record
from pro.services.calendars import calendar_of, keep
from pro.services.enrolment.facts import Doer, by_of
from pro.services.enrolment.leaving import unfinished
from pro.services.parts import Parts
from pro.services.windows_granted import Granted, granted
from pro.store.tables import Assessment, Patient, metadata

_assessment = metadata.tables["assessment"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a change of zone."""

    number: str
    zone: str
    from_day: date
    """The first patient-day by the new clocks."""
    at: datetime
    """Its opening."""
    assessments: int
    """Those whose instants changed."""


class SameZone(ValueError):
    """The patient's clocks are those already."""


def change_zone(parts: Parts, doer: Doer, patient_id: int, zone: str, moment: Moment) -> Moved:
    """Moves a patient to the clocks of `zone`, an IANA name, from the next patient-day not yet open.

    Reminders of what is open go by the clocks it opened under; quiet hours by the new ones at once. Raises
    UnknownZone, SameZone, or KeyError where there is no patient.
    """
    zones.zone(zone)
    with parts.study.writing() as session:
        return move(parts, session, lock_patient(session, patient_id), zone, doer, moment)


def move(parts: Parts, session: Session, patient: Patient, zone: str, doer: Doer, moment: Moment) -> Moved:
    """The same inside a transaction that holds the patient's row."""
    assert patient.id is not None
    if patient.zone == zone:
        raise SameZone(f"{patient.number} lives by the clocks of {zone} already")
    protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
    calendar = calendar_of(session, patient.id, patient.zone, protocol.cutoff).moved(zones.zone(zone), moment.study)
    keep(session, patient.id, calendar)
    rows = recomputed(parts, session, patient, unfinished(session, patient.id, moment.study), calendar, moment.study)
    _keep_clocks(session, patient, moment.study)
    _write(session, rows)
    old, patient.zone = patient.zone, zone
    newest = calendar.stays[-1]
    event = {"from": old, "to": zone, "from_day": newest.from_day, "assessments": len(rows)}
    by = by_of(doer, Right.ENROL, patient.site_id)
    record(session, patient, "patient.zone-changed", event, by.actor, moment.study)
    return Moved(patient.number, zone, newest.from_day, calendar.opens(newest.from_day), len(rows))


def recomputed(
    parts: Parts, session: Session, patient: Patient, expected: Sequence[Assessment], calendar: Calendar, now: datetime
) -> list[dict[str, Any]]:
    """The new instants of each; nothing is written."""
    given = granted(session, [patient.number]).get(patient.number, [])
    return [_row(parts, patient, one, calendar, given, now) for one in expected]


def _row(
    parts: Parts, patient: Patient, one: Assessment, calendar: Calendar, given: Sequence[Granted], now: datetime
) -> dict[str, Any]:
    """The new instants; what has opened keeps its opening and its clocks."""
    protocol = parts.library.protocol(one.protocol, one.protocol_version)
    opened = one.opens_at <= now
    clocks = (one.clocks or patient.zone) if opened else None
    row = _instants(one, protocol, calendar, now)
    once = not protocol.timepoint(one.timepoint).repeats
    if any(each.concerns(one, once=once) for each in given):
        row |= _no_sooner(one, row)
    end = row["late_until"] or row["closes_at"]
    steps = _steps(one, row, protocol, clocks or calendar.stays[-1].zone.key)
    rung = one.next_at is not None and one.next_at <= now  # nobody has answered it yet: what it rang for stays due
    return {"b_id": one.id, **row, "clocks": clocks, "next_at": one.next_at if rung else next_bell(steps, end, now)}


def _instants(one: Assessment, protocol: Protocol, calendar: Calendar, now: datetime) -> dict[str, Any]:
    kept = {"opens_at": one.opens_at, "closes_at": one.closes_at, "late_until": one.late_until}
    timepoint = protocol.timepoint(one.timepoint)
    if timepoint.hours is not None or one.closes_at <= now:
        return kept
    new = plan_target(timepoint, one.day, calendar)
    if new is None or new.closes_at <= now:
        return kept
    opens_at = one.opens_at if one.opens_at <= now else new.opens_at
    return {"opens_at": opens_at, "closes_at": new.closes_at, "late_until": new.late_until}


def _no_sooner(one: Assessment, row: dict[str, Any]) -> dict[str, Any]:
    """Time that somebody granted is not taken back by a journey."""
    closes_at = max(one.closes_at, row["closes_at"])
    end = max(one.late_until or one.closes_at, row["late_until"] or row["closes_at"])
    return {"closes_at": closes_at, "late_until": end if end > closes_at else None}


def _steps(one: Assessment, row: dict[str, Any], protocol: Protocol, clocks: str) -> tuple[PlannedReminder, ...]:
    timepoint = protocol.timepoint(one.timepoint)
    return steps_of(timepoint, one.day, row["opens_at"], row["closes_at"], zones.zone(clocks), protocol.cutoff)


_moving = (
    update(_assessment)
    .where(_assessment.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in ("opens_at", "closes_at", "late_until", "clocks", "next_at")})
)


def _keep_clocks(session: Session, patient: Patient, now: datetime) -> None:
    """What has opened remembers the clocks it opened under, over or not: its steps are named by them."""
    mine = _assessment.c.patient_id == patient.id, _assessment.c.opens_at <= now, _assessment.c.clocks.is_(None)
    session.connection().execute(update(_assessment).where(*mine).values(clocks=patient.zone))


def _write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(_moving, rows)
