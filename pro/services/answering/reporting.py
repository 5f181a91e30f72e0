"""What the patient opens: an assessment that nothing planned, made when the holder of the link asks for it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.assessment import is_fillable
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.schedule import Planned, start_now
from pro.domain.showing import shown
from pro.services import wording
from pro.services.answering.facts import Part, Report
from pro.services.answering.views import is_over, token_hash
from pro.services.audit import lock_patient, patient_actor, record
from pro.services.calendars import calendar_of
from pro.services.parts import Parts
from pro.services.planned_rows import planned_row
from pro.store import assessments, sittings
from pro.store.engine import Connected, insert_rows
from pro.store.instants import instants_of
from pro.store.sittings import Found
from pro.store.tables import Patient, metadata

_assessment = metadata.tables["assessment"]


def reportable(parts: Parts, token: str, moment: Moment) -> tuple[Report, ...]:
    """What the patient may open now behind this link and has not opened; changes nothing."""
    with parts.study.plain_reading() as session:
        who = _behind_link(session, token, moment)
        return () if who is None else reports_of(parts, session, who, moment)


def reports_of(parts: Parts, session: Connected, who: Found, moment: Moment) -> tuple[Report, ...]:
    """The same for a patient in hand; a protocol in which patients open nothing costs no statement."""
    protocol = parts.library.protocol(who.own_protocol, who.own_version)
    asked = _on_demand(protocol)
    if not asked or who.withdrawn_at is not None or who.study_ended_at is not None:
        return ()
    calendar = calendar_of(session, who.patient_id, who.zone, protocol.cutoff)
    now_open = [one for one in asked if start_now(one, who.day0, moment.study, calendar) is not None]
    keys, today = [one.key for one in now_open], calendar.holds(moment.study)
    there = {row.timepoint for row in assessments.opened(session, who.patient_id, keys, today, moment.study)}
    return tuple(Report(one.key, _asks(parts, one, moment)) for one in now_open if one.key not in there)


def report_now(parts: Parts, token: str, timepoint: str, moment: Moment) -> int | None:
    """Makes the assessment of that timepoint, which `start` then begins; gives the one that is open where one is.

    None where the patient may not open it: no such timepoint, not one of its days, sent today already, a dead link,
    no longer in the study.
    """
    return _open(parts, lambda session: _behind_link(session, token, moment), timepoint, moment)


def report_here(parts: Parts, session_token: str, timepoint: str, moment: Moment) -> int | None:
    """As `report_now`, from the phone's session."""
    return _open(parts, lambda session: _on_phone(session, session_token, moment), timepoint, moment)


def _behind_link(session: Connected, token: str, moment: Moment) -> Found | None:
    found = sittings.by_link(session, token_hash(token))
    return None if found is None or is_over(found, moment) else found


def _on_phone(session: Connected, session_token: str, moment: Moment) -> Found | None:
    found = sittings.by_session(session, token_hash(session_token))
    dead = found is None or found.ended_at is not None or found.expires_at <= moment.running
    return None if dead else found


def _open(parts: Parts, who: Callable[[Connected], Found | None], key: str, moment: Moment) -> int | None:
    with parts.study.writing() as session:
        asks = who(session)
        patient = lock_patient(session, asks.patient_id) if asks else None
        if patient is None or who(session) is None or patient.withdrawn_at or patient.ended_at:
            return None
        protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
        timepoint = next((one for one in _on_demand(protocol) if one.key == key), None)
        return None if timepoint is None else _there_or_made(session, timepoint, patient, protocol, moment)


def _there_or_made(
    session: Session, timepoint: Timepoint, patient: Patient, protocol: Protocol, moment: Moment
) -> int | None:
    """Never a second beside one that is open, nor on a day that has one."""
    assert patient.id is not None
    calendar = calendar_of(session, patient.id, patient.zone, protocol.cutoff)
    there = assessments.opened(session, patient.id, [timepoint.key], calendar.holds(moment.study), moment.study)
    if there:
        fillable = (row.assessment_id for row in there if is_fillable(instants_of(row), moment.study))
        return next(fillable, None)
    one = start_now(timepoint, patient.day0, moment.study, calendar)
    if one is None:
        return None
    (made,) = insert_rows(session.connection(), _assessment, [_row(one, patient, protocol)], returning=["id"])
    said = {"timepoint": one.timepoint, "day": one.day}
    record(session, patient, "assessment.opened", said, patient_actor(patient.number), moment.study)
    return int(made.id)


def _on_demand(protocol: Protocol) -> tuple[Timepoint, ...]:
    return tuple(one for one in protocol.timepoints if one.on_demand)


def _asks(parts: Parts, timepoint: Timepoint, moment: Moment) -> Part:
    asked = [wording.questionnaire(parts, one.id, one.version, moment) for one in timepoint.questionnaires]
    return Part(
        timepoint.title,
        sum(len(shown(one, {})) for one in asked),
        sum(len(one.items) for one in asked),
        sum((one.minutes for one in asked), Decimal(0)),
    )


def _row(one: Planned, patient: Patient, protocol: Protocol) -> dict[str, object]:
    return {**planned_row(one, protocol, patient.id, patient.site_id), "next_at": one.end}
