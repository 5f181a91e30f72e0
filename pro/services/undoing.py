"""A clinician's form that nobody will enter is declared not done, with a reason, and that can be taken back.

Otherwise the visit would be asked for during weeks although everybody knows that nobody was examined. What is entered
after all takes the declaration back by itself.
"""

from __future__ import annotations

from typing import Literal

from pro.clock import Moment
from pro.services import audit
from pro.services.access import Identity, Right
from pro.services.parts import Parts
from pro.services.visit_forms import Form, form_in
from pro.store import exams

WHY = ("visit-missed", "refused", "not-possible", "no-examiner", "forgotten", "other")
"""Reasons as codes: a free text would sooner or later hold a name."""

Done = Literal["done", "already", "not-found", "entered", "no-reason"]


def declare(
    parts: Parts, identity: Identity, patient_id: int, timepoint: str, questionnaire: str, why: str, moment: Moment
) -> Done:
    """The form of that visit is not done. Needs `ENTER_EXAM` at the patient's site; `why` is one of WHY."""
    if why not in WHY:
        return "no-reason"
    with parts.study.writing() as session:
        patient = audit.lock_patient(session, patient_id)
        found = form_in(parts, session, patient, timepoint, questionnaire, moment)
        if found is None or not identity.may(Right.ENTER_EXAM, patient.site_id):
            return "not-found"
        if found.versions:
            return "entered"
        if found.undone is not None:
            return "already"
        exams.declare(session, found.assessment_id, questionnaire, why, identity.staff_id, moment.study)
        actor = identity.actor(Right.ENTER_EXAM, patient.site_id)
        audit.record(session, patient, "exam.not-done", {**_about(found), "why": why}, actor, moment.study)
    return "done"


def take_back(
    parts: Parts, identity: Identity, patient_id: int, timepoint: str, questionnaire: str, moment: Moment
) -> Done:
    """The form is expected again."""
    with parts.study.writing() as session:
        patient = audit.lock_patient(session, patient_id)
        found = form_in(parts, session, patient, timepoint, questionnaire, moment)
        if found is None or not identity.may(Right.ENTER_EXAM, patient.site_id):
            return "not-found"
        if found.undone is None:
            return "entered" if found.versions else "already"
        exams.take_back(session, found.assessment_id, questionnaire, moment.study)
        actor = identity.actor(Right.ENTER_EXAM, patient.site_id)
        audit.record(session, patient, "exam.expected-again", _about(found), actor, moment.study)
    return "done"


def _about(found: Form) -> dict[str, object]:
    return {"timepoint": found.timepoint.key, "day": found.day, "questionnaire": found.questionnaire.id}
