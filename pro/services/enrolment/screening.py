"""The pain typed in at enrolment, as a response like any other, entered by staff."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from pro.clock import Moment
from pro.domain.answers import Answer
from pro.domain.chain import canonical
from pro.domain.freezing import freeze
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Questionnaire
from pro.domain.scoring import score
from pro.services.answering import score_json
from pro.services.enrolment.facts import By
from pro.store.tables import Mode, Patient, Response


def screening_response(
    patient: Patient,
    assessment_id: int,
    questionnaire: Questionnaire,
    protocol: Protocol,
    screened_on: date,
    value: int,
    by: By,
    moment: Moment,
) -> Response:
    """The response of the screening timepoint; its day is the day the pain was asked."""
    frozen = freeze(questionnaire, {protocol.screening.item: Answer("answered", value)})
    scores = {key: score_json(one) for key, one in score(questionnaire, frozen.values).items()}
    hashed = {
        "patient": patient.number,
        "timepoint": protocol.screening.timepoint,
        "day": screened_on,
        "questionnaire": questionnaire.id,
        "version": questionnaire.version,
        "answers": frozen.items,
        "scores": scores,
    }
    assert patient.id is not None
    return Response(
        assessment_id=assessment_id,
        patient_id=patient.id,
        questionnaire=questionnaire.id,
        version=questionnaire.version,
        day=screened_on,
        mode=Mode.STAFF,
        language=patient.language,
        completeness=frozen.completeness,
        answers=canonical(frozen.items).decode(),
        scores=canonical(scores).decode(),
        sha256=sha256(canonical(hashed)).hexdigest(),
        made_at=moment.study,
        received_at=moment.running,
        staff_id=by.staff_id,
    )
