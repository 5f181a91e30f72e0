"""Links that staff hand over: 128 random bits, of which only the hash is kept."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import func, insert, update
from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.services.access import Right
from pro.services.answering import token_hash
from pro.services.audit import lock_patient, record
from pro.services.enrolment.facts import Doer, by_of
from pro.services.parts import Parts
from pro.store.tables import Assessment, Link, Patient, PatientSession

TOKEN_BYTES = 16


def first_link(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> str:
    """A fresh link for a QR code. Older links stay good.

    KeyError where there is no such patient; ValueError for a patient who has left the study.
    """
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        if patient.withdrawn_at is not None:
            raise ValueError(f"{patient.number} has left the study: no link is made")
        record(
            session,
            patient,
            "link.made",
            {"for": "qr"},
            by_of(doer, Right.CHANGE_PHONE, patient.site_id).actor,
            moment.study,
        )
        return address(parts, make_link(session, patient, protocol_of(parts, patient), moment.study))


def revoke_links(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> int:
    """Every link and every phone of the patient stops working at its next request; how many links that were."""
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        revoked = revoke(session, patient_id, moment)
        record(
            session,
            patient,
            "links.revoked",
            {"links": revoked},
            by_of(doer, Right.CHANGE_PHONE, patient.site_id).actor,
            moment.study,
        )
        return revoked


def make_link(session: Session, patient: Patient, protocol: Protocol, now: datetime) -> str:
    """Writes a link and returns its token. It lives until what it announces has closed, `link_life` at least."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    assert patient.id is not None
    ends = next_close(session, patient.id, now)
    least = now + protocol.link_life
    session.connection().execute(
        insert(Link).values(
            token_hash=token_hash(token),
            patient_id=patient.id,
            made_at=now,
            expires_at=least if ends is None else max(least, ends),
        )
    )
    return token


def next_close(session: Session, patient_id: int, now: datetime) -> datetime | None:
    """When the windows that are open now close, or else the one that opens next."""
    end = func.coalesce(Assessment.late_until, Assessment.closes_at)
    mine = select(end).where(
        Assessment.patient_id == patient_id,
        Assessment.respondent == "patient",
        end > now,
        col(Assessment.submitted_at).is_(None),
        col(Assessment.cancelled_at).is_(None),
    )
    open_now = session.exec(mine.where(Assessment.opens_at <= now).order_by(end.desc())).first()
    return open_now or session.exec(mine.order_by(col(Assessment.opens_at), end)).first()


def revoke(session: Session, patient_id: int, moment: Moment) -> int:
    """Ends links and phone sessions; the patient's row must be locked."""
    connection = session.connection()
    links = connection.execute(
        update(Link)
        .where(col(Link.patient_id) == patient_id, col(Link.revoked_at).is_(None))
        .values(revoked_at=moment.study)
    )
    connection.execute(
        update(PatientSession)
        .where(col(PatientSession.patient_id) == patient_id, col(PatientSession.ended_at).is_(None))
        .values(ended_at=moment.running)
    )
    return links.rowcount


def address(parts: Parts, token: str) -> str:
    return f"{parts.settings.public_url}/d/{token}"


def protocol_of(parts: Parts, patient: Patient) -> Protocol:
    return parts.library.protocol(patient.protocol, patient.protocol_version)
