"""A patient's course as rows: zones lived in, pauses, holds, the end, forms not done, windows given more time.

Pauses and forms have rows of their own; a hold that is over, an end and a window's extension are told by the trail
alone. Where its words were redacted since, the row keeps its instant and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from pro.services.export_table import Table, Values, read
from pro.services.parts import Parts
from pro.store.tables import metadata

_t = metadata.tables
_patient, _assessment, _pause, _not_done = _t["patient"], _t["assessment"], _t["pause"], _t["not_done"]
_event = _t["audit_event"].c

HELD, WITHDRAWN = "patient.held", "patient.withdrawn"
ENDS = {"patient.ended": "ended", WITHDRAWN: "withdrawn"}
OVER = ("patient.resumed", *ENDS)
EXTENDED = "window.extended"


def _zones(parts: Parts) -> Iterator[Values]:
    """Each zone from the patient-day on which it began; of somebody whose history is not written down the zone alone."""
    row = _t["zone_history"].c
    kept = (
        func.coalesce(row.from_day, _patient.c.day0).label("from_day"),
        func.coalesce(row.zone, _patient.c.zone).label("zone"),
    )
    wanted = select(_patient.c.number, *kept).outerjoin(_t["zone_history"], row.patient_id == _patient.c.id)
    before: Values = ()
    for one in read(parts, wanted.order_by(_patient.c.number, row.from_day)):
        if (one.number, one.zone) != before:  # a journey that was given up leaves its day behind
            yield tuple(one)
        before = one.number, one.zone


def _pauses(parts: Parts) -> Iterator[Values]:
    row = _pause.c
    wanted = select(_patient.c.number, row.first, row.last, row.why, row.made_at, row.taken_back_at)
    joined = wanted.join(_patient, row.patient_id == _patient.c.id)
    yield from map(tuple, read(parts, joined.order_by(_patient.c.number, row.first, row.made_at, row.id)))


def _holds(parts: Parts) -> Iterator[Values]:
    """Each from the moment it was laid on to the one that ended it: taken back, or the patient's end."""
    standing: tuple[str, datetime, object] | None = None
    for number, kind, at, told in _told(parts, (HELD, *OVER)):
        if standing is not None and (kind in OVER or standing[0] != number):
            yield (*standing, at if standing[0] == number else None)
            standing = None
        if kind == HELD:
            standing = (number, at, told.get("why"))
    if standing is not None:
        yield (*standing, None)


def _ends(parts: Parts) -> Iterator[Values]:
    for number, kind, at, told in _told(parts, tuple(ENDS)):
        yield (number, at, ENDS[kind], told.get("why"), told.get("earlier_data"))


def decided(parts: Parts) -> dict[str, object]:
    """Number of each patient who withdrew → what was decided about earlier answers; None where that was redacted."""
    return {number: told.get("earlier_data") for number, _, _, told in _told(parts, (WITHDRAWN,))}


def _extensions(parts: Parts) -> Iterator[Values]:
    for number, _, at, told in _told(parts, (EXTENDED,)):
        instants = (datetime.fromisoformat(told[key]) if key in told else None for key in ("from", "until"))
        yield (number, told.get("timepoint"), told.get("day"), at, *instants)


def _told(parts: Parts, kinds: tuple[str, ...]) -> Iterator[tuple[str, str, datetime, Mapping[str, Any]]]:
    """Patient, kind, instant and words of these events, each patient's in their order."""
    wanted = select(_event.chain, _event.kind, _event.at, _event.payload)
    mine = wanted.where(_event.chain.startswith("patient:"), _event.kind.in_(kinds))
    for one in sorted(read(parts, mine.order_by(_event.chain, _event.seq)), key=lambda row: str(row.chain)):
        yield one.chain.partition(":")[2], one.kind, one.at, json.loads(one.payload) if one.payload else {}


def _forms_not_done(parts: Parts) -> Iterator[Values]:
    row, visit = _not_done.c, _assessment.c
    where = (_patient.c.number, visit.timepoint, visit.day, row.questionnaire)
    wanted = select(*where, row.why, row.made_at, row.taken_back_at)
    joined = wanted.join(_assessment, row.assessment_id == visit.id).join(_patient, visit.patient_id == _patient.c.id)
    yield from map(tuple, read(parts, joined.order_by(*where, row.made_at, row.id)))


TABLES: tuple[Table, ...] = (
    Table("zones", ("patient", "from_day", "zone"), _zones),
    Table("pauses", ("patient", "first", "last", "why", "made_at", "taken_back_at"), _pauses),
    Table("holds", ("patient", "held_at", "why", "over_at"), _holds),
    Table("ends", ("patient", "ended_at", "how", "why", "earlier_data"), _ends),
    Table(
        "not_done", ("patient", "timepoint", "day", "questionnaire", "why", "made_at", "taken_back_at"), _forms_not_done
    ),
    Table("extensions", ("patient", "timepoint", "day", "granted_at", "end_before", "extended_until"), _extensions),
)
