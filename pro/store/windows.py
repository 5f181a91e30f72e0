"""SQL of windows that are extended. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlmodel import Session

from pro.store.instants import COLUMNS
from pro.store.sittings import Found
from pro.store.tables import metadata

_t = metadata.tables
assessment, patient, link, reminder = _t["assessment"], _t["patient"], _t["link"], _t["reminder"]

LOOKED_BACK = timedelta(days=40)
"""How long before today a window's day may lie and it may still be open."""
OVERDUE = timedelta(minutes=5)
"""A bell that rang so long ago, and that nobody answered, was hit by an outage."""
_OPEN = (
    assessment.c.submitted_at.is_(None),
    assessment.c.closed_at.is_(None),
    assessment.c.cancelled_at.is_(None),
    assessment.c.excused_at.is_(None),
    assessment.c.respondent == "patient",
)


def patients_with_open(session: Session, site_id: int, now: datetime, number: str | None) -> list[int]:
    """Patients of a site with a window that has opened and that nobody has closed; one of them by number."""
    wanted = (
        select(patient.c.id)
        .distinct()
        .join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
        .where(patient.c.site_id == site_id, patient.c.withdrawn_at.is_(None))
        .where(assessment.c.opens_at <= now, assessment.c.next_at.is_not(None), *_OPEN)
    )
    if number is not None:
        wanted = wanted.where(patient.c.number == number)
    return list(session.connection().execute(wanted.order_by(patient.c.id)).scalars())


def open_of(session: Session, patient_id: int, now: datetime) -> Sequence[Found]:
    """Those windows of a patient, whose row must be locked."""
    columns = (assessment.c.id, patient.c.number, assessment.c.timepoint, assessment.c.day, *COLUMNS)
    wanted = select(*columns, assessment.c.protocol, assessment.c.protocol_version, assessment.c.clocks, patient.c.zone)
    wanted = wanted.join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
    mine = wanted.where(assessment.c.patient_id == patient_id, assessment.c.opens_at <= now, *_OPEN)
    return session.connection().execute(mine.order_by(assessment.c.opens_at, assessment.c.id)).all()


def open_at(session: Session, site_id: int, now: datetime) -> Sequence[Found]:
    """Timepoint, day, how many are open, how many of them were hit by an outage, and when the first and last end."""
    end = func.coalesce(assessment.c.late_until, assessment.c.closes_at)
    hit = func.sum(case((_hit(now), 1), else_=0))
    wanted = (
        select(assessment.c.timepoint, assessment.c.day, func.count(), hit, func.min(end), func.max(end))
        .join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
        .where(*_at([site_id], now))
        .group_by(assessment.c.timepoint, assessment.c.day)
    )
    return session.connection().execute(wanted.order_by(assessment.c.day.desc(), assessment.c.timepoint)).all()


def count_hit(session: Session, site_ids: Collection[int], now: datetime) -> int:
    """Open windows at these sites whose patients were not reminded in time."""
    wanted = select(func.count()).join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
    return int(session.connection().execute(wanted.where(*_at(site_ids, now), _hit(now))).scalar_one())


def _at(site_ids: Collection[int], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        assessment.c.site_id.in_(site_ids),
        assessment.c.day >= now.date() - LOOKED_BACK,
        assessment.c.opens_at <= now,
        assessment.c.next_at.is_not(None),
        patient.c.withdrawn_at.is_(None),
        *_OPEN,
    )


def _hit(now: datetime) -> ColumnElement[bool]:
    late = select(1).where(reminder.c.assessment_id == assessment.c.id, reminder.c.why_none == "too-late").exists()
    return or_(late, assessment.c.next_at < now - OVERDUE)


def extend(session: Session, assessment_id: int, until: datetime, bell: datetime | None) -> bool:
    """Moves the end of a window that is still open, and of the links that announced it."""
    moving = update(assessment).where(assessment.c.id == assessment_id, *_OPEN)
    values = {"closes_at": until, "late_until": None, "next_at": bell}
    if session.connection().execute(moving.values(**values)).rowcount != 1:
        return False
    announced = select(reminder.c.message_id).where(
        reminder.c.assessment_id == assessment_id, reminder.c.message_id.is_not(None)
    )
    theirs = update(link).where(
        link.c.message_id.in_(announced), link.c.revoked_at.is_(None), link.c.patient_id.is_not(None)
    )
    session.connection().execute(theirs.where(link.c.expires_at < until).values(expires_at=until))
    return True
