"""What waited for a visit or an event is planned when it happens, in the transaction in which it does.

A protocol in which nothing waits costs nothing here: no statement is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from typing import Protocol as Shape

from sqlalchemy import select

from pro.clock import Moment
from pro.domain.protocol import Anchor, Protocol
from pro.domain.reminders import next_bell
from pro.domain.schedule import Happened, Planned, plan_after
from pro.services.audit import Actor, lock_patient, record
from pro.services.calendars import calendar_of
from pro.services.flagging import Events
from pro.services.parts import Parts
from pro.store.engine import Connected, insert_rows
from pro.store.tables import metadata

_assessment, _patient = metadata.tables["assessment"], metadata.tables["patient"]

BY_EVENT = {"flare.opened": "flare-opened", "flare.ended": "flare-ended"}
"""Audit events that are events of a protocol too."""
REPORTED = ("dose-stopped",)
"""Events that staff report."""


class Row(Shape):
    """Whom it concerns: any row with these columns."""

    @property
    def patient_id(self) -> Any: ...
    @property
    def site_id(self) -> Any: ...
    @property
    def zone(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Whose:
    patient_id: int
    site_id: int
    zone: str


def after_events(
    session: Connected, protocol: Protocol, who: Row, events: Iterable[tuple[str, object]], moment: Moment
) -> Events:
    """Plans what waited for these audit events, as far as they are events of a protocol; gives what the trail keeps."""
    names = [BY_EVENT[kind] for kind, _ in events if kind in BY_EVENT]
    return [each for name in names for each in plan_for(session, protocol, who, Anchor("event", name), moment)]


def after_submission(session: Connected, protocol: Protocol, who: Row, timepoint: str, moment: Moment) -> Events:
    """Plans what is counted from this visit's submission."""
    return plan_for(session, protocol, who, Anchor("visit", timepoint), moment)


def after_examination(
    session: Connected, protocol: Protocol, who: Row, timepoint: str, examined_on: date | None, moment: Moment
) -> Events:
    """Plans what is counted from this visit's examination, on the day staff wrote, else on the day of entry."""
    return plan_for(session, protocol, who, Anchor("visit", timepoint, "examination"), moment, examined_on)


def plan_for(
    session: Connected, protocol: Protocol, who: Row, anchor: Anchor, moment: Moment, day: date | None = None
) -> Events:
    """Inserts the assessments that waited for `anchor`; what stands already, or would be over, is not made.

    The patient's row must be locked.
    """
    if not any(each.anchor == anchor for each in protocol.timepoints):
        return []
    calendar = calendar_of(session, who.patient_id, who.zone, protocol.cutoff)
    today = calendar.holds(moment.study)
    at = moment.study if day is None or day == today or not calendar.has(day) else calendar.opens(day)
    planned = plan_after(protocol, Happened(anchor, at, day or today), calendar)
    coming = [one for one in planned if one.end > moment.study]
    held = session.connection().execute(select(_patient.c.held_at).where(_patient.c.id == who.patient_id)).scalar()
    rows = [_row(one, protocol, who, held, moment) for one in coming]
    made = insert_rows(
        session.connection(),
        _assessment,
        rows,
        skip=["patient_id", "timepoint", "day"],
        returning=["timepoint", "day"],
    )
    found = sorted((row.timepoint, row.day) for row in made)
    said = [{"timepoint": timepoint, "day": day_} for timepoint, day_ in found]
    return [("assessment.planned", {"after": str(anchor), "assessments": said})] if said else []


def report(parts: Parts, by: Actor, patient_id: int, event: str, moment: Moment) -> int:
    """Staff report an event, such as a dose that was stopped; gives how many assessments it brought.

    ValueError for an event that is not theirs to report, KeyError where there is no patient.
    """
    if event not in REPORTED:
        raise ValueError(f"{event!r} is no event that is reported; there are {', '.join(REPORTED)}")
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        if patient.withdrawn_at is not None or patient.ended_at is not None:
            raise ValueError(f"{patient.number} is no longer in the study")
        protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
        who = Whose(patient_id, patient.site_id, patient.zone)
        planned = plan_for(session, protocol, who, Anchor("event", event), moment)
        record(session, patient, "patient.event", {"event": event}, by, moment.study)
        for kind, payload in planned:
            record(session, patient, kind, payload, by, moment.study)
        return sum(len(_listed(payload)) for _, payload in planned)


def _listed(payload: Any) -> Sequence[object]:
    listed: Sequence[object] = payload["assessments"]
    return listed


def _row(one: Planned, protocol: Protocol, who: Row, held_at: datetime | None, moment: Moment) -> dict[str, object]:
    return {
        "patient_id": who.patient_id,
        "site_id": who.site_id,
        "timepoint": one.timepoint,
        "day": one.day,
        "protocol": protocol.id,
        "protocol_version": protocol.version,
        "respondent": one.respondent,
        "opens_at": one.opens_at,
        "closes_at": one.closes_at,
        "late_until": one.late_until,
        "next_at": one.end if held_at else next_bell(one.reminders, one.end, moment.study),
        "excused_at": moment.study if held_at else None,
        "excused_why": "hold: planned meanwhile" if held_at else None,
        "answered": False,
    }
