"""Study time walks from bell to bell, so that nothing due is ever jumped over: demonstration and rehearsal do so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from pro.clock import Moment
from pro.services.parts import Parts
from pro.services.shift import steady
from pro.store import states
from pro.store.engine import Connected
from pro.store.tables import metadata
from pro.worker import tick_once

_t = metadata.tables
_journey = _t["journey"]
WALKER = "the clock"
LEAST = timedelta(seconds=1)


def next_bell(session: Session, after: datetime) -> datetime | None:
    """The next instant at which the worker has anything to do."""
    bells = (
        select(func.min(_t["assessment"].c.next_at)).where(_t["assessment"].c.next_at > after),
        select(func.min(_t["message"].c.due_at)).where(states.PENDING, _t["message"].c.due_at > after),
        select(func.min(_t["flare"].c.next_tell_at)).where(
            _t["flare"].c.ended_at.is_(None), _t["flare"].c.next_tell_at > after
        ),
        select(func.min(_journey.c.next_at)).where(
            _journey.c.done_at.is_(None), _journey.c.taken_back_at.is_(None), _journey.c.next_at > after
        ),
    )
    found = [session.execute(bell).scalar() for bell in bells]
    return min((bell for bell in found if bell is not None), default=None)


def is_waiting(parts: Parts, at: datetime) -> bool:
    """Whether a message stands in the outbox that should be gone by now."""
    due = select(_t["message"].c.id).where(states.PENDING, _t["message"].c.due_at <= at)
    with parts.study.reading() as session:
        return session.execute(due.limit(1)).first() is not None


def walk(
    parts: Parts,
    start: datetime,
    until: datetime,
    reach: Callable[[datetime], Moment],
    *,
    seconds: Callable[[], float] = steady,
) -> int:
    """Ticks at every bell from `start` to `until`, study time; gives how many there were.

    `reach` moves the clock to a bell and says what both clocks show then; `seconds`: as in delivery.
    """
    bells, at = 0, start
    while True:
        with parts.study.reading() as session:
            bell = next_bell(session, at)
        if bell is None or bell > until:
            break
        at = max(bell, at + LEAST)
        tick_once(parts, reach(at), WALKER, seconds=seconds)
        bells += 1
    tick_once(parts, reach(until), WALKER, seconds=seconds)
    return bells


_work = select(
    select(func.min(_t["assessment"].c.next_at)).where(_t["assessment"].c.next_at.is_not(None)).scalar_subquery(),
    select(func.min(_t["message"].c.due_at))
    .where(states.PENDING, _t["message"].c.lease_until.is_(None))
    .scalar_subquery(),
    select(func.min(_t["message"].c.lease_until))
    .where(states.PENDING, _t["message"].c.lease_until.is_not(None))
    .scalar_subquery(),
    select(func.min(_t["message"].c.lease_until)).where(states.HELD).scalar_subquery(),
    select(func.min(_t["flare"].c.next_tell_at))
    .where(
        _t["flare"].c.next_tell_at.is_not(None),
        _t["flare"].c.ended_at.is_(None),
        _t["flare"].c.acknowledged_at.is_(None),
    )
    .scalar_subquery(),
)


def next_work(session: Connected) -> datetime | None:
    """When the worker has anything to do, now or later, where both clocks are the same: leases count as well."""
    row = session.connection().execute(_work).one()
    return min((at for at in row if at is not None), default=None)
