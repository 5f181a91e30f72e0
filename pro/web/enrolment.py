"""The pages with which a coordinator brings a patient in, gives a new telephone, and takes a patient out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from decimal import ROUND_CEILING
from typing import Any

import phonenumbers
import segno
from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from pro.domain import zones
from pro.domain.protocol import Criterion
from pro.domain.schedule import patient_day
from pro.services import enrolment as service
from pro.services.access import Right
from pro.services.enrolment import DAYS_AHEAD, EARLIER, WHY, Enrolled, Ineligible, NotEnrollable, Problem, Sheet
from pro.services.overview import Place, places
from pro.web.asked import row_number_or_none
from pro.web.desk.frame import desk_context, language, stale_form
from pro.web.enrolment_forms import EnrolForm, PhoneForm, WithdrawForm, day, new_once, whole_number
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, site_of, who
from pro.web.words import NAMES, in_language, say, say_clock, say_day, say_instant, say_number, say_phone

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


# ── Coming in


@blueprint.get("/enrol")
@needs(Right.ENROL)
def enrol() -> ResponseReturnValue:
    site = chosen_site(request.args.get("site"))
    if site is None:
        return render_template("enrolment/sites.html", sites=own_sites())
    form = EnrolForm(kept_fields())
    form.once.data, form.site.data = new_once(), str(site.id)
    form.zone.data = form.zone.data or site.zone
    return enrol_page(form, site)


@blueprint.post("/enrol")
@needs(Right.ENROL)
def enrol_now() -> ResponseReturnValue:
    form = EnrolForm()
    site = chosen_site(form.site.data) or abort(404)
    try:
        outcome = enrol_typed(form, site)
    except NotEnrollable as wrong:
        return enrol_page(form, site, wrong.problems, wrong.unmet), 422
    if isinstance(outcome, Ineligible):
        return enrol_page(form, site, unmet=outcome.unmet), 422
    session.pop("kept", None)
    return redirect(url_for(".manage", patient_id=outcome.patient_id, done="enrolled"), 303)


def enrol_typed(form: EnrolForm, site: Place) -> Enrolled | Ineligible:
    asked = (form.screened_on.data or "").strip()
    return service.enrol(
        current_parts(),
        who(),
        site.id,
        criteria=form.ticked(),
        screening_value=whole_number(form.screening_value.data),
        name=form.name.data or "",
        phone=form.phone.data or "",
        day0=day(form.day0.data),
        zone=(form.zone.data or "").strip(),
        language=form.language.data or "",
        moment=moment(),
        screened_on=(day(asked) or date.min) if asked else None,
        once=form.made_once(),
    )


def enrol_page(form: EnrolForm, site: Place, problems: Sequence[Problem] = (), unmet: Sequence[Criterion] = ()) -> str:
    try:
        where = service.place(current_parts(), site.id, moment())
    except NotEnrollable as wrong:
        return render_template("enrolment/closed.html", site=site, why=problem_words(wrong.problems[0]))
    if where.obstacle is not None:
        return render_template("enrolment/closed.html", site=site, why=problem_words(where.obstacle))
    protocol = where.protocol
    today = patient_day(moment().study, zones.zone(site.zone), protocol.cutoff)
    return render_template(
        "enrolment/enrol.html",
        form=form,
        site=site,
        protocol=protocol,
        typed=[one for one in protocol.criteria if one.key == protocol.screening.criterion],
        inclusion=[one for one in protocol.criteria if one.kind == "inclusion"],
        exclusion=[one for one in protocol.criteria if one.kind == "exclusion"],
        ticked=form.ticked(),
        screening=protocol.screening,
        today=today,
        latest=today + timedelta(days=DAYS_AHEAD),
        zones=sorted(zones.names()),
        example=example_number(where.site.region),
        errors={problem.field: problem_words(problem) for problem in problems},
        unmet={one.key for one in unmet},
        unmet_list=unmet,
    )


def own_sites() -> tuple[Place, ...]:
    return places(current_parts(), who(), Right.ENROL)


def chosen_site(given: str | None) -> Place | None:
    """The site named, where it is the reader's own; the only one where none is named."""
    sites = own_sites()
    if not given:
        return sites[0] if len(sites) == 1 else None
    found = next((site for site in sites if str(site.id) == given), None)
    if found is None:
        site_of(row_number_or_none(given), "enrol", Right.ENROL)
    return found


def kept_fields() -> MultiDict[str, str] | None:
    """What was typed before the session ran out; name and number are never among it."""
    kept = session.get("kept")
    if not isinstance(kept, dict) or kept.get("page") != request.full_path.rstrip("?"):
        return None
    return MultiDict(kept.get("fields", {}))


def problem_words(problem: Problem) -> str:
    """What is wrong and how to mend it, in the reader's language."""
    spoken = language()
    values = {
        name: say_day(value, spoken) if isinstance(value, date) else value for name, value in problem.values.items()
    }
    if problem.field == "phone":
        values = {"example": example_number(str(problem.values["region"]))}
    return e(f"problem.{problem.why}", **values)


def example_number(region: str) -> str:
    """A mobile number as that country writes it; nobody's."""
    found = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    return "" if found is None else say_phone(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


# ── Before the patient leaves, and later


@blueprint.get("/enrol/<int:patient_id>")
@needs(Right.ENROL)
def manage(patient_id: int) -> ResponseReturnValue:
    return manage_page(own_patient(patient_id))


def manage_page(sheet: Sheet, link: str | None = None) -> str:
    done = request.args.get("done", "")
    return render_template(
        "enrolment/manage.html",
        sheet=sheet,
        test=service.test_digits(current_parts(), sheet.patient_id),
        done=done if done in DONE else "",
        fresh=moment().study - sheet.enrolled_at < timedelta(days=1),
        link=link,
        qr=qr(link) if link else None,
        replies=current_parts().settings.sms_replies,
        may_withdraw=who().may(Right.WITHDRAW, sheet.site_id),
        may_change_phone=who().may(Right.CHANGE_PHONE, sheet.site_id),
    )


DONE = ("enrolled", "heard", "phone", "withdrawn", "revoked", "resumed")


@blueprint.post("/enrol/<int:patient_id>/test")
@needs(Right.ENROL)
def send_test(patient_id: int) -> ResponseReturnValue:
    own_patient(patient_id)
    service.send_test(current_parts(), patient_id, moment())
    return back(patient_id, "test")


@blueprint.post("/enrol/<int:patient_id>/heard")
@needs(Right.ENROL)
def heard(patient_id: int) -> ResponseReturnValue:
    own_patient(patient_id)
    if service.test_digits(current_parts(), patient_id) is not None:
        service.confirm_test(current_parts(), who(), patient_id, moment())
    return back(patient_id, "test", done="heard")


@blueprint.post("/enrol/<int:patient_id>/link")
@needs(Right.ENROL)
def new_link(patient_id: int) -> ResponseReturnValue:
    """Answers with the code itself: only its hash is kept, so that it can be shown this once."""
    sheet = own_patient(patient_id)
    if sheet.withdrawn_at is not None:
        return back(patient_id)
    return manage_page(sheet, service.first_link(current_parts(), who(), patient_id, moment()))


@blueprint.post("/enrol/<int:patient_id>/revoke")
@needs(Right.CHANGE_PHONE)
def revoke(patient_id: int) -> ResponseReturnValue:
    own_patient(patient_id)
    service.revoke_links(current_parts(), who(), patient_id, moment())
    return back(patient_id, "link", done="revoked")


@blueprint.post("/enrol/<int:patient_id>/messages")
@needs(Right.CHANGE_PHONE)
def resume(patient_id: int) -> ResponseReturnValue:
    own_patient(patient_id)
    service.opt_in_again(current_parts(), who(), patient_id, moment())
    return back(patient_id, done="resumed")


@blueprint.get("/enrol/<int:patient_id>/sheet")
@needs(Right.ENROL)
def sheet(patient_id: int) -> ResponseReturnValue:
    """On paper, in the patient's language."""
    found = own_patient(patient_id)
    spoken = found.language
    return render_template(
        "enrolment/sheet.html",
        sheet=found,
        spoken=spoken,
        s=lambda key, **values: say(f"enrolment.sheet.{key}", spoken, **values),
        paper_day=lambda at: say_day(at, spoken),
        paper_clock=lambda at: say_clock(at, spoken),
        paper_minutes=lambda minutes: say_number(minutes.to_integral_value(ROUND_CEILING), spoken),
        paper_times=lambda times: paper_times(times, spoken),
        paper_words=lambda wording: in_language(wording, spoken),
    )


def paper_times(times: Sequence[time], spoken: str) -> str:
    """`at 18:00 and 20:00`."""
    said = [say_clock(at, spoken) for at in times]
    if not said:
        return say("enrolment.sheet.sms-none", spoken)
    joined = (
        said[0] if len(said) == 1 else say("enrolment.sheet.and", spoken, first=", ".join(said[:-1]), last=said[-1])
    )
    return say("enrolment.sheet.at", spoken, times=joined)


# ── Another telephone


@blueprint.get("/enrol/<int:patient_id>/phone")
@needs(Right.CHANGE_PHONE)
def phone(patient_id: int) -> ResponseReturnValue:
    return phone_page(own_patient(patient_id), PhoneForm())


@blueprint.post("/enrol/<int:patient_id>/phone")
@needs(Right.CHANGE_PHONE)
def phone_now(patient_id: int) -> ResponseReturnValue:
    """First says which messages will go there, then, asked again, changes it."""
    found, form = own_patient(patient_id), PhoneForm()
    typed = form.phone.data or ""
    try:
        number = service.check_phone(current_parts(), patient_id, typed)
        if form.step.data == "change":
            service.change_phone(current_parts(), who(), patient_id, typed, moment())
            return back(patient_id, done="phone")
    except NotEnrollable as wrong:
        return phone_page(found, form, error=problem_words(wrong.problems[0])), 422
    return phone_page(found, form, number=number)


def phone_page(found: Sheet, form: PhoneForm, number: str | None = None, error: str | None = None) -> str:
    return render_template(
        "enrolment/phone.html",
        sheet=found,
        form=form,
        number=number,
        error=error,
        moves=service.preview_phone_change(current_parts(), found.patient_id, moment()),
    )


# ── Leaving


@blueprint.get("/enrol/<int:patient_id>/withdraw")
@needs(Right.WITHDRAW)
def withdraw(patient_id: int) -> ResponseReturnValue:
    return withdraw_page(own_patient(patient_id), WithdrawForm())


@blueprint.post("/enrol/<int:patient_id>/withdraw")
@needs(Right.WITHDRAW)
def withdraw_now(patient_id: int) -> ResponseReturnValue:
    found, form = own_patient(patient_id), WithdrawForm()
    errors = {
        name: e(f"problem.{name}")
        for name, given, known in (("why", form.why.data, WHY), ("earlier_data", form.earlier_data.data, EARLIER))
        if given not in known
    }
    if errors:
        return withdraw_page(found, form, errors), 422
    service.withdraw(current_parts(), who(), patient_id, form.why.data or "", form.earlier_data.data or "", moment())
    return back(patient_id, done="withdrawn")


def withdraw_page(found: Sheet, form: WithdrawForm, errors: Mapping[str, str] | None = None) -> str:
    stops = service.preview_withdrawal(current_parts(), found.patient_id, moment())
    return render_template("enrolment/withdraw.html", sheet=found, form=form, stops=stops, errors=errors or {})


# ── Shared


def own_patient(patient_id: int) -> Sheet:
    """The patient, where the route's right holds at their site; else it is not found."""
    found = service.sheet(current_parts(), patient_id)
    site_of(found.site_id if found else None, f"patient {patient_id}")
    return found or abort(404)


def back(patient_id: int, anchor: str | None = None, done: str | None = None) -> ResponseReturnValue:
    return redirect(url_for(".manage", patient_id=patient_id, _anchor=anchor, done=done), 303)


def qr(link: str) -> Markup:
    """The link as a picture, drawn here; dark on light in either scheme, since cameras read no other."""
    drawn = segno.make(link, error="m", micro=False)
    return Markup(drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None))
