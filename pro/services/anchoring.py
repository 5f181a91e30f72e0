"""What waited for a visit or an event is planned when it happens, in the transaction in which it does.

A protocol in which nothing waits costs nothing here: no statement is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from typing import Protocol as Shape

from sqlalchemy import select
from sqlmodel import Session

from pro.clock import Moment
from pro.domain.protocol import Anchor, Protocol
from pro.domain.reminders import next_bell
from pro.domain.schedule import Happened, Planned, plan_after
from pro.services.audit import Actor, lock_patient, record
from pro.services.calendars import calendar_of
from pro.services.flagging import Events
from pro.services.parts import Parts
from pro.services.planned_rows import planned_row
from pro.store import courses
from pro.store.engine import Connected, insert_rows
from pro.store.tables import Patient, metadata

_assessment, _patient = metadata.tables["assessment"], metadata.tables["patient"]

BY_EVENT = {"flare.opened": "flare-opened", "flare.ended": "flare-ended"}
"""Audit events that are events of a protocol too."""
REPORTED = ("dose-stopped",)
"""Events that staff report."""


class NotReported(ValueError):
    """The event was not recorded; the message is one line for the person who asked, `why` a code for pages."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(said)
        self.why = why


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
    rows = [_row(one, protocol, who, why, moment) for one, why in _excuses(session, who.patient_id, coming)]
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


def _excuses(session: Connected, patient_id: int, coming: Sequence[Planned]) -> Iterator[tuple[Planned, str | None]]:
    """Each with why it is excused from the start: a hold that stands, or a pause of that day."""
    if not coming:
        return
    held = session.connection().execute(select(_patient.c.held_at).where(_patient.c.id == patient_id)).scalar()
    pauses = courses.pauses_of(session, [patient_id])
    for one in coming:
        paused = next((f"pause: {each.why}" for each in pauses if each.first <= one.day <= each.last), None)
        yield one, "hold: planned meanwhile" if held else paused


def reportable(protocol: Protocol) -> tuple[str, ...]:
    """The events that this protocol counts from and that staff report."""
    counted = {each.anchor.name for each in protocol.timepoints if each.anchor.kind == "event"}
    return tuple(name for name in REPORTED if name in counted)


def report(parts: Parts, by: Actor, patient_id: int, event: str, moment: Moment, day: date | None = None) -> int:
    """Staff report an event, such as a dose that was stopped; gives how many assessments it brought.

    `day`: the patient-day on which it happened, from day 0 to today; left out, today. NotReported, in one line, for
    another day, an event that is not theirs to report, or a patient who is no longer in the study; KeyError where
    there is no patient.
    """
    if event not in REPORTED:
        raise NotReported("no-event", f"{event!r} is no event that is reported; there are {', '.join(REPORTED)}")
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        happened = _day_of(parts, session, patient, day, moment)
        protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
        who = Whose(patient_id, patient.site_id, patient.zone)
        planned = plan_for(session, protocol, who, Anchor("event", event), moment, day)
        record(session, patient, "patient.event", {"event": event, "day": happened}, by, moment.study)
        for kind, payload in planned:
            record(session, patient, kind, payload, by, moment.study)
        return sum(len(_listed(payload)) for _, payload in planned)


def day_of(parts: Parts, patient_id: int, day: date | None, moment: Moment) -> date:
    """The patient-day on which an event would be reported; refuses what `report` does. Changes nothing."""
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None:
            raise KeyError(f"no patient {patient_id}")
        return _day_of(parts, session, patient, day, moment)


def _day_of(parts: Parts, session: Session, patient: Patient, day: date | None, moment: Moment) -> date:
    assert patient.id is not None
    if patient.withdrawn_at is not None or patient.ended_at is not None:
        raise NotReported("ended", f"{patient.number} is no longer in the study")
    cutoff = parts.library.protocol(patient.protocol, patient.protocol_version).cutoff
    today = calendar_of(session, patient.id, patient.zone, cutoff).holds(moment.study)
    if day is not None and not patient.day0 <= day <= today:
        raise NotReported("not-that-day", f"{day} is not from day 0, {patient.day0}, to today, {today}")
    return day or today


def _listed(payload: Any) -> Sequence[object]:
    listed: Sequence[object] = payload["assessments"]
    return listed


def _row(one: Planned, protocol: Protocol, who: Row, excused: str | None, moment: Moment) -> dict[str, object]:
    return {
        **planned_row(one, protocol, who.patient_id, who.site_id),
        "next_at": next_bell(one.reminders, one.end, moment.study),
        "excused_at": moment.study if excused else None,
        "excused_why": excused,
    }
