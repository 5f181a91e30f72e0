"""Patients as the desk reads them: the list, one patient's page, and the name behind a number, which is recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from sqlmodel import Session

from pro.clock import Moment
from pro.domain import zones
from pro.domain.assessment import State, state
from pro.domain.compliance import Compliance, Day, compliance
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.domain.schedule import patient_day
from pro.library import Library
from pro.services import audit, audit_trail, courses, wording
from pro.services.access import Identity, Right
from pro.services.audit_trail import ChainCheck, Entry
from pro.services.courses import Standing, Stay
from pro.services.episodes import Flagged, Point, curve, diaries, emergencies, main_item
from pro.services.following import Followed, followed
from pro.services.messages_sent import MessageFigures, figures_of
from pro.services.overview import Place, TaskLine, protocol_of, read_places, task_lines
from pro.services.parts import Parts
from pro.services.standing import PAGE, Row, rows_of
from pro.services.visit_list import forms_to_enter
from pro.store import contacts, desk, desk_messages, desk_tasks
from pro.store.contacts import Person
from pro.store.desk import Found
from pro.store.instants import instants_of

FEW = 7
"""Recorded days in the answers table unless all are asked for."""
STEPS = 12
"""Messages and steps unless all are asked for."""
MOST = 2000
"""Responses that a patient's page reads."""
COUNTED = frozenset({Kind.RATING, Kind.VAS, Kind.INTEGER, Kind.DECIMAL, Kind.JOINTS})
"""Kinds of items that make a curve."""


@dataclass(frozen=True, slots=True)
class Listing:
    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    next: str | None
    to_enter: Mapping[str, str]
    """Number → the form of a visit that is still to be entered, as the first screen has it."""


@dataclass(frozen=True, slots=True)
class FlareSpan:
    """An episode as a curve shows it."""

    id: int
    n: int
    first: date
    last: date
    outcome: str | None
    ended: bool
    to_review: bool
    undecided: bool
    """It waits though it was reviewed: nobody can tell yet."""
    kind: Flagged


@dataclass(frozen=True, slots=True)
class VisitFlag:
    timepoint: str
    day: date
    state: State


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One response of the diary."""

    day: date
    n: int
    """More than 1 for a correction."""
    answers: dict[str, dict[str, object]]
    completeness: str
    late: bool
    mode: str
    made_at: datetime
    phone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What a questionnaire recorded that the diary asks beside the one with the curve."""

    questionnaire: Questionnaire
    rows: tuple[AnswerRow, ...]


@dataclass(frozen=True, slots=True)
class PatientPage:
    found: Found
    """The patient's row."""
    place: Place
    today: date
    """The patient-day of now."""
    stays: tuple[Stay, ...]
    """Where the patient lived and lives, or goes to next; the newest last."""
    standing: Standing
    protocol: Protocol
    figures: Compliance
    next_visit: VisitFlag | None
    visits: tuple[VisitFlag, ...]
    last_day: date
    missed: tuple[date, ...]
    flares: tuple[FlareSpan, ...]
    questionnaire: Questionnaire
    item: Item
    items: tuple[Item, ...]
    """Those that make a curve."""
    curve: tuple[Point, ...]
    answers: tuple[AnswerRow, ...]
    answers_in_all: int
    beside: tuple[Beside, ...]
    steps: tuple[Followed, ...]
    messages: MessageFigures
    history: tuple[Entry, ...]
    events: int
    check: ChainCheck
    tasks: tuple[TaskLine, ...]

    @property
    def number(self) -> str:
        return str(self.found.number)

    @property
    def zone(self) -> str:
        return str(self.found.zone)

    @property
    def stay(self) -> Stay:
        return self.stays[-1]

    def zone_at(self, at: datetime) -> str:
        """The zone by whose clocks something of that instant is told."""
        return courses.zone_at(self.stays, at, self.protocol.cutoff)

    @property
    def day0(self) -> date:
        day0: date = self.found.day0
        return day0


def listing(parts: Parts, identity: Identity, moment: Moment, after: str = "") -> Listing:
    """One screen of the patients whom this person may see."""
    ids = identity.sites(Right.SEE_PATIENT)
    with parts.study.reading() as session:
        places = read_places(session, ids)
        found = desk.patients_page(session, ids, after, PAGE + 1) if ids else []
        shown = found[:PAGE]
        rows = rows_of(session, parts.library, shown, protocol_of(parts.library, places), moment.study)
        forms = forms_to_enter(parts.library, session, [row.patient_id for row in shown], moment.study)
    to_enter = {row.number: forms[row.patient_id] for row in shown if row.patient_id in forms}
    return Listing(tuple(rows), places, shown[-1].number if len(found) > PAGE else None, to_enter)


def find(parts: Parts, identity: Identity, number: str) -> Found | None:
    """The patient's row by study number, in the studies this person works in; the site is still to be asked."""
    studies = {grant.study_id for grant in identity.roles}
    with parts.study.reading() as session:
        return desk.patient_by_number(session, studies, number)


def page(
    parts: Parts, found: Found, moment: Moment, item: str = "", every: bool = False, all_steps: bool = False
) -> PatientPage:
    """Everything a patient's page shows; `item` names the curve, `every` asks for all recorded days."""
    now = moment.study
    protocol = parts.library.protocol(found.protocol, found.protocol_version)
    library = wording.library(parts, moment)
    questionnaire, shown = chosen_item(library, protocol, item)
    today = patient_day(now, zones.zone(found.zone), protocol.cutoff)
    with parts.study.reading() as session:
        planned = desk.assessments_of(session, [found.patient_id])
        flags = _flags(planned, protocol, now)
        days = _diary_days(planned, protocol)
        recorded = desk.responses(session, [found.patient_id], found.day0 - timedelta(days=60), today, MOST)
        late = {row.id for row in planned if state(instants_of(row), now) is State.LATE}
        rows = _answer_rows(recorded, questionnaire.id, late)
        return PatientPage(
            found=found,
            place=read_places(session, [found.site_id])[0],
            today=today,
            stays=courses.stays(session, found),
            standing=courses.standings(session, [found], protocol, now)[found.patient_id],
            protocol=protocol,
            figures=compliance(days, now, found.withdrawn_at),
            next_visit=next((flag for flag in flags if flag.state in (State.EXPECTED, State.OPEN, State.BEGUN)), None),
            visits=flags,
            last_day=max((row.day for row in planned), default=today),
            missed=tuple(day.day for day in days if state(day.instants, now) is State.MISSED),
            flares=_spans(session, library, found.patient_id),
            questionnaire=questionnaire,
            item=shown,
            items=tuple(each for each in questionnaire.items if each.kind in COUNTED),
            curve=curve(recorded, questionnaire.id, shown.key),
            answers=rows if every else rows[:FEW],
            answers_in_all=len(rows),
            beside=_beside(library, protocol, questionnaire.id, recorded, late, MOST if every else FEW),
            steps=followed(session, parts, found, moment, STEPS if not all_steps else MOST),
            messages=figures_of(desk_messages.counts_of_patient(session, found.patient_id)),
            history=audit_trail.newest_of(session, parts.library, found.number, 8),
            events=found.chain_seq,
            check=audit_trail.check_chain(session, found.number, (found.chain_seq, found.chain_hash)),
            tasks=_tasks(session, found, protocol, now),
        )


def show_contact(parts: Parts, identity: Identity, found: Found, moment: Moment) -> Person | None:
    """The patient's name and number; that they were shown is written first. None where the contact is missing."""
    with parts.study.writing() as session:
        patient = audit.lock_patient(session, found.patient_id)
        actor = identity.actor(Right.SEE_CONTACTS, found.site_id)
        audit.record(session, patient, "contact.shown", {}, actor, moment.study)
    with parts.contacts.reading() as session:
        return contacts.find(session, parts.cipher, [found.contact_id]).get(found.contact_id)


def chosen_item(library: Library, protocol: Protocol, wanted: str) -> tuple[Questionnaire, Item]:
    """The diary questionnaire that flare rules watch, and its item of that key, else the one they watch."""
    watched, item = main_item(protocol)
    for timepoint in protocol.timepoints:
        for each in timepoint.questionnaires:
            if each.id == watched:
                questionnaire = library.questionnaire(each.id, each.version)
                counted = [one for one in questionnaire.items if one.kind in COUNTED]
                chosen = next((one for one in counted if one.key == wanted), questionnaire.item(item))
                return questionnaire, chosen
    raise KeyError(f"{protocol.id} {protocol.version} watches no questionnaire")


def _flags(planned: Sequence[Found], protocol: Protocol, now: datetime) -> tuple[VisitFlag, ...]:
    alone = {each.key for each in protocol.timepoints if not each.repeats}
    flags = [VisitFlag(row.timepoint, row.day, state(instants_of(row), now)) for row in planned]
    return tuple(flag for flag in flags if flag.timepoint in alone and flag.state is not State.CANCELLED)


def _diary_days(planned: Sequence[Found], protocol: Protocol) -> list[Day]:
    daily = diaries(protocol)
    return [Day(row.day, instants_of(row)) for row in planned if row.timepoint in daily]


def _spans(session: Session, library: Library, patient_id: int) -> tuple[FlareSpan, ...]:
    return tuple(_span(row) for row in reversed(desk.flares_of(session, patient_id, emergencies(library))))


def _span(row: Found) -> FlareSpan:
    waits = row.outcome in (None, "cannot-tell") or row.acknowledged_at is None
    return FlareSpan(
        id=row.id,
        n=row.n,
        first=row.opened_day,
        last=row.last_hit_day,
        outcome=row.outcome,
        ended=row.ended_at is not None,
        to_review=waits and row.end_why != "closed-by-investigator",
        undecided=row.outcome == "cannot-tell" and row.acknowledged_at is not None,
        kind=row.kind,
    )


def _beside(
    library: Library, protocol: Protocol, watched: str, recorded: Sequence[Found], late: Collection[int], most: int
) -> tuple[Beside, ...]:
    """The diary's other questionnaires, in the order in which they are asked."""
    daily = (each for each in protocol.timepoints if each.key in diaries(protocol))
    asked = {each.id: each.version for timepoint in daily for each in timepoint.questionnaires if each.id != watched}
    return tuple(
        Beside(library.questionnaire(id_, version), _answer_rows(recorded, id_, late)[:most])
        for id_, version in asked.items()
    )


def _answer_rows(recorded: Sequence[Found], questionnaire: str, late: Collection[int]) -> tuple[AnswerRow, ...]:
    """Responses to it, the newest day first; corrections stand under their day."""
    rows = [
        AnswerRow(
            day=row.day,
            n=row.n,
            answers=msgspec.json.decode(row.answers),
            completeness=row.completeness,
            late=row.assessment_id in late,
            mode=row.mode,
            made_at=row.made_at,
            phone_at=row.phone_at,
        )
        for row in recorded
        if row.questionnaire == questionnaire
    ]
    return tuple(sorted(rows, key=lambda row: (row.day, row.n), reverse=True))


def _tasks(session: Session, found: Found, protocol: Protocol, now: datetime) -> tuple[TaskLine, ...]:
    rows = desk_tasks.open_tasks_of(session, [found.patient_id], diaries(protocol))
    return task_lines(session, rows, protocol, now, found.number)
