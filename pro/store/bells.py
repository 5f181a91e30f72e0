"""SQL of the worker's bells: which assessments it has to look at, and what it writes for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, case, func, select, update

from pro.domain.message import State
from pro.store import instants, messages
from pro.store.arrays import among
from pro.store.engine import Connected, insert_for, insert_rows
from pro.store.sittings import WHAT, WHO, Found, flare, patient, site
from pro.store.tables import metadata

_t = metadata.tables
assessment, reminder, message, message_event = _t["assessment"], _t["reminder"], _t["message"], _t["message_event"]
response, tally, task = _t["response"], _t["tally"], _t["task"]

_end = func.coalesce(assessment.c.late_until, assessment.c.closes_at)
_rung = and_(assessment.c.next_at.is_not(None), assessment.c.next_at <= bindparam("now"))
_due = (
    select(
        assessment.c.id.label("assessment_id"),
        assessment.c.patient_id,
        assessment.c.site_id,
        assessment.c.timepoint,
        assessment.c.day,
        assessment.c.protocol,
        assessment.c.protocol_version,
        assessment.c.clocks,
        assessment.c.opens_at,
        assessment.c.closes_at,
        assessment.c.late_until,
        assessment.c.submitted_at,
        assessment.c.cancelled_at,
        assessment.c.excused_at,
        assessment.c.next_at,
        patient.c.zone,
        patient.c.language,
        patient.c.withdrawn_at,
        patient.c.opted_out_at,
    )
    .join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
    .where(_rung, _end > bindparam("now"))
    .order_by(assessment.c.next_at, assessment.c.id)
    .limit(bindparam("at_most"))
    .with_for_update(of=assessment, skip_locked=True)
)
_to_close = (
    select(assessment.c.id, assessment.c.patient_id, assessment.c.submitted_at)
    .where(_rung, _end <= bindparam("now"))
    .order_by(assessment.c.next_at, assessment.c.id)
    .limit(bindparam("at_most"))
)
_closing = (
    select(*WHO, *WHAT, patient.c.chain_seq, patient.c.chain_hash, flare.c.id.label("flare_id"))
    .join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
    .join(site, assessment.c.site_id == site.c.id)
    .outerjoin(flare, and_(flare.c.patient_id == patient.c.id, flare.c.ended_at.is_(None)))
    .where(assessment.c.id == bindparam("assessment_id"))
)
_lock = select(patient.c.id).where(patient.c.id == bindparam("patient_id")).with_for_update(key_share=True)
_recent = (
    select(assessment.c.day, *instants.COLUMNS)
    .where(assessment.c.patient_id == bindparam("patient_id"), assessment.c.timepoint == bindparam("timepoint"))
    .where(assessment.c.day <= bindparam("day"), assessment.c.cancelled_at.is_(None))
    .order_by(assessment.c.day.desc())
    .limit(bindparam("at_most"))
)
_kept = select(reminder.c.step).where(reminder.c.assessment_id == bindparam("assessment_id"))
_close = (
    update(assessment)
    .where(assessment.c.id == bindparam("b_assessment_id"))
    .where(assessment.c.closed_at.is_(None), assessment.c.cancelled_at.is_(None))
    .values(closed_at=bindparam("b_now"), next_at=None)
)
_cancelled = (
    update(assessment)
    .where(assessment.c.id == bindparam("b_assessment_id"))
    .values(closed_at=None, cancelled_at=bindparam("b_now"))
)
_answered = update(assessment).where(assessment.c.id == bindparam("b_assessment_id")).values(answered=True)
_recorded = (
    select(response.c.day)
    .where(response.c.patient_id == bindparam("patient_id"), response.c.day > bindparam("after"))
    .where(response.c.questionnaire.in_(bindparam("questionnaires", expanding=True)))
    .where(response.c.completeness != "empty")
    .distinct()
)
_asked = (
    select(task.c.id)
    .where(task.c.patient_id == bindparam("patient_id"), task.c.kind == bindparam("kind"))
    .where(task.c.made_at > bindparam("since"))
    .limit(1)
)
_standing = (
    select(task.c.id)
    .where(task.c.patient_id == bindparam("patient_id"), task.c.done_at.is_(None))
    .where(task.c.kind.in_(bindparam("kinds", expanding=True)))
    .limit(1)
)
_note = bindparam("b_note", type_=task.c.note.type)
_settled = (
    update(task)
    .where(task.c.patient_id == bindparam("b_patient_id"), task.c.kind == bindparam("b_kind"))
    .where(task.c.done_at.is_(None), task.c.made_at < bindparam("b_sent_at"))
    .values(done_at=bindparam("b_now"), note=case((task.c.note == "", _note), else_=task.c.note + "\n" + _note))
    .returning(task.c.id)
)
COUNTS = ("completed", "late", "partial", "missed", "cancelled")


@lru_cache
def _counted(insert: Any, column: str) -> Any:
    made = insert(tally)
    return made.on_conflict_do_update(
        index_elements=["site_id", "timepoint", "day"], set_={column: tally.c[column] + 1}
    )


@lru_cache
def _opened(insert: Any) -> Any:
    return insert(task).on_conflict_do_nothing()


def due(session: Connected, now: datetime, at_most: int) -> Sequence[Found]:
    """Assessments whose bell has rung before their end, locked; another worker's are skipped."""
    return session.connection().execute(_due, {"now": now, "at_most": at_most}).all()


def to_close(session: Connected, now: datetime, at_most: int) -> Sequence[Found]:
    """Assessments that nothing can be filled into any more and that are not closed."""
    return session.connection().execute(_to_close, {"now": now, "at_most": at_most}).all()


def closing(session: Connected, assessment_id: int, patient_id: int) -> Found | None:
    """One of them, read after its patient was locked: the lock may have been waited for."""
    lock_patient(session, patient_id)
    return session.connection().execute(_closing, {"assessment_id": assessment_id}).first()


def lock_patient(session: Connected, patient_id: int) -> None:
    """Holds the patient's row until the transaction ends; on SQLite whoever writes is alone anyway."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        connection.execute(_lock, {"patient_id": patient_id})


def recent(session: Connected, patient_id: int, timepoint: str, day: date, at_most: int) -> Sequence[Found]:
    """Day and instants of a timepoint's newest assessments up to a day, without what an amendment called off."""
    values = {"patient_id": patient_id, "timepoint": timepoint, "day": day, "at_most": at_most}
    return session.connection().execute(_recent, values).all()


def queue_reminders(session: Connected, rows: Sequence[Mapping[str, object]], at: datetime) -> dict[str, int]:
    """Puts these messages in the outbox, each key once; gives the id of every key, new or not."""
    if not rows:
        return {}
    connection = session.connection()
    queued = [{"state": State.PENDING, "attempts": 0, **row} for row in rows]
    made = insert_rows(connection, message, queued, skip=["dedupe_key"], returning=["id", "dedupe_key"])
    ids = {row.dedupe_key: row.id for row in made}
    if made:
        messages.note(session, [row.id for row in made], at, "queued")
    others = [str(row["dedupe_key"]) for row in rows if row["dedupe_key"] not in ids]
    if others:
        known = select(message.c.id, message.c.dedupe_key).where(message.c.dedupe_key.in_(others))
        ids.update({row.dedupe_key: row.id for row in connection.execute(known)})
    return ids


def keep_reminders(session: Connected, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes the ledger's rows; a step that has one keeps it."""
    insert_rows(session.connection(), reminder, rows, skip=["assessment_id", "step"])


def kept_steps(session: Connected, assessment_id: int) -> set[str]:
    return set(session.connection().execute(_kept, {"assessment_id": assessment_id}).scalars())


_ring = update(assessment).where(among(assessment.c.id, "b_ids")).values(next_at=bindparam("b_at"))


def ring_at(session: Connected, bells: Sequence[tuple[int, datetime | None]]) -> None:
    """Sets the next bell of each assessment; those of a wave share a few instants."""
    by_instant: dict[datetime | None, list[int]] = {}
    for id_, at in bells:
        by_instant.setdefault(at, []).append(id_)
    for at, ids in by_instant.items():
        session.connection().execute(_ring, {"b_ids": ids, "b_at": at})


def close(session: Connected, assessment_id: int, at: datetime) -> bool:
    """Closes it unless it is closed or cancelled; waits for the saves in flight, so that they can be read after it."""
    return session.connection().execute(_close, {"b_assessment_id": assessment_id, "b_now": at}).rowcount == 1


def cancel_closed(session: Connected, assessment_id: int, at: datetime) -> None:
    """Cancels, in place of closing, what this transaction has just closed."""
    session.connection().execute(_cancelled, {"b_assessment_id": assessment_id, "b_now": at})


def mark_answered(session: Connected, assessment_id: int) -> None:
    """At least one answer was given: partial and not missed."""
    session.connection().execute(_answered, {"b_assessment_id": assessment_id})


def count(session: Connected, site_id: int, timepoint: str, day: date, column: str) -> None:
    """Adds one to the tally."""
    connection = session.connection()
    where = {"site_id": site_id, "timepoint": timepoint, "day": day}
    connection.execute(_counted(insert_for(connection), column), {**where, **dict.fromkeys(COUNTS, 0), column: 1})


def recorded_days(session: Connected, patient_id: int, questionnaires: Sequence[str], after: date) -> list[date]:
    """Days after `after` on which one of these questionnaires has an answer."""
    values = {"patient_id": patient_id, "after": after, "questionnaires": list(questionnaires)}
    return list(session.connection().execute(_recorded, values).scalars())


def open_task(
    session: Connected, *, site_id: int, patient_id: int | None, kind: str, detail: str, at: datetime
) -> None:
    """One open task of a kind per patient."""
    connection = session.connection()
    values = {"site_id": site_id, "patient_id": patient_id, "kind": kind, "detail": detail, "made_at": at, "note": ""}
    connection.execute(_opened(insert_for(connection)), values)


def asked_since(session: Connected, patient_id: int, kind: str, since: datetime) -> bool:
    """Whether such a task was made since, settled or not."""
    values = {"patient_id": patient_id, "kind": kind, "since": since}
    return session.connection().execute(_asked, values).first() is not None


def any_open(session: Connected, patient_id: int, kinds: Sequence[str]) -> bool:
    """Whether a task of one of these kinds stands on the site's list."""
    values = {"patient_id": patient_id, "kinds": list(kinds)}
    return session.connection().execute(_standing, values).first() is not None


def settle_tasks(
    session: Connected, patient_id: int, kind: str, sent_at: datetime, note: str, at: datetime
) -> Sequence[int]:
    """Takes off the list what was asked for before a diary was sent, with `note` as its last line; gives their ids."""
    values = {"b_patient_id": patient_id, "b_kind": kind, "b_sent_at": sent_at, "b_note": note, "b_now": at}
    return session.connection().execute(_settled, values).scalars().all()


_any_due = select(assessment.c.id).where(_rung, _end > bindparam("now")).limit(1)


def any_due(session: Connected, now: datetime) -> bool:
    """Whether a bell has rung: an idle tick takes no write lock."""
    return session.connection().execute(_any_due, {"now": now}).first() is not None
