"""Pause, hold and end: nobody is reminded meanwhile, what is not filled is excused with its reason, nothing is lost.

A pause has days known before; a hold lasts until somebody takes it back; the end is for good, without a
withdrawal: what was answered is used. What is excused may still be filled and stays expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from pro.clock import Moment
from pro.domain import zones
from pro.domain.reminders import next_bell
from pro.services.access import Right
from pro.services.audit import lock_patient, record
from pro.services.calendars import calendar_of
from pro.services.enrolment.facts import Doer, by_of
from pro.services.enrolment.leaving import coming_reminders, explain_passed, planned_reminders, unfinished
from pro.services.enrolment.links import revoke
from pro.services.parts import Parts
from pro.store import courses, messages
from pro.store.tables import Assessment, Patient

REASONS = ("hospital", "side-effect", "other-illness", "holiday", "technical", "doctor", "completed", "other")
"""Reasons as codes: a free text would sooner or later hold a name."""
LONGEST_PAUSE = 366
"""Days."""
HELD, PAUSED, ENDED = "hold", "pause", "ended"


def kind_of_excuse(why: str | None) -> str:
    """`hold` or `pause`, of what is written beside an assessment that one of them excuses; empty of any other."""
    return (why or "").partition(":")[0]


def why_unsent(code: str, why: str | None) -> str:
    """`excused-hold` or `excused-pause` for a step that was excused, while its assessment still says by which."""
    kind = kind_of_excuse(why)
    return f"excused-{kind}" if code == "excused" and kind in (HELD, PAUSED) else code


@dataclass(frozen=True, slots=True)
class Stood:
    """What came of it: assessments excused, taken back or cancelled, and messages dropped."""

    number: str
    assessments: int
    messages: int
    already: bool = False


class NotNow(ValueError):
    """It cannot be done as things are; the message is one line for the person who asked, `why` a code for pages."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(said)
        self.why = why


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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a pause would excuse."""

    days: int
    assessments: int
    visits: tuple[str, ...]
    """Timepoints among them that do not repeat."""
    today: tuple[datetime, ...] = ()
    """When the patient would still have been reminded of them on the day it is now."""


def foresee_pause(parts: Parts, patient_id: int, first: date, last: date, moment: Moment) -> LeftOut:
    """What `pause` would excuse; changes nothing. Raises what it does, but for the reason."""
    with parts.study.reading() as session:
        patient = _staying(session.get(Patient, patient_id), patient_id)
        _possible(parts, session, patient, first, last, moment)
        rows = _unexcused(session, patient_id, first, last, moment)
        return LeftOut(
            (last - first).days + 1,
            len(rows),
            tuple(one.timepoint for one in rows if _is_visit(parts, one)),
            _still_today(parts, session, patient, rows, moment),
        )


def _still_today(
    parts: Parts, session: Session, patient: Patient, rows: Sequence[Assessment], moment: Moment
) -> tuple[datetime, ...]:
    """None where the patient is not reminded anyway."""
    if patient.number_wrong_at is not None:
        return ()
    here = zones.zone(patient.zone)
    today = moment.study.astimezone(here).date()
    coming = coming_reminders(parts, session, patient, rows, moment.study)
    return tuple(at for at in coming if at.astimezone(here).date() == today)


def pause(parts: Parts, doer: Doer, patient_id: int, first: date, last: date, why: str, moment: Moment) -> Stood:
    """Excuses what aims at the days `first` to `last`, both included: at most a year, and not all over yet."""
    _known(why)
    with parts.study.writing() as session:
        patient = _in_study(session, patient_id)
        _possible(parts, session, patient, first, last, moment)
        rows = _unexcused(session, patient_id, first, last, moment)
        courses.add_pause(session, patient_id, first, last, why, moment.study)
        said = {"why": why, "first": first, "last": last}
        return _excused(session, patient, doer, "patient.paused", rows, f"{PAUSED}: {why}", said, moment)


def _possible(parts: Parts, session: Session, patient: Patient, first: date, last: date, moment: Moment) -> None:
    assert patient.id is not None
    if last < first:
        raise NotNow("backwards", f"the pause ends on {last}, before it begins on {first}")
    if (last - first).days >= LONGEST_PAUSE:
        raise NotNow("long", f"the pause is longer than {LONGEST_PAUSE} days: use a hold where nobody knows its end")
    protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
    if last < calendar_of(session, patient.id, patient.zone, protocol.cutoff).holds(moment.study):
        raise NotNow("over", f"the pause ends on {last}, which has passed")


def _unexcused(session: Session, patient_id: int, first: date, last: date, moment: Moment) -> list[Assessment]:
    expected = unfinished(session, patient_id, moment.study)
    return [one for one in expected if first <= one.day <= last and one.excused_at is None]


def _is_visit(parts: Parts, one: Assessment) -> bool:
    return not parts.library.protocol(one.protocol, one.protocol_version).timepoint(one.timepoint).repeats


def resume(parts: Parts, doer: Doer, patient_id: int, moment: Moment) -> Stood:
    """Takes the hold back: what can still be filled is expected again, with the reminders still to come."""
    with parts.study.writing() as session:
        patient = _in_study(session, patient_id)
        if patient.held_at is None:
            return Stood(patient.number, 0, 0, already=True)
        since, patient.held_at, patient.held_why = patient.held_at, None, None
        back = _back(parts, session, patient, HELD, moment)
        _record(session, patient, doer, "patient.resumed", {"since": since, "assessments": back}, moment)
        return Stood(patient.number, back, 0)


def unpause(parts: Parts, doer: Doer, patient_id: int, pause_id: int, moment: Moment) -> Stood:
    """Takes a pause back: what of it can still be filled is expected again, unless something else excuses it."""
    with parts.study.writing() as session:
        patient = _in_study(session, patient_id)
        found = courses.take_back_pause(session, patient_id, pause_id, moment.study)
        if found is None:
            return Stood(patient.number, 0, 0, already=True)
        back = _back(parts, session, patient, PAUSED, moment, (found.first, found.last))
        said = {"first": found.first, "last": found.last, "assessments": back}
        _record(session, patient, doer, "patient.unpaused", said, moment)
        return Stood(patient.number, back, 0)


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
        explain_passed(parts, session, patient, rows, moment.study)
        for one in rows:
            one.cancelled_at, one.next_at = moment.study, None
        dropped = len(messages.drop_waiting(session, patient_id, ENDED, moment.study))
        links = revoke(session, patient_id, moment)
        said = {"why": why, "assessments_cancelled": len(rows), "messages_dropped": dropped, "links_revoked": links}
        _record(session, patient, doer, "patient.ended", said, moment)
        return Stood(patient.number, len(rows), dropped)


def _known(why: str) -> None:
    if why not in REASONS:
        raise NotNow("no-reason", f"why is {why!r}: one of {', '.join(REASONS)}")


def _in_study(session: Session, patient_id: int) -> Patient:
    return _staying(lock_patient(session, patient_id), patient_id)


def _staying(patient: Patient | None, patient_id: int) -> Patient:
    if patient is None:
        raise KeyError(f"no patient {patient_id}")
    if patient.withdrawn_at is not None:
        raise NotNow("withdrawn", f"{patient.number} has withdrawn; nothing is expected any more")
    if patient.ended_at is not None:
        raise NotNow("ended", f"the study has ended for {patient.number}; nothing is expected any more")
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
        one.excused_at, one.excused_why = moment.study, why
    session.flush()
    nothing_open = not _open_unexcused(session, patient.id, moment.study)
    dropped = len(messages.drop_waiting(session, patient.id, why.split(":")[0], moment.study)) if nothing_open else 0
    event = {**said, "assessments_excused": len(rows), "messages_dropped": dropped}
    _record(session, patient, doer, kind, event, moment)
    return Stood(patient.number, len(rows), dropped)


def _back(
    parts: Parts,
    session: Session,
    patient: Patient,
    kind: str,
    moment: Moment,
    days: tuple[date, date] = (date.min, date.max),
) -> int:
    """What `kind` excused on these days is expected again; a pause or a hold that still stands excuses it anew."""
    assert patient.id is not None
    pauses = courses.pauses_of(session, [patient.id])
    theirs = [
        one
        for one in unfinished(session, patient.id, moment.study)
        if (one.excused_why or "").startswith(kind) and days[0] <= one.day <= days[1]
    ]
    explain_passed(parts, session, patient, theirs, moment.study)
    back = 0
    for one in theirs:
        if _passed_excused(one, moment.study):
            continue
        still = next((f"{PAUSED}: {each.why}" for each in pauses if each.first <= one.day <= each.last), None)
        if patient.held_at is not None:
            still = f"{HELD}: {patient.held_why}"
        if still is not None:
            one.excused_why = still
            continue
        one.excused_at = one.excused_why = None
        one.next_at = next_bell(planned_reminders(parts, patient, one), one.late_until or one.closes_at, moment.study)
        back += 1
    return back


def _passed_excused(one: Assessment, now: datetime) -> bool:
    """It closed while nobody asked for it; that it may be filled late does not make it missed."""
    return one.excused_at is not None and one.excused_at < one.closes_at <= now


def _open_unexcused(session: Session, patient_id: int, now: datetime) -> int:
    open_ones = [one for one in unfinished(session, patient_id, now) if one.opens_at <= now]
    return sum(one.excused_at is None for one in open_ones)


def _record(session: Session, patient: Patient, doer: Doer, kind: str, said: dict[str, object], moment: Moment) -> None:
    actor = by_of(doer, Right.WITHDRAW, patient.site_id).actor
    record(session, patient, kind, said, actor, moment.study)
