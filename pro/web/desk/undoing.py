"""A clinician's form is declared not done, with a reason; and that is taken back."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from pro.services import undoing
from pro.services.access import Right
from pro.services.undoing import Done
from pro.services.visit_forms import Form
from pro.web.desk.exams import ADDRESS, exam_page, found_form, x
from pro.web.desk.frame import blueprint, language
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who
from pro.web.words import in_language


@blueprint.post(f"{ADDRESS}/not-done")
@needs(Right.ENTER_EXAM)
def exam_not_done(number: str, timepoint: str, questionnaire: str) -> ResponseReturnValue:
    found = found_form(number, timepoint, questionnaire)
    why = request.form.get("why", "")
    done = undoing.declare(current_parts(), who(), found.patient_id, timepoint, questionnaire, why, moment())
    return _answer(found, done, "done")


@blueprint.post(f"{ADDRESS}/expected")
@needs(Right.ENTER_EXAM)
def exam_expected(number: str, timepoint: str, questionnaire: str) -> ResponseReturnValue:
    found = found_form(number, timepoint, questionnaire)
    done = undoing.take_back(current_parts(), who(), found.patient_id, timepoint, questionnaire, moment())
    return _answer(found, done, "back")


def _answer(found: Form, done: Done, said: str) -> ResponseReturnValue:
    """The patient's page with one line that says what happened; a refusal stands on the form."""
    if done in ("no-reason", "entered", "not-found"):
        refused = found_form(found.number, found.timepoint.key, found.questionnaire.id)
        return exam_page(refused, x(f"undone.problem.{done}")), 422
    form, visit = (in_language(one.title, language()) for one in (found.questionnaire, found.timepoint))
    flash(x(f"undone.{said}", form=form, visit=visit) if done == "done" else x("undone.already"))
    return redirect(url_for("staff.patient", number=found.number, _anchor="exams"), 303)
