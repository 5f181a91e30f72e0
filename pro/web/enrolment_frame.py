"""What the pages of enrolment stand in: the blueprint, their words, and the patient of an address."""

from __future__ import annotations

from datetime import date
from typing import Any

import phonenumbers
from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from pro.domain.phone import FRENCH
from pro.services import enrolment as service
from pro.services.enrolment import Problem, Sheet
from pro.web.desk.frame import desk_context, language, stale_form
from pro.web.parts import current_parts
from pro.web.rights import site_of
from pro.web.words import NAMES, say, say_day, say_instant, say_phone, say_place

blueprint = Blueprint("enrolment", "pro.web", url_prefix="/staff")


blueprint.register_error_handler(CSRFError, stale_form)


def e(key: str, **values: object) -> str:
    """A text of these pages in the reader's language."""
    return say(f"enrolment.{key}", language(), **values)


@blueprint.context_processor
def context() -> dict[str, Any]:
    spoken = language()
    return {
        **desk_context(),
        "e": e,
        "active": "patients",
        "telephone": say_phone,
        "long_day": lambda at: say_day(at, spoken, year=True),
        "say_when": lambda at, zone: say_instant(at, zone, spoken),
        "names": NAMES,
    }


def problem_words(problem: Problem) -> str:
    """What is wrong and how to mend it, in the reader's language."""
    spoken = language()
    values = {
        name: say_day(value, spoken) if isinstance(value, date) else value for name, value in problem.values.items()
    }
    if "zone" in values:
        values["zone"] = say_place(str(values["zone"]), spoken)
    why = problem.why
    if "region" in problem.values:
        values = {"example": example_number(str(problem.values["region"]))}
        if why == "no-such-number" and problem.values["region"] in FRENCH:
            why = "no-such-number-french"
    return e(f"problem.{why}", **values)


def example_number(region: str) -> str:
    """A mobile number as that country writes it; nobody's."""
    found = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    return "" if found is None else say_phone(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


def own_patient(patient_id: int) -> Sheet:
    """The patient, where the route's right holds at their site; else it is not found."""
    found = service.sheet(current_parts(), patient_id)
    site_of(found.site_id if found else None, f"patient {patient_id}")
    return found or abort(404)


def back(patient_id: int, anchor: str | None = None, done: str | None = None) -> ResponseReturnValue:
    return redirect(url_for(".manage", patient_id=patient_id, _anchor=anchor, done=done), 303)
