"""Visits on the first screen: those that come, and those that wait for what the clinician's team enters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from pro.domain.protocol import Protocol
from pro.library import Library
from pro.services.enrolment.holding import kind_of_excuse
from pro.store import desk, exams
from pro.store.desk import Found

DAY = timedelta(days=1)
VISITS = 6
"""Visits on one screen, of those to come and of those to enter."""


@dataclass(frozen=True, slots=True)
class Visit:
    number: str
    site_id: int
    timepoint: str
    day: date
    open_until: datetime | None
    """The end of its window, where that is open; None before, and for a form to enter when the patient has answered."""
    form: str = ""
    """The clinician's form that is still to be entered; empty for a visit that only comes."""
    received: bool = False
    """What the patient answers is in."""
    over_for: int = 0
    """Days since its window ended, begun ones counted: 0 while it is open."""
    not_asked: str = ""
    """Why nobody asks the patient: `hold` or `pause`."""


def coming(
    session: Session, ids: Collection[int], protocol: Protocol, day: date, now: datetime, shown: Collection[Visit]
) -> tuple[Visit, ...]:
    """Those to come or to be answered, without those `shown` already, by day."""
    keys = tuple(each.key for each in protocol.timepoints if not each.repeats)
    longest = max((protocol.timepoint(key).window_after for key in keys), default=0)
    above = {(visit.number, visit.timepoint) for visit in shown}
    rows = desk.next_visits(session, ids, keys, day - timedelta(days=longest), now, VISITS + len(above))
    found = [_visit(row, now) for row in rows if (row.number, row.timepoint) not in above]
    return tuple(found[:VISITS])


def _visit(row: Found, now: datetime, form: str = "") -> Visit:
    received = bool(form and row.submitted_at)
    until = row.end if row.opens_at <= now < row.end and not received else None
    not_asked = "" if received else kind_of_excuse(row.excused_why)
    late = max(-((row.end - now) // DAY), 0)
    return Visit(row.number, row.site_id, row.timepoint, row.day, until, form, received, late, not_asked)


def to_enter_of(
    library: Library, session: Session, ids: Collection[int], now: datetime
) -> tuple[tuple[Visit, ...], int]:
    """Visits that wait for the clinician's form, the first of each, and how many there are."""
    asked = _asked(library)
    rows = exams.to_enter(session, ids, asked, now, VISITS) if asked and ids else ()
    return tuple(_visit(row, now, _form(library, row)) for row in rows), rows[0].in_all if rows else 0


def forms_to_enter(library: Library, session: Session, patient_ids: Collection[int], now: datetime) -> dict[int, str]:
    """Patients with a visit that the first screen lists to be completed, each with the form it has waited for longest."""
    asked, found = _asked(library), dict[int, str]()
    for row in exams.to_enter_for(session, patient_ids, asked, now) if asked and patient_ids else ():
        found.setdefault(row.patient_id, _form(library, row))
    return found


def _asked(library: Library) -> dict[str, list[tuple[str, str, str]]]:
    """Form → (protocol, version, timepoint) where the clinician's team enters it."""
    asked: dict[str, list[tuple[str, str, str]]] = {}
    for protocol in library.protocols():
        for each in protocol.timepoints:
            for one in each.clinician:
                asked.setdefault(one.id, []).append((protocol.id, protocol.version, each.key))
    return asked


def _form(library: Library, row: Found) -> str:
    return library.protocol(row.protocol, row.protocol_version).timepoint(row.timepoint).clinician[0].id
