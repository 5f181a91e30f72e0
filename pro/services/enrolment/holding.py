"""Pause, hold and end: nobody is reminded meanwhile, what is not filled is excused with its reason, nothing is lost.

A pause has days known before; a hold lasts until an investigator takes it back; the end is for good, without a
withdrawal: what was answered is used. What is excused may still be filled and stays expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.reminders import next_bell
from pro.services.access import Right
from pro.services.audit import lock_patient, record
from pro.services.enrolment.facts import Doer, by_of
from pro.services.enrolment.leaving import planned_reminders, unfinished
from pro.services.enrolment.links import revoke
from pro.services.parts import Parts
from pro.store import messages
from pro.store.tables import Assessment, Patient

REASONS = ("hospital", "side-effect", "other-illness", "holiday", "technical", "doctor", "completed", "other")
"""Reasons as codes: a free text would sooner or later hold a name."""
HELD, PAUSED, ENDED = "hold", "pause", "ended"


@dataclass(frozen=True, slots=True)
class Stood:
    """What came of it: assessments excused, taken back or cancelled, and messages dropped."""

    number: str
    assessments: int
    messages: int
    already: bool = False


class NotNow(ValueError):
    """It cannot be done as things are; the message is one line for the person who asked."""


def hold(parts: Parts, doer: Doer, patient_id: int, why: str, moment: Moment) -> Stood:
    """Holds the study for a patient from now on; doing it twice changes nothing more."""
    _known(why)
    with parts.study.writing() as session:
        patient = _in_study(session, patient_id)
        if patient.held_at is not None:
            return Stood(patient.number, 0, 0, already=True)
        patient.held_at, patient.held_why = moment.study, why
        rows = [one for one in unfinished(session, patient_id, moment.study) if one.excused_at is None]
        return _excused(session, patient, doer, "patient.held", rows, f"{HELD}: {why}", {"why": why}, moment)


def pause(parts: Parts, doer: Doer, patient_id: int, first: date, last: date, why: str, moment: Moment) -> Stood:
    """Excuses what aims at the days `first` to `last`, both included."""
    _known(why)
    if last < first:
        raise NotNow(f"the pause ends on {last}, before it begins on {first}")
    with parts.study.writing() as session:
        patient = _in_study(session, patient_id)
        expected = unfinished(session, patient_id, moment.study)
        rows = [one for one in expected if first <= one.day <= last and one.excused_at is None]
        said = {"why": why, "first": first, "last": last}
        return _excused(session, patient, doer, "patient.paused", rows, f"{PAUSED}: {why}", said, moment)


def resume(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> Stood:
    """Takes the hold back: what can still be filled is expected again, with the reminders still to come."""
    with parts.study.writing() as session:
        patient = _in_study(session, patient_id)
        if patient.held_at is None:
            return Stood(patient.number, 0, 0, already=True)
        since, patient.held_at, patient.held_why = patient.held_at, None, None
        held = [
            one
            for one in unfinished(session, patient_id, moment.study)
            if one.excused_why is not None and one.excused_why.startswith(HELD)
        ]
        for one in held:
            one.excused_at = one.excused_why = None
            end = one.late_until or one.closes_at
            one.next_at = next_bell(planned_reminders(parts, patient, one), end, moment.study)
        _record(session, patient, doer, "patient.resumed", {"since": since, "assessments": len(held)}, moment)
        return Stood(patient.number, len(held), 0)


def end(parts: Parts, doer: Doer, patient_id: int, why: str, moment: Moment) -> Stood:
    """Ends the study for a patient: what is unfinished is cancelled, links stop; doing it twice changes nothing more."""
    _known(why)
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        if patient.withdrawn_at is not None or patient.ended_at is not None:
            return Stood(patient.number, 0, 0, already=True)
        patient.ended_at, patient.ended_why = moment.study, why
        patient.held_at = patient.held_why = None
        rows = unfinished(session, patient_id, moment.study)
        for one in rows:
            one.cancelled_at, one.next_at = moment.study, None
        dropped = len(messages.drop_waiting(session, patient_id, ENDED, moment.study))
        links = revoke(session, patient_id, moment)
        said = {"why": why, "assessments_cancelled": len(rows), "messages_dropped": dropped, "links_revoked": links}
        _record(session, patient, doer, "patient.ended", said, moment)
        return Stood(patient.number, len(rows), dropped)


def _known(why: str) -> None:
    if why not in REASONS:
        raise NotNow(f"why is {why!r}: one of {', '.join(REASONS)}")


def _in_study(session: Session, patient_id: int) -> Patient:
    patient = lock_patient(session, patient_id)
    if patient.withdrawn_at is not None:
        raise NotNow(f"{patient.number} has withdrawn; nothing is expected any more")
    if patient.ended_at is not None:
        raise NotNow(f"the study has ended for {patient.number}; nothing is expected any more")
    return patient


def _excused(
    session: Session,
    patient: Patient,
    doer: Doer,
    kind: str,
    rows: Sequence[Assessment],
    why: str,
    said: dict[str, object],
    moment: Moment,
) -> Stood:
    """Excuses these; messages that wait are dropped once nothing that is open is left to remind of."""
    assert patient.id is not None
    for one in rows:
        one.excused_at, one.excused_why, one.next_at = moment.study, why, one.late_until or one.closes_at
    session.flush()
    nothing_open = not _open_unexcused(session, patient.id, moment.study)
    dropped = len(messages.drop_waiting(session, patient.id, why.split(":")[0], moment.study)) if nothing_open else 0
    event = {**said, "assessments_excused": len(rows), "messages_dropped": dropped}
    _record(session, patient, doer, kind, event, moment)
    return Stood(patient.number, len(rows), dropped)


def _open_unexcused(session: Session, patient_id: int, now: datetime) -> int:
    open_ones = [one for one in unfinished(session, patient_id, now) if one.opens_at <= now]
    return sum(one.excused_at is None for one in open_ones)


def _record(session: Session, patient: Patient, doer: Doer, kind: str, said: dict[str, object], moment: Moment) -> None:
    actor = by_of(doer, Right.WITHDRAW, patient.site_id).actor
    record(session, patient, kind, said, actor, moment.study)
