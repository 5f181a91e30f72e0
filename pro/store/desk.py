"""SQL of what the desk reads. Every statement that gives rows is bounded by a limit or by ids that were."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select
from sqlmodel import Session

from pro.store import instants
from pro.store.tables import metadata

_t = metadata.tables
patient, site, study, staff = _t["patient"], _t["site"], _t["study"], _t["staff"]
assessment, response = _t["assessment"], _t["response"]
flare, trigger, action = _t["flare"], _t["flare_trigger"], _t["flare_action"]
duty = _t["site_duty"]

Found = Row[Any]
Sites = Collection[int]

TO_REVIEW = and_(
    or_(flare.c.outcome.is_(None), flare.c.outcome == "cannot-tell", flare.c.acknowledged_at.is_(None)),
    or_(flare.c.end_why.is_(None), flare.c.end_why != "closed-by-investigator"),
)
"""Nobody has said yet what it was, or an emergency came since; that it ended by itself takes it off no list."""
UNDECIDED = and_(flare.c.outcome == "cannot-tell", flare.c.acknowledged_at.is_not(None))
"""Reviewed in time, and stays on the list: nothing of it is late."""

_WHO = (
    patient.c.id.label("patient_id"),
    patient.c.number,
    patient.c.site_id,
    patient.c.study_id,
    patient.c.day0,
    patient.c.zone,
    patient.c.language,
    patient.c.protocol,
    patient.c.protocol_version,
    patient.c.enrolled_at,
    patient.c.withdrawn_at,
    patient.c.opted_out_at,
    patient.c.number_wrong_at,
    patient.c.held_at,
    patient.c.held_why,
    patient.c.ended_at.label("study_ended_at"),
    patient.c.ended_why,
    patient.c.contact_id,
)


def sites(session: Session, ids: Sites) -> Sequence[Found]:
    wanted = select(
        site.c.id, site.c.code, site.c.name, site.c.zone, study.c.id.label("study_id"), study.c.code.label("study")
    ).add_columns(study.c.title, study.c.protocol, study.c.demonstration)
    joined = wanted.join_from(site, study, site.c.study_id == study.c.id).where(site.c.id.in_(ids))
    return session.execute(joined.order_by(site.c.id)).all()


# Flares


def flares_to_review(session: Session, ids: Sites, emergencies: Collection[str], limit: int) -> Sequence[Found]:
    """Those that a rule of `emergencies` triggered first; of each kind those that nobody has reviewed, the oldest first."""
    first = exists().where(trigger.c.flare_id == flare.c.id, trigger.c.rule.in_(emergencies))
    return session.execute(
        _episodes()
        .where(flare.c.site_id.in_(ids), TO_REVIEW)
        .order_by(case((first, 0), else_=1), case((UNDECIDED, 1), else_=0), flare.c.opened_at, flare.c.id)
        .limit(limit)
    ).all()


def count_flares_to_review(session: Session, ids: Sites) -> int:
    return int(session.execute(select(func.count()).where(flare.c.site_id.in_(ids), TO_REVIEW)).scalar_one())


def unseen_flares(
    session: Session, ids: Sites, emergencies: Collection[str], until: Mapping[tuple[str, str], datetime], limit: int
) -> Sequence[Found]:
    """Flares that nobody has acknowledged since the instant that `until` gives for their protocol and version.

    Those that one of `emergencies` triggered are among them from their first second. `since` is when the episode was
    opened or, once it was reviewed, when the newest of `emergencies` came; `in_all` counts those beyond the
    limit too. Those that one of `emergencies` triggered first, of each kind the longest.
    """
    hit = (trigger.c.flare_id == flare.c.id, trigger.c.rule.in_(emergencies))
    urgent, newest = exists().where(*hit), select(func.max(trigger.c.at)).where(*hit)
    safety = case((urgent, 1), else_=0)
    again = func.coalesce(newest.scalar_subquery(), flare.c.opened_at)
    since = case((flare.c.outcome.is_(None), flare.c.opened_at), else_=again)
    late = [
        and_(patient.c.protocol == id_, patient.c.protocol_version == version, since <= at)
        for (id_, version), at in until.items()
    ]
    wanted = select(patient.c.number, flare.c.site_id, since.label("since"), safety.label("safety"))
    wanted = wanted.add_columns(func.count().over().label("in_all"))
    joined = wanted.join_from(flare, patient, flare.c.patient_id == patient.c.id)
    mine = joined.where(flare.c.site_id.in_(ids), TO_REVIEW, flare.c.acknowledged_at.is_(None), or_(urgent, *late))
    return session.execute(mine.order_by(safety.desc(), "since", patient.c.number).limit(limit)).all()


def duty_lists(session: Session, ids: Sites) -> Sequence[Found]:
    """`site_id`, `name`, `rank`: those on the duty lists of these sites, in the order in which they are told."""
    wanted = select(duty.c.site_id, staff.c.name, duty.c.rank).join_from(duty, staff, duty.c.staff_id == staff.c.id)
    return session.execute(wanted.where(duty.c.site_id.in_(ids), staff.c.active).order_by(duty.c.rank)).all()


def flare_with_patient(session: Session, flare_id: int) -> Found | None:
    return session.execute(_episodes().where(flare.c.id == flare_id)).first()


def _episodes() -> Select[Any]:
    """Episodes with their patients; `site_zone` is by whose clock it reached the site and staff acted."""
    who = (column for column in _WHO if column.name not in ("site_id", "patient_id"))
    wanted = select(flare, *who, site.c.zone.label("site_zone"))
    joined = wanted.join_from(flare, patient, flare.c.patient_id == patient.c.id)
    return joined.join(site, flare.c.site_id == site.c.id)


def _safety(emergencies: Collection[str]) -> ColumnElement[int]:
    """1 where one of `emergencies` triggered the episode."""
    return case((exists().where(trigger.c.flare_id == flare.c.id, trigger.c.rule.in_(emergencies)), 1), else_=0)


def flares_of(session: Session, patient_id: int, emergencies: Collection[str], limit: int = 50) -> Sequence[Found]:
    """`kind`: `safety` where nothing but `emergencies` triggered it, `both` where another rule did too, else `flare`."""
    other = exists().where(trigger.c.flare_id == flare.c.id, trigger.c.rule.not_in(emergencies))
    kind = case((_safety(emergencies) == 0, "flare"), (other, "both"), else_="safety").label("kind")
    wanted = select(flare, kind).where(flare.c.patient_id == patient_id)
    return session.execute(wanted.order_by(flare.c.n.desc()).limit(limit)).all()


def newest_triggers(session: Session, flare_ids: Collection[int], emergencies: Collection[str]) -> Sequence[Found]:
    """Triggers of each episode's newest day with a hit, and of any day those of `emergencies`."""
    wanted = select(trigger).join_from(trigger, flare, trigger.c.flare_id == flare.c.id)
    mine = or_(trigger.c.day == flare.c.last_hit_day, trigger.c.rule.in_(emergencies))
    newest = wanted.where(trigger.c.flare_id.in_(flare_ids), mine)
    return session.execute(newest.order_by(trigger.c.id)).all()


def triggers(session: Session, flare_id: int, limit: int = 60) -> Sequence[Found]:
    """An episode's newest triggers, by day and then in the order they came."""
    wanted = select(trigger).where(trigger.c.flare_id == flare_id)
    return session.execute(wanted.order_by(trigger.c.day.desc(), trigger.c.id).limit(limit)).all()


def first_signs(session: Session, flare_ids: Collection[int], emergencies: Collection[str]) -> dict[int, datetime]:
    """When a rule that is none of `emergencies` triggered each of these episodes first."""
    wanted = select(trigger.c.flare_id, func.min(trigger.c.at).label("at")).group_by(trigger.c.flare_id)
    mine = wanted.where(trigger.c.flare_id.in_(flare_ids), trigger.c.rule.not_in(emergencies))
    return {row.flare_id: row.at for row in session.execute(mine)}


def actions(session: Session, flare_id: int, limit: int = 50) -> Sequence[Found]:
    wanted = select(action, staff.c.name.label("staff_name")).join_from(action, staff, action.c.staff_id == staff.c.id)
    return session.execute(wanted.where(action.c.flare_id == flare_id).order_by(action.c.id).limit(limit)).all()


# Answers


def responses(session: Session, patient_ids: Collection[int], since: date, until: date, limit: int) -> Sequence[Found]:
    """Responses of these days, corrected ones after what they correct."""
    wanted = select(
        response.c.id,
        response.c.assessment_id,
        response.c.patient_id,
        response.c.questionnaire,
        response.c.version,
        response.c.n,
        response.c.day,
        response.c.mode,
        response.c.completeness,
        response.c.answers,
        response.c.evaluation,
        response.c.made_at,
        response.c.received_at,
        response.c.phone_at,
    )
    within = wanted.where(response.c.patient_id.in_(patient_ids), response.c.day >= since, response.c.day <= until)
    return session.execute(within.order_by(response.c.day, response.c.n).limit(limit)).all()


# Assessments


def diaries_of(session: Session, ids: Sites, timepoints: Collection[str], day: date, limit: int) -> Sequence[Found]:
    wanted = select(patient.c.number, *instants.COLUMNS).join_from(
        assessment, patient, assessment.c.patient_id == patient.c.id
    )
    on_day = wanted.where(assessment.c.site_id.in_(ids), assessment.c.day == day)
    mine = on_day.where(assessment.c.timepoint.in_(timepoints), assessment.c.cancelled_at.is_(None))
    return session.execute(mine.order_by(patient.c.number).limit(limit)).all()


def next_visits(
    session: Session, ids: Sites, timepoints: Collection[str], since: date, now: datetime, limit: int
) -> Sequence[Found]:
    """Visits of target days from `since` on that nobody has answered and whose window is not over, by target day."""
    end = func.coalesce(assessment.c.late_until, assessment.c.closes_at)
    wanted = select(
        patient.c.number,
        patient.c.zone,
        assessment.c.site_id,
        assessment.c.timepoint,
        assessment.c.day,
        assessment.c.opens_at,
        assessment.c.excused_why,
        end.label("end"),
    )
    joined = wanted.join_from(assessment, patient, assessment.c.patient_id == patient.c.id)
    mine = joined.where(
        assessment.c.site_id.in_(ids),
        assessment.c.day >= since,
        assessment.c.timepoint.in_(timepoints),
        assessment.c.cancelled_at.is_(None),
        assessment.c.submitted_at.is_(None),
        assessment.c.closed_at.is_(None),
        end > now,
    )
    return session.execute(mine.order_by(assessment.c.day, patient.c.number).limit(limit)).all()


def assessments_of(
    session: Session, patient_ids: Collection[int], timepoints: Collection[str] | None = None
) -> Sequence[Found]:
    """All assessments of these patients: as many rows each as their protocol plans."""
    wanted = select(
        assessment.c.id,
        assessment.c.patient_id,
        assessment.c.timepoint,
        assessment.c.day,
        assessment.c.respondent,
        *instants.COLUMNS,
    ).where(assessment.c.patient_id.in_(patient_ids))
    if timepoints is not None:
        wanted = wanted.where(assessment.c.timepoint.in_(timepoints))
    return session.execute(wanted.order_by(assessment.c.patient_id, assessment.c.day, assessment.c.timepoint)).all()


# Patients


def patients_page(session: Session, ids: Sites, after: str, limit: int) -> Sequence[Found]:
    """Patients by number, from the one after `after`."""
    wanted = select(*_WHO).where(patient.c.site_id.in_(ids), patient.c.number > after)
    return session.execute(wanted.order_by(patient.c.number).limit(limit)).all()


def patient_by_number(session: Session, studies: Collection[int], number: str) -> Found | None:
    wanted = select(*_WHO, patient.c.withdrawn_why, patient.c.chain_seq, patient.c.chain_hash)
    return session.execute(wanted.where(patient.c.study_id.in_(studies), patient.c.number == number)).first()


def count_patients(session: Session, ids: Sites) -> Sequence[Found]:
    wanted = select(patient.c.site_id, func.count().label("n")).where(patient.c.site_id.in_(ids))
    return session.execute(wanted.group_by(patient.c.site_id)).all()


def stopped(session: Session, ids: Sites, since: datetime, limit: int) -> Sequence[Found]:
    """Patients still in the study who have wanted no messages since then, the newest first."""
    wanted = select(patient.c.number, patient.c.opted_out_at).where(
        patient.c.site_id.in_(ids),
        patient.c.opted_out_at >= since,
        patient.c.withdrawn_at.is_(None),
        patient.c.ended_at.is_(None),
    )
    return session.execute(wanted.order_by(patient.c.opted_out_at.desc(), patient.c.number).limit(limit)).all()


def with_review(session: Session, patient_ids: Collection[int], emergencies: Collection[str]) -> Sequence[Found]:
    """Those of them with an episode that waits for a review.

    `safety`: one of `emergencies` triggered any; `undecided`: of each it was said that nobody can tell yet.
    """
    safety = func.max(_safety(emergencies)).label("safety")
    undecided = func.min(case((UNDECIDED, 1), else_=0)).label("undecided")
    wanted = select(flare.c.patient_id, safety, undecided).where(flare.c.patient_id.in_(patient_ids), TO_REVIEW)
    return session.execute(wanted.group_by(flare.c.patient_id)).all()
