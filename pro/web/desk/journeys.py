"""A patient travels or moves: what it changes is said in a sentence first; a journey to come can be taken back."""

from __future__ import annotations

from datetime import datetime

from flask import request
from flask.typing import ResponseReturnValue

from pro.services.access import Right
from pro.services.enrolment import journeys
from pro.services.enrolment.journeys import Foreseen
from pro.services.enrolment.travelling import SameZone
from pro.store.desk import Found
from pro.web import places
from pro.web.desk import phrases
from pro.web.desk.course import ADDRESS, Wrong, back, c, confirm, day_typed, is_confirmed, long_day, tells
from pro.web.desk.frame import blueprint, language
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who
from pro.web.words import say, say_place


@blueprint.post(f"{ADDRESS}/zone")
@needs(Right.ENROL)
@tells("zone")
def zone_course(row: Found) -> ResponseReturnValue:
    """First says what will change, then, asked again, changes it."""
    zone, from_day = zone_typed(), day_typed("from")
    try:
        if is_confirmed():
            return _moved(row, journeys.plan_journey(current_parts(), who(), row.patient_id, zone, from_day, moment()))
        seen = journeys.foresee(current_parts(), row.patient_id, zone, from_day, moment())
    except SameZone:
        raise Wrong("same-zone", place=say_place(row.zone, language())) from None
    fields = {"zone": zone, "from": from_day.isoformat() if from_day else ""}
    button = c("zone.button" if seen.at_once else "zone.button-later")
    return confirm(row, "zone", _lines(seen), fields, button, place=say_place(zone, language()))


@blueprint.post(f"{ADDRESS}/journey")
@needs(Right.ENROL)
@tells("zone")
def journey_course(row: Found) -> ResponseReturnValue:
    """Takes the journey to come back."""
    done = journeys.cancel_journey(current_parts(), who(), row.patient_id, moment())
    return back(row, c("zone.taken-back" if done else "already"))


def zone_typed() -> str:
    """The place that was chosen or typed, as a zone."""
    chosen, typed = request.form.get("zone", "")[:60], " ".join(request.form.get("elsewhere", "").split())[:60]
    if chosen and typed:
        raise Wrong("two-zones")
    if not chosen and not typed:
        raise Wrong("no-zone")
    meant = places.found(chosen or typed)
    if not meant:
        raise Wrong("unknown-zone", typed=chosen or typed)
    if len(meant) > 1:
        raise Wrong("several-zones", typed=typed, names=", ".join(meant))
    return meant[0]


def _moved(row: Found, seen: Foreseen) -> ResponseReturnValue:
    values = {"number": row.number, "place": say_place(seen.zone, language()), "day": long_day(seen.from_day)}
    return back(row, c("zone.done", **values, n=seen.assessments) if seen.at_once else c("zone.planned", **values))


def _lines(seen: Foreseen) -> list[str]:
    spoken = language()
    place, old = say_place(seen.zone, spoken), say_place(seen.old, spoken)
    lines = [c("zone.line-from", day=long_day(seen.from_day), place=place), _reminders(seen, place, old)]
    if seen.at_once:
        when, then = (_when(seen.at, zone) for zone in (seen.zone, seen.old))
        lines += [c("zone.line-open", when=when, here=then, old=old), c("zone.line-quiet")]
    lines.append(c("zone.line-moves", n=seen.assessments))
    return lines if seen.at_once else [*lines, c("zone.line-later")]


def _reminders(seen: Foreseen, place: str, old: str) -> str:
    """`Reminders move to 18:00 and 20:00 in Montréal.`"""
    there, here = (_clocks(seen.reminders, zone) for zone in (seen.zone, seen.old))
    if not there:
        return c("zone.line-none")
    if there == here:
        return c("zone.line-same", there=there)
    return c("zone.line-reminders", there=there, here=here, place=place, old=old)


def _clocks(instants: tuple[datetime, ...], zone: str) -> str:
    """`18:00 and 20:00`."""
    said = [phrases.clock(at, zone, language()) for at in instants]
    if len(said) < 2:
        return "".join(said)
    return say("enrolment.sheet.and", language(), first=", ".join(said[:-1]), last=said[-1])


def _when(at: datetime, zone: str) -> str:
    return f"{phrases.short_day(phrases.local(at, zone).date(), language())} {phrases.clock(at, zone, language())}"
