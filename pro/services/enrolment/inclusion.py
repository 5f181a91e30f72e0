"""Enrolment, once, at inclusion: the contact first, then everything else in one transaction of the study database."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain.protocol import Criterion, Protocol
from pro.domain.questionnaire import Questionnaire
from pro.domain.reminders import next_bell
from pro.domain.schedule import Planned, plan
from pro.services.access import Right
from pro.services.audit import record
from pro.services.enrolment.checks import Checked, Typed, check
from pro.services.enrolment.facts import By, Doer, Enrolled, Ineligible, NotEnrollable, Problem, by_of
from pro.services.enrolment.known import refuse_known
from pro.services.enrolment.links import address, first_link, make_link
from pro.services.enrolment.screening import screening_response
from pro.services.enrolment.where import Place, newest_there, place
from pro.services.parts import Parts
from pro.services.planned_rows import planned_row
from pro.store import contacts
from pro.store.contacts import Person
from pro.store.engine import insert_rows
from pro.store.tables import Assessment, Patient, Response, Site, ZoneHistory, metadata

BEFORE_ENROLMENT = "before-enrolment"
"""Why a reminder whose instant had passed when the patient was enrolled was never sent."""


def enrol(
    parts: Parts,
    doer: Doer,
    site_id: int,
    *,
    criteria: Mapping[str, bool],
    screening_value: int | None,
    name: str,
    phone: str,
    day0: date | None,
    zone: str,
    language: str,
    moment: Moment,
    screened_on: date | None = None,
    once: str | None = None,
    shared_phone: bool = True,
) -> Enrolled | Ineligible:
    """Makes a patient of one person, with every assessment the protocol plans.

    `criteria`: key → whether it was ticked as fulfilled (an exclusion criterion: as absent); the screening value
    decides its own criterion. `screening_value`: pain 0 to 100, strictly above the protocol's limit. `day0`: today
    up to 14 days ahead, by the patient's clock. `screened_on`: the day the pain was asked, inside the screening
    window; left out, today, or the day before where day 0 is today. None in the others stands for what could not be
    read. `once`: 32 hexadecimal characters made for one form, with which a form sent twice makes one patient.
    `shared_phone`: whether the number may be that of a patient who is in the study at this site already.
    Raises NotEnrollable with every field that does not hold, and the criteria that would not hold either.
    """
    by = by_of(doer, Right.ENROL, site_id)
    where = place(parts, site_id, moment)
    typed = Typed(screening_value, name, phone, day0, zone, language, screened_on)
    checked = _checked(where, typed, criteria, moment)
    if unmet := _unmet(where.protocol, criteria, checked.screening_value):
        return Ineligible(unmet[0].key, unmet[0].text, unmet)
    contact_id = once or uuid.uuid4().hex
    if already := _enrolled_as(parts, by, site_id, contact_id, moment):
        return already
    if not shared_phone:
        refuse_known(parts, site_id, checked.number)
    contact_id = _keep_contact(parts, contact_id, checked, moment)
    try:
        return _make(parts, _New(where, by, contact_id, checked, language), criteria, moment)
    except IntegrityError:
        if already := _enrolled_as(parts, by, site_id, contact_id, moment):
            return already
        raise


def _checked(where: Place, typed: Typed, criteria: Mapping[str, bool], moment: Moment) -> Checked:
    """What was typed, read; NotEnrollable with every field that does not hold and every criterion beside."""
    if where.obstacle is not None:
        raise NotEnrollable(where.obstacle)
    try:
        return check(typed, where.site, where.protocol, moment)
    except NotEnrollable as wrong:
        raise NotEnrollable(*wrong.problems, unmet=_unmet(where.protocol, criteria, readable(wrong, typed))) from None


def _keep_contact(parts: Parts, contact_id: str, checked: Checked, moment: Moment) -> str:
    """Writes who it is down, under another key where that one is somebody's at another site: never written over."""
    if _is_taken(parts, contact_id):
        contact_id = uuid.uuid4().hex
    with parts.contacts.writing() as session:
        person = Person(checked.name, checked.number)
        contacts.keep(session, parts.cipher, contact_id, person, moment.running)
    return contact_id


@dataclass(frozen=True, slots=True)
class _New:
    where: Place
    by: By
    contact_id: str
    checked: Checked
    language: str


def readable(wrong: NotEnrollable, typed: Typed) -> int | None:
    """The pain that was typed; None where it is itself among the problems."""
    return None if any(one.field == "screening_value" for one in wrong.problems) else typed.screening_value


def _unmet(protocol: Protocol, criteria: Mapping[str, bool], screening_value: int | None) -> tuple[Criterion, ...]:
    """Criteria that speak against enrolment, in the protocol's order. The screening limit is strict: 40 fails 40.

    A pain that could not be read (None) is a problem of its field and fails no criterion.
    """
    by_value = protocol.screening.criterion

    def met(criterion: Criterion) -> bool:
        if criterion.key == by_value:
            return screening_value is None or screening_value > protocol.screening.above
        return criteria.get(criterion.key) is True

    return tuple(criterion for criterion in protocol.criteria if not met(criterion))


def _enrolled_as(parts: Parts, by: By, site_id: int, contact_id: str, moment: Moment) -> Enrolled | None:
    """The patient whom the same form has made already."""
    with parts.study.reading() as session:
        patient = session.exec(
            select(Patient).where(Patient.contact_id == contact_id, Patient.site_id == site_id)
        ).first()
    if patient is None or patient.id is None:
        return None
    return Enrolled(patient.id, patient.number, first_link(parts, by, patient.id, moment))


def _is_taken(parts: Parts, contact_id: str) -> bool:
    with parts.study.reading() as session:
        return session.exec(select(Patient.id).where(Patient.contact_id == contact_id)).first() is not None


def _make(parts: Parts, new: _New, criteria: Mapping[str, bool], moment: Moment) -> Enrolled:
    protocol = new.where.protocol
    planned = plan(protocol, new.checked.day0, new.checked.zone)
    questionnaire = _screening_questionnaire(parts, protocol)
    with parts.study.writing() as session:
        patient = _insert_patient(session, new, moment)
        assert patient.id is not None
        rows = [_assessment(one, patient, protocol, moment) for one in planned]
        insert_rows(session.connection(), metadata.tables["assessment"], rows)
        ids = _ids(session, patient.id)
        _explain_passed(session, planned, ids, moment)
        screening_id = ids[protocol.screening.timepoint, new.checked.day0 + _target(protocol)]
        response = screening_response(
            patient,
            screening_id,
            questionnaire,
            protocol,
            new.checked.screened_on,
            new.checked.screening_value,
            new.by,
            moment,
        )
        session.add(response)
        event = _event(new, patient, criteria, response, len(planned))
        record(session, patient, "patient.enrolled", event, new.by.actor, moment.study)
        token = make_link(session, patient, protocol, moment.study)
        return Enrolled(patient.id, patient.number, address(parts, token))


def _insert_patient(session: Session, new: _New, moment: Moment) -> Patient:
    """The site's row is locked while it gives a number out."""
    site = session.exec(select(Site).where(Site.id == new.where.site.id).with_for_update()).one()
    assert site.id is not None
    _refuse_superseded(session, site.id, new, moment)
    patient = Patient(
        study_id=site.study_id,
        site_id=site.id,
        number=f"{site.code}-{site.next_number:03d}",
        contact_id=new.contact_id,
        day0=new.checked.day0,
        zone=new.checked.zone.key,
        language=new.language,
        protocol=new.where.protocol.id,
        protocol_version=new.where.protocol.version,
        enrolled_at=moment.study,
        enrolled_by=new.by.staff_id,
    )
    site.next_number += 1
    session.add(site)
    session.add(patient)
    session.flush()
    assert patient.id is not None
    session.add(ZoneHistory(patient_id=patient.id, from_day=new.checked.day0, zone=patient.zone))
    session.flush()
    return patient


def _refuse_superseded(session: Session, site_id: int, new: _New, moment: Moment) -> None:
    """An amendment that was approved since the form was opened may ask other criteria."""
    in_force = newest_there(session, site_id, moment)
    if in_force is not None and in_force.version != new.where.protocol.version:
        version = f"{in_force.protocol} {in_force.version}"
        raise NotEnrollable(Problem("site", "amended", {"protocol": version}))


def _assessment(one: Planned, patient: Patient, protocol: Protocol, moment: Moment) -> dict[str, object]:
    submitted = moment.study if one.timepoint == protocol.screening.timepoint else None
    return {
        **planned_row(one, protocol, patient.id, patient.site_id),
        "next_at": None if submitted else next_bell(one.reminders, one.end, moment.study),
        "started_at": submitted,
        "submitted_at": submitted,
        "answered": submitted is not None,
    }


def _ids(session: Session, patient_id: int) -> dict[tuple[str, date], int]:
    wanted = select(col(Assessment.timepoint), col(Assessment.day), col(Assessment.id))
    rows = session.exec(wanted.where(Assessment.patient_id == patient_id))
    return {(timepoint, day): id_ for timepoint, day, id_ in rows if id_ is not None}


def _explain_passed(
    session: Session, planned: tuple[Planned, ...], ids: Mapping[tuple[str, date], int], moment: Moment
) -> None:
    """Steps whose instant passed before enrolment stand in the ledger with the reason."""
    rows = [
        {
            "assessment_id": ids[one.timepoint, one.day],
            "step": step.step,
            "planned_at": step.at,
            "why_none": BEFORE_ENROLMENT,
        }
        for one in planned
        for step in one.reminders
        if step.at <= moment.study
    ]
    if rows:
        insert_rows(session.connection(), metadata.tables["reminder"], rows)


def _target(protocol: Protocol) -> timedelta:
    return timedelta(days=protocol.timepoint(protocol.screening.timepoint).first_day)


def _screening_questionnaire(parts: Parts, protocol: Protocol) -> Questionnaire:
    wanted = protocol.screening.questionnaire
    for one in protocol.timepoint(protocol.screening.timepoint).questionnaires:
        if one.id == wanted:
            return parts.library.questionnaire(one.id, one.version)
    raise KeyError(f"{protocol.id} {protocol.version}: its screening does not hold {wanted}")


def _event(
    new: _New, patient: Patient, criteria: Mapping[str, bool], response: Response, assessments: int
) -> dict[str, object]:
    """What the trail keeps of an enrolment; nothing of it says who the person is."""
    protocol = new.where.protocol
    item = f"{protocol.screening.questionnaire}.{protocol.screening.item}"
    return {
        "number": patient.number,
        "site": new.where.site.code,
        "day0": new.checked.day0,
        "zone": patient.zone,
        "language": patient.language,
        "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
        "criteria": {one.key: criteria.get(one.key) is True for one in protocol.criteria},
        "screening": {
            "item": item,
            "old": None,
            "new": new.checked.screening_value,
            "asked_on": new.checked.screened_on,
            "mode": response.mode,
            "response": response.sha256,
        },
        "assessments": assessments,
    }
