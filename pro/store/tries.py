"""SQL of messages that go once more: the provider had taken them and broke down. Their old texts say nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from pro.domain.message import State
from pro.store.arrays import among
from pro.store.engine import Connected
from pro.store.messages import message, message_event

AGAIN = "tried-again"
"""The event's kind; its detail is the provider's id of the text that failed."""

_spent = select(message_event.c.message_id, message_event.c.detail).where(
    among(message_event.c.message_id, "ids"), message_event.c.kind == AGAIN
)


def spent(session: Connected, message_ids: Sequence[int]) -> set[tuple[int, str]]:
    """(message, provider's id) of every text that failed and was followed by another try."""
    return {(row.message_id, row.detail) for row in session.connection().execute(_spent, {"ids": list(message_ids)})}


def begin_again(session: Connected, message_id: int, provider_id: str, not_before: datetime) -> bool:
    """Back to the outbox, when that text is the message's newest; nobody takes it before `not_before` (running time)."""
    back = (
        update(message)
        .where(message.c.id == message_id, message.c.provider_id == provider_id)
        .where(message.c.state.in_((State.SENDING, State.SENT)))
        .values(state=State.PENDING, claimed_by=None, lease_until=not_before, provider_id=None, sent_at=None)
    )
    return session.connection().execute(back).rowcount == 1
