"""SQL of what staff enter for a visit: the assessment, and every version of one response."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, exists, func, insert, or_, select, tuple_, update
from sqlmodel import Session

from pro.store.tables import metadata

_t = metadata.tables
assessment, response, staff, patient = _t["assessment"], _t["response"], _t["staff"], _t["patient"]
undone = _t["not_done"]

Found = Row[Any]
WAITED_FOR = timedelta(days=35)
"""How long after its day a visit is listed for want of its form."""


_STANDS = undone.c.taken_back_at.is_(None)
UNDONE = (
    select(func.aggregate_strings(undone.c.questionnaire + ":" + undone.c.why, ","))
    .where(undone.c.assessment_id == assessment.c.id, _STANDS)
    .scalar_subquery()
    .label("undone")
)
"""The forms of an assessment that are not done, to be read by `undone_of`."""


def undone_of(row: Found) -> dict[str, str]:
    """Form → why it is not done, of a row with `UNDONE`."""
    return dict(each.split(":", 1) for each in (row.undone or "").split(",") if each)


def visits(session: Session, patient_id: int, timepoints: Collection[str]) -> Sequence[Found]:
    """Assessments of these timepoints, by day."""
    wanted = select(assessment, UNDONE).where(
        assessment.c.patient_id == patient_id, assessment.c.timepoint.in_(timepoints)
    )
    return session.execute(wanted.order_by(assessment.c.day, assessment.c.id)).all()


_visit = (
    select(assessment)
    .where(assessment.c.patient_id == bindparam("patient_id"), assessment.c.timepoint == bindparam("timepoint"))
    .order_by(assessment.c.cancelled_at.is_not(None), assessment.c.day)
    .limit(1)
)


def visit(session: Session, patient_id: int, timepoint: str) -> Found | None:
    """The assessment of a timepoint that comes once, before one that an amendment called off."""
    return session.connection().execute(_visit, {"patient_id": patient_id, "timepoint": timepoint}).first()


def to_enter(
    session: Session,
    ids: Collection[int],
    asked: Mapping[str, Collection[tuple[str, str, str]]],
    now: datetime,
    limit: int,
) -> Sequence[Found]:
    """Visits whose window has opened and that lack a form, the longest waited for first; `in_all` counts them without the limit.

    Those of the last `WAITED_FOR`, without forms that were declared not done; the patient's own page still tells.
    `asked`: form → (protocol, version, timepoint) where it is asked.
    """
    end = func.coalesce(assessment.c.late_until, assessment.c.closes_at).label("end")
    wanted = select(assessment, patient.c.number, patient.c.zone, end, func.count().over().label("in_all"))
    joined = wanted.join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
    mine = joined.where(assessment.c.site_id.in_(ids), _lacks(asked, now))
    return session.execute(mine.order_by(assessment.c.day, patient.c.number).limit(limit)).all()


def to_enter_for(
    session: Session, patient_ids: Collection[int], asked: Mapping[str, Collection[tuple[str, str, str]]], now: datetime
) -> Sequence[Found]:
    """The same visits of these patients: `patient_id`, and where each is planned; the longest waited for first."""
    wanted = select(
        assessment.c.patient_id, assessment.c.protocol, assessment.c.protocol_version, assessment.c.timepoint
    )
    mine = wanted.where(assessment.c.patient_id.in_(patient_ids), _lacks(asked, now))
    return session.execute(mine.order_by(assessment.c.day, assessment.c.id)).all()


def _lacks(asked: Mapping[str, Collection[tuple[str, str, str]]], now: datetime) -> ColumnElement[bool]:
    where = tuple_(assessment.c.protocol, assessment.c.protocol_version, assessment.c.timepoint)
    forms = [
        and_(
            where.in_(places),
            ~exists().where(response.c.assessment_id == assessment.c.id, response.c.questionnaire == form),
            ~exists().where(undone.c.assessment_id == assessment.c.id, undone.c.questionnaire == form, _STANDS),
        )
        for form, places in asked.items()
    ]
    recent = assessment.c.day >= now.date() - WAITED_FOR
    return and_(recent, assessment.c.cancelled_at.is_(None), assessment.c.opens_at <= now, or_(*forms))


def newest(session: Session, assessment_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """How often each questionnaire of these assessments was entered: the number of its newest version."""
    wanted = select(response.c.assessment_id, response.c.questionnaire, func.max(response.c.n).label("n"))
    mine = wanted.where(response.c.assessment_id.in_(assessment_ids))
    grouped = mine.group_by(response.c.assessment_id, response.c.questionnaire)
    return {(row.assessment_id, row.questionnaire): row.n for row in session.execute(grouped)}


_assessment_id: Any = bindparam("assessment_id")
_questionnaire: Any = bindparam("questionnaire")
_versions = (
    select(response, staff.c.name.label("staff_name"))
    .join_from(response, staff, response.c.staff_id == staff.c.id, isouter=True)
    .where(response.c.assessment_id == _assessment_id, response.c.questionnaire == _questionnaire)
    .order_by(response.c.n.desc())
)
_add = insert(response)


def versions(session: Session, assessment_id: int, questionnaire: str) -> Sequence[Found]:
    """Every version of the response, the newest first, with whoever entered it."""
    values = {"assessment_id": assessment_id, "questionnaire": questionnaire}
    return session.connection().execute(_versions, values).all()


def add(session: Session, row: Mapping[str, object]) -> None:
    session.connection().execute(_add, dict(row))


# Forms that are not done


_not_done = (
    select(undone, staff.c.name.label("staff_name"))
    .join_from(undone, staff, undone.c.staff_id == staff.c.id)
    .where(undone.c.assessment_id == _assessment_id, undone.c.questionnaire == _questionnaire, _STANDS)
)
_take_back = (
    update(undone)
    .where(undone.c.assessment_id == bindparam("b_assessment_id"), _STANDS)
    .where(undone.c.questionnaire == bindparam("b_questionnaire"))
    .values(taken_back_at=bindparam("b_at"))
)


def not_done(session: Session, assessment_id: int, questionnaire: str) -> Found | None:
    """Why, when and by whom, where that stands."""
    values = {"assessment_id": assessment_id, "questionnaire": questionnaire}
    return session.connection().execute(_not_done, values).first()


def declare(session: Session, assessment_id: int, questionnaire: str, why: str, staff_id: int, at: datetime) -> None:
    row = {"assessment_id": assessment_id, "questionnaire": questionnaire, "why": why, "staff_id": staff_id}
    session.execute(insert(undone).values(**row, made_at=at))


def take_back(session: Session, assessment_id: int, questionnaire: str, at: datetime) -> bool:
    values = {"b_assessment_id": assessment_id, "b_questionnaire": questionnaire, "b_at": at}
    return session.connection().execute(_take_back, values).rowcount == 1
