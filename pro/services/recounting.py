"""What is kept counted, counted again: for `pro doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, case, func, not_, select
from sqlalchemy.sql.selectable import Select
from sqlmodel import Session

from pro.services import balancing
from pro.services.checkup import Finding
from pro.services.parts import Parts
from pro.store.tables import metadata

_assessment, _tally = (metadata.tables[name] for name in ("assessment", "tally"))


def ledger(parts: Parts) -> Finding:
    """Every step against every message, and every closed assessment against its protocol: the full recount."""
    found = balancing.recount(parts)
    if found.holds:
        return Finding("ledger", True, "every step has a message or a reason")
    return Finding("ledger", False, f"{found}", "tell the developers, with a copy of the database; messages go on")


def tally(parts: Parts) -> Finding:
    """What closing counted, counted again from the assessments."""
    with parts.study.reading() as session:
        wrong = {*_counted(session)} ^ {*_kept(session)}
    if not wrong:
        return Finding("tally", True, "agrees with the closed assessments")
    days = sorted({f"{row[1]} {row[2]}" for row in wrong})
    return Finding("tally", False, f"differs on {len(days)} days, first {days[0]}", "tell the developers")


Counts = Iterator[tuple[Any, ...]]
KINDS = ("completed", "late", "partial", "missed")


def _counted(session: Session) -> Counts:
    row = _assessment.c
    done = row.submitted_at.is_not(None)
    kinds = {
        "completed": and_(done, row.submitted_at < row.closes_at),
        "late": and_(done, row.submitted_at >= row.closes_at),
        "partial": and_(not_(done), row.answered),
        "missed": and_(not_(done), not_(row.answered)),
    }
    keys = (row.site_id, row.timepoint, row.day)
    sums = [func.sum(case((kinds[kind], 1), else_=0)) for kind in KINDS]
    closed = select(*keys, *sums).where(row.closed_at.is_not(None), row.respondent == "patient")
    return _rows(session, closed.group_by(*keys))


def _kept(session: Session) -> Counts:
    row = _tally.c
    return _rows(session, select(row.site_id, row.timepoint, row.day, *(row[kind] for kind in KINDS)))


def _rows(session: Session, wanted: Select[Any]) -> Counts:
    return (tuple(found) for found in session.connection().execute(wanted))
