"""Counting in windows of time, shared by all processes: what rate limits stand on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from pro.store.tables import metadata

_counter = metadata.tables["counter"]


def bump(session: Session, key: str, window: datetime, by: int = 1) -> int:
    """Adds to the count of this window and returns what it is now."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counted = insert(_counter).values(key=key, window=window, n=by)
    counted = counted.on_conflict_do_update(index_elements=["key", "window"], set_={"n": _counter.c.n + by})
    return int(session.execute(counted.returning(_counter.c.n)).scalar_one())


def count(session: Session, key: str, since: datetime) -> int:
    """The count of every window that starts at `since` or later."""
    total = select(func.coalesce(func.sum(_counter.c.n), 0)).where(_counter.c.key == key, _counter.c.window >= since)
    return int(session.execute(total).scalar_one())


def forget(session: Session, key: str) -> None:
    session.execute(delete(_counter).where(_counter.c.key == key))


def forget_before(session: Session, prefix: str, before: datetime) -> None:
    """Removes old windows, so that the table stays small."""
    session.execute(delete(_counter).where(_counter.c.key.startswith(prefix), _counter.c.window < before))
