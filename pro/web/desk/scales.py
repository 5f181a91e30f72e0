"""A patient's scales: each over the visits, what DAS28 and EULAR response rest on, and what is missing for them."""

from __future__ import annotations

from functools import partial

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from pro.services import scales as service
from pro.services.access import Right
from pro.services.scales import Visit
from pro.store.desk import Found
from pro.web.desk.activity import activity, belonging
from pro.web.desk.frame import blueprint, language
from pro.web.desk.missing import Missing
from pro.web.desk.patients import found_patient
from pro.web.desk.scale_views import Views
from pro.web.desk.scale_words import s
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who


@blueprint.get("/patients/<number>/scales")
@needs(Right.SEE_PATIENT)
def scales(number: str) -> ResponseReturnValue:
    row = found_patient(number)
    spoken = language()
    found = service.scales(current_parts(), row, moment())
    views = Views(found, spoken)
    cards = views.cards(belonging(found))
    return render_template(
        "desk/scales.html",
        active="patients",
        number=row.number,
        s=partial(s, language=spoken),
        last=views.when(found.visits[-1]) if found.visits else "",
        activity=activity(found, spoken),
        notes=Missing(current_parts().library, found, row.zone, spoken, partial(_enter, row)).notes(),
        since=views.since(),
        axis=views.axis(),
        singles=[card for card in cards if len(card.rows) == 1],
        pairs=[card for card in cards if len(card.rows) != 1],
    )


def _enter(row: Found, visit: Visit, questionnaire: str) -> str:
    """Where this reader may enter the clinician's form of a visit; empty where they may not."""
    if not who().may(Right.ENTER_EXAM, row.site_id):
        return ""
    return url_for("staff.exam", number=row.number, timepoint=visit.timepoint.key, questionnaire=questionnaire)
