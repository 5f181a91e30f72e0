"""SQL of messages, their events and their links. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, and_, bindparam, func, select, update

from pro.domain.message import State
from pro.store import states
from pro.store.arrays import among, rows_of
from pro.store.engine import Connected, insert_for, insert_rows
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


@dataclass(frozen=True, slots=True)
class Each:
    """A change that gives each row values of its own: row by row, and (PostgreSQL) of all rows in one statement."""

    one: Update
    together: Update


def queue(
    session: Connected,
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
    connection = session.connection()
    statement = insert_for(connection)(message).values(**values).on_conflict_do_nothing(index_elements=["dedupe_key"])
    made: int | None = connection.execute(statement.returning(message.c.id)).scalar_one_or_none()
    if made is not None:
        note(session, [made], due_at, "queued")
    return made


def note(session: Connected, message_ids: Iterable[int], at: datetime, kind: str, detail: str | None = None) -> None:
    """Writes down what these messages went through; `at` is study time."""
    note_each(session, dict.fromkeys(message_ids, detail), at, kind)


def note_each(session: Connected, details: Mapping[int, str | None], at: datetime, kind: str) -> None:
    """The same, each message with a detail of its own."""
    rows = [{"message_id": id_, "at": at, "kind": kind, "detail": detail} for id_, detail in details.items()]
    insert_rows(session.connection(), message_event, rows)


def drop(session: Connected, message_ids: Sequence[int], why: str, at: datetime) -> list[int]:
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


def drop_waiting(session: Connected, patient_id: int, why: str, at: datetime) -> list[int]:
    """The same for everything that waits to go to this patient, whose row must be locked; texts to staff go on."""
    waiting = select(message.c.id).where(
        message.c.patient_id == patient_id, message.c.staff_id.is_(None), message.c.state.in_(NOT_YET)
    )
    return drop(session, list(session.connection().execute(waiting).scalars()), why, at)


def explain(session: Connected, message_ids: Sequence[int], why: str) -> None:
    """Writes on the reminders of these messages why none came of them."""
    if message_ids:
        carried = and_(reminder.c.message_id.in_(message_ids), reminder.c.why_none.is_(None))
        session.connection().execute(update(reminder).where(carried).values(why_none=why))


def explain_steps(session: Connected, message_id: int, assessment_ids: Sequence[int], why: str) -> None:
    """Writes why on the reminders of those assessments that this message no longer announces."""
    if assessment_ids:
        theirs = and_(reminder.c.message_id == message_id, reminder.c.assessment_id.in_(assessment_ids))
        session.connection().execute(update(reminder).where(theirs).values(why_none=why))


def accept(
    session: Connected, message_id: int, provider_id: str, segments: int | None, cost: str | None, at: datetime
) -> bool:
    """The provider has it, which outweighs whatever stood there but a final state; True when it moved the message.

    `sent_at` is kept from the first proof. A message that was marked and went back to the outbox is taken out again.
    """
    connection = session.connection()
    known = {"b_id": message_id, "b_provider_id": provider_id, "b_segments": segments, "b_cost": cost}
    connection.execute(_keep_proof, known)
    return connection.execute(_move_on, {"b_id": message_id, "b_at": at}).rowcount == 1


def reckon(session: Connected, message_id: int, attempts: int, segments: int) -> None:
    """Our own count, should nothing but a receipt ever tell that this very mark was sent; the provider's outweighs it."""
    values = {"b_id": message_id, "b_attempts": attempts, "b_segments": segments}
    session.connection().execute(_reckon, values)


def hold_marked(session: Connected, message_ids: Sequence[int]) -> dict[int, str]:
    """Locks those that were ever marked as sending; where each stands."""
    return {row.id: row.state for row in session.connection().execute(_marked, {"ids": list(message_ids)})}


def accept_all(
    session: Connected, taken: Sequence[Mapping[str, Any]], standing: Mapping[int, str], at: datetime
) -> set[int]:
    """`accept` for a batch: `id`, `provider_id`, `segments`, `cost` of each; ids of those it moved.

    `standing`: as `hold_marked` gave it, before it was decided what is accepted.
    """
    connection = session.connection()
    moved = {one["id"] for one in taken if standing.get(one["id"]) in UNPROVEN}
    _write_each(connection, _accept_all, [one for one in taken if one["id"] in moved], {"b_at": at})
    _write_each(connection, _keep_proofs, [one for one in taken if one["id"] not in moved], {})
    return moved


def _write_each(
    connection: Connection, changing: Each, rows: Sequence[Mapping[str, object]], same: Mapping[str, object]
) -> None:
    """Each row's own values (and what is the same in all), on PostgreSQL in one statement."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(
            changing.together, {**{f"b_{name}": [row[name] for row in rows] for name in rows[0]}, **same}
        )
    else:
        connection.execute(
            changing.one, [{**{f"b_{name}": value for name, value in row.items()}, **same} for row in rows]
        )


PROOF = ("id", "provider_id", "segments", "cost")
_kinds = {f"b_{name}": message.c[name].type for name in PROOF}
_each_own = {name: bindparam(name, type_=kind) for name, kind in _kinds.items()}


def _keeping(given: Any) -> Update:
    return (
        update(message)
        .where(message.c.id == given["b_id"], message.c.marked_at.is_not(None))
        .values(
            provider_id=func.coalesce(message.c.provider_id, given["b_provider_id"]),
            segments=func.coalesce(given["b_segments"], message.c.segments),
            cost=func.coalesce(given["b_cost"], message.c.cost),
        )
    )


_keep_proof = _keeping(_each_own)
_keep_proofs = Each(_keep_proof, _keeping(rows_of(_kinds).c))
_marked = (
    select(message.c.id, message.c.state)
    .where(among(message.c.id, "ids"), message.c.marked_at.is_not(None))
    .order_by(message.c.id)
    .with_for_update()
)
_first_proof = func.coalesce(message.c.sent_at, bindparam("b_at", type_=message.c.sent_at.type))
_sent = {"state": State.SENT, "sent_at": _first_proof, "lease_until": None}
_accept_all = Each(_keep_proof.values(**_sent), _keep_proofs.together.values(**_sent))
_move_on = (
    update(message)
    .where(message.c.id == bindparam("b_id"), message.c.marked_at.is_not(None), message.c.state.in_(UNPROVEN))
    .values(**_sent)
)
_PERHAPS_SENT = State.SENDING, State.SENT, State.DELIVERED, State.UNDELIVERED, State.FAILED
_reckon = (
    update(message)
    .where(message.c.id == bindparam("b_id"), message.c.attempts == bindparam("b_attempts"))
    .where(message.c.segments.is_(None), message.c.state.in_(_PERHAPS_SENT))
    .values(segments=bindparam("b_segments"))
)
_end = (
    update(message)
    .where(message.c.id == bindparam("b_id"), message.c.state.in_((State.SENDING, State.SENT)))
    .values(state=bindparam("b_state"), error=bindparam("b_error"), lease_until=None)
)
_one = select(message).where(message.c.id == bindparam("message_id"))
_held = _one.with_for_update()
_by_ids = select(message).where(among(message.c.id, "ids")).order_by(message.c.due_at, message.c.id)
_recipients = (
    select(message.c.id, message.c.staff_id, patient.c.number, patient.c.contact_id, staff.c.login)
    .select_from(message)
    .outerjoin(patient, message.c.patient_id == patient.c.id)
    .outerjoin(staff, message.c.staff_id == staff.c.id)
    .where(among(message.c.id, "ids"))
)


def _redacting(given: Any) -> Update:
    cost = func.coalesce(given["b_cost"], message.c.cost)
    return update(message).where(message.c.id == given["b_id"]).values(redacted_at=bindparam("b_at"), cost=cost)


_billed = {name: _kinds[name] for name in ("b_id", "b_cost")}
_redacted = Each(_redacting(_each_own), _redacting(rows_of(_billed).c))


def end(session: Connected, message_id: int, state: State, error: str | None) -> bool:
    """Moves a message that the provider has to a final state; False where it stands in one."""
    values = {"b_id": message_id, "b_state": state, "b_error": error}
    return session.connection().execute(_end, values).rowcount == 1


def by_ids(session: Connected, message_ids: Sequence[int]) -> Sequence[Found]:
    return session.connection().execute(_by_ids, {"ids": list(message_ids)}).all()


def one(session: Connected, message_id: int) -> Found | None:
    return session.connection().execute(_one, {"message_id": message_id}).first()


def hold(session: Connected, message_id: int) -> Found | None:
    """The same, locked until the transaction ends."""
    return session.connection().execute(_held, {"message_id": message_id}).first()


def recipients(session: Connected, message_ids: Sequence[int]) -> dict[int, Recipient]:
    """Per message whom it goes to, in the study database's words."""
    return {
        row.id: Recipient(row.login, row.staff_id, None)
        if row.staff_id
        else Recipient(row.number, None, row.contact_id)
        for row in session.connection().execute(_recipients, {"ids": list(message_ids)})
    }


def keep_links(session: Connected, rows: Sequence[Mapping[str, object]]) -> None:
    """Registers links by their hashes; the tokens themselves are kept nowhere."""
    insert_rows(session.connection(), link, rows)


_hashes = select(link.c.token_hash).where(link.c.message_id == bindparam("message_id"))


def link_hashes(session: Connected, message_id: int) -> set[str]:
    """Hashes of every token that any try of this message carried."""
    return set(session.connection().execute(_hashes, {"message_id": message_id}).scalars())


_text = select(message.c.id, message.c.provider_id).limit(bindparam("at_most"))
_final = _text.where(states.READABLE).order_by(message.c.id.desc())
_silent = _text.where(states.NO_RECEIPT, message.c.sent_at < bindparam("before")).order_by(message.c.sent_at)


def unredacted(session: Connected, sent_before: datetime, limit: int) -> Sequence[tuple[int, str]]:
    """(id, provider's id) of final messages, then of those whose receipt never came, whose text may still stand there."""
    connection = session.connection()
    found = [(row.id, row.provider_id) for row in connection.execute(_final, {"at_most": limit})]
    silent = connection.execute(_silent, {"before": sent_before, "at_most": limit - len(found)})
    return found + [(row.id, row.provider_id) for row in silent]


def redacted(session: Connected, costs: Mapping[int, str | None], at: datetime) -> None:
    """Texts that stand at the provider no more; `costs`: per message, what the provider billed, where it told."""
    rows = [{"id": id_, "cost": cost} for id_, cost in costs.items()]
    _write_each(session.connection(), _redacted, rows, {"b_at": at})


def note_wrong_number(session: Connected, patient_id: int, at: datetime) -> None:
    wrong = update(patient).where(patient.c.id == patient_id, patient.c.number_wrong_at.is_(None))
    session.connection().execute(wrong.values(number_wrong_at=at))
