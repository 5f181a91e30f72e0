"""SQL of the reminders that patients ask for: a step of the ledger and a message of its own. Commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select

from pro.domain.message import State
from pro.store.arrays import among
from pro.store.engine import Connected, insert_for
from pro.store.messages import NOT_YET, Found, message, reminder

PREFIX = "snooze:"
STALE = timedelta(days=2)
"""It is asked for within a patient's day and falls when it is too late: what was due so long ago waits no more.

So few of a patient's messages are read, however long the diary.
"""
_waiting = (
    select(message)
    .where(
        message.c.patient_id == bindparam("patient_id"),
        message.c.dedupe_key.startswith(PREFIX),
        message.c.state.in_(NOT_YET),
        message.c.due_at > bindparam("stale"),
    )
    .order_by(message.c.due_at)
    .limit(1)
)


def waiting(session: Connected, patient_id: int, now: datetime) -> Found | None:
    """The reminder that this patient has asked for and not had yet."""
    return session.connection().execute(_waiting, {"patient_id": patient_id, "stale": now - STALE}).first()


def lost_by_stopping(session: Connected, patient_id: int, now: datetime) -> Found | None:
    """The reminder asked for that would still have come, had the messages not been stopped."""
    wanted = select(message).where(
        message.c.patient_id == patient_id,
        message.c.dedupe_key.startswith(PREFIX),
        message.c.state == State.DROPPED,
        message.c.error == "opted-out",
        message.c.due_at > now,
    )
    return session.connection().execute(wanted.order_by(message.c.due_at).limit(1)).first()


_may_come = and_(message.c.state.in_(NOT_YET), message.c.not_after >= bindparam("now"))
_asked_for = (
    select(message.c.patient_id, message.c.due_at, reminder.c.assessment_id)
    .join_from(message, reminder, reminder.c.message_id == message.c.id)
    .where(among(message.c.patient_id, "ids"), message.c.dedupe_key.startswith(PREFIX))
    .where(or_(_may_come, message.c.state.not_in((*NOT_YET, State.DROPPED, State.FAILED))))
)


def waiting_or_gone(session: Connected, patient_ids: Sequence[int], now: datetime) -> Sequence[Row[Any, Any, Any]]:
    """(patient_id, due_at, assessment_id) of the reminders that these patients asked for: may still come, or went."""
    return session.connection().execute(_asked_for, {"ids": list(patient_ids), "now": now}).all()


def planned_on_day(
    session: Connected, patient_id: int, since: datetime, until: datetime, *, but: int | None = None
) -> int:
    """Reminders of that time that went or still may: each takes one of the day's messages; `but` one is not counted."""
    counted = select(func.count()).where(
        message.c.patient_id == patient_id,
        message.c.staff_id.is_(None),
        message.c.template == "reminder",
        message.c.due_at >= since,
        message.c.due_at < until,
        message.c.state.not_in((State.DROPPED, State.FAILED)),
        message.c.id != (but or 0),
    )
    return int(session.connection().execute(counted).scalar_one())


def next_key(session: Connected, patient_id: int) -> str:
    """Never that of an earlier one, which may have been undone. The patient's row must be locked."""
    start = f"{PREFIX}{patient_id}:"
    before = select(func.count()).where(message.c.patient_id == patient_id, message.c.dedupe_key.startswith(start))
    return f"{start}{session.connection().execute(before).scalar_one() + 1}"


def keep_steps(session: Connected, rows: Sequence[tuple[int, str]], at: datetime, message_id: int) -> None:
    """Writes (assessment, step) into the ledger; a step that was undone is planned anew."""
    connection = session.connection()
    for assessment_id, step in rows:
        row = {"assessment_id": assessment_id, "step": step, "planned_at": at, "message_id": message_id}
        kept = insert_for(connection)(reminder).values(**row)
        changed = {"planned_at": at, "message_id": message_id, "why_none": None}
        connection.execute(kept.on_conflict_do_update(index_elements=["assessment_id", "step"], set_=changed))
