"""What a patient takes home on paper: what comes when, and whom to call. No name, no diagnosis, no study title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlmodel import Session, col, select

from pro.domain.protocol import Protocol, Timepoint
from pro.domain.questionnaire import Text
from pro.services.answering import SiteCard
from pro.services.enrolment.inclusion import BEFORE_ENROLMENT
from pro.services.enrolment.leaving import planned_reminders
from pro.services.enrolment.trial import CHANGED, number_events
from pro.services.parts import Parts
from pro.store.tables import Assessment, Patient, Reminder, Site


@dataclass(frozen=True, slots=True)
class Appointment:
    """One timepoint: asked on each day from `first` to `last` where it repeats, else once between them."""

    title: Text
    first: date
    last: date
    repeats: bool
    every: int
    minutes: Decimal
    reminders: tuple[time, ...]
    late_until: time | None


@dataclass(frozen=True, slots=True)
class Sheet:
    patient_id: int
    site_id: int
    number: str
    language: str
    zone: str
    day0: date
    enrolled_at: datetime
    withdrawn_at: datetime | None
    opted_out_at: datetime | None
    held: bool
    """The patient's STOP went by the provider, which refuses texts to the number until START; it is the number still."""
    number_wrong_at: datetime | None
    site: SiteCard
    appointments: tuple[Appointment, ...]


def sheet(parts: Parts, patient_id: int) -> Sheet | None:
    """The patient's sheet in the order in which things begin; None where there is no such patient."""
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None or patient.id is None:
            return None
        site = session.get_one(Site, patient.site_id)
        held = _held(session, patient)
    protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
    return Sheet(
        patient_id=patient.id,
        site_id=patient.site_id,
        number=patient.number,
        language=patient.language,
        zone=patient.zone,
        day0=patient.day0,
        enrolled_at=patient.enrolled_at,
        withdrawn_at=patient.withdrawn_at,
        opted_out_at=patient.opted_out_at,
        held=held,
        number_wrong_at=patient.number_wrong_at,
        site=SiteCard(site.name, site.telephone, site.emergency, site.zone),
        appointments=appointments(parts, protocol, patient.day0),
    )


def _held(session: Session, patient: Patient) -> bool:
    """STOP as an answer to a text is heard by the provider first; a new number is one that it knows nothing of."""
    if patient.opted_out_at is None or patient.opted_out_how not in ("provider", "sms"):
        return False
    return CHANGED not in number_events(session, patient, patient.opted_out_at)


SOONEST = 10
"""So many assessments, by opening: the first reminder of a patient lies in one of them."""


def first_sms(parts: Parts, patient_id: int) -> datetime | None:
    """When the first reminder comes of a patient who was enrolled after some had passed; None where none had."""
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        passed = select(Reminder.assessment_id).join(Assessment).where(Assessment.patient_id == patient_id)
        if patient is None or session.exec(passed.where(Reminder.why_none == BEFORE_ENROLMENT)).first() is None:
            return None
        theirs = select(Assessment).where(Assessment.patient_id == patient_id, Assessment.respondent == "patient")
        open_then = theirs.where(col(Assessment.closes_at) > patient.enrolled_at)
        soon = session.exec(open_then.order_by(col(Assessment.opens_at)).limit(SOONEST)).all()
        at = [step.at for one in soon for step in planned_reminders(parts, patient, one)]
        return min((one for one in at if one > patient.enrolled_at), default=None)


def appointments(parts: Parts, protocol: Protocol, day0: date) -> tuple[Appointment, ...]:
    """What the patient is asked, by first day, then the longer one first; what waits for something has no day yet."""
    theirs = [_appointment(parts, one, day0) for one in protocol.timepoints if _has_days(one)]
    return tuple(sorted(theirs, key=lambda one: (one.first, one.repeats)))


def _has_days(timepoint: Timepoint) -> bool:
    return timepoint.respondent == "patient" and timepoint.anchor.kind == "day0" and not timepoint.on_demand


def _appointment(parts: Parts, timepoint: Timepoint, day0: date) -> Appointment:
    asked = (parts.library.questionnaire(one.id, one.version) for one in timepoint.questionnaires)
    return Appointment(
        title=timepoint.title,
        first=day0 + timedelta(days=timepoint.first_day - timepoint.window_before),
        last=day0 + timedelta(days=timepoint.last_day + timepoint.window_after),
        repeats=timepoint.repeats,
        every=timepoint.every,
        minutes=sum((one.minutes for one in asked), Decimal(0)),
        reminders=tuple(sorted({step.at for step in timepoint.reminders})),
        late_until=timepoint.late_until,
    )
