"""SQL of flare episodes and of who is told of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import String, and_, bindparam, case, cast, func, literal, or_, select, update

from pro.store.engine import Connected, insert_for, insert_rows
from pro.store.sittings import Found
from pro.store.tables import metadata

_t = metadata.tables
flare, flare_trigger, message = _t["flare"], _t["flare_trigger"], _t["message"]
site_duty, staff = _t["site_duty"], _t["staff"]

STAFF_TEXT_LIVES = timedelta(hours=24)


def open_episode(
    session: Connected,
    *,
    patient_id: int,
    site_id: int,
    hits: Sequence[tuple[str, date]],
    at: datetime,
    next_tell_at: datetime,
) -> int | None:
    """Opens an episode and gives its id.

    None when each of these hits triggered an earlier episode already, or when one was opened a moment ago.
    """
    seen = (
        select(func.count(func.distinct(flare_trigger.c.rule + "@" + cast(flare_trigger.c.day, String))))
        .join_from(flare_trigger, flare, flare_trigger.c.flare_id == flare.c.id)
        .where(flare.c.patient_id == patient_id)
        .where(or_(*(and_(flare_trigger.c.rule == rule, flare_trigger.c.day == day) for rule, day in hits)))
        .scalar_subquery()
    )
    count = select(func.coalesce(func.max(flare.c.n), 0) + 1).where(flare.c.patient_id == patient_id).scalar_subquery()
    days = [day for _, day in hits]
    row = select(
        literal(patient_id),
        literal(site_id),
        count,
        literal(at, flare.c.opened_at.type),
        literal(min(days)),
        literal(max(days)),
        literal(1),
        literal(next_tell_at, flare.c.next_tell_at.type),
    ).where(seen < len(hits))
    columns = ["patient_id", "site_id", "n", "opened_at", "opened_day", "last_hit_day", "told_rank", "next_tell_at"]
    connection = session.connection()
    opening = insert_for(connection)(flare).from_select(columns, row).on_conflict_do_nothing()
    made: int | None = connection.execute(opening.returning(flare.c.id)).scalar()
    return made


_open = select(flare.c.id, flare.c.last_hit_day).where(
    flare.c.patient_id == bindparam("patient_id"), flare.c.ended_at.is_(None)
)
_end = (
    update(flare).where(flare.c.id == bindparam("b_id")).values(ended_at=bindparam("b_at"), end_why=bindparam("b_why"))
)


def open_episode_of(session: Connected, patient_id: int) -> Found | None:
    """The patient's open episode: `id`, `last_hit_day`."""
    return session.connection().execute(_open, {"patient_id": patient_id}).first()


def end_episode(session: Connected, flare_id: int, at: datetime, why: str) -> None:
    session.connection().execute(_end, {"b_id": flare_id, "b_at": at, "b_why": why})


def open_id(session: Connected, patient_id: int) -> int | None:
    """The patient's open episode."""
    wanted = select(flare.c.id).where(flare.c.patient_id == patient_id, flare.c.ended_at.is_(None))
    found: int | None = session.connection().execute(wanted).scalar()
    return found


def add_triggers(session: Connected, rows: Sequence[Mapping[str, object]]) -> set[tuple[str, date]]:
    """A rule triggers an episode once a day; gives those (rule, day) that were not there yet."""
    once, found = ("flare_id", "rule", "day"), ("rule", "day")
    added = insert_rows(session.connection(), flare_trigger, rows, skip=once, returning=found)
    return {(row.rule, row.day) for row in added}


_move = (
    update(flare)
    .where(flare.c.id == bindparam("b_id"), flare.c.last_hit_day < bindparam("b_day"))
    .values(last_hit_day=bindparam("b_day"))
)


def move_last_hit(session: Connected, flare_id: int, day: date) -> None:
    session.connection().execute(_move, {"b_id": flare_id, "b_day": day})


def ask_again(session: Connected, flare_id: int, day: date, next_tell_at: datetime) -> None:
    """Puts an open episode before the duty list once more, as if nobody had looked; its outcome stays."""
    newest = case((flare.c.last_hit_day < day, day), else_=flare.c.last_hit_day)
    values = {"last_hit_day": newest, "acknowledged_at": None, "told_rank": 1, "next_tell_at": next_tell_at}
    session.connection().execute(update(flare).where(flare.c.id == flare_id).values(values))


def newest_hit(session: Connected, flare_id: int, rules: Collection[str]) -> date | None:
    """The newest day on which one of these rules triggered the episode."""
    wanted = select(func.max(flare_trigger.c.day)).where(flare_trigger.c.flare_id == flare_id)
    found: date | None = session.connection().execute(wanted.where(flare_trigger.c.rule.in_(rules))).scalar()
    return found


def rules_hit(session: Connected, flare_id: int) -> frozenset[str]:
    """Keys of the rules that triggered the episode."""
    wanted = select(flare_trigger.c.rule).where(flare_trigger.c.flare_id == flare_id).distinct()
    return frozenset(session.connection().execute(wanted).scalars())


def tell(
    session: Connected, *, key: str, patient_id: int, site_id: int, rank: int, at: datetime, urgent: bool = False
) -> bool:
    """Queues the text to whoever stands at this rank of the duty list, once for each key; False when nobody does."""
    row = select(
        literal(key),
        literal(site_id),
        literal(patient_id),
        staff.c.id,
        literal("flare-now" if urgent else "flare"),
        staff.c.language,
        literal(at, message.c.due_at.type),
        literal(at + STAFF_TEXT_LIVES, message.c.not_after.type),
        literal("pending"),
        literal(0),
    ).join_from(site_duty, staff, site_duty.c.staff_id == staff.c.id)
    row = row.where(site_duty.c.site_id == site_id, site_duty.c.rank == rank, staff.c.active)
    columns = [
        "dedupe_key",
        "site_id",
        "patient_id",
        "staff_id",
        "template",
        "language",
        "due_at",
        "not_after",
        "state",
        "attempts",
    ]
    connection = session.connection()
    queued = insert_for(connection)(message).from_select(columns, row).on_conflict_do_nothing()
    return connection.execute(queued.returning(message.c.id)).first() is not None


_to_escalate = select(flare.c.id, flare.c.patient_id).where(
    flare.c.ended_at.is_(None), flare.c.acknowledged_at.is_(None), flare.c.next_tell_at <= bindparam("now")
)


def to_escalate(session: Connected, now: datetime) -> Sequence[tuple[int, int]]:
    """(flare, patient) of open episodes nobody acknowledged in time."""
    return [(row.id, row.patient_id) for row in session.connection().execute(_to_escalate, {"now": now})]


def duty_ranks(session: Connected, site_id: int) -> list[int]:
    wanted = select(site_duty.c.rank).where(site_duty.c.site_id == site_id).order_by(site_duty.c.rank)
    return list(session.connection().execute(wanted).scalars())
