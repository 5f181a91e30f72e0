"""The pages with which a coordinator brings a patient in; what comes after stands in `enrolled`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from flask import abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from pro.domain import zones
from pro.domain.protocol import Criterion
from pro.domain.schedule import patient_day
from pro.services import enrolment as service
from pro.services.access import Right
from pro.services.enrolment import DAYS_AHEAD, Enrolled, Ineligible, NotEnrollable, Problem
from pro.services.enrolment.known import KNOWN
from pro.services.overview import Place, places
from pro.web import enrolled
from pro.web import places as places_of
from pro.web.asked import row_number_or_none
from pro.web.desk.frame import language
from pro.web.enrolment_forms import EnrolForm, day, new_once, whole_number
from pro.web.enrolment_frame import blueprint, example_number, problem_words
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, site_of, who
from pro.web.words import say_place

__all__ = ["blueprint", "enrolled"]


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
        shared_phone=form.shared.data == "yes",
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
        **_places(site.zone),
        example=example_number(where.site.region),
        errors={problem.field: problem_words(problem) for problem in problems},
        known=any(problem.why == KNOWN for problem in problems),
        unmet={one.key for one in unmet},
        unmet_list=unmet,
    )


def _places(here: str) -> dict[str, object]:
    """Where a patient may live, by town: first where the site is and where its patients go most."""
    spoken = language()
    likely = [(name, say_place(name, spoken)) for name in (here, *places_of.likely((), here))]
    elsewhere = [pair for pair in places_of.listed(spoken) if pair not in likely]
    return {"likely": likely, "elsewhere": elsewhere, "offered": {name for name, _ in (*likely, *elsewhere)}}


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
