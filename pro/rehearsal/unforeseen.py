"""Forms that no calendar from day 0 holds: those that wait for a visit or an event, and those that patients open
themselves. thera-demo has neither, and costs nothing here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from sqlmodel import col, select

from pro.domain import zones
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.schedule import Planned, steps_of
from pro.rehearsal.people import HABITS, Person
from pro.rehearsal.play import Play
from pro.store.tables import Assessment

WELL, ILL = 0.01, 0.5
"""How likely a form is opened on a usual day, and on the first of a bad spell by who fills all diaries."""


def made_since(play: Play, patient_id: int, zone: str, known: Collection[int]) -> Iterator[tuple[int, Planned]]:
    """What was planned for a patient when a visit or an event happened, but for the assessments `known`."""
    protocol = play.brief.protocol
    waiting = [one.key for one in protocol.timepoints if one.anchor.kind != "day0"]
    if not waiting:
        return
    mine = select(Assessment).where(Assessment.patient_id == patient_id, col(Assessment.timepoint).in_(waiting))
    with play.parts.study.reading() as session:
        rows = session.exec(mine.order_by(col(Assessment.day), col(Assessment.timepoint))).all()
    for row in rows:
        if row.id is not None and row.id not in known:
            yield row.id, _planned(row, protocol, zone)


def _planned(row: Assessment, protocol: Protocol, zone: str) -> Planned:
    timepoint, clocks = protocol.timepoint(row.timepoint), zones.zone(row.clocks or zone)
    steps = steps_of(timepoint, row.day, row.opens_at, row.closes_at, clocks, protocol.cutoff)
    return Planned(row.timepoint, row.day, row.opens_at, row.closes_at, row.late_until, steps, timepoint.respondent)


def days_of_reports(protocol: Protocol, person: Person) -> Iterator[tuple[Timepoint, date]]:
    """Where patients may open a form: most bad spells bring one, on their first day, and now and then another day."""
    firsts = {first for first, _ in person.spells}
    for timepoint in (one for one in protocol.timepoints if one.on_demand):
        for day in range(timepoint.first_day, timepoint.last_day + 1):
            likely = ILL * HABITS[person.profile].fills if day in firsts else WELL
            if person.dice("reports", timepoint.key, day).random() < likely:
                yield timepoint, person.day0 + timedelta(days=day)


def longest_wait(protocol: Protocol) -> timedelta:
    """How long after the last window from day 0 forms that wait for something may still be open: nothing where none
    waits, and never less than it is, for one may wait for another."""
    waiting = [one for one in protocol.timepoints if one.anchor.kind != "day0"]
    return sum((_open_for(one) for one in waiting), timedelta())


def _open_for(timepoint: Timepoint) -> timedelta:
    if timepoint.hours is not None:
        return timepoint.hours.closes
    return timedelta(days=timepoint.last_day + timepoint.window_after + 2)
