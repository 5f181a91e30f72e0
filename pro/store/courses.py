"""SQL of a patient's course: zones lived in, journeys to come, pauses. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, select, update

from pro.store.engine import Connected
from pro.store.tables import metadata

_t = metadata.tables
history, journey, pause = _t["zone_history"], _t["journey"], _t["pause"]

Found = Row[Any]

_TO_COME = journey.c.done_at.is_(None), journey.c.taken_back_at.is_(None)
# As the look before each tick asks it: the first bell by its index
first_bell = select(func.min(journey.c.next_at)).where(*_TO_COME).scalar_subquery()


def stays(session: Connected, patient_id: int) -> Sequence[Found]:
    """Every zone with the patient-day from which it holds, the earliest first."""
    wanted: Select[Any] = select(history.c.from_day, history.c.zone).where(history.c.patient_id == patient_id)
    return session.connection().execute(wanted.order_by(history.c.from_day)).all()


def stays_of(session: Connected, patient_ids: Collection[int]) -> Sequence[Found]:
    """The same of several patients, each with its `patient_id`."""
    wanted = select(history).where(history.c.patient_id.in_(patient_ids))
    return session.connection().execute(wanted.order_by(history.c.patient_id, history.c.from_day)).all()


# Journeys


def journey_of(session: Connected, patient_id: int) -> Found | None:
    """The one that is to come."""
    wanted = select(journey).where(journey.c.patient_id == patient_id, *_TO_COME)
    return session.connection().execute(wanted).first()


def journeys_of(session: Connected, patient_ids: Collection[int]) -> Sequence[Found]:
    """Those to come of several patients."""
    wanted: Select[Any] = select(journey.c.patient_id, journey.c.from_day).where(
        journey.c.patient_id.in_(patient_ids), *_TO_COME
    )
    return session.connection().execute(wanted).all()


def add_journey(
    session: Connected, patient_id: int, from_day: date, zone: str, at: datetime, next_at: datetime
) -> None:
    row = {"patient_id": patient_id, "from_day": from_day, "zone": zone, "made_at": at, "next_at": next_at}
    session.connection().execute(insert(journey).values(**row))


def end_journey(session: Connected, patient_id: int, at: datetime, *, done: bool) -> bool:
    """Takes the one to come off: made, or taken back."""
    mine = update(journey).where(journey.c.patient_id == patient_id, *_TO_COME)
    ended = mine.values(done_at=at) if done else mine.values(taken_back_at=at)
    return session.connection().execute(ended).rowcount == 1


_due: Select[Any] = (
    select(journey.c.patient_id, journey.c.next_at)
    .where(journey.c.next_at <= bindparam("now"), *_TO_COME)
    .order_by(journey.c.next_at, journey.c.id)
)


def due(session: Connected, now: datetime) -> Sequence[Found]:
    """Those to come whose bell has rung, the oldest first."""
    return session.connection().execute(_due, {"now": now}).all()


def put_off(session: Connected, patient_id: int, next_at: datetime) -> None:
    """Rings again for the one to come."""
    mine = update(journey).where(journey.c.patient_id == patient_id, *_TO_COME)
    session.connection().execute(mine.values(next_at=next_at))


# Pauses


def pauses_of(session: Connected, patient_ids: Collection[int], since: date | None = None) -> Sequence[Found]:
    """Pauses that stand, by their first day; with `since` those that are not over by then."""
    wanted = select(pause).where(pause.c.patient_id.in_(patient_ids), pause.c.taken_back_at.is_(None))
    if since is not None:
        wanted = wanted.where(pause.c.last >= since)
    return session.connection().execute(wanted.order_by(pause.c.first, pause.c.id)).all()


def add_pause(session: Connected, patient_id: int, first: date, last: date, why: str, at: datetime) -> None:
    row = {"patient_id": patient_id, "first": first, "last": last, "why": why, "made_at": at}
    session.connection().execute(insert(pause).values(**row))


def take_back_pause(session: Connected, patient_id: int, pause_id: int, at: datetime) -> Found | None:
    """The pause as it was; None where it is not this patient's, or is taken back already."""
    mine = pause.c.id == pause_id, pause.c.patient_id == patient_id, pause.c.taken_back_at.is_(None)
    found = session.connection().execute(select(pause).where(*mine)).first()
    if found is not None:
        session.connection().execute(update(pause).where(*mine).values(taken_back_at=at))
    return found
