"""What the sites do each working morning: look at flares, make calls, mend numbers, let patients go; and after the
provider was away they let the windows that suffered end later."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlmodel import col, select

from pro.clock import Moment
from pro.domain import zones
from pro.rehearsal.lives import Life
from pro.rehearsal.people import ZONE, Person, Profile
from pro.rehearsal.play import Act, Play, code_of
from pro.services import enrolment, extending, reviewing
from pro.services.access import Right
from pro.services.extending import NotExtended, Open, Which
from pro.services.reviewing import Outcome
from pro.store.tables import Flare, Task

PATIENCE = timedelta(days=5)
"""After so long without an answer somebody who stays away is taken out of the study."""
IN_SPELL, UNSURE = 0.85, 0.3
"""How often an investigator finds a flare in a bad spell, and where none is found cannot tell what it was."""
SAFETY_NOTE = "The doctor on call was told the same morning."
LEAVING = ("burden", "patient-wish", "moved")
MORE = timedelta(days=1)
"""How much later a window ends of which a reminder was to go while the provider was away."""
Outage = tuple[datetime, datetime]


def open_desks(play: Play, lives: dict[int, Life]) -> None:
    """Plans the mornings of every site."""
    for site in play.brief.sites:
        day = play.brief.start
        while day < play.brief.end.date():
            if day.weekday() < 5:
                at = datetime.combine(day, time(8, 40), zones.zone(ZONE))
                play.plan(at, _morning(play, site, lives))
            day += timedelta(days=1)
        for outage in play.provider.outages:
            play.plan(_told(outage), _more_time(play, site, outage))


def _told(outage: Outage) -> datetime:
    """When a site decides about it: soon by day, else on the next morning, whatever day of the week."""
    over = outage[1].astimezone(zones.zone(ZONE))
    if over.hour < 17:
        return over + timedelta(minutes=40)
    return datetime.combine(over.date() + timedelta(days=1), time(9, 15), zones.zone(ZONE))


def _more_time(play: Play, site: int, outage: Outage) -> Act:
    def extend(moment: Moment) -> None:
        site_id = play.site_ids[site]
        actor = play.staff[f"coordinator-{code_of(site).lower()}"].actor(Right.EXTEND, site_id)
        for one in extending.open_windows(play.parts, site_id, moment):
            if not _suffered(play, one, outage):
                continue
            which, until = Which(site_id, timepoint=one.timepoint, day=one.day), one.last_end + MORE
            try:
                done = extending.extend(play.parts, actor, which, until, "No messages could be sent.", moment)
                play.happened["window extended"] += len(done)
            except NotExtended:
                play.happened["window extended refused"] += 1

    return extend


def _suffered(play: Play, one: Open, outage: Outage) -> bool:
    """Whether a reminder of that window was to go while the provider was away."""
    timepoint = play.brief.protocol.timepoint(one.timepoint)
    first, last = (at.astimezone(zones.zone(ZONE)) for at in outage)
    was_open = one.day - timedelta(days=timepoint.window_before) <= first.date()
    return was_open and any(first.time() <= step.at < last.time() for step in timepoint.reminders)


def _morning(play: Play, site: int, lives: dict[int, Life]) -> Act:
    def work(moment: Moment) -> None:
        site_id = play.site_ids[site]
        with play.parts.study.reading() as session:
            unseen = select(Flare).where(Flare.site_id == site_id, col(Flare.acknowledged_at).is_(None))
            flares = session.exec(unseen.order_by(col(Flare.id))).all()
            open_ones = select(Task).where(Task.site_id == site_id, col(Task.done_at).is_(None))
            tasks = session.exec(open_ones.order_by(col(Task.id))).all()
        low = code_of(site).lower()
        for flare in flares:
            assert flare.id is not None
            outcome, note = found_of(lives[flare.patient_id].person, flare.opened_day)
            doctor = play.staff[f"investigator-{low}"]
            reviewing.review(play.parts, doctor, flare.id, outcome, note, moment, safety_note=SAFETY_NOTE)
            play.happened["flare reviewed"] += 1
        for task in tasks:
            if task.patient_id in lives:
                _take_up(play, task, lives[task.patient_id], f"coordinator-{low}", moment)

    return work


def found_of(person: Person, flagged: date) -> tuple[Outcome, str]:
    """What the investigator finds on a flag of that day, and why: in a bad spell most often a flare, outside one none."""
    day, dice = (flagged - person.day0).days, person.dice("flagged", flagged)
    ill = any(first <= day <= last + 1 for first, last in person.spells)
    if ill and dice.random() < IN_SPELL:
        return Outcome.CONFIRMED, "Warm and swollen, says the patient on the telephone."
    if dice.random() < UNSURE:
        return Outcome.CANNOT_TELL, "Not reached by telephone."
    return Outcome.NOT_A_FLARE, "Pain after an effort, says the patient on the telephone."


def _take_up(play: Play, task: Task, life: Life, login: str, moment: Moment) -> None:
    parts, doer = play.parts, play.staff[login]
    if life.gone:
        return
    if task.kind == "number-unreachable":
        life.phone += 1
        play.happened["phone changed"] += 1
        play.telephones[life.patient_id].append(life.telephone)
        enrolment.change_phone(parts, doer, life.patient_id, life.telephone, moment)
        return
    stays_away = life.person.profile is Profile.DROPS_OUT and moment.study - task.made_at > PATIENCE
    if stays_away:
        life.gone = True
        play.happened["withdrawn"] += 1
        dice = life.person.dice("leaves")
        earlier = "do-not-use" if dice.random() < 0.25 else "keep"
        enrolment.withdraw(parts, doer, life.patient_id, dice.choice(LEAVING), earlier, moment)
        return
    reached = life.person.profile is not Profile.DROPS_OUT
    assert task.id is not None
    outcome, note = ("reached", "Goes on today.") if reached else ("no-answer", "")
    reviewing.log_call(parts, doer, task.id, outcome, note, moment)
    play.happened["call"] += 1
