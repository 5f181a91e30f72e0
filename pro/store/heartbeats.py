"""SQL of the workers' signs of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete
from sqlmodel import Session

from pro.store.engine import Connected, insert_for
from pro.store.tables import metadata

heartbeat = metadata.tables["heartbeat"]
FORGOTTEN = timedelta(days=1)
"""A worker that has been silent for so long is not shown any more."""


def beat(session: Connected, worker: str, at: datetime, every: int) -> None:
    """Notes a finished tick; `at` is running time, `every` the seconds between ticks."""
    connection = session.connection()
    connection.execute(_kept(insert_for(connection)), {"worker": worker, "at": at, "every": every})


@lru_cache
def _kept(insert: Any) -> Any:
    made = insert(heartbeat).values(worker=bindparam("worker"), at=bindparam("at"), every=bindparam("every"), ticks=1)
    again = {"at": made.excluded.at, "every": made.excluded.every, "ticks": heartbeat.c.ticks + 1}
    return made.on_conflict_do_update(index_elements=["worker"], set_=again)


def forget_silent(session: Session, now: datetime) -> None:
    """Removes those of long ago, so that the table stays small."""
    session.connection().execute(delete(heartbeat).where(heartbeat.c.at < now - FORGOTTEN))
