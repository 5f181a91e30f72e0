"""A new telephone, and messages wanted again after STOP. The number itself never reaches the study database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col

from pro.clock import Moment
from pro.domain import phone as phones
from pro.domain.reminders import next_bell
from pro.services.access import Right
from pro.services.audit import lock_patient, record
from pro.services.enrolment.checks import tidy, wrong_name, wrong_phone
from pro.services.enrolment.facts import Doer, NotEnrollable, by_of
from pro.services.enrolment.known import KNOWN_TOO, refuse_known
from pro.services.enrolment.leaving import coming_reminders, planned_reminders, unfinished, waiting_messages
from pro.services.enrolment.links import protocol_of, renew_links, revoke
from pro.services.parts import Parts
from pro.store import contacts
from pro.store.contacts import Person
from pro.store.tables import Patient, Site, Task

UNREACHABLE, UNDELIVERED, MISSING = "number-unreachable", "undelivered", "contact-missing"


@dataclass(frozen=True, slots=True)
class Moves:
    """What will go to the new number."""

    number: str
    """Study number."""
    messages: int
    """Made and not yet on their way."""
    reminders: int
    next_at: datetime | None
    """The next of them."""
    opted_out: bool


def check_phone(parts: Parts, patient_id: int, phone: str, shared_phone: bool = True) -> str:
    """The number as it would be kept, E.164; NotEnrollable names the mend, KeyError where there is no patient.

    `shared_phone`: whether it may be that of another patient who is in the study at this site.
    """
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None:
            raise KeyError(f"no patient {patient_id}")
        region = session.get_one(Site, patient.site_id).region
    try:
        number = phones.parse(phone, region)
    except ValueError as wrong:
        raise NotEnrollable(wrong_phone(wrong, region)) from None
    if not shared_phone:
        refuse_known(parts, patient.site_id, number, KNOWN_TOO, patient.contact_id)
    return number


def lacks_contact(parts: Parts, patient_id: int) -> bool:
    """Whether name and number are gone; KeyError where there is no such patient."""
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None:
            raise KeyError(f"no patient {patient_id}")
        contact_id = patient.contact_id
    with parts.contacts.reading() as session:
        return contact_id not in contacts.find(session, parts.cipher, [contact_id])


def check_name(name: str) -> str:
    """The name as it would be kept; NotEnrollable names the mend."""
    if problem := wrong_name(name):
        raise NotEnrollable(problem)
    return tidy(name)


def preview_phone_change(parts: Parts, patient_id: int, moment: Moment) -> Moves:
    """Which messages will go to the new number; changes nothing. KeyError where there is no such patient."""
    with parts.study.reading() as session:
        patient = session.get(Patient, patient_id)
        if patient is None:
            raise KeyError(f"no patient {patient_id}")
        waiting = waiting_messages(session, patient_id)
        expected = unfinished(session, patient_id, moment.study)
        coming = coming_reminders(parts, session, patient, expected, moment.study)
        soonest = min([*(one.due_at for one in waiting), *coming], default=None)
        return Moves(patient.number, len(waiting), len(coming), soonest, patient.opted_out_at is not None)


def change_phone(
    parts: Parts,
    doer: Doer,
    patient_id: int,
    phone: str,
    moment: Moment,
    name: str = "",
    shared_phone: bool = True,
) -> None:
    """Keeps the new number; every earlier link and phone stops working.

    `name` counts for a patient whose contact is missing, who gets one again; `shared_phone` as for `check_phone`.
    NotEnrollable for a wrong number, or where such a patient is given no name, KeyError where there is no patient:
    nothing is changed then. The contact is written while the patient's row is locked, so that no message leaves for
    the old number afterwards.
    """
    number = check_phone(parts, patient_id, phone, shared_phone)
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        by = by_of(doer, Right.CHANGE_PHONE, patient.site_id)
        _keep_number(parts, patient.contact_id, number, name, moment)
        patient.number_wrong_at = None
        session.connection().execute(
            update(Task)
            .where(
                col(Task.patient_id) == patient_id,
                col(Task.kind).in_((UNREACHABLE, UNDELIVERED, MISSING)),
                col(Task.done_at).is_(None),
            )
            .values(done_at=moment.study, done_by=by.staff_id)
        )
        links = revoke(session, patient_id, moment)
        record(session, patient, "phone.changed", {"links_revoked": links}, by.actor, moment.study)


def opt_in_again(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> None:
    """Messages again, from the next reminder on; nothing that fell into the pause is sent later."""
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        if patient.opted_out_at is None or patient.withdrawn_at is not None:
            return
        renew_links(session, patient, protocol_of(parts, patient), moment.study)
        patient.opted_out_at = patient.opted_out_how = None
        for one in unfinished(session, patient_id, moment.study):
            end = one.late_until or one.closes_at
            one.next_at = next_bell(planned_reminders(parts, patient, one), end, moment.study)
            session.add(one)
        record(
            session,
            patient,
            "messages.resumed",
            {},
            by_of(doer, Right.CHANGE_PHONE, patient.site_id).actor,
            moment.study,
        )


def _keep_number(parts: Parts, contact_id: str, number: str, name: str, moment: Moment) -> None:
    with parts.contacts.writing() as session:
        person = contacts.find(session, parts.cipher, [contact_id]).get(contact_id)
        kept = check_name(name) if person is None else person.name
        contacts.keep(session, parts.cipher, contact_id, Person(kept, number), moment.running)
