"""An event from which the protocol counts, reported by staff with its day."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from pro.services import anchoring
from pro.services.access import Right
from pro.store.desk import Found
from pro.web.desk.course import ADDRESS, Wrong, back, c, confirm, day_typed, is_confirmed, long_day, tells, titles
from pro.web.desk.frame import blueprint
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who


@blueprint.post(f"{ADDRESS}/event")
@needs(Right.WITHDRAW)
@tells("event")
def event_course(row: Found) -> ResponseReturnValue:
    """First says what the protocol plans from it, then, asked again, records it."""
    parts, protocol = current_parts(), current_parts().library.protocol(row.protocol, row.protocol_version)
    name, day = request.form.get("event", ""), day_typed("on")
    if name not in anchoring.reportable(protocol):
        raise Wrong("no-event")
    happened = anchoring.day_of(parts, row.patient_id, day, moment())
    values = {"what": c(f"event.{name}"), "day": long_day(happened)}
    if is_confirmed():
        actor = who().actor(Right.WITHDRAW, row.site_id)
        n = anchoring.report(parts, actor, row.patient_id, name, moment(), happened)
        return back(row, c("event.done", **values, n=n) if n else c("event.nothing", **values))
    planned = [each.key for each in protocol.timepoints if each.anchor.name == name]
    lines = [c("event.line-day", day=values["day"]), c("event.line-plans", what=titles(row, planned))]
    fields = {"event": name, "on": happened.isoformat()}
    return confirm(row, "event", [*lines, c("event.line-final")], fields, c("event.button"), what=values["what"])
