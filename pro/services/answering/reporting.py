"""What the patient opens: an assessment that nothing planned, made when the holder of the link asks for it."""

from __future__ import annotations

from pro.clock import Moment
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.schedule import Planned, start_now
from pro.services.answering.views import token_hash
from pro.services.audit import lock_patient, patient_actor, record
from pro.services.calendars import calendar_of
from pro.services.parts import Parts
from pro.store import sittings
from pro.store.engine import insert_rows
from pro.store.tables import Patient, metadata

_assessment = metadata.tables["assessment"]


def reportable(parts: Parts, token: str, moment: Moment) -> tuple[Timepoint, ...]:
    """The timepoints that the patient may open now behind this link; changes nothing."""
    with parts.study.reading() as session:
        found = sittings.by_link(session, token_hash(token))
        if found is None or found.revoked_at is not None or found.expires_at <= moment.study:
            return ()
        patient = session.get_one(Patient, found.patient_id)
        protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
        if not _in_study(patient) or not _on_demand(protocol):
            return ()
        calendar = calendar_of(session, found.patient_id, patient.zone, protocol.cutoff)
        return tuple(
            one for one in _on_demand(protocol) if start_now(one, patient.day0, moment.study, calendar) is not None
        )


def report_now(parts: Parts, token: str, timepoint: str, moment: Moment) -> bool:
    """Makes the assessment of that timepoint, which `start` then begins; once a patient-day, however often asked.

    False where the patient may not open it: no such timepoint, not one of its days, a dead link, no longer in the study.
    """
    planned_now = {one.key: one for one in reportable(parts, token, moment)}.get(timepoint)
    if planned_now is None:
        return False
    with parts.study.writing() as session:
        found = sittings.by_link(session, token_hash(token))
        assert found is not None
        patient = lock_patient(session, found.patient_id)
        protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
        calendar = calendar_of(session, found.patient_id, patient.zone, protocol.cutoff)
        one = start_now(planned_now, patient.day0, moment.study, calendar)
        if one is None or not _in_study(patient):
            return False
        made = insert_rows(
            session.connection(),
            _assessment,
            [_row(one, patient, protocol)],
            skip=["patient_id", "timepoint", "day"],
            returning=["id"],
        )
        if made:
            said = {"timepoint": one.timepoint, "day": one.day}
            record(session, patient, "assessment.opened", said, patient_actor(patient.number), moment.study)
        return True


def _in_study(patient: Patient) -> bool:
    return patient.withdrawn_at is None and patient.ended_at is None


def _on_demand(protocol: Protocol) -> tuple[Timepoint, ...]:
    return tuple(one for one in protocol.timepoints if one.on_demand)


def _row(one: Planned, patient: Patient, protocol: Protocol) -> dict[str, object]:
    return {
        "patient_id": patient.id,
        "site_id": patient.site_id,
        "timepoint": one.timepoint,
        "day": one.day,
        "protocol": protocol.id,
        "protocol_version": protocol.version,
        "respondent": one.respondent,
        "opens_at": one.opens_at,
        "closes_at": one.closes_at,
        "late_until": one.late_until,
        "next_at": one.end,
        "answered": False,
    }
