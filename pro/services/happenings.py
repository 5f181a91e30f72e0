"""What has happened to patients that a protocol may count from: visits, examinations, flares, what staff reported.

The counterpart of `anchoring`, which plans when it happens: read here from what stands in the record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

import msgspec

from pro.domain.examination import EXAMINED_ON
from pro.domain.protocol import Anchor, Protocol
from pro.domain.schedule import Happened
from pro.domain.travel import Calendar
from pro.store import amendments
from pro.store.amendments import Found
from pro.store.engine import Connected

Known = dict[int, list[Happened]]


def happened(
    session: Connected,
    protocol: Protocol,
    numbers: Mapping[int, str],
    calendars: Mapping[int, Calendar],
    rows: Sequence[Found],
) -> Known:
    """Per patient the anchors of `protocol` that are known; no statement where it counts from day 0 alone.

    `numbers`: patient → study number; `rows`: their assessments.
    """
    wanted = {each.anchor for each in protocol.timepoints if each.anchor.kind != "day0"}
    known: Known = {id_: [] for id_ in numbers}
    for patient_id, one in _all(session, wanted, numbers, calendars, rows) if wanted else ():
        known[patient_id].append(one)
    return known


def _all(
    session: Connected,
    wanted: Collection[Anchor],
    numbers: Mapping[int, str],
    calendars: Mapping[int, Calendar],
    rows: Sequence[Found],
) -> Iterator[tuple[int, Happened]]:
    found = [*_visits(rows)]
    if any(each.kind == "visit" and each.by == "examination" for each in wanted):
        found += _examined(amendments.examinations(session, numbers), calendars)
    if any(each.name.startswith("flare") for each in wanted):
        found += _flares(amendments.flares(session, numbers))
    if any(each.name == "dose-stopped" for each in wanted):
        found += _reported(amendments.reported(session, numbers.values()), numbers, calendars)
    for patient_id, anchor, at, day in found:
        if anchor in wanted:
            yield patient_id, Happened(anchor, at, day or calendars[patient_id].holds(at))


Fact = tuple[int, Anchor, datetime, date | None]


def _visits(rows: Sequence[Found]) -> Iterator[Fact]:
    for row in rows:
        if row.submitted_at is not None:
            yield row.patient_id, Anchor("visit", row.timepoint), row.submitted_at, None


def _examined(rows: Sequence[Found], calendars: Mapping[int, Calendar]) -> Iterator[Fact]:
    """The day that staff wrote first; a correction moves nothing."""
    met = set()
    for row in rows:
        if (row.patient_id, row.timepoint) in met:
            continue
        met.add((row.patient_id, row.timepoint))
        given = msgspec.json.decode(row.answers).get(EXAMINED_ON, {})
        day = date.fromisoformat(given["value"]) if given.get("code") == "answered" else None
        at = _instant(calendars[row.patient_id], row.made_at, day)
        yield row.patient_id, Anchor("visit", row.timepoint, "examination"), at, day


def _instant(calendar: Calendar, told: datetime, day: date | None) -> datetime:
    """As `anchoring` counts it: what is told of an earlier day happened at its opening."""
    return told if day is None or day == calendar.holds(told) or not calendar.has(day) else calendar.opens(day)


def _flares(rows: Sequence[Found]) -> Iterator[Fact]:
    for row in rows:
        yield row.patient_id, Anchor("event", "flare-opened"), row.opened_at, None
        if row.ended_at is not None:
            yield row.patient_id, Anchor("event", "flare-ended"), row.ended_at, None


def _reported(rows: Sequence[Found], numbers: Mapping[int, str], calendars: Mapping[int, Calendar]) -> Iterator[Fact]:
    """An event whose words were redacted still happened; there is one kind that staff report."""
    ids = {f"patient:{number}": id_ for id_, number in numbers.items()}
    for row in rows:
        said = msgspec.json.decode(row.payload) if row.payload else {"event": "dose-stopped"}
        day = date.fromisoformat(said["day"]) if "day" in said else None
        yield ids[row.chain], Anchor("event", said["event"]), _instant(calendars[ids[row.chain]], row.at, day), day
