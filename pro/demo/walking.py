"""The demonstration's clock: an offset on study time that only ever grows."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil

from pro.clock import Moment
from pro.services.parts import Parts
from pro.store.engine import insert_for
from pro.store.tables import metadata


def set_offset(parts: Parts, study: datetime) -> Moment:
    """Puts study time to this instant, from now on; it never goes back."""
    running = datetime.now(UTC)
    seconds = ceil((study - running).total_seconds())  # never short of the bell
    table = metadata.tables["demo_clock"]
    with parts.study.writing() as session:
        connection = session.connection()
        made = insert_for(connection)(table).values(id=1, offset_seconds=seconds)
        connection.execute(
            made.on_conflict_do_update(
                index_elements=["id"],
                set_={"offset_seconds": made.excluded.offset_seconds},
                where=table.c.offset_seconds < made.excluded.offset_seconds,
            )
        )
    return Moment(study, running)
