"""Whether a mobile is somebody's at the site already. Of another site's patients nothing may be told."""

from __future__ import annotations

from sqlmodel import col, select

from pro.services.enrolment.facts import NotEnrollable, Problem
from pro.services.parts import Parts
from pro.store import contacts
from pro.store.tables import Patient

KNOWN, KNOWN_TOO = "already-theirs", "theirs-too"
"""Asked of a person who is enrolled, and of a patient whose number changes."""


def refuse_known(parts: Parts, site_id: int, number: str, why: str = KNOWN, but: str = "") -> None:
    """NotEnrollable where `number` (E.164) is that of a patient of the site; `but`: the contact that may have it."""
    if known := _patients_with(parts, site_id, number, but):
        raise NotEnrollable(Problem("phone", why, {"numbers": ", ".join(known)}))


def sharing(parts: Parts, patient_id: int) -> tuple[str, ...]:
    """Study numbers of the others at this patient's site who have the same mobile; KeyError for no such patient."""
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None:
            raise KeyError(f"no patient {patient_id}")
    with parts.contacts.reading() as session:
        person = contacts.find(session, parts.cipher, [patient.contact_id]).get(patient.contact_id)
    return _patients_with(parts, patient.site_id, person.number, patient.contact_id) if person else ()


def _patients_with(parts: Parts, site_id: int, number: str, but: str) -> tuple[str, ...]:
    """Those who are in the study still, by study number."""
    with parts.contacts.reading() as session:
        ids = set(contacts.ids_of_number(session, parts.cipher, number)) - {but}
    theirs = select(Patient.number).where(col(Patient.contact_id).in_(ids), Patient.site_id == site_id)
    here = theirs.where(col(Patient.withdrawn_at).is_(None), col(Patient.ended_at).is_(None))
    with parts.study.reading() as session:
        return tuple(session.exec(here.order_by(col(Patient.id))).all()) if ids else ()
