"""SQL of how the service is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import Session

from pro.store import states
from pro.store.tables import metadata

_t = metadata.tables
_heartbeat, _message = _t["heartbeat"], _t["message"]


@dataclass(frozen=True, slots=True)
class Beat:
    """The newest tick of any worker; running time."""

    at: datetime
    every: int


@dataclass(frozen=True, slots=True)
class Jump:
    """The newest jump of the system clock that a worker saw; running time."""

    at: datetime
    seconds: int


def answers(session: Session) -> bool:
    return bool(session.execute(text("SELECT 1")).scalar() == 1)


def newest_beat(session: Session) -> Beat | None:
    found = session.execute(
        select(_heartbeat.c.at, _heartbeat.c.every).order_by(_heartbeat.c.at.desc()).limit(1)
    ).first()
    return None if found is None else Beat(found.at, found.every)


def newest_jump(session: Session) -> Jump | None:
    jumped = select(_heartbeat.c.jumped_at, _heartbeat.c.jump_seconds).where(_heartbeat.c.jumped_at.is_not(None))
    found = session.execute(jumped.order_by(_heartbeat.c.jumped_at.desc()).limit(1)).first()
    return None if found is None else Jump(found.jumped_at, found.jump_seconds)


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """When the oldest message that waits was due; study time."""
    waiting = (states.PENDING, _message.c.due_at <= now)
    return session.execute(select(func.min(_message.c.due_at)).where(*waiting)).scalar()


def how_many_due(session: Session, now: datetime) -> int:
    """How many messages wait that are due; study time."""
    waiting = (states.PENDING, _message.c.due_at <= now)
    return int(session.execute(select(func.count()).where(*waiting)).scalar_one())


def unknown_outcomes(session: Session) -> tuple[int, datetime | None]:
    """How many messages may or may not have been sent, and since when the oldest; running time."""
    found = session.execute(select(func.count(), func.min(_message.c.marked_at)).where(states.SENDING)).one()
    return int(found[0]), found[1]
