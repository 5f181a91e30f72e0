"""SQL of the workers' signs of life."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session

from pro.store.engine import insert_for
from pro.store.tables import metadata

heartbeat = metadata.tables["heartbeat"]
FORGOTTEN = timedelta(days=1)
"""A worker that has been silent for so long is not shown any more."""


def beat(session: Session, worker: str, at: datetime, every: int) -> None:
    """Notes a finished tick; `at` is running time, `every` the seconds between ticks."""
    connection = session.connection()
    made = insert_for(connection)(heartbeat).values(worker=worker, at=at, every=every, ticks=1)
    again = {"at": at, "every": every, "ticks": heartbeat.c.ticks + 1}
    connection.execute(made.on_conflict_do_update(index_elements=["worker"], set_=again))
    connection.execute(delete(heartbeat).where(heartbeat.c.at < at - FORGOTTEN))
