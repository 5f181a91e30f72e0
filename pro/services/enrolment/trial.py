"""The test SMS on the spot: four digits that the patient says aloud."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain import zones
from pro.domain.message import State
from pro.domain.reminders import in_quiet_hours, quiet_ends
from pro.services.access import Right
from pro.services.audit import chain_of, lock_patient, record
from pro.services.enrolment.facts import Doer, by_of
from pro.services.parts import Parts
from pro.store import messages
from pro.store.tables import AuditEvent, Message, Patient

TEMPLATE = "test"
CONFIRMED, CHANGED = "phone.confirmed", "phone.changed"
GOOD_FOR = timedelta(minutes=30)
"""The patient stands beside the desk: later it would only puzzle them."""
ACCEPTED = (State.SENT, State.DELIVERED)
"""The provider has it. Before that nobody can have read the digits anywhere but on the desk's page."""
QUIET = "quiet-hours"
REPLACED = "newer-test"
"""Why a test that still waited when another was asked for was never sent."""


@dataclass(frozen=True, slots=True)
class TestSms:
    """The newest test message of a patient and how far it has come."""

    digits: str
    state: str
    asked_at: datetime
    error: str | None
    confirmed: bool
    """The patient has said them."""
    quiet_until: datetime | None = None
    """The end of the patient's quiet hours, where they kept it back."""

    @property
    def accepted(self) -> bool:
        """Whether the patient can have read them, so that they may be confirmed."""
        return self.state in ACCEPTED


class NotHeard(ValueError):
    """The digits cannot have been said: no test SMS was sent, or the provider has not taken it."""


def send_test(parts: Parts, patient_id: int, moment: Moment) -> str:
    """Queues a test SMS with four new random digits and returns them. KeyError where there is no such patient.

    An earlier one that still waits is never sent: after an outage two would come, and the first has other digits.
    """
    digits = f"{secrets.randbelow(10_000):04d}"
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        theirs = (Message.patient_id == patient_id, Message.template == TEMPLATE)
        earlier = session.exec(select(func.count()).where(*theirs)).one()
        waiting = session.exec(select(Message.id).where(*theirs, col(Message.state).in_(messages.NOT_YET))).all()
        messages.drop(session, [one for one in waiting if one is not None], REPLACED, moment.study)
        messages.queue(
            session,
            dedupe_key=f"{TEMPLATE}:{patient_id}:{earlier + 1}",
            site_id=patient.site_id,
            patient_id=patient_id,
            staff_id=None,
            template=TEMPLATE,
            language=patient.language,
            due_at=moment.study,
            not_after=moment.study + GOOD_FOR,
            detail=digits,
        )
    return digits


def test_digits(parts: Parts, patient_id: int) -> TestSms | None:
    """The digits to compare with; None where no test was sent to the number that is kept now."""
    with parts.study.reading() as session:
        return _newest(parts, session, session.get(Patient, patient_id))


def _newest(parts: Parts, session: Session, patient: Patient | None) -> TestSms | None:
    if patient is None:
        return None
    row = session.exec(
        select(Message)
        .where(Message.patient_id == patient.id, Message.template == TEMPLATE)
        .order_by(col(Message.id).desc())
    ).first()
    if row is None:
        return None
    asked_at = row.not_after - GOOD_FOR  # `due_at` moves where the message is put off
    since = number_events(session, patient, asked_at)
    if CHANGED in since:
        return None
    quiet_until = _quiet_until(parts, patient, row, asked_at)
    return TestSms(row.detail or "", row.state, asked_at, row.error, CONFIRMED in since, quiet_until)


def _quiet_until(parts: Parts, patient: Patient, row: Message, asked_at: datetime) -> datetime | None:
    """Quiet hours may also begin between the asking and the worker's look."""
    waits = row.state in messages.NOT_YET
    if not waits and row.error != QUIET:
        return None
    asked = (asked_at,) if waits else (asked_at, row.not_after)
    clocks = zones.zone(patient.zone)
    quiet = parts.library.protocol(patient.protocol, patient.protocol_version).quiet_hours
    return next((quiet_ends(at, clocks, quiet) for at in asked if in_quiet_hours(at, clocks, quiet)), None)


def number_events(session: Session, patient: Patient, at: datetime) -> list[str]:
    """What happened to the number since then, newest last."""
    wanted = select(AuditEvent.kind).where(
        AuditEvent.chain == chain_of(patient), AuditEvent.at >= at, col(AuditEvent.kind).in_((CONFIRMED, CHANGED))
    )
    return list(session.exec(wanted.order_by(col(AuditEvent.seq))).all())


def confirm_test(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> None:
    """The patient said the digits: the number reaches them. NotHeard where they cannot have come."""
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        test = _newest(parts, session, patient)
        if test is None:
            raise NotHeard("no test SMS was sent yet")
        if not test.accepted:
            raise NotHeard(f"the test SMS has not left: {test.error or test.state}")
        patient.number_wrong_at = None
        record(
            session,
            patient,
            "phone.confirmed",
            {"by": "four digits said aloud"},
            by_of(doer, Right.ENROL, patient.site_id).actor,
            moment.study,
        )
