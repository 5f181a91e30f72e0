"""An enrolled patient: test, link and sheet before leaving; later another telephone, and leaving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from decimal import ROUND_CEILING

import segno
from flask import render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from pro.domain import zones
from pro.domain.message import blame
from pro.services import enrolment as service
from pro.services.access import Right
from pro.services.enrolment import EARLIER, WHY, NotEnrollable, NotHeard, Problem, Sheet
from pro.services.enrolment.known import KNOWN_TOO
from pro.web.desk.frame import language
from pro.web.desk.phrases import word
from pro.web.enrolment_forms import PhoneForm, WithdrawForm
from pro.web.enrolment_frame import back, blueprint, e, own_patient, problem_words
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who
from pro.web.words import in_language, say, say_clock, say_day, say_number, say_place


@blueprint.get("/enrol/<int:patient_id>")
@needs(Right.ENROL)
def manage(patient_id: int) -> ResponseReturnValue:
    return manage_page(own_patient(patient_id))


def manage_page(sheet: Sheet, link: str | None = None) -> str:
    first = service.first_sms(current_parts(), sheet.patient_id)
    done = request.args.get("done", "")
    return render_template(
        "enrolment/manage.html",
        sheet=sheet,
        test=service.test_digits(current_parts(), sheet.patient_id),
        why_none=lambda code: word("why", code, language()),
        advice=lambda error: f"test.mend-{blame(error)}",
        done=done if done in DONE else "",
        fresh=moment().study - sheet.enrolled_at < timedelta(days=1),
        first=first if first and first > moment().study else None,
        link=link,
        qr=qr(link) if link else None,
        replies=current_parts().settings.sms_replies,
        may_withdraw=who().may(Right.WITHDRAW, sheet.site_id),
        may_change_phone=who().may(Right.CHANGE_PHONE, sheet.site_id),
    )


DONE = ("enrolled", "heard", "phone", "withdrawn", "revoked", "resumed", "resumed-start", "resumed-other")


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
    try:
        service.confirm_test(current_parts(), who(), patient_id, moment())
    except NotHeard:  # the page says why it did not leave, or that it is on its way
        return back(patient_id, "test")
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
    """A provider that has heard STOP holds every text until the patient writes START: no desk can take that back."""
    held = own_patient(patient_id).held
    service.opt_in_again(current_parts(), who(), patient_id, moment())
    until = "-start" if current_parts().settings.sms_replies else "-other"
    return back(patient_id, done=f"resumed{until if held else ''}")


@blueprint.get("/enrol/<int:patient_id>/sheet")
@needs(Right.ENROL)
def sheet(patient_id: int) -> ResponseReturnValue:
    """On paper, in the patient's language."""
    found = own_patient(patient_id)
    spoken = found.language
    first = service.first_sms(current_parts(), patient_id)
    return render_template(
        "enrolment/sheet.html",
        sheet=found,
        first=first.astimezone(zones.zone(found.zone)) if first else None,
        replies=current_parts().settings.sms_replies,
        spoken=spoken,
        s=lambda key, **values: say(f"enrolment.sheet.{key}", spoken, **values),
        paper_day=lambda at: say_day(at, spoken),
        paper_clock=lambda at: say_clock(at, spoken),
        paper_place=say_place(found.zone, spoken),
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
    typed, name = form.phone.data or "", form.name.data or ""
    try:
        if service.lacks_contact(current_parts(), patient_id):
            service.check_name(name)
        shared = form.shared.data == "yes"
        number = service.check_phone(current_parts(), patient_id, typed, shared)
        if form.step.data == "change":
            service.change_phone(current_parts(), who(), patient_id, typed, moment(), name, shared)
            return back(patient_id, done="phone")
    except NotEnrollable as wrong:
        return phone_page(found, form, problems=wrong.problems), 422
    return phone_page(found, form, number=number)


def phone_page(found: Sheet, form: PhoneForm, number: str | None = None, problems: Sequence[Problem] = ()) -> str:
    return render_template(
        "enrolment/phone.html",
        sheet=found,
        form=form,
        number=number,
        errors={one.field: problem_words(one) for one in problems},
        known=any(one.why == KNOWN_TOO for one in problems),
        missing=service.lacks_contact(current_parts(), found.patient_id),
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


def qr(link: str) -> Markup:
    """The link as a picture, drawn here; dark on light in either scheme, since cameras read no other."""
    drawn = segno.make(link, error="m", micro=False)
    return Markup(drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None))
