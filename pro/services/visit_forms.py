"""The clinician's forms of a patient's visits as they stand: expected, entered in versions, or declared not done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from pro.clock import Moment
from pro.domain import zones
from pro.domain.answers import Answer, check
from pro.domain.examination import window
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.questionnaire import Questionnaire, Text
from pro.domain.schedule import first_opening, patient_day
from pro.services import wording
from pro.services.parts import Parts
from pro.store import exams
from pro.store.desk import Found
from pro.store.tables import Patient


@dataclass(frozen=True, slots=True)
class Due:
    """One form of one visit, as the patient's page lists it."""

    timepoint: str
    title: Text
    day: date
    questionnaire: str
    form: Text
    """Its title."""
    entered: int
    """Versions there are; 0: not entered yet."""
    undone: str | None = None
    """Why it is not done, where somebody declared so."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version that was entered."""

    n: int
    answers: Mapping[str, Mapping[str, object]]
    made_at: datetime
    by: str
    reason: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Undone:
    """That nobody examined, and nobody will enter it."""

    why: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Form:
    """One form of one visit, to be entered or corrected."""

    patient_id: int
    assessment_id: int
    number: str
    site_id: int
    zone: str
    protocol: Protocol
    timepoint: Timepoint
    day: date
    first: date
    last: date
    """The days of the visit's window, both inside."""
    earliest: date
    """The patient-day on which the protocol's first window opens: no examination is earlier."""
    today: date
    """The patient-day of now: no examination is later."""
    questionnaire: Questionnaire
    versions: tuple[Version, ...]
    """The newest first."""
    undone: Undone | None = None

    @property
    def n(self) -> int:
        return self.versions[0].n if self.versions else 0


def due(parts: Parts, found: Found, moment: Moment) -> tuple[Due, ...]:
    """The forms of a patient's visits from the opening of each window on, those entered before among them."""
    asking = _asking(parts, found.protocol)
    if not asking:
        return ()
    with parts.study.reading() as session:
        rows = exams.visits(session, found.patient_id, asking)
        entered = exams.newest(session, [row.id for row in rows]) if rows else {}
    return tuple(
        Due(
            row.timepoint,
            timepoint.title,
            row.day,
            each.id,
            questionnaire.title,
            entered.get((row.id, each.id), 0),
            exams.undone_of(row).get(each.id),
        )
        for row in rows
        for timepoint in [parts.library.protocol(row.protocol, row.protocol_version).timepoint(row.timepoint)]
        for each in timepoint.clinician
        for questionnaire in [wording.questionnaire(parts, each.id, each.version, moment)]
        if _may_enter(row, entered.get((row.id, each.id), 0), moment)
    )


def _asking(parts: Parts, protocol: str) -> list[str]:
    """Timepoints with a form in any version: an assessment keeps the version it was made with."""
    versions = [each for each in parts.library.protocols() if each.id == protocol]
    return list(dict.fromkeys(one.key for each in versions for one in each.timepoints if one.clinician))


def _may_enter(row: Found, entered: int, moment: Moment) -> bool:
    """From its opening on, for good; a visit that was called off takes none, unless to correct what is there."""
    return bool(row.opens_at <= moment.study and (row.cancelled_at is None or entered))


def form(parts: Parts, found: Found, timepoint: str, questionnaire: str, moment: Moment) -> Form | None:
    """The form of that visit; None where there is none, or not yet."""
    with parts.study.reading() as session:
        return form_in(parts, session, found, timepoint, questionnaire, moment)


def form_in(
    parts: Parts, session: Session, found: Found | Patient, timepoint: str, questionnaire: str, moment: Moment
) -> Form | None:
    """The same inside a transaction."""
    patient_id = found.id if isinstance(found, Patient) else found.patient_id
    assert patient_id is not None
    row = exams.visit(session, patient_id, timepoint)
    if row is None:
        return None
    protocol = parts.library.protocol(row.protocol, row.protocol_version)
    planned = protocol.timepoint(timepoint)
    asked = next((each for each in planned.clinician if each.id == questionnaire), None)
    stored = exams.versions(session, row.id, questionnaire) if asked else ()
    if asked is None or not _may_enter(row, len(stored), moment):
        return None
    zone = zones.zone(found.zone)
    first, last = window(planned, row.day)
    return Form(
        patient_id=patient_id,
        assessment_id=row.id,
        number=found.number,
        site_id=found.site_id,
        zone=found.zone,
        protocol=protocol,
        timepoint=planned,
        day=row.day,
        first=first,
        last=last,
        earliest=_earliest(protocol, found.day0, zone),
        today=patient_day(moment.study, zone, protocol.cutoff),
        questionnaire=wording.questionnaire(parts, asked.id, asked.version, moment),
        versions=tuple(_version(each) for each in stored),
        undone=None if stored else _undone(session, row.id, questionnaire),
    )


def _undone(session: Session, assessment_id: int, questionnaire: str) -> Undone | None:
    row = exams.not_done(session, assessment_id, questionnaire)
    return None if row is None else Undone(row.why, row.made_at, row.staff_name)


def _earliest(protocol: Protocol, day0: date, zone: ZoneInfo) -> date:
    return patient_day(first_opening(protocol, day0, zone), zone, protocol.cutoff)


def _version(row: Found) -> Version:
    return Version(row.n, msgspec.json.decode(row.answers), row.made_at, row.staff_name or "", row.reason, row.sha256)


def stored_answers(found: Form) -> dict[str, Answer]:
    """The newest version's answers by item; empty before the first."""
    if not found.versions:
        return {}
    kept = found.versions[0].answers
    answers: dict[str, Answer] = {}
    for item in found.questionnaire.items:
        one = kept.get(item.key, {"code": "not-reached"})
        if one["code"] == "answered":
            answers[item.key] = Answer("answered", check(item, one["value"]))
        elif one["code"] in ("skipped", "not-applicable"):
            answers[item.key] = Answer(one["code"])
    return answers
