"""SQL of the leases that workers hold on messages: claim, mark, give back, look up. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, and_, bindparam, exists, not_, or_, select, update

from pro.domain.message import State
from pro.store import states
from pro.store.arrays import among
from pro.store.engine import Connected
from pro.store.messages import Found, assessment, message, patient, reminder

_patients_of = select(message.c.patient_id).where(among(message.c.id, "ids"), message.c.staff_id.is_(None)).distinct()
_patients = (
    select(patient)
    .where(among(patient.c.id, "ids"))
    .order_by(patient.c.id)
    .with_for_update(key_share=True)  # new rows that point to the patient need not wait
)
_held_by = (
    select(message)
    .where(among(message.c.id, "ids"), message.c.state == State.CLAIMED, message.c.claimed_by == bindparam("worker"))
    .order_by(message.c.due_at, message.c.id)
    .with_for_update()
)
_announced = (
    select(reminder.c.message_id, reminder.c.step, assessment)
    .join_from(reminder, assessment, reminder.c.assessment_id == assessment.c.id)
    .where(among(reminder.c.message_id, "ids"))
    .order_by(reminder.c.message_id, assessment.c.opens_at, assessment.c.id)
)
_marked_since = (
    select(message.c.patient_id, message.c.due_at)
    .where(among(message.c.patient_id, "ids"), message.c.staff_id.is_(None), message.c.template == "reminder")
    .where(message.c.due_at >= bindparam("since"))
    .where(message.c.state.in_((State.SENDING, State.SENT, State.DELIVERED, State.UNDELIVERED)))
)
_willing = exists().where(
    patient.c.id == message.c.patient_id, patient.c.withdrawn_at.is_(None), patient.c.opted_out_at.is_(None)
)
_settled = or_(
    assessment.c.submitted_at.is_not(None),
    assessment.c.closed_at.is_not(None),
    assessment.c.cancelled_at.is_not(None),
    assessment.c.excused_at.is_not(None),
)
_carried = exists().where(reminder.c.message_id == message.c.id)
_waiting = exists().where(
    reminder.c.message_id == message.c.id, reminder.c.assessment_id == assessment.c.id, not_(_settled)
)
_marking = (
    update(message)
    .where(among(message.c.id, "b_ids"))
    .where(message.c.state == State.CLAIMED, message.c.claimed_by == bindparam("b_worker"))
    .where(or_(message.c.staff_id.is_not(None), and_(_willing, or_(not_(_carried), _waiting))))
    .values(state=State.SENDING, marked_at=bindparam("b_marked_at"), lease_until=bindparam("b_lease_until"))
    .returning(message.c.id)
)


def any_due(session: Connected, due: datetime, running: datetime) -> bool:
    """Whether there is anything to claim: an idle tick takes no write lock."""
    return session.connection().execute(_any_due, {"due": due, "running": running}).first() is not None


def any_ended(session: Connected, running: datetime) -> bool:
    """Whether a lease has ended that somebody has to look after."""
    return session.connection().execute(_any_ended, {"running": running}).first() is not None


def claim(
    session: Connected, worker: str, due: datetime, running: datetime, lease_until: datetime, limit: int
) -> list[int]:
    """Takes the oldest due messages for this worker; others skip what it holds."""
    values = {"b_worker": worker, "due": due, "running": running, "b_until": lease_until, "at_most": limit}
    return sorted(session.connection().execute(_claim, values).scalars())


def release_claims(session: Connected, running: datetime) -> list[int]:
    """Back to the outbox: claimed by a worker whose lease has ended. Nothing had left the house."""
    return list(session.connection().execute(_release, {"running": running}).scalars())


def patients_of(session: Connected, message_ids: Sequence[int]) -> list[int]:
    """Whose rows have to be locked before these messages are decided; texts to staff need none."""
    found = session.connection().execute(_patients_of, {"ids": list(message_ids)}).scalars()
    return [id_ for id_ in found if id_ is not None]


def hold_patients_of(session: Connected, message_ids: Sequence[int]) -> None:
    """Locks them, in the order of their ids; on SQLite whoever writes is alone anyway."""
    if session.connection().dialect.name != "sqlite":
        lock_patients(session, patients_of(session, message_ids))


def lock_patients(session: Connected, ids: Sequence[int]) -> dict[int, Found]:
    """Patient rows by id, locked in the order of their ids until the transaction ends."""
    return {row.id: row for row in session.connection().execute(_patients, {"ids": list(ids)})}


def held(session: Connected, message_ids: Sequence[int], worker: str) -> Sequence[Found]:
    """Those of the messages that this worker still holds as claimed, oldest first."""
    return session.connection().execute(_held_by, {"ids": list(message_ids), "worker": worker}).all()


def announced(session: Connected, message_ids: Sequence[int]) -> Sequence[Found]:
    """Per message: the assessments of its reminders."""
    return session.connection().execute(_announced, {"ids": list(message_ids)}).all()


def marked_since(session: Connected, patient_ids: Sequence[int], since: datetime) -> Sequence[tuple[int, datetime]]:
    """(patient_id, due_at) of the reminders marked for these patients: what the daily cap counts. A test is none."""
    found = session.connection().execute(_marked_since, {"ids": list(patient_ids), "since": since})
    return [(row.patient_id, row.due_at) for row in found]


def mark(
    session: Connected, message_ids: Sequence[int], worker: str, marked_at: datetime, lease_until: datetime
) -> set[int]:
    """Marks as `sending` what this worker holds and the database itself still lets go; the ids that were marked."""
    values = {"b_ids": list(message_ids), "b_worker": worker, "b_marked_at": marked_at, "b_lease_until": lease_until}
    return set(session.connection().execute(_marking, values).scalars())


_is_mark = and_(
    message.c.id == bindparam("b_id"),
    message.c.state == State.SENDING,
    message.c.claimed_by == bindparam("b_worker"),
    message.c.attempts == bindparam("b_attempts"),
)
"""The mark that this worker made or took over, and no later one."""
_look_later = update(message).where(_is_mark).values(lease_until=bindparam("b_until"))
_give_back = _look_later.values(state=State.PENDING, claimed_by=None, segments=None)
_fail = (
    update(message)
    .where(_is_mark)
    .values(state=State.FAILED, error=bindparam("b_error"), lease_until=None, segments=None)
)


def put_off(session: Connected, message_id: int, due_at: datetime) -> None:
    """Back to the outbox until `due_at` (study time)."""
    back = update(message).where(message.c.id == message_id, message.c.state == State.CLAIMED)
    session.connection().execute(
        back.values(state=State.PENDING, claimed_by=None, lease_until=None, due_at=due_at, attempts=0)
    )


def give_back(session: Connected, message_id: int, worker: str, attempts: int, not_before: datetime | None) -> bool:
    """Back to the outbox, when this mark is still the newest: it certainly was not sent. `not_before`: running time."""
    values = {"b_id": message_id, "b_worker": worker, "b_attempts": attempts, "b_until": not_before}
    return session.connection().execute(_give_back, values).rowcount == 1


def take_doubtful(session: Connected, worker: str, running: datetime, lease_until: datetime, limit: int) -> list[int]:
    """`sending` whose lease has ended, taken by this worker to be looked up at the provider."""
    values = {"b_worker": worker, "running": running, "b_until": lease_until, "at_most": limit}
    return sorted(session.connection().execute(_take_over, values).scalars())


def look_later(session: Connected, message_id: int, worker: str, attempts: int, lease_until: datetime) -> None:
    """Still `sending`; nobody looks it up before `lease_until`."""
    values = {"b_id": message_id, "b_worker": worker, "b_attempts": attempts, "b_until": lease_until}
    session.connection().execute(_look_later, values)


def fail(session: Connected, message_id: int, worker: str, attempts: int, error: str) -> bool:
    """The provider refused what this very mark sent."""
    values = {"b_id": message_id, "b_worker": worker, "b_attempts": attempts, "b_error": error}
    return session.connection().execute(_fail, values).rowcount == 1


def _once(wanted: Select[tuple[int]]) -> Select[tuple[int]]:
    """As a CTE: PostgreSQL may run a plain subquery once per row, and then its limit holds for nothing."""
    chosen = wanted.cte("chosen")
    return select(chosen.c.id)


_free = or_(message.c.lease_until.is_(None), message.c.lease_until <= bindparam("running"))
_due = select(message.c.id).where(states.PENDING, message.c.due_at <= bindparam("due"), _free)
_any_due = _due.limit(1)
_any_ended = select(message.c.id).where(states.HELD, message.c.lease_until <= bindparam("running")).limit(1)
_oldest = _due.order_by(message.c.due_at, message.c.id).limit(bindparam("at_most")).with_for_update(skip_locked=True)
_claim = (
    update(message)
    .where(message.c.id.in_(_once(_oldest)), message.c.state == State.PENDING)
    .values(
        state=State.CLAIMED,
        claimed_by=bindparam("b_worker"),
        lease_until=bindparam("b_until"),
        attempts=message.c.attempts + 1,
    )
    .returning(message.c.id)
)
_stale = select(message.c.id).where(states.CLAIMED, message.c.lease_until <= bindparam("running"))
_release = (
    update(message)
    .where(message.c.id.in_(_once(_stale.with_for_update(skip_locked=True))), message.c.state == State.CLAIMED)
    .values(state=State.PENDING, claimed_by=None, lease_until=None)
    .returning(message.c.id)
)
_doubtful = (
    select(message.c.id)
    .where(states.SENDING, message.c.lease_until <= bindparam("running"))
    .order_by(message.c.lease_until, message.c.id)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
)
_take_over = (
    update(message)
    .where(message.c.id.in_(_once(_doubtful)), message.c.state == State.SENDING)
    .values(claimed_by=bindparam("b_worker"), lease_until=bindparam("b_until"))
    .returning(message.c.id)
)
