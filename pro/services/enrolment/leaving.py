"""Withdrawal: what will stop is said first, then everything stops in one transaction. Flares under review stay open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain import zones
from pro.domain.reminders import why_silent
from pro.domain.schedule import PlannedReminder, steps_of
from pro.services.access import Right
from pro.services.audit import lock_patient, record
from pro.services.enrolment.facts import Doer, by_of
from pro.services.enrolment.links import revoke
from pro.services.parts import Parts
from pro.store import bells, messages
from pro.store.messages import NOT_YET
from pro.store.tables import Assessment, Flare, Message, Patient, Reminder

WHY = ("patient-wish", "burden", "side-effect", "no-effect", "doctor", "moved", "died", "other")
"""Reasons as codes: a free text would sooner or later hold a name."""
EARLIER = ("keep", "do-not-use")
"""What the patient decided about the answers given before: they are used, or they are kept and not used."""
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Stops:
    """What a withdrawal ends, counted."""

    number: str
    reminders: int
    """Reminders still planned."""
    messages: int
    """Messages made and not yet on their way."""
    assessments: int
    begun: int
    """Of these: begun on the phone and not sent."""
    flares: int
    """Episodes under review: they stay open."""
    already: datetime | None
    """When the patient withdrew, where that is done."""


def preview_withdrawal(parts: Parts, patient_id: int, moment: Moment) -> Stops:
    """What would stop now; changes nothing. KeyError where there is no such patient."""
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None:
            raise KeyError(f"no patient {patient_id}")
        expected = unfinished(session, patient_id, moment.study)
        return Stops(
            number=patient.number,
            reminders=len(coming_reminders(parts, session, patient, expected, moment.study)),
            messages=len(waiting_messages(session, patient_id)),
            assessments=len(expected),
            begun=sum(one.started_at is not None for one in expected),
            flares=_open_flares(session, patient_id),
            already=patient.withdrawn_at,
        )


def withdraw(parts: Parts, doer: Doer, patient_id: int, why: str, earlier_data: str, moment: Moment) -> Stops:
    """Takes a patient out of the study and returns what stopped; doing it twice changes nothing more.

    `why` is one of WHY, `earlier_data` one of EARLIER; ValueError for another, KeyError where there is no patient.
    """
    if why not in WHY:
        raise ValueError(f"why is {why!r}: one of {', '.join(WHY)}")
    if earlier_data not in EARLIER:
        raise ValueError(f"earlier data is {earlier_data!r}: one of {', '.join(EARLIER)}")
    stops = preview_withdrawal(parts, patient_id, moment)
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        if patient.withdrawn_at is not None:
            return stops
        patient.withdrawn_at, patient.withdrawn_why = moment.study, why
        explain_passed(parts, session, patient, unfinished(session, patient_id, moment.study), moment.study)
        cancelled = _cancel(session, patient_id, moment.study)
        dropped = len(messages.drop_waiting(session, patient_id, WITHDRAWN, moment.study))
        links = revoke(session, patient_id, moment)
        event = {
            "why": why,
            "earlier_data": earlier_data,
            "assessments_cancelled": cancelled,
            "messages_dropped": dropped,
            "links_revoked": links,
        }
        record(
            session,
            patient,
            "patient.withdrawn",
            event,
            by_of(doer, Right.WITHDRAW, patient.site_id).actor,
            moment.study,
        )
    return stops


def unfinished(session: Session, patient_id: int, now: datetime) -> Sequence[Assessment]:
    """Assessments that can still be filled, now or later."""
    end = func.coalesce(Assessment.late_until, Assessment.closes_at)
    return session.exec(
        select(Assessment)
        .where(Assessment.patient_id == patient_id, end > now, *_NOT_DONE)
        .order_by(col(Assessment.opens_at))
    ).all()


_NOT_DONE = (
    col(Assessment.submitted_at).is_(None),
    col(Assessment.closed_at).is_(None),
    col(Assessment.cancelled_at).is_(None),
)


def coming_reminders(
    parts: Parts, session: Session, patient: Patient, expected: Sequence[Assessment], now: datetime
) -> list[datetime]:
    """Instants of the reminders still planned; those of one instant go out as one message."""
    if patient.opted_out_at is not None:
        return []
    done = select(Reminder.assessment_id, Reminder.step).join(Assessment)
    carried = set(session.exec(done.where(Assessment.patient_id == patient.id)).all())
    return sorted(
        {
            step.at
            for one in expected
            for step in planned_reminders(parts, patient, one)
            if step.at > now and (one.id, step.step) not in carried
        }
    )


def planned_reminders(parts: Parts, patient: Patient, one: Assessment) -> tuple[PlannedReminder, ...]:
    protocol = parts.library.protocol(one.protocol, one.protocol_version)
    timepoint = protocol.timepoint(one.timepoint)
    clocks = zones.zone(one.clocks or patient.zone)
    return steps_of(timepoint, one.day, one.opens_at, one.closes_at, clocks, protocol.cutoff)


def explain_passed(
    parts: Parts, session: Session, patient: Patient, expected: Sequence[Assessment], now: datetime
) -> None:
    """Steps that passed without a text, on hold, stopped or while nobody worked, before their assessment is cancelled.

    What is cancelled is never closed, and closing is what explains them otherwise.
    """
    bells.keep_reminders(
        session,
        [
            {
                "assessment_id": one.id,
                "step": step.step,
                "planned_at": step.at,
                "message_id": None,
                "why_none": why_silent(step.at, {"excused": one.excused_at, "opted-out": patient.opted_out_at}),
            }
            for one in expected
            if one.opens_at <= now
            for step in planned_reminders(parts, patient, one)
            if step.at < now or (step.at == now and one.excused_at is not None)
        ],
    )


def waiting_messages(session: Session, patient_id: int) -> Sequence[Message]:
    """Messages to the patient that are not on their way."""
    return session.exec(
        select(Message).where(
            Message.patient_id == patient_id,
            col(Message.staff_id).is_(None),
            col(Message.state).in_(NOT_YET),
        )
    ).all()


def _cancel(session: Session, patient_id: int, now: datetime) -> int:
    end = func.coalesce(Assessment.late_until, Assessment.closes_at)
    cancelled = session.connection().execute(
        update(Assessment)
        .where(col(Assessment.patient_id) == patient_id, end > now, *_NOT_DONE)
        .values(cancelled_at=now, next_at=None)
    )
    return cancelled.rowcount


def _open_flares(session: Session, patient_id: int) -> int:
    open_ones = select(func.count()).where(Flare.patient_id == patient_id, col(Flare.ended_at).is_(None))
    return session.exec(open_ones).one()
