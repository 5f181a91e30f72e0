"""A patient's own calendar as it is stored: every zone with the patient-day from which it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from itertools import pairwise
from typing import Any

from sqlalchemy import delete, insert, select

from pro.domain import zones
from pro.domain.patient_days import DAY
from pro.domain.travel import Calendar, Stay
from pro.store import courses
from pro.store.engine import Connected
from pro.store.tables import metadata

_history = metadata.tables["zone_history"]


def calendar_of(session: Connected, patient_id: int, zone: str, cutoff: time) -> Calendar:
    """Through every zone of the patient; `zone` where none is written down."""
    return calendar_from(courses.stays(session, patient_id), zone, cutoff)


def calendar_from(rows: Sequence[Any], zone: str, cutoff: time) -> Calendar:
    """The same from the history of one patient, by day."""
    if not rows:
        return Calendar.of(zones.zone(zone), cutoff)
    first, *later = (Stay(row.from_day, zones.zone(row.zone)) for row in rows)
    stays = (Stay(date.min, first.zone), *later)
    changes = tuple(after for before, after in pairwise(stays) if after.zone.key != before.zone.key)
    return Calendar((stays[0], *changes), cutoff)


def keep(session: Connected, patient_id: int, calendar: Calendar) -> None:
    """Writes the newest stay down, in place of what was to come and has been given up for it."""
    *before, newest = calendar.stays
    connection = session.connection()
    mine = _history.c.patient_id == patient_id
    connection.execute(delete(_history).where(mine, _history.c.from_day >= newest.from_day))
    rows = [{"patient_id": patient_id, "from_day": newest.from_day, "zone": newest.zone.key}]
    if before and connection.execute(select(_history.c.zone).where(mine).limit(1)).first() is None:
        first = {"from_day": newest.from_day - DAY, "zone": before[0].zone.key}  # moved before day 0
        rows.append({"patient_id": patient_id, **first})
    connection.execute(insert(_history), rows)
