"""SQL of what a patient is expected to answer: what waits, comes, was last. Core statements, built once: this path is hot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import and_, bindparam, func, or_, select

from pro.store.engine import Connected
from pro.store.sittings import WHAT, Found, assessment

_fillable = and_(
    assessment.c.patient_id == bindparam("patient_id"),
    assessment.c.respondent == "patient",
    assessment.c.opens_at <= bindparam("now"),
    func.coalesce(assessment.c.late_until, assessment.c.closes_at) > bindparam("now"),
    assessment.c.submitted_at.is_(None),
    assessment.c.closed_at.is_(None),
    assessment.c.cancelled_at.is_(None),
)

_waiting = (
    select(*WHAT)
    .where(_fillable)
    .order_by(assessment.c.closes_at > bindparam("now"), assessment.c.opens_at.desc(), assessment.c.timepoint)
)

_soon = (
    select(*(assessment.c[name] for name in ("timepoint", "day", "protocol", "protocol_version", "opens_at")))
    .where(
        assessment.c.patient_id == bindparam("patient_id"),
        assessment.c.respondent == "patient",
        assessment.c.opens_at > bindparam("now"),
        assessment.c.cancelled_at.is_(None),
    )
    .order_by(assessment.c.opens_at, assessment.c.timepoint)
    .limit(bindparam("at_most"))
)
_coming = _soon.with_only_columns(*WHAT)

_newest_submitted = (
    select(*WHAT)
    .where(assessment.c.patient_id == bindparam("patient_id"), assessment.c.respondent == "patient")
    .where(assessment.c.submitted_at.is_not(None))
    .order_by(assessment.c.submitted_at.desc())
    .limit(1)
)

_newest_planned = (
    select(*WHAT)
    .where(assessment.c.patient_id == bindparam("patient_id"), assessment.c.respondent == "patient")
    .order_by(assessment.c.id.desc())
    .limit(1)
)

_opened = (
    select(*WHAT)
    .where(
        assessment.c.patient_id == bindparam("patient_id"),
        assessment.c.timepoint.in_(bindparam("timepoints", expanding=True)),
        or_(assessment.c.day == bindparam("day"), _fillable),
    )
    .order_by(assessment.c.id)
)

_one = select(*WHAT).where(
    assessment.c.id == bindparam("assessment_id"), assessment.c.patient_id == bindparam("patient_id")
)


def waiting(session: Connected, patient_id: int, now: datetime) -> Sequence[Found]:
    """What this patient may fill now: what is late first, as it ends first; then the newest window."""
    return session.connection().execute(_waiting, {"patient_id": patient_id, "now": now}).all()


def coming(session: Connected, patient_id: int, now: datetime, at_most: int = 3) -> Sequence[Found]:
    """What opens next."""
    return session.connection().execute(_coming, {"patient_id": patient_id, "now": now, "at_most": at_most}).all()


def soon(session: Connected, patient_id: int, now: datetime, at_most: int) -> Sequence[Found]:
    """The same with no more than says what opens when: every thank-you page asks."""
    return session.connection().execute(_soon, {"patient_id": patient_id, "now": now, "at_most": at_most}).all()


def newest_submitted(session: Connected, patient_id: int) -> Found | None:
    return session.connection().execute(_newest_submitted, {"patient_id": patient_id}).first()


def newest_planned(session: Connected, patient_id: int) -> Found | None:
    return session.connection().execute(_newest_planned, {"patient_id": patient_id}).first()


def opened(session: Connected, patient_id: int, timepoints: Sequence[str], day: date, now: datetime) -> Sequence[Found]:
    """Assessments of these timepoints that are of this day or may still be filled."""
    values = {"patient_id": patient_id, "timepoints": list(timepoints), "day": day, "now": now}
    return session.connection().execute(_opened, values).all()


def one(session: Connected, patient_id: int, assessment_id: int) -> Found | None:
    return session.connection().execute(_one, {"patient_id": patient_id, "assessment_id": assessment_id}).first()
