"""SQL of a patient's visits and of the newest response to each questionnaire of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, exists, select
from sqlmodel import Session

from pro.store import instants
from pro.store.exams import UNDONE
from pro.store.tables import metadata

assessment, response = metadata.tables["assessment"], metadata.tables["response"]

Found = Row[Any]


def visits_of(session: Session, patient_id: int, timepoints: Collection[str]) -> Sequence[Found]:
    """Assessments of these timepoints, by day: as many rows as the protocol plans visits."""
    wanted = select(
        assessment.c.id,
        assessment.c.timepoint,
        assessment.c.day,
        assessment.c.protocol,
        assessment.c.protocol_version,
        *instants.COLUMNS,
        UNDONE,
    )
    mine = wanted.where(assessment.c.patient_id == patient_id, assessment.c.timepoint.in_(timepoints))
    return session.execute(mine.order_by(assessment.c.day, assessment.c.id)).all()


def newest_responses(session: Session, assessment_ids: Collection[int]) -> Sequence[Found]:
    """Of each questionnaire of these assessments the response with the highest n."""
    newer = response.alias("newer")
    corrected = exists().where(
        newer.c.assessment_id == response.c.assessment_id,
        newer.c.questionnaire == response.c.questionnaire,
        newer.c.n > response.c.n,
    )
    wanted = select(
        response.c.id,
        response.c.assessment_id,
        response.c.questionnaire,
        response.c.version,
        response.c.n,
        response.c.mode,
        response.c.answers,
        response.c.scores,
        response.c.made_at,
    )
    mine = wanted.where(response.c.assessment_id.in_(assessment_ids), ~corrected)
    return session.execute(mine.order_by(response.c.assessment_id, response.c.id)).all()
