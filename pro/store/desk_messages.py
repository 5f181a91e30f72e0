"""SQL of messages as the desk reads them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlmodel import Session

from pro.store.desk import Found, Sites, assessment, patient, staff
from pro.store.tables import metadata

_t = metadata.tables
message, message_event, reminder = _t["message"], _t["message_event"], _t["reminder"]

FAILED = ("failed", "undelivered")
NOT_SENT = ("dropped",)
NO_NUMBER = "no-number"
_link, _session = metadata.tables["link"], metadata.tables["patient_session"]
_opened = (
    exists()
    .where(
        _link.c.message_id == message.c.id,
        _session.c.patient_id == _link.c.patient_id,
        _session.c.link_hash == _link.c.token_hash,
    )
    .label("opened")
)
"""Somebody pressed Start behind this message's link. Opening the address alone leaves no trace: it changes nothing."""
_carried = exists().where(reminder.c.message_id == message.c.id, assessment.c.id == reminder.c.assessment_id)
_answered = and_(
    _carried.where(assessment.c.submitted_at.is_not(None)), ~_carried.where(assessment.c.submitted_at.is_(None))
).label("answered")


_WHOSE = patient.c.number, patient.c.zone, patient.c.day0, patient.c.protocol, patient.c.protocol_version
"""With what tells by whose clocks an instant is told."""


def counts(session: Session, ids: Sites, since: datetime, until: datetime) -> dict[str, int]:
    """Messages to patients due in a time, by state; those dropped for want of a number apart, as `no-number`."""
    became = case((and_(message.c.state == "dropped", message.c.error == NO_NUMBER), NO_NUMBER), else_=message.c.state)
    listed = select(became.label("became"), message.c.id).where(
        message.c.site_id.in_(ids), message.c.due_at >= since, message.c.due_at <= until, message.c.staff_id.is_(None)
    )
    inner = listed.subquery()
    wanted = select(inner.c.became, func.count()).group_by(inner.c.became)
    return {row[0]: row[1] for row in session.execute(wanted)}


def counts_from(
    session: Session, ids: Sites, starts: Sequence[datetime], until: datetime
) -> tuple[dict[str, int], ...]:
    """The same for times that follow each other, in one statement: from each of `starts` to the next, to `until`."""
    became = case((and_(message.c.state == "dropped", message.c.error == NO_NUMBER), NO_NUMBER), else_=message.c.state)
    later = [(message.c.due_at >= start, n) for n, start in enumerate(starts) if n]
    listed = select(became.label("became"), case(*reversed(later), else_=0).label("n")).where(
        message.c.site_id.in_(ids), message.c.due_at >= starts[0], message.c.due_at <= until
    )
    inner = listed.where(message.c.staff_id.is_(None)).subquery()
    found: tuple[dict[str, int], ...] = tuple({} for _ in starts)
    for row in session.execute(select(inner, func.count()).group_by(inner.c.became, inner.c.n)):
        found[row.n][row.became] = row[2]
    return found


def failed_patients(session: Session, ids: Sites, since: datetime, until: datetime, limit: int) -> Sequence[Found]:
    """Numbers of the patients whose messages due in a time failed, the newest first; `in_all` counts those beyond."""
    wanted = select(patient.c.number, func.count().over().label("in_all")).join_from(
        message, patient, message.c.patient_id == patient.c.id
    )
    theirs = wanted.where(
        *(message.c.site_id.in_(ids), message.c.due_at >= since, message.c.due_at <= until),
        *(message.c.staff_id.is_(None), message.c.state.in_(FAILED)),
    ).group_by(patient.c.id, patient.c.number)
    return session.execute(theirs.order_by(func.max(message.c.due_at).desc(), patient.c.number).limit(limit)).all()


def page(
    session: Session,
    ids: Sites,
    until: datetime,
    before: tuple[datetime, int] | None,
    states: Collection[str],
    limit: int,
) -> Sequence[Found]:
    """Messages, the newest first, from the one before `before` (due, id)."""
    wanted = _with_names().where(message.c.site_id.in_(ids), message.c.due_at <= until)
    if states:
        wanted = wanted.where(message.c.state.in_(states))
    if before is not None:
        earlier = or_(message.c.due_at < before[0], and_(message.c.due_at == before[0], message.c.id < before[1]))
        wanted = wanted.where(earlier)
    return session.execute(wanted.order_by(message.c.due_at.desc(), message.c.id.desc()).limit(limit)).all()


def of_patient(session: Session, patient_id: int, until: datetime, limit: int) -> Sequence[Found]:
    wanted = _with_names().where(message.c.patient_id == patient_id, message.c.due_at <= until)
    return session.execute(wanted.order_by(message.c.due_at.desc(), message.c.id.desc()).limit(limit)).all()


def carried(session: Session, message_ids: Collection[int]) -> Sequence[Found]:
    """The assessments that each message announced."""
    columns = (reminder.c.message_id, assessment.c.timepoint, assessment.c.day, assessment.c.excused_why)
    wanted = select(*columns, assessment.c.started_at, assessment.c.submitted_at).distinct()
    joined = wanted.join_from(reminder, assessment, reminder.c.assessment_id == assessment.c.id)
    mine = joined.where(reminder.c.message_id.in_(message_ids))
    return session.execute(mine.order_by(assessment.c.day, assessment.c.timepoint)).all()


def delivered(session: Session, message_ids: Collection[int]) -> dict[int, datetime]:
    """When each was delivered, by its receipt; study time."""
    wanted = select(message_event.c.message_id, func.min(message_event.c.at)).where(
        message_event.c.message_id.in_(message_ids), message_event.c.kind == "delivered"
    )
    return {row[0]: row[1] for row in session.execute(wanted.group_by(message_event.c.message_id))}


def to_come(session: Session, patient_id: int, now: datetime, until: datetime) -> Sequence[Found]:
    """What a patient may still be reminded of, of all that opens by `until`; with what a hold or a pause excuses."""
    names = ("timepoint", "day", "opens_at", "closes_at", "protocol", "protocol_version", "clocks", "excused_why")
    wanted = select(*(assessment.c[name] for name in names)).where(
        assessment.c.patient_id == patient_id,
        assessment.c.respondent == "patient",
        assessment.c.opens_at <= until,
        assessment.c.closes_at > now,
        *(assessment.c[f"{name}_at"].is_(None) for name in ("submitted", "closed", "cancelled")),
    )
    return session.execute(wanted.order_by(assessment.c.opens_at)).all()


def counts_of_patient(session: Session, patient_id: int) -> dict[str, int]:
    wanted = select(message.c.state, func.count()).where(
        message.c.patient_id == patient_id, message.c.staff_id.is_(None)
    )
    return {row[0]: row[1] for row in session.execute(wanted.group_by(message.c.state))}


def to_staff_about(session: Session, patient_id: int, since: datetime, limit: int = 20) -> Sequence[Found]:
    """Texts that told staff of this patient's flare."""
    wanted = _with_names().where(
        message.c.patient_id == patient_id, message.c.staff_id.is_not(None), message.c.due_at >= since
    )
    return session.execute(wanted.order_by(message.c.due_at).limit(limit)).all()


def events(session: Session, message_ids: Collection[int], limit: int) -> Sequence[Found]:
    wanted = select(message_event).where(message_event.c.message_id.in_(message_ids))
    return session.execute(wanted.order_by(message_event.c.id).limit(limit)).all()


def unsent_steps(session: Session, ids: Sites, since: date, until: date, limit: int) -> Sequence[Found]:
    """Reminder steps that no message carried, and why, the newest first."""
    wanted = _steps().where(assessment.c.site_id.in_(ids), assessment.c.day >= since, assessment.c.day <= until)
    return session.execute(wanted.order_by(reminder.c.planned_at.desc()).limit(limit)).all()


def unsent_steps_of(session: Session, patient_id: int, limit: int) -> Sequence[Found]:
    wanted = _steps().where(assessment.c.patient_id == patient_id)
    newest = wanted.order_by(reminder.c.planned_at.desc(), reminder.c.why_none, assessment.c.day, assessment.c.id)
    return session.execute(newest.limit(limit)).all()


def _steps() -> Select[tuple[object, ...]]:
    columns = (reminder.c.step, reminder.c.planned_at, reminder.c.why_none, assessment.c.timepoint, assessment.c.day)
    whose = assessment.c.excused_why, assessment.c.patient_id, *_WHOSE
    joined = select(*columns, *whose).join_from(reminder, assessment, reminder.c.assessment_id == assessment.c.id)
    joined = joined.join(patient, assessment.c.patient_id == patient.c.id)
    return joined.where(reminder.c.why_none.is_not(None), reminder.c.message_id.is_(None))


def _with_names() -> Select[tuple[object, ...]]:
    wanted = select(message, *_WHOSE, staff.c.name.label("staff_name"), _opened, _answered)
    joined = wanted.join_from(message, patient, message.c.patient_id == patient.c.id, isouter=True)
    return joined.join(staff, message.c.staff_id == staff.c.id, isouter=True)
