"""What a played share left in its study database, read at once."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from pro.domain import zones
from pro.services.parts import Parts
from pro.store.quick import met_often
from pro.store.sittings import Found
from pro.store.tables import metadata

_t = metadata.tables
STOP, START = "patient.opted_out", "messages.resumed"
SUBMITTED, NEW_PHONE = "assessment.submitted", "phone.changed"


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
    said: Mapping[str, Sequence[Found]]
    """By study number, as the audit trail has them: STOP and START …"""
    new_phones: Mapping[str, Sequence[datetime]]
    """… when the telephone was replaced …"""
    submissions: Mapping[str, int]
    """… and how many assessments were sent in."""

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
            every_row = met_often(select(_t[name]).order_by(*_t[name].primary_key.columns))
            return connection.execute(every_row).all()

        audit = _t["audit_event"]
        wanted = select(audit.c.chain, audit.c.kind, audit.c.at).order_by(audit.c.chain, audit.c.seq)
        said: dict[str, list[Any]] = defaultdict(list)
        for event in connection.execute(wanted.where(audit.c.kind.in_((STOP, START)))):
            said[_number(event)].append(event)
        new_phones: dict[str, list[datetime]] = defaultdict(list)
        for event in connection.execute(wanted.where(audit.c.kind == NEW_PHONE)):
            new_phones[_number(event)].append(event.at)
        submissions = Counter(map(_number, connection.execute(wanted.where(audit.c.kind == SUBMITTED))))
        moved = select(audit.c.chain, audit.c.at, audit.c.payload).where(audit.c.kind == "patient.zone-changed")
        ids = {f"patient:{row.number}": row.id for row in rows("patient")}
        changes: dict[int, list[tuple[datetime, str, str]]] = defaultdict(list)
        for change in connection.execute(moved.order_by(audit.c.chain, audit.c.seq)):
            moves = json.loads(change.payload)
            changes[ids[change.chain]].append((change.at, moves["from"], moves["to"]))
        return Record(
            patients={row.id: row for row in rows("patient")},
            sites={row.id: row.code for row in rows("site")},
            staff={row.id: row.login for row in rows("staff")},
            assessments={row.id: row for row in rows("assessment")},
            reminders=rows("reminder"),
            messages={row.id: row for row in rows("message")},
            responses=rows("response"),
            flares=rows("flare"),
            said=said,
            new_phones=new_phones,
            submissions=submissions,
            zones=changes,
        )


def _number(event: Any) -> str:
    return str(event.chain).removeprefix("patient:")


def opted_out_at(said: Sequence[Found], at: datetime) -> bool:
    """Whether the newest word before that instant was STOP."""
    newest_first = (event.kind for event in reversed(said) if event.at < at)
    return next(newest_first, None) == STOP


def by_patient(rows: Iterable[Found]) -> Mapping[int, Sequence[Found]]:
    """Those of each patient, in their order; nothing for one who has none."""
    found: defaultdict[int, list[Found]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found
