"""SQL of what a site has to look after: texts that do not arrive, and the visit that everything rests on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import and_, exists, func, select, update
from sqlmodel import Session

from pro.domain.message import State
from pro.store.instants import COLUMNS
from pro.store.sittings import Found
from pro.store.tables import metadata

_t = metadata.tables
message, patient, assessment, task = _t["message"], _t["patient"], _t["assessment"], _t["task"]

BAD = (State.UNDELIVERED, State.FAILED)
ENDED = (*BAD, State.DELIVERED)


def failing(session: Session, since: datetime) -> Sequence[Found]:
    """Patients in the study with a number, to whom something due since then was not delivered."""
    wanted = (
        select(patient.c.id, patient.c.site_id, patient.c.protocol, patient.c.protocol_version)
        .distinct()
        .join_from(message, patient, message.c.patient_id == patient.c.id)
        .where(message.c.state.in_(BAD), message.c.due_at >= since, message.c.staff_id.is_(None))
        .where(patient.c.withdrawn_at.is_(None), patient.c.number_wrong_at.is_(None), patient.c.opted_out_at.is_(None))
    )
    return session.connection().execute(wanted).all()


def newest_ended(session: Session, patient_id: int, limit: int) -> Sequence[Found]:
    """What became of the newest messages to this patient whose fate is known, the newest first."""
    wanted = select(message.c.state, message.c.due_at).where(
        message.c.patient_id == patient_id, message.c.staff_id.is_(None), message.c.state.in_(ENDED)
    )
    return session.connection().execute(wanted.order_by(message.c.due_at.desc()).limit(limit)).all()


def newest_task(session: Session, patient_id: int, kind: str) -> datetime | None:
    """When such a task was last made, settled or not."""
    wanted = select(func.max(task.c.made_at)).where(task.c.patient_id == patient_id, task.c.kind == kind)
    found: datetime | None = session.connection().execute(wanted).scalar()
    return found


def open_windows(
    session: Session, timepoints: Collection[str], first: date, last: date, now: datetime
) -> Sequence[Found]:
    """Unanswered windows of these timepoints, meant for a day between the two, that are open."""
    columns = (assessment.c.id, assessment.c.patient_id, assessment.c.site_id, assessment.c.timepoint, *COLUMNS)
    wanted = (
        select(*columns, assessment.c.protocol, assessment.c.protocol_version)
        .where(assessment.c.timepoint.in_(timepoints), assessment.c.day.between(first, last))
        .where(assessment.c.opens_at <= now, assessment.c.submitted_at.is_(None), assessment.c.respondent == "patient")
        .where(assessment.c.closed_at.is_(None), assessment.c.cancelled_at.is_(None), assessment.c.excused_at.is_(None))
    )
    return session.connection().execute(wanted).all()


def delivered_since(session: Session, kind: str) -> list[int]:
    """Open tasks of this kind whose patient has got a message since."""
    got = exists().where(
        message.c.patient_id == task.c.patient_id,
        message.c.staff_id.is_(None),
        message.c.state == State.DELIVERED,
        message.c.due_at > task.c.made_at,
    )
    return _open(session, kind, got)


def not_expected(session: Session, kind: str) -> list[int]:
    """Open tasks of this kind whose visit (the task's detail) was answered, cancelled or excused."""
    mine = and_(assessment.c.patient_id == task.c.patient_id, assessment.c.timepoint == task.c.detail)
    done = func.coalesce(assessment.c.submitted_at, assessment.c.cancelled_at, assessment.c.excused_at)
    return _open(session, kind, exists().where(mine, done.is_not(None)))


def _open(session: Session, kind: str, gone: object) -> list[int]:
    wanted = select(task.c.id).where(task.c.kind == kind, task.c.done_at.is_(None), gone)  # type: ignore[arg-type]
    return list(session.connection().execute(wanted).scalars())


def settle(session: Session, task_id: int, line: str, at: datetime) -> Found | None:
    """Takes it off the list unless somebody has, with `line` as its last attempt; its patient, locked before."""
    note = func.coalesce(func.nullif(task.c.note, "") + "\n", "") + line
    settling = update(task).where(task.c.id == task_id, task.c.done_at.is_(None)).values(done_at=at, note=note)
    return session.connection().execute(settling.returning(task.c.id, task.c.patient_id)).first()


def patient_of(session: Session, task_id: int) -> int | None:
    found: int | None = session.connection().execute(select(task.c.patient_id).where(task.c.id == task_id)).scalar()
    return found
