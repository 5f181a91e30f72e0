"""The invented patients go on living while a visitor moves the clock."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from pro.demo.people import PEOPLE, Person
from pro.demo.phones import SUGGESTED
from pro.demo.playing import Story
from pro.demo.story import plan_days
from pro.demo.walking import set_offset
from pro.services.parts import Parts
from pro.store.tables import Patient, Site


def advance(parts: Parts, by: timedelta) -> int:
    """Moves the clock on, reminders and diaries following; gives how many bells rang.

    The phones offered to visitors answer nothing by themselves.
    """
    start = parts.clock.now().study
    story = Story(parts, lambda what, done, of: None, start, clock=lambda at: set_offset(parts, at))
    for number, (patient_id, person) in living(parts).items():
        story.numbers[person.name], story.ids[person.name] = number, patient_id
        plan_days(story, person, start, start + by)
    story.play(start + by)
    return story.bells


def living(parts: Parts) -> dict[str, tuple[int, Person]]:
    """Study number → the patient's row and invented person, of those who take part and are in nobody's hands."""
    by_start = {(person.site, person.day0): person for person in PEOPLE}
    with parts.study.reading() as session:
        rows = session.exec(
            select(Patient, Site.code)
            .join(Site, col(Patient.site_id) == col(Site.id))
            .where(col(Patient.withdrawn_at).is_(None))
        ).all()
    return {
        patient.number: (patient.id or 0, by_start[code, patient.day0])
        for patient, code in rows
        if (code, patient.day0) in by_start and patient.number not in SUGGESTED.values()
    }
