"""SQL of what staff are to do for a patient: calls, numbers to check. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlmodel import Session

from pro.store import instants
from pro.store.desk import Found, Sites, assessment, patient
from pro.store.tables import metadata

_t = metadata.tables
task = _t["task"]

URGENCY = case(
    {"contact-missing": 0, "number-unreachable": 1, "endpoint-due": 2, "undelivered": 3, "missed-in-a-row": 4},
    value=task.c.kind,
    else_=5,
)
"""Nobody can be reached without a number; a visit that cannot be made up comes before diaries."""


def answered_since(diaries: Collection[str]) -> ColumnElement[bool]:
    """A diary was sent since a call was asked for because diaries stayed away: it is settled when that one closes."""
    sent = exists().where(
        assessment.c.patient_id == task.c.patient_id,
        assessment.c.timepoint.in_(diaries),
        assessment.c.submitted_at > task.c.made_at,
    )
    visited = exists().where(
        assessment.c.patient_id == task.c.patient_id,
        assessment.c.timepoint == task.c.detail,
        assessment.c.submitted_at > task.c.made_at,
    )
    return or_(and_(task.c.kind == "missed-in-a-row", sent), and_(task.c.kind == "endpoint-due", visited))


def open_tasks(session: Session, ids: Sites, diaries: Collection[str], limit: int) -> Sequence[Found]:
    """The most urgent first, and of those the oldest."""
    wanted = select(task, patient.c.number).join_from(task, patient, task.c.patient_id == patient.c.id, isouter=True)
    return session.execute(
        wanted.where(task.c.site_id.in_(ids), task.c.done_at.is_(None), ~answered_since(diaries))
        .order_by(URGENCY, task.c.made_at, task.c.id)
        .limit(limit)
    ).all()


def count_patients_to_call(session: Session, ids: Sites, diaries: Collection[str]) -> int:
    """Patients with a task, and tasks without a patient."""
    each = func.count(func.distinct(func.coalesce(task.c.patient_id, -task.c.id)))
    wanted = select(each).where(task.c.site_id.in_(ids), task.c.done_at.is_(None), ~answered_since(diaries))
    return int(session.execute(wanted).scalar_one())


def count_unreachable(session: Session, ids: Sites) -> int:
    """Patients whose number cannot be reached, by the open tasks."""
    wanted = select(func.count()).where(
        task.c.site_id.in_(ids),
        task.c.done_at.is_(None),
        task.c.kind == "number-unreachable",
        task.c.patient_id.is_not(None),
    )
    return int(session.execute(wanted).scalar_one())


def missed_in_a_row(session: Session, patient_ids: Collection[int], diaries: Collection[str]) -> dict[int, int]:
    """How many of the newest closed diaries of each patient were missed, counted by the database."""
    newer = assessment.alias()
    theirs = (
        newer.c.patient_id == assessment.c.patient_id,
        newer.c.timepoint.in_(diaries),
        newer.c.cancelled_at.is_(None),
    )
    filled = or_(newer.c.answered.is_(True), newer.c.excused_at.is_not(None))
    ends = or_(newer.c.submitted_at.is_not(None), and_(newer.c.closed_at.is_not(None), filled))
    wanted = select(assessment.c.patient_id, func.count()).where(
        assessment.c.patient_id.in_(patient_ids),
        assessment.c.timepoint.in_(diaries),
        assessment.c.closed_at.is_not(None),
        assessment.c.cancelled_at.is_(None),
        ~exists().where(*theirs, ends, newer.c.day >= assessment.c.day),
    )
    return {row[0]: row[1] for row in session.execute(wanted.group_by(assessment.c.patient_id))}


def newest_diaries(
    session: Session, patient_ids: Collection[int], diaries: Collection[str], now: datetime, most: int
) -> Sequence[Found]:
    """The newest diaries of each patient that are sent or can no longer be filled in, at most so many."""
    over = or_(
        assessment.c.closed_at.is_not(None), func.coalesce(assessment.c.late_until, assessment.c.closes_at) <= now
    )
    newest = (assessment.c.day.desc(), assessment.c.opens_at.desc())
    nth = func.row_number().over(partition_by=assessment.c.patient_id, order_by=newest).label("nth")
    counted = (
        select(assessment.c.patient_id, assessment.c.day, *instants.COLUMNS, nth)
        .where(
            assessment.c.patient_id.in_(patient_ids),
            assessment.c.timepoint.in_(diaries),
            or_(assessment.c.submitted_at.is_not(None), and_(assessment.c.cancelled_at.is_(None), over)),
        )
        .subquery()
    )
    return session.execute(select(counted).where(counted.c.nth <= most)).all()


def task_with_patient(session: Session, task_id: int, diaries: Collection[str]) -> Found | None:
    answered = answered_since(diaries).label("answered")
    wanted = select(task, patient.c.number, answered).join_from(
        task, patient, task.c.patient_id == patient.c.id, isouter=True
    )
    return session.execute(wanted.where(task.c.id == task_id)).first()


def open_tasks_of(session: Session, patient_ids: Collection[int], diaries: Collection[str]) -> Sequence[Found]:
    """In the order of the list, so that each page names the same reason first."""
    wanted = select(task).where(task.c.patient_id.in_(patient_ids), task.c.done_at.is_(None), ~answered_since(diaries))
    return session.execute(wanted.order_by(URGENCY, task.c.made_at, task.c.id)).all()
