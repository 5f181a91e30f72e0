"""What the sites enter at the desk for a visit: the clinician's form, filled from how ill the patient is that day, or
that nobody will fill it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from pro.clock import Moment
from pro.domain import zones
from pro.domain.answers import Answer, check
from pro.domain.examination import EXAMINED_ON
from pro.domain.protocol import DAY0, Anchor, Timepoint
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.domain.schedule import patient_day
from pro.rehearsal.answers import day_of
from pro.rehearsal.people import ZONE, Person
from pro.rehearsal.play import Act, code_of
from pro.rehearsal.turns import MORE, is_away
from pro.services import examining, undoing
from pro.services.examining import Entered

if TYPE_CHECKING:
    from pro.rehearsal.lives import Life

DONE = 0.94
"""How many visits end with a form."""
FALL = 0.006
"""What examinations find falls by so much a day, of 1: so that some respond and some do not."""
AT = time(14, 30)
DECLARED = 0.6
"""How many of the forms that nobody enters are declared not done; of the others nothing is ever said."""
DECLARED_AFTER, FOUND_AFTER = timedelta(days=3, hours=-5), timedelta(days=4)
"""After the afternoon of the window's last day; and after that, when a form that was forgotten is entered after all."""
WHY = ("refused", "not-possible", "no-examiner", "forgotten")


def plan_examinations(life: Life) -> None:
    """Plans who examines when, at the visits that are counted from day 0."""
    for timepoint in life.play.brief.protocol.timepoints:
        if timepoint.anchor == DAY0:
            plan_examination(life, timepoint, life.person.day0 + timedelta(days=timepoint.first_day))


def plan_examination(life: Life, timepoint: Timepoint, meant: date) -> None:
    """On the day meant, in the afternoon, at the site; or somebody says that it will not be."""
    if not timepoint.clinician or timepoint.repeats:
        return
    at = _examined_at(life, timepoint, meant)
    if at is not None and life.person.dice("exam", timepoint.key).random() < DONE:
        life.play.plan(at, _examination(life, timepoint), brings_work=_is_waited_for(life, timepoint))
    elif life.person.dice("undone", timepoint.key).random() < DECLARED:
        _plan_declaration(life, timepoint, meant, away=at is None)


def _examined_at(life: Life, timepoint: Timepoint, meant: date) -> datetime | None:
    """On the day meant; who is away then comes later in the window or in the time that it is given more, or not at all."""
    days = range(timepoint.window_after + MORE.days + 1)
    afternoons = (datetime.combine(meant + timedelta(days=day), AT, zones.zone(ZONE)) for day in days)
    return next((at for at in afternoons if not is_away(life.gaps, at)), None)


def _plan_declaration(life: Life, timepoint: Timepoint, meant: date, *, away: bool) -> None:
    """Once the window is over. What was forgotten is found on paper later, and entered after all."""
    last = meant + timedelta(days=timepoint.window_after)
    at = datetime.combine(last, AT, zones.zone(ZONE)) + DECLARED_AFTER
    why = "visit-missed" if away else life.person.dice("why", timepoint.key).choice(WHY)
    life.play.plan(at, _declaration(life, timepoint, why), brings_work=False)
    if why == "forgotten":
        found_at = at + FOUND_AFTER
        life.play.plan(found_at, _examination(life, timepoint), brings_work=_is_waited_for(life, timepoint))


def _is_waited_for(life: Life, timepoint: Timepoint) -> bool:
    anchor = Anchor("visit", timepoint.key, "examination")
    return any(one.anchor == anchor for one in life.play.brief.protocol.timepoints)


def _declaration(life: Life, timepoint: Timepoint, why: str) -> Act:
    def declare(moment: Moment) -> None:
        play = life.play
        if life.gone:
            return
        doer = play.staff[f"coordinator-{code_of(life.person.site).lower()}"]
        for one in timepoint.clinician:
            done = undoing.declare(play.parts, doer, life.patient_id, timepoint.key, one.id, why, moment)
            play.happened["not done" if done == "done" else "not done refused"] += 1

    return declare


def _examination(life: Life, timepoint: Timepoint) -> Act:
    def examine(moment: Moment) -> None:
        play, person = life.play, life.person
        if life.gone:
            return
        clocks = (zones.zone(life.zone), zones.zone(ZONE))
        today = min(patient_day(moment.study, zone, play.brief.protocol.cutoff) for zone in clocks)
        doer = play.staff[f"investigator-{code_of(person.site).lower()}"]
        for one in timepoint.clinician:
            asked = play.parts.library.questionnaire(one.id, one.version)
            given = filled(asked, person, today, timepoint.key)
            done = examining.enter(play.parts, doer, life.patient_id, timepoint.key, one.id, given, moment)
            play.happened["examined" if isinstance(done, Entered) else "examined refused"] += 1
        life.expect(moment)

    return examine


def filled(asked: Questionnaire, person: Person, on: date, timepoint: str) -> Mapping[str, Answer]:
    """Joints and blood by how ill they are; every joint can be judged."""
    day = (on - person.day0).days
    ill = day_of(person, day, on).ill * max(0.1, 1 - FALL * day * person.dice("responds").uniform(0.0, 2.4))
    dice = person.dice("examined", timepoint)
    given = {}
    for item in asked.items:
        if item.result_of is None and item.show_if is None:
            given[item.key] = Answer("answered", check(item, _found(item, ill + dice.uniform(-0.08, 0.08), on)))
    return given


def _found(item: Item, ill: float, on: date) -> object:
    ill = max(0.0, min(1.0, ill))
    if item.kind is Kind.DATE or item.key == EXAMINED_ON:
        return on.isoformat()
    if item.kind is Kind.JOINTS:
        joints = {"tender": 18, "swollen": 12}.get(item.key, 0)
        return tuple(item.joints[: round(joints * ill)])
    return f"{1 + 40 * ill:.1f}" if item.kind is Kind.DECIMAL else round(5 + 55 * ill)
