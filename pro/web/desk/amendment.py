"""The amendment's page: what a new version does to each patient, before it is approved; approval; what came of it."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from pro.services import amending, amending_patients
from pro.services.access import Right
from pro.services.amending import NotAmended
from pro.services.amendment_page import AmendmentPage, amendment_page
from pro.web import amendment_views
from pro.web.desk.frame import blueprint, language
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who
from pro.web.words import say

AT_MOST = 200
"""Patients that one press carries over: what is left goes on with the next, or with the worker within the hour."""


@blueprint.get("/protocol/amendment")
@needs(Right.SEE_PROTOCOL)
def amendment() -> ResponseReturnValue:
    return _page(request.args.get("to", ""))


@blueprint.post("/protocol/amendment")
@needs(Right.AMEND)
def approve_amendment() -> ResponseReturnValue:
    """Needs the right at every site of the study, a reason and a tick; sent twice it is done once."""
    form, now = request.form, moment()
    version, found = form.get("to", ""), _found("")
    if not found.may_approve:
        return _page(version, _said("not-allowed")), 403
    missing = [] if form.get("reason", "").strip() or found.begun is not None else [_said("no-reason")]
    missing += [] if form.get("sure") else [_said("not-sure")]
    if missing:
        return _page(version, " ".join(missing)), 422
    assert found.study.id is not None
    try:
        done = amending.approve(
            current_parts(), who().staff_id, found.study.id, version, form.get("reason", ""), now, at_most=AT_MOST
        )
    except NotAmended as refusal:
        return _page(version, _refusal(refusal)), 422
    flash(_said("left", n=done.left) if done.left else _said("done", n=done.numbers.patients))
    return _back(found)


def _back(found: AmendmentPage) -> Response:
    return redirect(url_for("staff.amendment", study=found.study.code), 303)


def _said(key: str, **values: object) -> str:
    return say(f"amendment.{key}", language(), **values)


def _refusal(refusal: NotAmended) -> str:
    return _said(f"refused.{refusal.why}", **refusal.named)


def _found(to: str) -> AmendmentPage:
    number = request.args.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 6 else 1
    code = request.values.get("study", "")
    found = amendment_page(current_parts(), who(), moment(), study=code, to=to, page=page)
    if found is None:
        abort(404)
    return found


def _page(to: str, problem: str = "") -> str:
    found, spoken, now = _found(to), language(), moment().study
    shown, library = found.shown, current_parts().library
    cards = [amendment_views.card(one, library, shown.asked.to, now, spoken) for one in shown.patients] if shown else []
    return render_template(
        "desk/amendment.html",
        active="protocol",
        found=found,
        to=to or (found.begun.version if found.begun is not None else ""),
        problem=problem or (_refusal(found.refused) if found.refused else ""),
        cards=cards,
        summary=amendment_views.summary(shown.numbers, spoken) if shown else [],
        counts=lambda row: amendment_views.summary(amending_patients.numbers_of(row), spoken),
        s=lambda key, **values: say(f"amendment.{key}", spoken, **values),
    )
