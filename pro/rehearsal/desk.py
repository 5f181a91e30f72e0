"""What the sites do each working morning: look at flares, make calls, mend numbers, let patients go."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlmodel import col, select

from pro.clock import Moment
from pro.domain import zones
from pro.rehearsal.lives import Life
from pro.rehearsal.people import ZONE, Profile
from pro.rehearsal.play import Act, Play, code_of
from pro.services import enrolment, reviewing
from pro.store.tables import Flare, Task

PATIENCE = timedelta(days=5)
"""After so long without an answer somebody who stays away is taken out of the study."""


def open_desks(play: Play, lives: dict[int, Life]) -> None:
    """Plans the mornings of every site."""
    for site in play.brief.sites:
        day = play.brief.start
        while day < play.brief.end.date():
            if day.weekday() < 5:
                at = datetime.combine(day, time(8, 40), zones.zone(ZONE))
                play.plan(at, _morning(play, site, lives))
            day += timedelta(days=1)


def _morning(play: Play, site: int, lives: dict[int, Life]) -> Act:
    def work(moment: Moment) -> None:
        site_id = play.site_ids[site]
        with play.parts.study.reading() as session:
            unseen = select(Flare.id).where(Flare.site_id == site_id, col(Flare.acknowledged_at).is_(None))
            flares = session.exec(unseen.order_by(col(Flare.id))).all()
            open_ones = select(Task).where(Task.site_id == site_id, col(Task.done_at).is_(None))
            tasks = session.exec(open_ones.order_by(col(Task.id))).all()
        low = code_of(site).lower()
        for flare_id in flares:
            assert flare_id is not None
            note = "Seen on the telephone."
            reviewing.review(play.parts, play.staff[f"investigator-{low}"], flare_id, "confirmed", note, moment)
            play.happened["flare reviewed"] += 1
        for task in tasks:
            if task.patient_id in lives:
                _take_up(play, task, lives[task.patient_id], f"coordinator-{low}", moment)

    return work


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
        enrolment.withdraw(parts, doer, life.patient_id, "burden", "keep", moment)
        return
    reached = life.person.profile is not Profile.DROPS_OUT
    assert task.id is not None
    outcome, note = ("reached", "Goes on today.") if reached else ("no-answer", "")
    reviewing.log_call(parts, doer, task.id, outcome, note, moment)
    play.happened["call"] += 1
