"""Counting in windows of time, shared by all processes: what rate limits stand on."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from pro.store.engine import Connected, insert_for
from pro.store.tables import metadata

_counter = metadata.tables["counter"]
_old = delete(_counter).where(
    _counter.c.key.startswith(bindparam("prefix", type_=_counter.c.key.type)), _counter.c.window < bindparam("before")
)

_total = select(func.coalesce(func.sum(_counter.c.n), 0)).where(
    _counter.c.key == bindparam("key"), _counter.c.window >= bindparam("since")
)


@lru_cache
def _bumped(insert: Any) -> Any:
    counted = insert(_counter)
    more = counted.on_conflict_do_update(
        index_elements=["key", "window"], set_={"n": _counter.c.n + counted.excluded.n}
    )
    return more.returning(_counter.c.n)


def bump(session: Connected, key: str, window: datetime, by: int = 1) -> int:
    """Adds to the count of this window and returns what it is now."""
    connection = session.connection()
    found = connection.execute(_bumped(insert_for(connection)), {"key": key, "window": window, "n": by})
    return int(found.scalar_one())


def count(session: Connected, key: str, since: datetime) -> int:
    """The count of every window that starts at `since` or later."""
    return int(session.connection().execute(_total, {"key": key, "since": since}).scalar_one())


def forget(session: Connected, key: str) -> None:
    session.connection().execute(delete(_counter).where(_counter.c.key == key))


def forget_before(session: Connected, prefix: str, before: datetime) -> None:
    """Removes old windows, so that the table stays small."""
    session.connection().execute(_old, {"prefix": prefix, "before": before})
