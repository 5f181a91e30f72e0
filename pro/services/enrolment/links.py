"""Links that staff hand over: 128 random bits, of which only the hash is kept."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session, col

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.services.access import Right
from pro.services.answering import token_hash
from pro.services.audit import lock_patient, record
from pro.services.enrolment.facts import Doer, by_of
from pro.services.parts import Parts
from pro.store.engine import Connected
from pro.store.tables import Link, Patient, PatientSession, metadata

TOKEN_BYTES = 16
_assessment = metadata.tables["assessment"]


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
    session.connection().execute(
        insert(Link).values(
            token_hash=token_hash(token),
            patient_id=patient.id,
            made_at=now,
            expires_at=_life(session, patient.id, protocol, now),
        )
    )
    return token


def renew_links(session: Session, patient: Patient, protocol: Protocol, now: datetime) -> None:
    """Links that STOP alone has kept good live on as a new one would; call it before the STOP is taken back."""
    assert patient.id is not None
    assert patient.opted_out_at is not None
    kept = update(Link).where(col(Link.patient_id) == patient.id, col(Link.revoked_at).is_(None))
    stopped = kept.where(col(Link.expires_at) > patient.opted_out_at, col(Link.expires_at) <= now)
    session.connection().execute(stopped.values(expires_at=_life(session, patient.id, protocol, now)))


def _life(session: Session, patient_id: int, protocol: Protocol, now: datetime) -> datetime:
    ends = next_close(session, patient_id, now)
    least = now + protocol.link_life
    return least if ends is None else max(least, ends)


_end = func.coalesce(_assessment.c.late_until, _assessment.c.closes_at)
_not_over = select(_end).where(
    _assessment.c.patient_id == bindparam("patient_id"),
    _assessment.c.respondent == "patient",
    _end > bindparam("now"),
    _assessment.c.submitted_at.is_(None),
    _assessment.c.cancelled_at.is_(None),
)
_open_now = _not_over.where(_assessment.c.opens_at <= bindparam("now")).order_by(_end.desc()).limit(1)
_opens_next = _not_over.order_by(_assessment.c.opens_at, _end).limit(1)


def next_close(session: Connected, patient_id: int, now: datetime) -> datetime | None:
    """When the windows that are open now close, or else the one that opens next."""
    connection, values = session.connection(), {"patient_id": patient_id, "now": now}
    open_now: datetime | None = connection.execute(_open_now, values).scalar()
    if open_now is not None:
        return open_now
    following: datetime | None = connection.execute(_opens_next, values).scalar()
    return following


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
