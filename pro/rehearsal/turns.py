"""What happens to a patient once, as their number and the seed say: a journey, a new telephone, STOP, a stay in
hospital, a hold by the site, an illness on the day of a visit. Whoever is away answers nothing meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from pro.clock import Moment
from pro.domain import zones
from pro.domain.protocol import Timepoint
from pro.domain.schedule import Planned, plan_one
from pro.rehearsal.people import ZONE, Profile
from pro.rehearsal.play import Act, code_of
from pro.services import anchoring, extending, inbound
from pro.services.access import Identity, Right
from pro.services.anchoring import NotReported
from pro.services.enrolment import holding
from pro.services.enrolment.holding import NotNow
from pro.services.enrolment.travelling import change_zone
from pro.services.extending import NotExtended, Which
from pro.store import courses

if TYPE_CHECKING:
    from pro.rehearsal.lives import Life

ROUND = 17
"""Turns are dealt by the patient's number, in another round than the profiles, so that each meets each."""
PAUSED, HELD, ENDED, ILL, REPORTED = (6, 9), (3, 12), 4, 2, (5, 13)
BACK_EARLY = 0.4
"""How many are back before a longer pause ends, and have it taken back."""
MORE = timedelta(days=2)
"""The time that somebody gets who was ill on the days of a visit."""


@dataclass(frozen=True, slots=True)
class Gap:
    """From `first` on and before `until` they answer nothing; `visit` is what they then do all the same."""

    first: datetime
    until: datetime
    visit: str = ""


def seat(gaps: Sequence[Gap], one: Planned, at: datetime) -> datetime | None:
    """When they sit down who meant to do so at `at`; None where they are away."""
    gap = next((gap for gap in gaps if gap.first <= at < gap.until), None)
    if gap is None:
        return at
    return gap.until if gap.visit == one.timepoint and not is_away(gaps, gap.until) else None


def is_away(gaps: Sequence[Gap], at: datetime) -> bool:
    return any(gap.first <= at < gap.until for gap in gaps)


def plan_turns(life: Life) -> None:
    """Before anything else is planned: who is away neither sits down nor is examined."""
    person, place = life.person, life.person.n % ROUND
    if person.profile is Profile.CHANGES_PHONE:
        life.play.plan(_at(life, person.changes_on, 12), _phone_dies(life))
    if person.trip is not None:
        for day, zone in ((person.trip.first, person.trip.zone), (person.trip.back, person.zone)):
            life.play.plan(_at(life, day - 1, 11), _travels(life, zone))
    if person.says_stop:
        _plan_stop(life)
    if place in PAUSED:
        _plan_pause(life)
    if place == ENDED or place in HELD:
        _plan_hold(life, for_good=place == ENDED)
    if place in REPORTED:
        _plan_events(life)
    visits = [one for one in life.play.brief.protocol.timepoints if _is_visit(one)]
    for n, visit in enumerate(visits):
        if (person.n + n) % ROUND == ILL:
            _plan_illness(life, visit)


def _at(life: Life, day: int, hour: int, minute: int = 0) -> datetime:
    """A clock time at the site on that study day."""
    return datetime.combine(life.person.day0 + timedelta(days=day), time(hour, minute), zones.zone(ZONE))


def _span(life: Life) -> int:
    """Study days of this patient that are played: turns happen within them."""
    brief = life.play.brief
    length = max(timepoint.last_day for timepoint in brief.protocol.timepoints)
    return min(length, (brief.end.date() - life.person.day0).days)


Decide = Callable[[Identity, Moment], bool]
"""Asks a service; False where nothing came of it."""


def _decision(life: Life, role: str, said: str, decide: Decide) -> Act:
    """Somebody at the site decides; what the service refuses is counted as refused."""

    def act(moment: Moment) -> None:
        if life.gone:
            return
        try:
            done = decide(life.play.staff[f"{role}-{code_of(life.person.site).lower()}"], moment)
        except (NotNow, NotExtended, NotReported):
            done = False
        life.play.happened[said if done else f"{said} refused"] += 1

    return act


# Pauses, holds, an end, more time


def _plan_pause(life: Life) -> None:
    """A holiday is told the day before; of a stay in hospital the site hears on its second day."""
    dice, span = life.person.dice("pause"), _span(life)
    first = dice.randrange(1, max(2, 2 * span // 3))
    last = first + dice.randrange(1, max(2, min(12, span // 3)))
    why = dice.choice(("holiday", "hospital"))
    days = [life.person.day0 + timedelta(days=day) for day in (first, last)]
    told = _at(life, first - 1, 11) if why == "holiday" else _at(life, first + 1, 9, 30)
    back = _at(life, last + 1, 4)
    if last - first > 2 and dice.random() < BACK_EARLY:
        back = _at(life, last, 10)
        life.play.plan(back, _decision(life, "coordinator", "pause taken back", _unpause(life)))

    def pause(doer: Identity, moment: Moment) -> bool:
        holding.pause(life.play.parts, doer, life.patient_id, days[0], days[1], why, moment)
        return True

    life.play.plan(told, _decision(life, "coordinator", "pause", pause))
    life.gaps.append(Gap(_at(life, first, 4), back))


def _unpause(life: Life) -> Decide:
    def unpause(doer: Identity, moment: Moment) -> bool:
        parts, patient_id = life.play.parts, life.patient_id
        with parts.study.reading() as session:
            standing = [row.id for row in courses.pauses_of(session, [patient_id])]
        return any(not holding.unpause(parts, doer, patient_id, id_, moment).already for id_ in standing)

    return unpause


def _plan_hold(life: Life, *, for_good: bool) -> None:
    """The investigator holds the study for somebody, and later goes on or ends it."""
    dice, span, play = life.person.dice("hold"), _span(life), life.play
    first = dice.randrange(1, max(2, span // 2))
    over = _at(life, first + dice.randrange(2, max(3, span // 5)), 10, 15)
    why = dice.choice(("side-effect", "other-illness", "doctor"))

    def hold(doer: Identity, moment: Moment) -> bool:
        return not holding.hold(play.parts, doer, life.patient_id, why, moment).already

    def resume(doer: Identity, moment: Moment) -> bool:
        return not holding.resume(play.parts, doer, life.patient_id, moment).already

    def end(doer: Identity, moment: Moment) -> bool:
        life.gone = True
        return not holding.end(play.parts, doer, life.patient_id, why, moment).already

    held = _at(life, first, 11, 30)
    play.plan(held, _decision(life, "investigator", "hold", hold))
    after = ("end", end) if for_good else ("hold taken back", resume)
    play.plan(over, _decision(life, "investigator", *after))
    life.gaps.append(Gap(held, play.brief.end if for_good else over))


def _is_visit(timepoint: Timepoint) -> bool:
    return (
        timepoint.respondent == "patient"
        and not (timepoint.repeats or timepoint.on_demand)
        and timepoint.anchor.kind == "day0"
        and timepoint.hours is None
    )


def _plan_illness(life: Life, visit: Timepoint) -> None:
    """Ill on every day of the visit's window: the site gives more time on its last afternoon, and they fill it then."""
    person, play = life.person, life.play
    day = person.day0 + timedelta(days=visit.first_day)
    window = plan_one(visit, day, zones.zone(person.clocks(day)), play.brief.protocol.cutoff)
    if window is None:
        return

    def extend(doer: Identity, moment: Moment) -> bool:
        site_id, until = play.site_ids[person.site], window.end + MORE
        actor, which = doer.actor(Right.EXTEND, site_id), Which(site_id, life.number, visit.key)
        return bool(extending.extend(play.parts, actor, which, until, "Was ill on the days of the visit.", moment))

    play.plan(window.end - timedelta(hours=13), _decision(life, "coordinator", "more time", extend))
    well = window.end + timedelta(hours=person.dice("well", visit.key).randrange(7, 16))
    life.gaps.append(Gap(window.opens_at, well, visit.key))


def _plan_events(life: Life) -> None:
    """What the site reports, such as a dose that was stopped, where the protocol counts anything from it."""
    play, span = life.play, _span(life)
    for name in anchoring.reportable(play.brief.protocol):

        def report(doer: Identity, moment: Moment, name: str = name) -> bool:
            actor = doer.actor(Right.WITHDRAW, play.site_ids[life.person.site])
            planned = anchoring.report(play.parts, actor, life.patient_id, name, moment)
            life.expect(moment)
            return planned > 0

        day = life.person.dice("event", name).randrange(1, max(2, span // 2))
        play.plan(_at(life, day, 11, 45), _decision(life, "coordinator", name, report))


# Journeys, telephones, STOP


def _travels(life: Life, zone: str) -> Act:
    """The day before, the site is told and enters it: the next patient-day opens by the new clocks."""

    def travel(moment: Moment) -> None:
        play = life.play
        if life.gone:
            return
        doer = play.staff[f"coordinator-{code_of(life.person.site).lower()}"]
        change_zone(play.parts, doer, life.patient_id, zone, moment)
        life.zone = zone
        play.happened["zone changed"] += 1

    return travel


def _phone_dies(life: Life) -> Act:
    def die(moment: Moment) -> None:
        life.play.provider.dead.add(life.telephone)

    return die


def _plan_stop(life: Life) -> None:
    noon = _at(life, life.person.changes_on, 12)
    if life.person.profile is Profile.DROPS_OUT:
        life.play.plan(noon + timedelta(hours=6, minutes=20), _says(life, "STOP"))
    if life.person.profile is Profile.TRAVELLER:
        life.play.plan(noon + timedelta(hours=7), _says(life, "Arrêt."))
        life.play.plan(noon + timedelta(days=4), _says(life, "START"))


def _says(life: Life, word: str) -> Act:
    """A text to the provider, which obeys it and hands it on."""

    def say(moment: Moment) -> None:
        play = life.play
        if word == "START":
            play.provider.stopped.discard(life.telephone)
        else:
            play.provider.stopped.add(life.telephone)
        play.happened["said START" if word == "START" else "said STOP"] += 1
        inbound.receive(play.parts, life.telephone, word, moment)

    return say
