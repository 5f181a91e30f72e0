"""What patients and clinicians give at visits, as rows, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import insert, select, update

from pro.domain.answers import Answer
from pro.domain.chain import canonical
from pro.domain.freezing import freeze
from pro.domain.scoring import score
from pro.services.answering import score_json
from pro.services.parts import Parts
from pro.store.tables import Response, metadata

assessment = metadata.tables["assessment"]

KNEES_AND_WRISTS = ["L-knee", "R-knee", "L-wrist", "R-wrist", "L-elbow", "R-elbow", "L-shoulder", "R-shoulder"]


def examined(tender: int, swollen: int, esr: int | None = None, crp: str | None = None) -> dict[str, object]:
    """The clinician's form with so many of the 28 joints."""
    joints = {"tender": KNEES_AND_WRISTS[:tender], "swollen": KNEES_AND_WRISTS[:swollen], "not_assessable": []}
    blood = {key: value for key, value in {"esr": esr, "crp": crp}.items() if value is not None}
    return joints | blood


def give(
    parts: Parts,
    patient_id: int,
    timepoint: str,
    questionnaire: str,
    answers: Mapping[str, object],
    *,
    mode: str = "own-phone",
    n: int = 1,
    version: str = "",
) -> None:
    """One response as submitting freezes it; the version is the one that the assessment's protocol names."""
    with parts.study.writing() as session:
        mine = (assessment.c.patient_id == patient_id, assessment.c.timepoint == timepoint)
        row = session.execute(select(assessment).where(*mine)).one()
        planned = parts.library.protocol(row.protocol, row.protocol_version).timepoint(timepoint)
        named = {each.id: each.version for each in (*planned.questionnaires, *planned.clinician)}
        asked = parts.library.questionnaire(questionnaire, version or named[questionnaire])
        frozen = freeze(asked, {key: Answer("answered", value) for key, value in answers.items()})
        text = canonical(frozen.items).decode()
        at = row.closes_at - timedelta(hours=9)
        session.add(
            Response(
                assessment_id=row.id,
                patient_id=patient_id,
                questionnaire=asked.id,
                version=asked.version,
                n=n,
                day=row.day,
                mode=mode,
                language="fr",
                completeness=frozen.completeness,
                answers=text,
                scores=canonical({key: score_json(one) for key, one in score(asked, frozen.values).items()}).decode(),
                sha256=sha256(text.encode()).hexdigest(),
                made_at=at,
                received_at=at,
            )
        )
        if mode != "staff":
            session.execute(update(assessment).where(*mine).values(submitted_at=at, answered=True))


def examine(parts: Parts, patient_id: int, timepoint: str, answers: Mapping[str, object], n: int = 1) -> None:
    """The clinician's form of that visit."""
    give(parts, patient_id, timepoint, "joint-exam", answers, mode="staff", n=n)


def made_with(parts: Parts, patient_id: int, timepoint: str, version: str) -> None:
    """The assessment as another version of its protocol made it."""
    with parts.study.writing() as session:
        mine = (assessment.c.patient_id == patient_id, assessment.c.timepoint == timepoint)
        session.execute(update(assessment).where(*mine).values(protocol_version=version))


def visit_before(parts: Parts, patient_id: int, timepoint: str, at: datetime, version: str = "2") -> None:
    """A visit that lies before day 0, such as the screening."""
    with parts.study.writing() as session:
        other = session.execute(select(assessment).where(assessment.c.patient_id == patient_id)).first()
        assert other is not None
        session.execute(
            insert(assessment).values(
                patient_id=patient_id,
                site_id=other.site_id,
                timepoint=timepoint,
                day=at.date(),
                protocol=other.protocol,
                protocol_version=version,
                respondent="clinician",
                opens_at=at,
                closes_at=at + timedelta(hours=10),
                answered=False,
            )
        )
