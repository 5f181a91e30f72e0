"""The page of a patient's course: where the patient is, holds and pauses, events, the end; and what its verbs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import wraps

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro.domain import zones
from pro.services import courses
from pro.services.access import Right
from pro.services.anchoring import NotReported
from pro.services.enrolment import holding, journeys
from pro.services.enrolment.holding import NotNow
from pro.store.desk import Found
from pro.web import places
from pro.web.desk import phrases
from pro.web.desk.frame import blueprint, language
from pro.web.desk.patients import found_patient
from pro.web.enrolment_forms import day as read_day
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who
from pro.web.words import in_language, say, say_clock, say_day, say_place

ADDRESS = "/patients/<number>/course"
WHILE = ("holiday", "hospital", "other-illness", "side-effect", "technical", "doctor", "other")
AT_LAST = ("completed", "doctor", "side-effect", "other-illness", "technical", "other")

Verb = Callable[[Found], ResponseReturnValue]


class Wrong(Exception):
    """What was typed does not hold, in one line of the reader's language."""

    def __init__(self, why: str, **values: object) -> None:
        super().__init__(why)
        self.said = c(f"problem.{why}", **values)


class Wrongs(Wrong):
    """Several of them, each in its line."""

    def __init__(self, found: Sequence[Wrong]) -> None:
        Exception.__init__(self, *found)
        self.said = " ".join(one.said for one in found)


def c(key: str, **values: object) -> str:
    """A text of this page in the reader's language."""
    return say(f"course.{key}", language(), **values)


@blueprint.get(ADDRESS)
@needs(Right.SEE_PATIENT)
def course(number: str) -> ResponseReturnValue:
    return course_page(found_patient(number))


def tells(section: str) -> Callable[[Verb], Callable[..., ResponseReturnValue]]:
    """A verb on the patient of the address; what it refuses is said in its section of the page."""

    def mark(verb: Verb) -> Callable[..., ResponseReturnValue]:
        @wraps(verb)
        def told(number: str) -> ResponseReturnValue:
            row = found_patient(number)
            try:
                return verb(row)
            except Wrong as wrong:
                return course_page(row, section, wrong.said), 422
            except (NotNow, NotReported) as refused:
                return course_page(row, section, c(f"problem.{refused.why}", first=long_day(row.day0))), 422

        return told

    return mark


# ── What was typed


def is_confirmed() -> bool:
    return request.form.get("step") == "do"


def day_typed(field: str) -> date | None:
    """None where nothing was typed."""
    typed = request.form.get(field, "").strip()
    if typed and read_day(typed) is None:
        raise Wrong("no-day")
    return read_day(typed)


def day_asked(field: str, label: str) -> date:
    """A day that has to be given; `label` says which where there is none."""
    found = read_day(request.form.get(field, "").strip())
    if found is None:
        raise Wrong("no-day-of", which=label)
    return found


def is_wrong(ask: Callable[[], object]) -> Wrong | None:
    try:
        ask()
    except Wrong as wrong:
        return wrong
    return None


def reason_typed() -> str:
    why = request.form.get("why", "")
    if why not in holding.REASONS:
        raise Wrong("no-reason")
    return why


# ── What is answered


TO_DO = "to-do"
"""The category of a line that says what is left for the site to do."""


def back(row: Found, said: str) -> ResponseReturnValue:
    """The page again, with one line that says what happened."""
    flash(said)
    return redirect(url_for("staff.course", number=row.number), 303)


def confirm(
    row: Found, verb: str, lines: Sequence[str], fields: Mapping[str, str], button: str, **title: object
) -> str:
    """What will happen, line by line, and the button that does it."""
    return render_template(
        "desk/confirm.html",
        active="patients",
        number=row.number,
        title=c(f"{verb}.confirm", number=row.number, **title),
        lines=lines,
        fields=fields,
        why=c(f"why.{fields['why']}") if "why" in fields else "",
        action=url_for(f"staff.{verb}_course", number=row.number),
        back=url_for("staff.course", number=row.number),
        button=button,
        danger=verb == "end",
    )


def course_page(row: Found, section: str = "", problem: str = "") -> str:
    found = courses.course(current_parts(), row, moment())
    spoken = language()
    leaves = journeys.coming_at(current_parts(), row.patient_id) if found.journey else None
    known = (found.site_zone, *(stay.zone for stay in reversed(found.stays)))
    return render_template(
        "desk/course.html",
        active="patients",
        c=c,
        found=found,
        leaves=leaves and short_stamp(leaves, found.zone),
        problems={section: problem} if problem else {},
        typed=request.form,
        place=lambda zone: say_place(zone, spoken),
        long_day=long_day,
        day_of=lambda at: long_day(phrases.local(at, found.zone).date()),
        likely=[(zone, say_place(zone, spoken), _clock_there(zone)) for zone in places.likely(known, found.zone)],
        listed=places.listed(spoken),
        whiles=WHILE,
        at_last=AT_LAST,
        history=[(phrases.event_line(entry, found.protocol, spoken), entry) for entry in found.history],
        may_move=who().may(Right.ENROL, found.site_id),
        may_stop=who().may(Right.WITHDRAW, found.site_id),
    )


def short_stamp(at: datetime, zone: str) -> str:
    """`Wed 15 Apr 19:45`, by the clocks of that zone, with the year where it is far."""
    on = phrases.local(at, zone).date()
    day = phrases.short_day(on, language()) + (f" {on.year}" if _is_far(on) else "")
    return f"{day} {phrases.clock(at, zone, language())}"


def long_day(day: date) -> str:
    """`Tuesday 14 April`, with the year where it is far."""
    return say_day(day, language(), year=_is_far(day))


def _is_far(day: date) -> bool:
    return abs((day - moment().study.date()).days) > 300


def titles(row: Found, timepoints: Sequence[str]) -> str:
    protocol = current_parts().library.protocol(row.protocol, row.protocol_version)
    known = {each.key: in_language(each.title, language()) for each in protocol.timepoints}
    return ", ".join(known.get(key, key) for key in timepoints)


def _clock_there(zone: str) -> str:
    return c("zone.clocks", clock=say_clock(moment().study.astimezone(zones.zone(zone)), language()))
