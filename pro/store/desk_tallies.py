"""SQL of the figures of sites: what was counted at closing, and what is not counted yet. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import and_, case, func, select
from sqlmodel import Session

from pro.store.desk import Found, Sites, assessment, patient
from pro.store.tables import metadata

_t = metadata.tables
tally = _t["tally"]


def tallied(session: Session, ids: Sites, timepoints: Collection[str], since: date | None = None) -> Sequence[Found]:
    """Closed assessments counted by site."""
    counted = [func.coalesce(func.sum(tally.c[name]), 0).label(name) for name in COUNTS]
    wanted = select(tally.c.site_id, *counted).where(tally.c.site_id.in_(ids), tally.c.timepoint.in_(timepoints))
    if since is not None:
        wanted = wanted.where(tally.c.day >= since)
    return session.execute(wanted.group_by(tally.c.site_id)).all()


COUNTS = ("completed", "late", "partial", "missed", "cancelled")


def tallied_by_day(
    session: Session, ids: Sites, timepoints: Collection[str], since: date, limit: int
) -> Sequence[Found]:
    """The newest days of each site's count, for a trend."""
    counted = [func.sum(tally.c[name]).label(name) for name in COUNTS]
    wanted = select(tally.c.site_id, tally.c.day, *counted)
    mine = wanted.where(tally.c.site_id.in_(ids), tally.c.timepoint.in_(timepoints), tally.c.day >= since)
    return session.execute(mine.group_by(tally.c.site_id, tally.c.day).order_by(tally.c.day).limit(limit)).all()


def not_yet_tallied(
    session: Session, ids: Sites, timepoints: Collection[str], since: date, now: datetime
) -> Sequence[Found]:
    """What counts already and is not closed yet, by site: entries that exist, and windows that have just ended."""
    sent = assessment.c.submitted_at.is_not(None)
    on_time = and_(sent, assessment.c.submitted_at < assessment.c.closes_at)
    over = and_(
        assessment.c.submitted_at.is_(None), func.coalesce(assessment.c.late_until, assessment.c.closes_at) <= now
    )
    wanted = select(
        assessment.c.site_id,
        func.sum(case((on_time, 1), else_=0)).label("completed"),
        func.sum(case((and_(sent, ~on_time), 1), else_=0)).label("late"),
        func.sum(case((over, 1), else_=0)).label("missed"),
    ).where(
        assessment.c.site_id.in_(ids),
        assessment.c.day.between(since, now.date() + (now.date() - since)),  # days far ahead are most of the table
        assessment.c.timepoint.in_(timepoints),
        assessment.c.respondent == "patient",
        assessment.c.closed_at.is_(None),
        assessment.c.cancelled_at.is_(None),
    )
    return session.execute(wanted.group_by(assessment.c.site_id)).all()


def cancelled_before(session: Session, ids: Sites, timepoints: Collection[str], day: date) -> dict[int, int]:
    """Days of patients who have left that would have been expected by now, by site."""
    wanted = (
        select(assessment.c.site_id, func.count())
        .join_from(patient, assessment, assessment.c.patient_id == patient.c.id)
        .where(patient.c.site_id.in_(ids), patient.c.withdrawn_at.is_not(None))
        .where(assessment.c.timepoint.in_(timepoints), assessment.c.day < day, assessment.c.cancelled_at.is_not(None))
    )
    return {row[0]: row[1] for row in session.execute(wanted.group_by(assessment.c.site_id))}
