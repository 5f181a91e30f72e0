"""The test SMS on the spot: four digits that the patient says aloud."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from pro.clock import Moment
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


@dataclass(frozen=True, slots=True)
class TestSms:
    """The newest test message of a patient and how far it has come."""

    digits: str
    state: str
    asked_at: datetime
    error: str | None
    confirmed: bool
    """The patient has said them."""


def send_test(parts: Parts, patient_id: int, moment: Moment) -> str:
    """Queues a test SMS with four new random digits and returns them. KeyError where there is no such patient."""
    digits = f"{secrets.randbelow(10_000):04d}"
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        earlier = session.exec(
            select(func.count()).where(Message.patient_id == patient_id, Message.template == TEMPLATE)
        ).one()
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
        row = session.exec(
            select(Message)
            .where(Message.patient_id == patient_id, Message.template == TEMPLATE)
            .order_by(col(Message.id).desc())
        ).first()
        if row is None:
            return None
        since = _since(session, session.get_one(Patient, patient_id), row.due_at)
    if CHANGED in since:
        return None
    return TestSms(row.detail or "", row.state, row.due_at, row.error, confirmed=CONFIRMED in since)


def _since(session: Session, patient: Patient, at: datetime) -> list[str]:
    """What happened to the number since then, newest last."""
    wanted = select(AuditEvent.kind).where(
        AuditEvent.chain == chain_of(patient), AuditEvent.at >= at, col(AuditEvent.kind).in_((CONFIRMED, CHANGED))
    )
    return list(session.exec(wanted.order_by(col(AuditEvent.seq))).all())


def confirm_test(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> None:
    """The patient said the digits: the number reaches them. ValueError where no test was sent."""
    if test_digits(parts, patient_id) is None:
        raise ValueError("no test SMS was sent yet")
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        patient.number_wrong_at = None
        record(
            session,
            patient,
            "phone.confirmed",
            {"by": "four digits said aloud"},
            by_of(doer, Right.ENROL, patient.site_id).actor,
            moment.study,
        )
