"""Conditions on a message's state, spelt as its partial indexes are.

The words stand in the statement itself. Of a bound value neither SQLite nor a plan that PostgreSQL keeps can tell
that it lies within a partial index, and both would then read every message there ever was.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, literal_column

from pro.domain.message import State
from pro.store.tables import metadata

_message = metadata.tables["message"]


def is_in(*states: State) -> ColumnElement[bool]:
    """For an index whose condition names the same states in the same order: SQLite compares letter by letter."""
    words: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in states]
    return _message.c.state == words[0] if len(words) == 1 else _message.c.state.in_(words)


PENDING = is_in(State.PENDING)
"""`ix_message_due_at`"""
HELD = is_in(State.CLAIMED, State.SENDING)
"""`ix_message_lease_until`"""
CLAIMED, SENDING = and_(HELD, is_in(State.CLAIMED)), and_(HELD, is_in(State.SENDING))
BAD = is_in(State.UNDELIVERED, State.FAILED)
"""`ix_message_failed`"""
_readable = and_(func.length(_message.c.provider_id) > literal_column("0"), _message.c.redacted_at.is_(None))
"""The provider has its text. `IS NOT NULL` would have SQLite go through the index of all providers' ids instead."""
READABLE = and_(is_in(State.DELIVERED, State.UNDELIVERED, State.FAILED, State.DROPPED), _readable)
"""Final: `ix_message_unredacted`"""
NO_RECEIPT = and_(is_in(State.SENT), _readable)
"""Accepted and not heard of since: `ix_message_no_receipt`"""
