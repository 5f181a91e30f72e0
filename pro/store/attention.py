"""SQL of what a site has to look after: texts that do not arrive, and the visit that everything rests on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import and_, bindparam, exists, func, select, update

from pro.domain.message import State
from pro.store import states
from pro.store.engine import Connected
from pro.store.instants import COLUMNS
from pro.store.sittings import Found
from pro.store.tables import metadata

_t = metadata.tables
message, patient, assessment, task = _t["message"], _t["patient"], _t["assessment"], _t["task"]

BAD = (State.UNDELIVERED, State.FAILED)
ENDED = (*BAD, State.DELIVERED)

_kind, _patient_id = bindparam("kind", type_=task.c.kind.type), bindparam("patient_id", type_=patient.c.id.type)
_failing = (
    select(patient.c.id, patient.c.site_id, patient.c.protocol, patient.c.protocol_version)
    .distinct()
    .join_from(message, patient, message.c.patient_id == patient.c.id)
    .where(states.BAD, message.c.due_at >= bindparam("since"), message.c.staff_id.is_(None))
    .where(patient.c.withdrawn_at.is_(None), patient.c.number_wrong_at.is_(None), patient.c.opted_out_at.is_(None))
)
_newest_ended = (
    select(message.c.state, message.c.due_at)
    .where(message.c.patient_id == _patient_id, message.c.staff_id.is_(None), message.c.state.in_(ENDED))
    .order_by(message.c.due_at.desc())
    .limit(bindparam("at_most"))
)
_newest_task = select(func.max(task.c.made_at)).where(task.c.patient_id == _patient_id, task.c.kind == _kind)
_open_windows = (
    select(
        *(assessment.c[name] for name in ("id", "patient_id", "site_id", "timepoint")),
        *COLUMNS,
        assessment.c.protocol,
        assessment.c.protocol_version,
    )
    .where(assessment.c.timepoint.in_(bindparam("timepoints", expanding=True)))
    .where(assessment.c.site_id.in_(select(_t["site"].c.id)))  # by the index of a site's days
    .where(assessment.c.day.between(bindparam("first"), bindparam("last")))
    .where(assessment.c.opens_at <= bindparam("now"), assessment.c.submitted_at.is_(None))
    .where(assessment.c.respondent == "patient", assessment.c.closed_at.is_(None))
    .where(assessment.c.cancelled_at.is_(None), assessment.c.excused_at.is_(None))
)
_got = exists().where(
    message.c.patient_id == task.c.patient_id,
    message.c.staff_id.is_(None),
    message.c.state == State.DELIVERED,
    message.c.due_at > task.c.made_at,
)
_theirs = and_(assessment.c.patient_id == task.c.patient_id, assessment.c.timepoint == task.c.detail)
_done = func.coalesce(assessment.c.submitted_at, assessment.c.cancelled_at, assessment.c.excused_at).is_not(None)
_standing = select(task.c.id).where(task.c.kind == _kind, task.c.done_at.is_(None))
_delivered_since, _not_expected = _standing.where(_got), _standing.where(exists().where(_theirs, _done))
_line = bindparam("b_line", type_=task.c.note.type)
_settle = (
    update(task)
    .where(task.c.id == bindparam("b_task_id"), task.c.done_at.is_(None))
    .values(done_at=bindparam("b_now"), note=func.coalesce(func.nullif(task.c.note, "") + "\n", "") + _line)
    .returning(task.c.id, task.c.patient_id)
)
_patient_of = select(task.c.patient_id).where(task.c.id == bindparam("task_id"))


def failing(session: Connected, since: datetime) -> Sequence[Found]:
    """Patients in the study with a number, to whom something due since then was not delivered."""
    return session.connection().execute(_failing, {"since": since}).all()


def newest_ended(session: Connected, patient_id: int, limit: int) -> Sequence[Found]:
    """What became of the newest messages to this patient whose fate is known, the newest first."""
    return session.connection().execute(_newest_ended, {"patient_id": patient_id, "at_most": limit}).all()


def newest_task(session: Connected, patient_id: int, kind: str) -> datetime | None:
    """When such a task was last made, settled or not."""
    found: datetime | None = (
        session.connection().execute(_newest_task, {"patient_id": patient_id, "kind": kind}).scalar()
    )
    return found


def open_windows(
    session: Connected, timepoints: Collection[str], first: date, last: date, now: datetime
) -> Sequence[Found]:
    """Unanswered windows of these timepoints, meant for a day between the two, that are open."""
    values = {"timepoints": sorted(timepoints), "first": first, "last": last, "now": now}
    return session.connection().execute(_open_windows, values).all()


def delivered_since(session: Connected, kind: str) -> list[int]:
    """Open tasks of this kind whose patient has got a message since."""
    return list(session.connection().execute(_delivered_since, {"kind": kind}).scalars())


def not_expected(session: Connected, kind: str) -> list[int]:
    """Open tasks of this kind whose visit (the task's detail) was answered, cancelled or excused."""
    return list(session.connection().execute(_not_expected, {"kind": kind}).scalars())


def settle(session: Connected, task_id: int, line: str, at: datetime) -> Found | None:
    """Takes it off the list unless somebody has, with `line` as its last attempt; its patient, locked before."""
    values = {"b_task_id": task_id, "b_line": line, "b_now": at}
    return session.connection().execute(_settle, values).first()


def patient_of(session: Connected, task_id: int) -> int | None:
    found: int | None = session.connection().execute(_patient_of, {"task_id": task_id}).scalar()
    return found
