"""SQL of the workers' signs of life."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, func

from pro.store.engine import Connected, insert_for
from pro.store.tables import metadata

heartbeat = metadata.tables["heartbeat"]
FORGOTTEN = timedelta(days=1)
"""A worker that has been silent for so long is not shown any more."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A finished tick. `at` is running time, `every` the seconds between ticks."""

    worker: str
    at: datetime
    every: int
    monotonic: float | None = None
    """Seconds of a clock that nobody sets; None where the tick had none."""
    jumped_at: datetime | None = None
    jump_seconds: int | None = None


def beat(session: Connected, one: Beat) -> None:
    """Notes a finished tick; a jump that was noted before stays until there is a newer one."""
    connection = session.connection()
    connection.execute(_kept(insert_for(connection)), asdict(one))


@lru_cache
def _kept(insert: Any) -> Any:
    given = [field.name for field in fields(Beat)]
    made = insert(heartbeat).values(ticks=1, **{name: bindparam(name) for name in given})
    again = {"at": made.excluded.at, "every": made.excluded.every, "ticks": heartbeat.c.ticks + 1}
    again["monotonic"] = made.excluded.monotonic
    for name in ("jumped_at", "jump_seconds"):
        again[name] = func.coalesce(made.excluded[name], heartbeat.c[name])
    return made.on_conflict_do_update(index_elements=["worker"], set_=again)


_silent = delete(heartbeat).where(heartbeat.c.at < bindparam("before"))


def forget_silent(session: Connected, now: datetime) -> None:
    """Removes those of long ago, so that the table stays small."""
    session.connection().execute(_silent, {"before": now - FORGOTTEN})
