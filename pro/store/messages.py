"""SQL of messages, their events and their links. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, insert, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from pro.domain.message import FINAL, State
from pro.store.tables import metadata

_t = metadata.tables
message, message_event, link, reminder = _t["message"], _t["message_event"], _t["link"], _t["reminder"]
patient, staff, assessment = _t["patient"], _t["staff"], _t["assessment"]

NOT_YET = (State.PENDING, State.CLAIMED)
UNPROVEN = (*NOT_YET, State.SENDING)

Found = Row[Any]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message goes to: the name on a virtual phone, and the thread to the number."""

    label: str
    staff_id: int | None
    contact_id: str | None


def queue(
    session: Session,
    *,
    dedupe_key: str,
    site_id: int,
    patient_id: int | None,
    staff_id: int | None,
    template: str,
    language: str,
    due_at: datetime,
    not_after: datetime,
    detail: str | None = None,
) -> int | None:
    """Puts a message in the outbox, once per `dedupe_key`: its id, or None where that key is there already."""
    values = {
        "dedupe_key": dedupe_key,
        "site_id": site_id,
        "patient_id": patient_id,
        "staff_id": staff_id,
        "template": template,
        "language": language,
        "detail": detail,
        "due_at": due_at,
        "not_after": not_after,
        "state": "pending",
        "attempts": 0,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(message).values(**values).on_conflict_do_nothing(index_elements=["dedupe_key"])
    made: int | None = session.connection().execute(statement.returning(message.c.id)).scalar_one_or_none()
    if made is not None:
        note(session, [made], due_at, "queued")
    return made


def note(session: Session, message_ids: list[int], at: datetime, kind: str, detail: str | None = None) -> None:
    """Writes down what these messages went through; `at` is study time."""
    if message_ids:
        rows = [{"message_id": id_, "at": at, "kind": kind, "detail": detail} for id_ in message_ids]
        session.connection().execute(insert(message_event), rows)


def claim(
    session: Session, worker: str, due: datetime, running: datetime, lease_until: datetime, limit: int
) -> list[int]:
    """Takes the oldest due messages for this worker; others skip what it holds."""
    wanted = (
        select(message.c.id)
        .where(message.c.state == State.PENDING, message.c.due_at <= due)
        .where(or_(message.c.lease_until.is_(None), message.c.lease_until <= running))
        .order_by(message.c.due_at, message.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taking = (
        update(message)
        .where(message.c.id.in_(_once(wanted)), message.c.state == State.PENDING)
        .values(state=State.CLAIMED, claimed_by=worker, lease_until=lease_until, attempts=message.c.attempts + 1)
        .returning(message.c.id)
    )
    return sorted(session.connection().execute(taking).scalars())


def release_claims(session: Session, running: datetime) -> list[int]:
    """Back to the outbox: claimed by a worker whose lease has ended. Nothing had left the house."""
    stale = select(message.c.id).where(message.c.state == State.CLAIMED, message.c.lease_until <= running)
    stale = stale.with_for_update(skip_locked=True)
    back = update(message).where(message.c.id.in_(_once(stale)), message.c.state == State.CLAIMED)
    released = back.values(state=State.PENDING, claimed_by=None, lease_until=None).returning(message.c.id)
    return list(session.connection().execute(released).scalars())


def patients_of(session: Session, message_ids: Sequence[int]) -> list[int]:
    """Whose rows have to be locked before these messages are decided; texts to staff need none."""
    wanted = select(message.c.patient_id).where(message.c.id.in_(message_ids), message.c.staff_id.is_(None)).distinct()
    return [id_ for id_ in session.connection().execute(wanted).scalars() if id_ is not None]


def lock_patients(session: Session, ids: Sequence[int]) -> dict[int, Found]:
    """Patient rows by id, locked in the order of their ids until the transaction ends."""
    wanted = select(patient).where(patient.c.id.in_(ids)).order_by(patient.c.id)
    wanted = wanted.with_for_update(key_share=True)  # new rows that point to the patient need not wait
    return {row.id: row for row in session.connection().execute(wanted)}


def held(session: Session, message_ids: Sequence[int], worker: str) -> Sequence[Found]:
    """Those of the messages that this worker still holds as claimed, oldest first."""
    mine = and_(message.c.id.in_(message_ids), message.c.state == State.CLAIMED, message.c.claimed_by == worker)
    wanted = select(message).where(mine).order_by(message.c.due_at, message.c.id).with_for_update()
    return session.connection().execute(wanted).all()


def announced(session: Session, message_ids: Sequence[int]) -> Sequence[Found]:
    """Per message: the assessments of its reminders."""
    wanted = (
        select(reminder.c.message_id, reminder.c.step, assessment)
        .join_from(reminder, assessment, reminder.c.assessment_id == assessment.c.id)
        .where(reminder.c.message_id.in_(message_ids))
        .order_by(reminder.c.message_id, assessment.c.opens_at, assessment.c.id)
    )
    return session.connection().execute(wanted).all()


def marked_since(session: Session, patient_ids: Sequence[int], since: datetime) -> Sequence[tuple[int, datetime]]:
    """(patient_id, due_at) of what was marked for these patients: what the daily cap counts."""
    counted = (State.SENDING, State.SENT, State.DELIVERED, State.UNDELIVERED)
    wanted = select(message.c.patient_id, message.c.due_at).where(
        message.c.patient_id.in_(patient_ids),
        message.c.staff_id.is_(None),
        message.c.due_at >= since,
        message.c.state.in_(counted),
    )
    return [(row.patient_id, row.due_at) for row in session.connection().execute(wanted)]


def mark(
    session: Session, message_ids: Sequence[int], worker: str, marked_at: datetime, lease_until: datetime
) -> set[int]:
    """Marks as `sending` what this worker holds and the database itself still lets go; the ids that were marked."""
    willing = exists().where(
        patient.c.id == message.c.patient_id, patient.c.withdrawn_at.is_(None), patient.c.opted_out_at.is_(None)
    )
    settled = or_(
        assessment.c.submitted_at.is_not(None),
        assessment.c.closed_at.is_not(None),
        assessment.c.cancelled_at.is_not(None),
    )
    carried = exists().where(reminder.c.message_id == message.c.id)
    waiting = exists().where(
        reminder.c.message_id == message.c.id, reminder.c.assessment_id == assessment.c.id, not_(settled)
    )
    marking = (
        update(message)
        .where(message.c.id.in_(message_ids), message.c.state == State.CLAIMED, message.c.claimed_by == worker)
        .where(or_(message.c.staff_id.is_not(None), and_(willing, or_(not_(carried), waiting))))
        .values(state=State.SENDING, marked_at=marked_at, lease_until=lease_until)
        .returning(message.c.id)
    )
    return set(session.connection().execute(marking).scalars())


def drop(session: Session, message_ids: Sequence[int], why: str, at: datetime) -> list[int]:
    """Explains what will never be sent: the messages, their events, and the reminders they carried."""
    dropping = (
        update(message)
        .where(message.c.id.in_(message_ids), message.c.state.in_(NOT_YET))
        .values(state=State.DROPPED, error=why, lease_until=None)
        .returning(message.c.id)
    )
    dropped = list(session.connection().execute(dropping).scalars())
    explain(session, dropped, why)
    note(session, dropped, at, "dropped", why)
    return dropped


def drop_waiting(session: Session, patient_id: int, why: str, at: datetime) -> list[int]:
    """The same for everything that waits to go to this patient, whose row must be locked; texts to staff go on."""
    waiting = select(message.c.id).where(
        message.c.patient_id == patient_id, message.c.staff_id.is_(None), message.c.state.in_(NOT_YET)
    )
    return drop(session, list(session.connection().execute(waiting).scalars()), why, at)


def explain(session: Session, message_ids: Sequence[int], why: str) -> None:
    """Writes on the reminders of these messages why none came of them."""
    if message_ids:
        carried = and_(reminder.c.message_id.in_(message_ids), reminder.c.why_none.is_(None))
        session.connection().execute(update(reminder).where(carried).values(why_none=why))


def explain_steps(session: Session, message_id: int, assessment_ids: Sequence[int], why: str) -> None:
    """Writes why on the reminders of those assessments that this message no longer announces."""
    if assessment_ids:
        theirs = and_(reminder.c.message_id == message_id, reminder.c.assessment_id.in_(assessment_ids))
        session.connection().execute(update(reminder).where(theirs).values(why_none=why))


def put_off(session: Session, message_id: int, due_at: datetime) -> None:
    """Back to the outbox until `due_at` (study time)."""
    back = update(message).where(message.c.id == message_id, message.c.state == State.CLAIMED)
    session.connection().execute(
        back.values(state=State.PENDING, claimed_by=None, lease_until=None, due_at=due_at, attempts=0)
    )


def give_back(session: Session, message_id: int, worker: str, attempts: int, not_before: datetime | None) -> bool:
    """Back to the outbox, when this mark is still the newest: it certainly was not sent. `not_before`: running time."""
    back = update(message).where(_is_mark(message_id, worker, attempts))
    values = {"state": State.PENDING, "claimed_by": None, "lease_until": not_before}
    return session.connection().execute(back.values(**values)).rowcount == 1


def accept(
    session: Session, message_id: int, provider_id: str, segments: int | None, cost: str | None, at: datetime
) -> bool:
    """The provider has it, which outweighs whatever stood there but a final state; True when it moved the message.

    `sent_at` is kept from the first proof. A message that was marked and went back to the outbox is taken out again.
    """
    known: dict[str, Any] = {"provider_id": func.coalesce(message.c.provider_id, provider_id)}
    if segments is not None:
        known |= {"segments": segments, "cost": cost}
    connection = session.connection()
    connection.execute(
        update(message).where(message.c.id == message_id, message.c.marked_at.is_not(None)).values(**known)
    )
    moving = update(message).where(
        message.c.id == message_id, message.c.marked_at.is_not(None), message.c.state.in_(UNPROVEN)
    )
    sent_at = func.coalesce(message.c.sent_at, at)
    return connection.execute(moving.values(state=State.SENT, sent_at=sent_at, lease_until=None)).rowcount == 1


def end(session: Session, message_id: int, state: State, error: str | None) -> bool:
    """Moves a message that the provider has to a final state; False where it stands in one."""
    ending = update(message).where(message.c.id == message_id, message.c.state.in_((State.SENDING, State.SENT)))
    return session.connection().execute(ending.values(state=state, error=error, lease_until=None)).rowcount == 1


def fail(session: Session, message_id: int, worker: str, attempts: int, error: str) -> bool:
    """The provider refused what this very mark sent."""
    failing = update(message).where(_is_mark(message_id, worker, attempts))
    return session.connection().execute(failing.values(state=State.FAILED, error=error, lease_until=None)).rowcount == 1


def take_doubtful(session: Session, worker: str, running: datetime, lease_until: datetime, limit: int) -> list[int]:
    """`sending` whose lease has ended, taken by this worker to be looked up at the provider."""
    wanted = (
        select(message.c.id)
        .where(message.c.state == State.SENDING, message.c.lease_until <= running)
        .order_by(message.c.lease_until, message.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taking = (
        update(message)
        .where(message.c.id.in_(_once(wanted)), message.c.state == State.SENDING)
        .values(claimed_by=worker, lease_until=lease_until)
        .returning(message.c.id)
    )
    return sorted(session.connection().execute(taking).scalars())


def look_later(session: Session, message_id: int, worker: str, attempts: int, lease_until: datetime) -> None:
    """Still `sending`; nobody looks it up before `lease_until`."""
    session.connection().execute(
        update(message).where(_is_mark(message_id, worker, attempts)).values(lease_until=lease_until)
    )


def by_ids(session: Session, message_ids: Sequence[int]) -> Sequence[Found]:
    wanted = select(message).where(message.c.id.in_(message_ids)).order_by(message.c.due_at, message.c.id)
    return session.connection().execute(wanted).all()


def one(session: Session, message_id: int) -> Found | None:
    return session.connection().execute(select(message).where(message.c.id == message_id)).first()


def recipients(session: Session, message_ids: Sequence[int]) -> dict[int, Recipient]:
    """Per message whom it goes to, in the study database's words."""
    wanted = (
        select(message.c.id, message.c.staff_id, patient.c.number, patient.c.contact_id, staff.c.login)
        .select_from(message)
        .outerjoin(patient, message.c.patient_id == patient.c.id)
        .outerjoin(staff, message.c.staff_id == staff.c.id)
        .where(message.c.id.in_(message_ids))
    )
    return {
        row.id: Recipient(row.login, row.staff_id, None)
        if row.staff_id
        else Recipient(row.number, None, row.contact_id)
        for row in session.connection().execute(wanted)
    }


def keep_link(
    session: Session,
    token_hash: str,
    patient_id: int | None,
    message_id: int | None,
    made_at: datetime,
    expires_at: datetime,
) -> None:
    """Registers a link by its hash; the token itself is kept nowhere."""
    values = {"patient_id": patient_id, "message_id": message_id, "made_at": made_at, "expires_at": expires_at}
    session.connection().execute(insert(link).values(token_hash=token_hash, **values))


def link_hashes(session: Session, message_id: int) -> set[str]:
    """Hashes of every token that any try of this message carried."""
    return set(session.connection().execute(select(link.c.token_hash).where(link.c.message_id == message_id)).scalars())


def unredacted(session: Session, sent_before: datetime, limit: int) -> Sequence[tuple[int, str]]:
    """(id, provider's id) of final messages, and of those whose receipt never came, whose text may still stand there."""
    done = or_(message.c.state.in_(FINAL), and_(message.c.state == State.SENT, message.c.sent_at < sent_before))
    wanted = (
        select(message.c.id, message.c.provider_id)
        .where(message.c.provider_id.is_not(None), message.c.redacted_at.is_(None), done)
        .order_by(message.c.id.desc())
        .limit(limit)
    )
    return [(row.id, row.provider_id) for row in session.connection().execute(wanted)]


def redacted(session: Session, message_id: int, at: datetime) -> None:
    session.connection().execute(update(message).where(message.c.id == message_id).values(redacted_at=at))


def _once(wanted: Select[tuple[int]]) -> Select[tuple[int]]:
    """As a CTE: PostgreSQL may run a plain subquery once per row, and then its limit holds for nothing."""
    chosen = wanted.cte("chosen")
    return select(chosen.c.id)


def _is_mark(message_id: int, worker: str, attempts: int) -> ColumnElement[bool]:
    """The mark that this worker made or took over, and no later one."""
    return and_(
        message.c.id == message_id,
        message.c.state == State.SENDING,
        message.c.claimed_by == worker,
        message.c.attempts == attempts,
    )


def note_wrong_number(session: Session, patient_id: int, at: datetime) -> None:
    wrong = update(patient).where(patient.c.id == patient_id, patient.c.number_wrong_at.is_(None))
    session.connection().execute(wrong.values(number_wrong_at=at))
