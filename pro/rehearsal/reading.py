"""What a played share left in its study database, read at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from pro.domain import zones
from pro.services.parts import Parts
from pro.store.sittings import Found
from pro.store.tables import metadata

_t = metadata.tables
SWITCHES = ("patient.opted_out", "messages.resumed", "assessment.submitted", "phone.changed")


@dataclass(frozen=True, slots=True)
class Record:
    """Rows by what they hang on."""

    patients: Mapping[int, Found]
    sites: Mapping[int, str]
    staff: Mapping[int, str]
    assessments: Mapping[int, Found]
    reminders: Sequence[Found]
    messages: Mapping[int, Found]
    responses: Sequence[Found]
    flares: Sequence[Found]
    events: Mapping[str, Sequence[Found]]
    """Audit events of `SWITCHES`, by chain."""

    zones: Mapping[int, Sequence[tuple[datetime, str, str]]]
    """By patient: when they changed, from which zone, to which."""

    def zone_at(self, patient_id: int, at: datetime) -> ZoneInfo:
        """By whose clocks they lived then."""
        changes = self.zones.get(patient_id, ())
        after = next((old for when, old, _ in changes if at < when), None)
        return zones.zone(self.patients[patient_id].zone if after is None else after)

    def label(self, message: Found) -> str:
        """Study number, or login."""
        if message.staff_id is not None:
            return self.staff[message.staff_id]
        return str(self.patients[message.patient_id].number)


def read(parts: Parts) -> Record:
    with parts.study.plain_reading() as session:
        connection = session.connection()

        def rows(name: str) -> Sequence[Found]:
            return connection.execute(select(_t[name]).order_by(*_t[name].primary_key.columns)).all()

        audit = _t["audit_event"]
        wanted = select(audit.c.chain, audit.c.seq, audit.c.kind, audit.c.at).where(audit.c.kind.in_(SWITCHES))
        events: dict[str, list[Any]] = defaultdict(list)
        for event in connection.execute(wanted.order_by(audit.c.chain, audit.c.seq)):
            events[event.chain].append(event)
        moved = select(audit.c.chain, audit.c.at, audit.c.payload).where(audit.c.kind == "patient.zone-changed")
        ids = {f"patient:{row.number}": row.id for row in rows("patient")}
        changes: dict[int, list[tuple[datetime, str, str]]] = defaultdict(list)
        for change in connection.execute(moved.order_by(audit.c.chain, audit.c.seq)):
            said = json.loads(change.payload)
            changes[ids[change.chain]].append((change.at, said["from"], said["to"]))
        return Record(
            patients={row.id: row for row in rows("patient")},
            sites={row.id: row.code for row in rows("site")},
            staff={row.id: row.login for row in rows("staff")},
            assessments={row.id: row for row in rows("assessment")},
            reminders=rows("reminder"),
            messages={row.id: row for row in rows("message")},
            responses=rows("response"),
            flares=rows("flare"),
            events=events,
            zones=changes,
        )


def opted_out_at(events: Sequence[Found], at: datetime) -> bool:
    """Whether the newest word before that instant was STOP."""
    said = [event.kind for event in events if event.at < at and event.kind in SWITCHES[:2]]
    return bool(said) and said[-1] == SWITCHES[0]
