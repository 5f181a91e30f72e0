"""Eight weeks of an invented study, made through the services by walking study time.

The trail verifies and the ledger balances because nothing is written past the services.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlmodel import col, select

from pro.clock import Moment
from pro.demo import diaries, visits
from pro.demo.people import (
    COORDINATOR,
    INVESTIGATOR,
    PEOPLE,
    SITES,
    STAFF,
    STUDY,
    TODAY,
    Person,
)
from pro.demo.playing import DeadNumbers, Progress, Story
from pro.demo.walking import set_offset
from pro.domain.answers import Answer
from pro.services import answering, enrolment, examining, founding, reviewing
from pro.services.answering import Save, Started
from pro.services.audit import Actor
from pro.services.parts import Parts
from pro.store.contacts import VirtualSms
from pro.store.tables import Flare, Patient, Site, Task

MAKER = Actor("demonstration", "system")
VISITS = (0, 14, 28, 56, 84)
OPENS = datetime.combine(TODAY, time(18, 0), diaries.ZONE)
"""Where the clock stands when the first visitor comes: the evening's reminder is just out."""
LINK = re.compile(r"/d/([A-Za-z0-9_-]+)")


def tell(parts: Parts, progress: Progress = lambda what, done, of: None, people: Sequence[Person] = PEOPLE) -> None:
    """Makes the study and plays its eight weeks with these people; ends with the clock two minutes past `OPENS`."""
    first = datetime.combine(PEOPLE[0].day0, time(7), diaries.ZONE)
    _found(parts, Moment(first, first))
    story = Story(_with_dead_numbers(parts), progress, first)
    for person in people:
        story.plan(datetime.combine(person.day0, time(9, 30), diaries.ZONE), _enrolment(story, person))
    _plan_desk(story)
    story.play(OPENS)
    set_offset(parts, OPENS + timedelta(minutes=2))


def _with_dead_numbers(parts: Parts) -> Parts:
    return replace(parts, sender=DeadNumbers(parts.sender, set()))  # type: ignore[arg-type]


def _found(parts: Parts, moment: Moment) -> None:
    title = "THERA, demonstration"
    founding.create_study(parts, MAKER, STUDY, title, "thera-demo", moment, demonstration=True)
    for site in SITES:
        founding.create_site(parts, MAKER, site, moment)
    for staff in STAFF:
        founding.create_staff(parts, MAKER, staff, moment)


# ── Patients ─────────────────────────────────────────────────────────────────────────────────────────────────


def _enrolment(story: Story, person: Person) -> Callable[[Moment], None]:
    def enrol(moment: Moment) -> None:
        parts = story.parts
        with parts.study.reading() as session:
            site = session.exec(select(Site).where(Site.code == person.site)).one()
        assert site.id is not None
        place = enrolment.place(parts, site.id, moment)
        made = enrolment.enrol(
            parts,
            story.who(COORDINATOR[person.site], moment),
            site.id,
            criteria={criterion.key: True for criterion in place.protocol.criteria},
            screening_value=max(41, round(10 * person.pain)),
            name=person.name,
            phone=f"06 00 00 01 {len(story.numbers) + 1:02d}",
            day0=person.day0,
            zone="Europe/Paris",
            language=person.language,
            moment=moment,
        )
        assert isinstance(made, enrolment.Enrolled), made
        story.numbers[person.name], story.ids[person.name] = made.number, made.patient_id
        token = LINK.search(made.first_link)
        assert token is not None
        _plan_patient(story, person, token.group(1))

    return enrol


def _plan_patient(story: Story, person: Person, first_token: str) -> None:
    at_site = datetime.combine(person.day0, time(10, 20), diaries.ZONE)
    story.plan(at_site, _sitting(story, person, "day0", 0, visits.answers(person, 0), first_token))
    plan_days(story, person, at_site, OPENS)
    if person.leaves is not None:
        left = datetime.combine(person.day0 + timedelta(days=person.leaves), time(15), diaries.ZONE)
        story.plan(left, _withdrawal(story, person))
    if person.number_fails_from is not None:
        fails = datetime.combine(person.day0 + timedelta(days=person.number_fails_from), time(12), diaries.ZONE)
        story.plan(fails, _failing_number(story, person))


def plan_days(story: Story, person: Person, after: datetime, before: datetime) -> None:
    """Plans the diaries and visits this person fills between two instants, and what the site enters of the visits."""
    _plan_exams(story, person, after, before)
    for day in range((before.date() - person.day0).days + 1):
        if person.leaves is not None and day >= person.leaves:
            return
        evening = diaries.when(person, day)
        noon = datetime.combine(person.day0 + timedelta(days=day), time(11, 15), diaries.ZONE)
        if evening is not None and after < evening < before:
            story.plan(evening, _sitting(story, person, "diary", day, diaries.diary(person, day)))
        if day in VISITS[1:] and after < noon < before and visits.attends(person, day):
            story.plan(noon, _sitting(story, person, f"week{day // 7}", day, visits.answers(person, day)))


def _plan_exams(story: Story, person: Person, after: datetime, before: datetime) -> None:
    for day in VISITS:
        entered = visits.examined_at(person, day)
        if entered is not None and after < entered < before and (person.leaves is None or day < person.leaves):
            story.plan(entered, _examination(story, person, day))


def _examination(story: Story, person: Person, day: int) -> Callable[[Moment], None]:
    """The coordinator types in the sheet of that visit, unless a visitor has."""

    def enter(moment: Moment) -> None:
        timepoint = "day0" if day == 0 else f"week{day // 7}"
        doer = story.who(COORDINATOR[person.site], moment)
        found = {
            key: Answer("skipped") if value is None else Answer("answered", value)
            for key, value in visits.exam(person, day).items()
        }
        examining.enter(story.parts, doer, story.ids[person.name], timepoint, "joint-exam", found, moment)

    return enter


def _sitting(
    story: Story, person: Person, timepoint: str, day: int, answers: Mapping[str, object], token: str | None = None
) -> Callable[[Moment], None]:
    """Opens the newest link on the phone, answers what shows and submits; nothing happens without a link."""

    def sit(moment: Moment) -> None:
        parts = story.parts
        link = token or newest_link(parts, story.numbers[person.name])
        if link is None:
            return
        on = person.day0 + timedelta(days=day)
        view = answering.open_link(parts, link, moment)
        waiting = next((one for one in view.waiting if one.timepoint == timepoint and one.day == on), None)
        if waiting is None or waiting.instants.started_at is not None:
            return  # filled, closed, or in a visitor's hands
        started = answering.start(parts, link, moment, assessment_id=waiting.assessment_id)
        if isinstance(started, Started):
            _answer(parts, started, answers, moment)

    return sit


def _answer(parts: Parts, started: Started, answers: Mapping[str, object], moment: Moment) -> None:
    offset = _offset(moment)
    saves = [
        Save("demonstration", seq, item, "skipped" if value is None else "answered", value, moment.study, offset)
        for seq, (item, value) in enumerate(answers.items(), start=1)
    ]
    assessment = started.sitting.assessment_id
    saved = answering.save(parts, started.session_token, assessment, saves, moment)
    assert not saved.refused, saved.refused
    submitted = answering.submit(parts, started.session_token, assessment, moment)
    assert isinstance(submitted, answering.Submitted), submitted


def _offset(moment: Moment) -> int:
    offset = moment.study.astimezone(diaries.ZONE).utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)


def newest_link(parts: Parts, label: str) -> str | None:
    """The token of the newest SMS on a virtual phone."""
    newest = select(VirtualSms.body).where(VirtualSms.label == label).order_by(col(VirtualSms.id).desc())
    with parts.contacts.reading() as session:
        body = session.exec(newest.limit(1)).first()
    found = LINK.search(body) if body else None
    return found.group(1) if found else None


def _withdrawal(story: Story, person: Person) -> Callable[[Moment], None]:
    def leave(moment: Moment) -> None:
        parts = story.parts
        doer = story.who(COORDINATOR[person.site], moment)
        enrolment.withdraw(parts, doer, story.ids[person.name], "burden", "keep", moment)

    return leave


def _failing_number(story: Story, person: Person) -> Callable[[Moment], None]:
    def fail(moment: Moment) -> None:
        sender = story.parts.sender
        assert isinstance(sender, DeadNumbers)
        sender.dead.add(story.numbers[person.name])

    return fail


# ── The desk ─────────────────────────────────────────────────────────────────────────────────────────────────

NOTES = {
    "confirmed": "Warm, swollen joint on the telephone; seen the next day.",
    "safety": "Called back the same morning: no sign of an infection, temperature normal since.",
    "reached": "Spoke with the patient: was away, goes on today.",
}


def _plan_desk(story: Story) -> None:
    """Each working morning the desk reviews what came in, except in the last days: something is left to do."""
    day = PEOPLE[0].day0
    while day < TODAY - timedelta(days=3):
        if day.weekday() < 5:
            story.plan(datetime.combine(day, time(8, 40), diaries.ZONE), lambda moment: _morning(story, moment))
        day += timedelta(days=1)


def _morning(story: Story, moment: Moment) -> None:
    parts = story.parts
    with parts.study.reading() as session:
        sites = {site.id: site.code for site in session.exec(select(Site)).all()}
        flares = session.exec(select(Flare).where(col(Flare.acknowledged_at).is_(None))).all()
        tasks = session.exec(select(Task).where(col(Task.done_at).is_(None), col(Task.patient_id).is_not(None))).all()
        gone = {p.id for p in session.exec(select(Patient).where(col(Patient.withdrawn_at).is_not(None))).all()}
    for flare in flares:
        doctor = story.who(INVESTIGATOR[sites[flare.site_id]], moment)
        assert flare.id is not None
        reviewing.review(parts, doctor, flare.id, "confirmed", NOTES["confirmed"], moment, safety_note=NOTES["safety"])
    for task in tasks:
        assert task.id is not None
        if task.patient_id not in gone and task.kind != "number-unreachable":
            caller = story.who(COORDINATOR[sites[task.site_id]], moment)
            reviewing.log_call(parts, caller, task.id, "reached", NOTES["reached"], moment)
