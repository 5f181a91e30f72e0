"""SQL of how the service is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import Session

from pro.store.tables import metadata

_t = metadata.tables
_heartbeat, _message, _reminder = _t["heartbeat"], _t["message"], _t["reminder"]
_assessment, _tally = _t["assessment"], _t["tally"]


@dataclass(frozen=True, slots=True)
class Beat:
    """The newest tick of any worker; running time."""

    at: datetime
    every: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reminder steps: each one has a message or a reason."""

    steps: int
    with_message: int
    explained: int
    neither: int
    messages_without_step: int
    """Reminder messages that no step points to."""

    @property
    def balances(self) -> bool:
        return self.neither == 0 and self.messages_without_step == 0


def answers(session: Session) -> bool:
    return bool(session.execute(text("SELECT 1")).scalar() == 1)


def newest_beat(session: Session) -> Beat | None:
    found = session.execute(
        select(_heartbeat.c.at, _heartbeat.c.every).order_by(_heartbeat.c.at.desc()).limit(1)
    ).first()
    return None if found is None else Beat(found.at, found.every)


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """When the oldest message that waits was due; study time."""
    waiting = (_message.c.state == "pending", _message.c.due_at <= now)
    return session.execute(select(func.min(_message.c.due_at)).where(*waiting)).scalar()


def unknown_outcomes(session: Session) -> tuple[int, datetime | None]:
    """How many messages may or may not have been sent, and since when the oldest; running time."""
    found = session.execute(
        select(func.count(), func.min(_message.c.marked_at)).where(_message.c.state == "sending")
    ).one()
    return int(found[0]), found[1]


def ledger(session: Session) -> Ledger:
    """Counts every step of the ledger; cheap enough for an alarm that asks each minute."""
    step = _reminder.c
    carried, why = step.message_id.is_not(None), step.why_none.is_not(None)
    steps, with_message, explained, neither = session.execute(
        select(
            func.count(),
            func.count().filter(carried),
            func.count().filter(~carried & why),
            func.count().filter(~carried & ~why),
        ).select_from(_reminder)
    ).one()
    lonely = (
        select(func.count())
        .select_from(_message)
        .where(_message.c.template == "reminder", ~select(1).where(step.message_id == _message.c.id).exists())
    )
    return Ledger(steps, with_message, explained, neither, int(session.execute(lonely).scalar_one()))
