"""A patient travels or moves: what it changes is said in a sentence first; a journey to come can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from flask import flash, request
from flask.typing import ResponseReturnValue

from pro.services.access import Right
from pro.services.enrolment import journeys
from pro.services.enrolment.journeys import Foreseen, Foretold
from pro.services.enrolment.travelling import SameZone
from pro.store.desk import Found
from pro.web import places
from pro.web.desk import phrases
from pro.web.desk.course import (
    ADDRESS,
    TO_DO,
    Wrong,
    back,
    c,
    confirm,
    day_typed,
    is_confirmed,
    long_day,
    short_stamp,
    tells,
    titles,
)
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
    return confirm(row, "zone", _lines(row, seen), fields, button, place=say_place(zone, language()))


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
    when = {"when": short_stamp(seen.made_at, seen.old), "old": say_place(seen.old, language())}
    done = c("zone.done", **values, n=seen.assessments) if seen.at_once else c("zone.planned", **values, **when)
    for each in _silent(row, seen):
        flash(each, TO_DO)
    return back(row, done)


def _lines(row: Found, seen: Foreseen) -> list[str]:
    spoken = language()
    place, old = say_place(seen.zone, spoken), say_place(seen.old, spoken)
    lines = [c("zone.line-from", day=long_day(seen.from_day), place=place), *_reminders(row, seen, place, old)]
    if seen.instead_of is not None:
        other = say_place(seen.instead_of.zone, spoken)
        lines.insert(0, c("zone.line-instead", place=other, day=long_day(seen.instead_of.from_day)))
    if seen.is_open:
        there, here = (short_stamp(seen.at, zone) for zone in (seen.zone, seen.old))
        lines.append(c("zone.line-open", when=there, here=here, old=old))
    quiet = (
        c("zone.line-quiet")
        if seen.at_once
        else c("zone.line-later", when=short_stamp(seen.made_at, seen.old), old=old)
    )
    return [*lines, quiet, c("zone.line-count", n=seen.assessments)]


def _reminders(row: Found, seen: Foreseen, place: str, old: str) -> list[str]:
    """`Daily diary: reminders move to 18:00 and 20:00 in Montréal.`, a line for each thing that is asked."""
    going = ([each for each in told if each.leaves_at] for told in (seen.held_up, seen.reminders))
    before, after = (_each_told(row, seen, told, place, old) for told in going)
    none = [] if seen.reminders else [c("zone.line-none")]
    return [*before, *after, *none, *_silent(row, seen)]


def _silent(row: Found, seen: Foreseen) -> list[str]:
    """`Week 8 is open already: its reminders of Wed 15 Apr 10:00 …`, each form once."""
    told: dict[str, list[Foretold]] = {}
    for each in seen.silent:
        told.setdefault(each.timepoint, []).append(each)
    spoken = language()
    names = {"place": say_place(seen.zone, spoken), "old": say_place(seen.old, spoken)}
    return [
        c(
            "zone.line-silent",
            what=_open(row, seen, key),
            n=len(these),
            when=", ".join(_stamps(these, seen.old)),
            **names,
        )
        for key, these in told.items()
    ]


def _open(row: Found, seen: Foreseen, timepoint: str) -> str:
    """`Week 8 is open already`: why its reminders do not move."""
    return c("zone.open-now" if seen.at_once else "zone.open-then", what=titles(row, [timepoint]))


def _stamps(told: Sequence[Foretold], zone: str) -> list[str]:
    """`Wed 15 Apr 18:00 and 20:00`: a day each."""
    days: dict[date, list[datetime]] = {}
    for each in told:
        days.setdefault(phrases.local(each.at, zone).date(), []).append(each.at)
    return [f"{phrases.short_day(day, language())} {clocks_said(these, zone)}" for day, these in days.items()]


def _each_told(row: Found, seen: Foreseen, foretold: Sequence[Foretold], place: str, old: str) -> list[str]:
    told: dict[tuple[str, str], list[Foretold]] = {}
    for each in foretold:
        told.setdefault((each.timepoint, _fate(each)), []).append(each)
    return [_told(row, seen, each, place, old) for each in told.values()]


def _fate(one: Foretold) -> str:
    if one.moves:
        return "moves"
    return "stays" if one.leaves_at == one.at else "waits"


def _told(row: Found, seen: Foreseen, told: Sequence[Foretold], place: str, old: str) -> str:
    here = clocks_said([each.at for each in told], seen.old)
    fate = _fate(told[0])
    there = clocks_said([each.leaves_at if fate == "waits" and each.leaves_at else each.at for each in told], seen.zone)
    key = "same" if there == here and fate in ("moves", "stays") else fate
    timepoint = told[0].timepoint
    what = _open(row, seen, timepoint) if key in ("stays", "waits") else titles(row, [timepoint])
    return c(f"zone.line-{key}", what=what, n=len(told), there=there, here=here, place=place, old=old)


def clocks_said(instants: Sequence[datetime], zone: str) -> str:
    """`18:00 and 20:00`."""
    return _and([phrases.clock(at, zone, language()) for at in instants])


def _and(said: Sequence[str]) -> str:
    if len(said) < 2:
        return "".join(said)
    return say("enrolment.sheet.and", language(), first=", ".join(said[:-1]), last=said[-1])
