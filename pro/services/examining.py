"""What staff enter at the desk for a visit: the clinician's form beside what the patient sent, and apart from it.

It is a response of the same assessment, in a version of its own for each correction. It never touches the
assessment's instants, so that compliance and the patient's submission are as if it were not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal

import msgspec
from sqlmodel import Session

from pro.clock import Moment
from pro.domain.answers import Answer
from pro.domain.chain import canonical
from pro.domain.examination import EXAMINED_ON, impossible
from pro.domain.freezing import Frozen, freeze
from pro.domain.scoring import score
from pro.services import anchoring, audit, wording
from pro.services.access import Identity, Right
from pro.services.answering import score_json
from pro.services.parts import Parts
from pro.services.visit_forms import Due, Form, Undone, Version, due, form, form_in, stored_answers
from pro.store import exams
from pro.store.tables import Mode, Patient

__all__ = [
    "LONGEST_REASON",
    "Due",
    "Entered",
    "Form",
    "NotEntered",
    "Undone",
    "Version",
    "changes",
    "due",
    "enter",
    "form",
    "stored_answers",
]

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Entered:
    """It stands in the record. `already`: it stood there before, entered by the same hand or another."""

    n: int
    sha256: str
    already: bool = False


@dataclass(frozen=True, slots=True)
class NotEntered:
    """Nothing was changed, and why."""

    why: Literal[
        "not-found",
        "not-open",
        "empty",
        "too-early",
        "future",
        "changed-meanwhile",
        "no-change",
        "no-reason",
        "long-reason",
    ]


def enter(
    parts: Parts,
    identity: Identity,
    patient_id: int,
    timepoint: str,
    questionnaire: str,
    answers: Mapping[str, Answer],
    moment: Moment,
    *,
    seen: int = 0,
    reason: str = "",
) -> Entered | NotEntered:
    """Records the form of a visit, or with `seen` (the version that was on the screen) its correction.

    Needs `ENTER_EXAM` at the patient's site. A correction needs a `reason`; the earlier versions stay. What is sent
    twice is entered once. Raises NotAllowed for an answer that its item does not take.
    """
    with parts.study.writing() as session:
        patient = audit.lock_patient(session, patient_id)
        found = form_in(parts, session, patient, timepoint, questionnaire, moment)
        if found is None or not identity.may(Right.ENTER_EXAM, patient.site_id):
            return NotEntered("not-found")
        frozen = freeze(found.questionnaire, answers)
        if found.n != seen:
            return _sent_before(found, frozen)
        if refused := _refused(found, frozen, reason):
            return NotEntered(refused)
        return _record(session, identity, patient, found, frozen, reason.strip(), moment)


def _sent_before(found: Form, frozen: Frozen) -> Entered | NotEntered:
    """A second submission of the same form finds it entered; another's entry meanwhile is not written over."""
    if not found.versions or dict(found.versions[0].answers) != _plain(frozen):
        return NotEntered("changed-meanwhile")
    return Entered(found.n, found.versions[0].sha256, already=True)


def _plain(frozen: Frozen) -> dict[str, object]:
    """As it comes back from the database."""
    decoded: dict[str, object] = msgspec.json.decode(canonical(frozen.items))
    return decoded


Refusal = Literal["empty", "too-early", "future", "no-change", "no-reason", "long-reason"]


def _refused(found: Form, frozen: Frozen, reason: str) -> Refusal | None:
    if not frozen.values.keys() - {EXAMINED_ON}:
        return "empty"
    if refused := impossible(frozen.values, found.earliest, found.today):
        return refused
    if found.n and dict(found.versions[0].answers) == _plain(frozen):
        return "no-change"
    if found.n and not reason.strip():
        return "no-reason"
    return "long-reason" if len(reason) > LONGEST_REASON else None


def _record(
    session: Session, identity: Identity, patient: Patient, found: Form, frozen: Frozen, reason: str, moment: Moment
) -> Entered:
    row = _response(identity, patient, found, frozen, reason, moment)
    exams.take_back(session, found.assessment_id, found.questionnaire.id, moment.study)
    exams.add(session, row)
    kind = "exam.corrected" if found.n else "exam.entered"
    actor = identity.actor(Right.ENTER_EXAM, patient.site_id)
    audit.record(session, patient, kind, _payload(found, frozen, row), actor, moment.study)
    if not found.n:
        given = frozen.values.get(EXAMINED_ON)
        examined = date.fromisoformat(given) if isinstance(given, str) else None
        who = anchoring.Whose(found.patient_id, found.site_id, found.zone)
        planned = anchoring.after_examination(session, found.protocol, who, found.timepoint.key, examined, moment)
        for planned_kind, payload in planned:
            audit.record(session, patient, planned_kind, payload, actor, moment.study)
    return Entered(found.n + 1, str(row["sha256"]))


def _response(
    identity: Identity, patient: Patient, found: Form, frozen: Frozen, reason: str, moment: Moment
) -> dict[str, object]:
    asked = found.questionnaire
    scores = {key: score_json(one) for key, one in score(asked, frozen.values).items()}
    hashed = {
        "patient": patient.number,
        "timepoint": found.timepoint.key,
        "day": found.day,
        "questionnaire": asked.id,
        "version": asked.version,
        "answers": frozen.items,
        "scores": scores,
    }
    return {
        "assessment_id": found.assessment_id,
        "patient_id": found.patient_id,
        "questionnaire": asked.id,
        "n": found.n + 1,
        "version": asked.version,
        "day": found.day,
        "mode": Mode.STAFF,
        "language": identity.language if identity.language in asked.languages else asked.languages[0],
        "completeness": frozen.completeness,
        "answers": canonical(frozen.items).decode(),
        "scores": canonical(scores).decode(),
        "sha256": sha256(canonical(hashed)).hexdigest(),
        "made_at": moment.study,
        "received_at": moment.running,
        "staff_id": identity.staff_id,
        "reason": reason or None if found.n else None,
    }


def _payload(found: Form, frozen: Frozen, row: Mapping[str, object]) -> dict[str, object]:
    """Every field with what it was and what it is; in a correction those that changed."""
    old: Mapping[str, Mapping[str, object]] = found.versions[0].answers if found.versions else {}
    new = _plain(frozen)
    changed = [key for key in new if not found.n or old.get(key) != new[key]]
    worded = wording.shown(found.questionnaire, str(row["language"]))
    return {
        **({} if worded is None else {"wording": worded}),
        "timepoint": found.timepoint.key,
        "day": found.day,
        "protocol": f"{found.protocol.id} {found.protocol.version}",
        "questionnaire": found.questionnaire.id,
        "version": found.questionnaire.version,
        "reported_by": "clinician",
        "mode": row["mode"],
        "n": row["n"],
        "reason": row["reason"],
        "completeness": row["completeness"],
        "sha256": row["sha256"],
        "changes": [{"item": key, "old": old.get(key), "new": new[key]} for key in changed],
    }


def changes(found: Form, answers: Mapping[str, Answer]) -> Sequence[str]:
    """Items whose answer differs from the newest version."""
    kept = stored_answers(found)
    return [item.key for item in found.questionnaire.items if kept.get(item.key) != answers.get(item.key)]
