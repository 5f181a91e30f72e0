"""The clinician's form of a visit: typed in from the sheet, read once more, kept; and corrected with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from pro.domain.answers import Answer
from pro.domain.examination import EXAMINED_ON, Doubt, doubts, impossible
from pro.domain.freezing import freeze
from pro.domain.joints import label
from pro.domain.questionnaire import Item, Kind
from pro.domain.scoring import score
from pro.services import examining, undoing
from pro.services.access import Right
from pro.services.examining import Form, NotEntered
from pro.web.asked import row_number_or_none
from pro.web.desk import phrases
from pro.web.desk.exam_form import Typed, exam_form, take, typed_in, typed_of
from pro.web.desk.exam_grid import fits, grid
from pro.web.desk.frame import blueprint, language
from pro.web.desk.patients import found_patient
from pro.web.parts import current_parts, moment
from pro.web.placeholders import banner_here
from pro.web.rights import needs, site_of, who
from pro.web.words import say, say_day, say_number

SHOWN_SCALES = ("tjc28", "sjc28")
"""Counts that a sheet's own sums are held against."""
ADDRESS = "/patients/<number>/visits/<timepoint>/<questionnaire>"


def x(key: str, **values: object) -> str:
    """A text of these pages in the reader's language."""
    return say(f"exam.{key}", language(), **values)


@blueprint.get(ADDRESS)
@needs(Right.SEE_PATIENT)
def exam(number: str, timepoint: str, questionnaire: str) -> ResponseReturnValue:
    """The form, or for whoever only reads what was entered."""
    found = found_form(number, timepoint, questionnaire)
    return exam_page(found)


def exam_page(found: Form, problem: str = "") -> str:
    """The form as it stands, with what was typed before a session ran out; `problem` is said above it."""
    kept = _kept()
    problems = {"": problem} if problem else None
    if kept is not None:
        form = exam_form(found.questionnaire)(kept)
        return _form_page(found, typed_in(form, found.questionnaire), problems, form.reason.data or "")
    return _form_page(found, _first_typed(found), problems)


@blueprint.post(ADDRESS)
@needs(Right.ENTER_EXAM)
def enter_exam(number: str, timepoint: str, questionnaire: str) -> ResponseReturnValue:
    found = found_form(number, timepoint, questionnaire)
    form = exam_form(found.questionnaire)()
    typed, reason = typed_in(form, found.questionnaire), (form.reason.data or "").strip()
    taken = take(found.questionnaire, typed, language())
    seen = row_number_or_none(form.seen.data or "") or 0
    problems = {**taken.problems, **_more_problems(found, taken.answers, seen, reason)}
    if problems or form.do.data == "change":
        return _form_page(found, typed, problems if form.do.data != "change" else {}, reason), 422 if problems else 200
    doubted = _doubts(found, taken.answers)
    if form.do.data != "save" or (doubted and not form.confirmed.data):
        return _review_page(found, typed, taken.answers, doubted, reason, unconfirmed=form.do.data == "save")
    return _enter(found, typed, taken.answers, reason, seen)


def _enter(
    found: Form, typed: Mapping[str, Typed], answers: Mapping[str, Answer], reason: str, seen: int
) -> ResponseReturnValue:
    key, asked = found.timepoint.key, found.questionnaire.id
    done = examining.enter(
        current_parts(), who(), found.patient_id, key, asked, answers, moment(), seen=seen, reason=reason
    )
    if isinstance(done, NotEntered):
        again = found_form(found.number, key, asked)
        return _form_page(again, typed, {"": x(f"problem.{done.why}")}, reason), 409
    session.pop("kept", None)
    return redirect(url_for("staff.patient", number=found.number, done="exam", _anchor="exams"), 303)


def found_form(number: str, timepoint: str, questionnaire: str) -> Form:
    patient = found_patient(number)
    site_of(patient.site_id, f"patient {number}")
    return examining.form(current_parts(), patient, timepoint, questionnaire, moment()) or abort(404)


def _first_typed(found: Form) -> dict[str, Typed]:
    """What is stored; before the first entry nothing but the day meant for the visit."""
    if found.versions:
        return typed_of(found.questionnaire, examining.stored_answers(found), language())
    meant = min(found.day, found.today).isoformat()
    return {item.key: Typed((meant,)) if item.key == EXAMINED_ON else Typed() for item in found.questionnaire.items}


def _kept() -> MultiDict[str, str] | None:
    """What was typed before the session ran out."""
    kept = session.get("kept")
    if not isinstance(kept, dict) or kept.get("page") != request.full_path.rstrip("?"):
        return None
    return MultiDict(kept.get("fields", {}))


def _more_problems(found: Form, answers: Mapping[str, Answer], seen: int, reason: str) -> dict[str, str]:
    problems = {}
    given = {key: one.value for key, one in answers.items() if key == EXAMINED_ON and one.value is not None}
    if refused := impossible(given, found.earliest, found.today):
        problems[EXAMINED_ON] = x(f"problem.{refused}")
    if seen and not reason:
        problems["reason"] = x("problem.no-reason")
    if len(reason) > examining.LONGEST_REASON:
        problems["reason"] = x("problem.long-reason")
    return problems


def _doubts(found: Form, answers: Mapping[str, Answer]) -> tuple[Doubt, ...]:
    return doubts(freeze(found.questionnaire, answers).values, found.first, found.last)


def _common(found: Form) -> dict[str, Any]:
    spoken = language()
    return {
        "active": "patients",
        "x": x,
        "found": found,
        "asked": found.questionnaire,
        "banner": banner_here(found.questionnaire, spoken),
        "may_enter": who().may(Right.ENTER_EXAM, found.site_id),
        "history": [(version, _words_of(found, version.answers)) for version in found.versions],
        "undone": found.undone,
        "whys": undoing.WHY,
        "window": (say_day(found.first, spoken), say_day(found.last, spoken)),
    }


def _words_of(found: Form, answers: Mapping[str, Mapping[str, object]]) -> list[tuple[str, str]]:
    spoken = language()
    return [
        (phrases.short_name(item, spoken), _answer_words(item, answers.get(item.key)))
        for item in found.questionnaire.items
    ]


def _answer_words(item: Item, answer: Mapping[str, object] | None) -> str:
    """As at the desk elsewhere; what was skipped here was not done, and a day reads as one."""
    if answer is not None and answer["code"] == "skipped":
        return x("not-done")
    if answer is not None and answer["code"] == "answered" and item.kind is Kind.DATE:
        return say_day(date.fromisoformat(str(answer["value"])), language(), year=True)
    return phrases.answer_words(item, answer, language())


def as_laid(found: Form) -> list[Item]:
    """The items as the page has them: figures, then the lists of joints, those out of the count last."""
    items = found.questionnaire.items
    return sorted(items, key=lambda item: (item.kind is Kind.JOINTS, item.kind is Kind.JOINTS and item.mark == "other"))


def _form_page(
    found: Form, typed: Mapping[str, Typed], problems: Mapping[str, str] | None = None, reason: str = ""
) -> str:
    spoken = language()
    listed = {item.key: problem for item in as_laid(found) if (problem := (problems or {}).get(item.key))}
    maps = {
        item.key: grid(item, typed[item.key].texts, spoken)
        for item in found.questionnaire.items
        if item.kind is Kind.JOINTS and fits(item)
    }
    return render_template(
        "desk/exam.html",
        **_common(found),
        typed=typed,
        maps=maps,
        problems={**listed, **(problems or {})},
        reason=reason,
    )


def _review_page(
    found: Form,
    typed: Mapping[str, Typed],
    answers: Mapping[str, Answer],
    doubted: tuple[Doubt, ...],
    reason: str,
    *,
    unconfirmed: bool,
) -> str:
    frozen = freeze(found.questionnaire, answers)
    scores = score(found.questionnaire, frozen.values)
    scales = {scale.key: scale for scale in found.questionnaire.scales}
    old = found.versions[0].answers if found.versions else {}
    return render_template(
        "desk/exam_review.html",
        **_common(found),
        typed=typed,
        reason=reason,
        rows=[
            (item, _answer_words(item, frozen.items[item.key]), _answer_words(item, old.get(item.key)) if old else "")
            for item in found.questionnaire.items
        ],
        counts=[(scales[key], scores[key]) for key in SHOWN_SCALES if key in scores],
        doubted=[_doubt_words(doubt) for doubt in doubted],
        unconfirmed=unconfirmed,
    )


def _doubt_words(doubt: Doubt) -> str:
    spoken = language()
    match doubt.why:
        case "outside-window":
            value = say_day(date.fromisoformat(doubt.value), spoken)
        case "out-and-marked":
            value = label(doubt.value, spoken)
        case _:
            value = say_number(Decimal(doubt.value), spoken)
    return x(f"doubt.{doubt.why}", value=value)
