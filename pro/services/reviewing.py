"""What the investigator makes of a flare, and the calls that a site makes.

A flag is never taken back and never deleted: every review is one more row, and the newest outcome stands on the episode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.services import anchoring, audit
from pro.services.access import Identity, Right
from pro.services.enrolment.telephone import MISSING, UNREACHABLE
from pro.services.episodes import Flagged, emergencies, kind_of
from pro.services.parts import Parts
from pro.store import flares
from pro.store.tables import Flare, FlareAction, Patient, Task

LONGEST_NOTE = 2000


class Outcome(StrEnum):
    CONFIRMED = "confirmed"
    NOT_A_FLARE = "not-a-flare"
    CANNOT_TELL = "cannot-tell"
    """Leaves the episode on the list."""


class Call(StrEnum):
    REACHED = "reached"
    """Settles the task, unless what it is about outlasts a call."""
    NO_ANSWER = "no-answer"
    """Leaves it open, with the attempt beside it."""


OUTLASTS_CALLS = frozenset({UNREACHABLE, MISSING})
"""Kinds of tasks that no call settles: the number is still wrong or gone, and every reminder fails until it is changed."""
CLOSED_BY_INVESTIGATOR = "closed-by-investigator"
REFUSALS = Literal[
    "not-found", "no-outcome", "no-note", "no-safety-note", "note-too-long", "not-reviewed", "ended", "done"
]


@dataclass(frozen=True, slots=True)
class Recorded:
    """It stands in the record."""


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Nothing was changed, and why."""

    why: REFUSALS


def review(
    parts: Parts,
    identity: Identity,
    flare_id: int,
    outcome: str,
    note: str,
    moment: Moment,
    safety_note: str = "",
) -> Recorded | NotRecorded:
    """Records an outcome with its reason; acknowledges the episode, so that nobody further is told of it.

    Needs `REVIEW_FLARE` at the patient's site. May be repeated: each review is kept, the newest outcome counts.
    Where a safety flag stands beside the signs of a flare, `safety_note` says what came of it and must be there.
    """
    if outcome not in set(Outcome):
        return NotRecorded("no-outcome")
    if refused := _note_refused(note):
        return refused
    with parts.study.writing() as session:
        found = _flare(session, identity, flare_id)
        if found is None:
            return NotRecorded("not-found")
        patient, flare = found
        kind = _kind(parts, session, flare_id)
        if kind == "both" and (refused := _note_refused(safety_note)):
            return NotRecorded("no-safety-note") if refused.why == "no-note" else refused
        flare.outcome = outcome
        flare.acknowledged_at = flare.acknowledged_at or moment.study
        flare.next_tell_at = None
        more: dict[str, object] = {"safety": True} if kind == "safety" else {}
        if kind == "both":
            session.add(_action(identity, flare_id, "safety", None, safety_note, moment))
            more = {"safety_note": safety_note.strip()}
        _act(session, identity, patient, flare, "review", outcome, note, moment, more)
        return Recorded()


def end_flare(parts: Parts, identity: Identity, flare_id: int, note: str, moment: Moment) -> Recorded | NotRecorded:
    """Closes the episode before its quiet days have passed; the next hit opens a new one.

    Needs `REVIEW_FLARE`, and an outcome recorded before: since the newest emergency, where there was one.
    """
    if refused := _note_refused(note):
        return refused
    with parts.study.writing() as session:
        found = _flare(session, identity, flare_id)
        if found is None:
            return NotRecorded("not-found")
        patient, flare = found
        if flare.ended_at is not None:
            return NotRecorded("ended")
        if flare.outcome is None or flare.acknowledged_at is None:
            return NotRecorded("not-reviewed")
        flare.ended_at, flare.end_why, flare.next_tell_at = moment.study, CLOSED_BY_INVESTIGATOR, None
        _act(session, identity, patient, flare, "end", None, note, moment)
        _plan_after_end(parts, session, identity, patient, moment)
        return Recorded()


def _plan_after_end(parts: Parts, session: Session, identity: Identity, patient: Patient, moment: Moment) -> None:
    protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
    assert patient.id is not None
    who = anchoring.Whose(patient.id, patient.site_id, patient.zone)
    actor = identity.actor(Right.REVIEW_FLARE, patient.site_id)
    for kind, payload in anchoring.after_events(session, protocol, who, [("flare.ended", {})], moment):
        audit.record(session, patient, kind, payload, actor, moment.study)


def log_call(
    parts: Parts, identity: Identity, task_id: int, outcome: str, note: str, moment: Moment
) -> Recorded | NotRecorded:
    """Notes a call on a task: `reached` settles it, `no-answer` leaves it open; needs `LOG_CALL` at the site.

    A task of `OUTLASTS_CALLS` stays open whatever came of the call.
    """
    if outcome not in set(Call):
        return NotRecorded("no-outcome")
    if refused := _note_refused(note, needed=outcome == Call.REACHED):
        return refused
    with parts.study.writing() as session:
        found = session.get(Task, task_id)
        if found is None or found.patient_id is None or not identity.may(Right.LOG_CALL, found.site_id):
            return NotRecorded("not-found")
        patient = audit.lock_patient(session, found.patient_id)
        task = session.exec(select(Task).where(col(Task.id) == task_id).execution_options(populate_existing=True)).one()
        if task.done_at is not None:
            return NotRecorded("done")
        task.note = "\n".join(filter(None, (task.note, _attempt(identity, outcome, note, moment))))
        if outcome == Call.REACHED and task.kind not in OUTLASTS_CALLS:
            task.done_at, task.done_by = moment.study, identity.staff_id
        session.add(task)
        payload = {"task": task_id, "kind": task.kind, "outcome": outcome, "note": note.strip()}
        audit.record(
            session, patient, "call.logged", payload, identity.actor(Right.LOG_CALL, found.site_id), moment.study
        )
        return Recorded()


def _note_refused(note: str, needed: bool = True) -> NotRecorded | None:
    if needed and not note.strip():
        return NotRecorded("no-note")
    return NotRecorded("note-too-long") if len(note) > LONGEST_NOTE else None


def _flare(session: Session, identity: Identity, flare_id: int) -> tuple[Patient, Flare] | None:
    """The episode with its patient's row locked; None where it is not there for this reader."""
    found = session.get(Flare, flare_id)
    if found is None or not identity.may(Right.REVIEW_FLARE, found.site_id):
        return None
    patient = audit.lock_patient(session, found.patient_id)
    again = select(Flare).where(col(Flare.id) == flare_id).execution_options(populate_existing=True)
    return patient, session.exec(again).one()


def _kind(parts: Parts, session: Session, flare_id: int) -> Flagged:
    """Which questions are asked of it."""
    return kind_of(flares.rules_hit(session, flare_id), emergencies(parts.library))


def _action(
    identity: Identity, flare_id: int, kind: str, outcome: str | None, note: str, moment: Moment
) -> FlareAction:
    return FlareAction(
        flare_id=flare_id, at=moment.study, staff_id=identity.staff_id, kind=kind, outcome=outcome, note=note.strip()
    )


def _act(
    session: Session,
    identity: Identity,
    patient: Patient,
    flare: Flare,
    kind: str,
    outcome: str | None,
    note: str,
    moment: Moment,
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:
    assert flare.id is not None
    session.add(flare)
    session.add(_action(identity, flare.id, kind, outcome, note, moment))
    payload = {"flare": flare.id, "n": flare.n, "outcome": outcome, "note": note.strip(), **more}
    event = "flare.reviewed" if kind == "review" else "flare.ended"
    audit.record(session, patient, event, payload, identity.actor(Right.REVIEW_FLARE, flare.site_id), moment.study)


def _attempt(identity: Identity, outcome: str, note: str, moment: Moment) -> str:
    """One line of a task's note; see `overview.attempts_of`."""
    words = " ".join(note.split())
    return "\t".join((moment.study.isoformat(), outcome, identity.login, words))
