"""Puts messages in the outbox as the services do, and reads what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from pro.clock import FixedClock
from pro.services.parts import Parts
from pro.sms.memory import MemorySender
from pro.store import messages
from pro.store.tables import metadata
from tests.factories import make_parts

TODAY = date(2026, 4, 15)
EVENING = datetime(2026, 4, 15, 16, 0, tzinfo=UTC)
"""18:00 in Paris: the diary's first reminder."""
LATE = timedelta(hours=2)

_t = metadata.tables


def evening_parts(urls: tuple[str, str], at: datetime = EVENING) -> tuple[Parts, FixedClock, MemorySender]:
    clock, sender = FixedClock(at), MemorySender()
    return replace(make_parts(urls, clock), sender=sender), clock, sender


def remind(
    parts: Parts,
    patient_id: int,
    due_at: datetime = EVENING,
    not_after: datetime | None = None,
    steps: Iterable[tuple[str, date]] = (("diary", TODAY),),
) -> int:
    """A pending reminder that announces these assessments, with its rows in the ledger."""
    assessment, reminder, patient = _t["assessment"], _t["reminder"], _t["patient"]
    with parts.study.writing() as session:
        who = session.execute(select(patient).where(patient.c.id == patient_id)).one()
        id_ = messages.queue(
            session,
            dedupe_key=f"reminder:{patient_id}:{due_at:%Y-%m-%dT%H:%M:%SZ}",
            site_id=who.site_id,
            patient_id=patient_id,
            staff_id=None,
            template="reminder",
            language=who.language,
            due_at=due_at,
            not_after=not_after or due_at + LATE,
        )
        assert id_ is not None
        for timepoint, day in steps:
            mine = select(assessment.c.id).where(
                assessment.c.patient_id == patient_id, assessment.c.timepoint == timepoint, assessment.c.day == day
            )
            step = {"assessment_id": session.execute(mine).scalar_one(), "step": f"{due_at:%H:%M}"}
            session.execute(insert(reminder).values(**step, planned_at=due_at, message_id=id_))
    return id_


def digits_text(parts: Parts, patient_id: int, due_at: datetime = EVENING) -> int:
    return _queue(parts, f"test:{patient_id}:{due_at:%H%M}", "test", due_at, patient_id, None, "4821")


def staff_text(parts: Parts, patient_id: int, staff_id: int, due_at: datetime = EVENING, rank: int = 1) -> int:
    return _queue(parts, f"flare:1:{rank}", "flare", due_at, patient_id, staff_id, None)


def _queue(
    parts: Parts, key: str, template: str, due_at: datetime, patient_id: int, staff_id: int | None, detail: str | None
) -> int:
    with parts.study.writing() as session:
        site_id = session.execute(select(_t["patient"].c.site_id).where(_t["patient"].c.id == patient_id)).scalar_one()
        id_ = messages.queue(
            session,
            dedupe_key=key,
            site_id=site_id,
            patient_id=patient_id,
            staff_id=staff_id,
            template=template,
            language="en",
            due_at=due_at,
            not_after=due_at + timedelta(minutes=30),
            detail=detail,
        )
    assert id_ is not None
    return id_


def row(parts: Parts, message_id: int) -> Any:
    with parts.study.reading() as session:
        return session.execute(select(_t["message"]).where(_t["message"].c.id == message_id)).one()


def state(parts: Parts, message_id: int) -> str:
    return str(row(parts, message_id).state)


def story(parts: Parts, message_id: int) -> list[str]:
    """What the message went through, in order."""
    event = _t["message_event"]
    with parts.study.reading() as session:
        wanted = select(event.c.kind).where(event.c.message_id == message_id).order_by(event.c.id)
        return list(session.execute(wanted).scalars())


def rows(parts: Parts, table: str, **where: object) -> list[Any]:
    with parts.study.reading() as session:
        wanted = select(_t[table])
        for column, value in where.items():
            wanted = wanted.where(_t[table].c[column] == value)
        return list(session.execute(wanted).all())


def change(parts: Parts, table: str, id_: int, **values: object) -> None:
    with parts.study.writing() as session:
        session.execute(update(_t[table]).where(_t[table].c.id == id_).values(**values))


def assessment_id(parts: Parts, patient_id: int, timepoint: str = "diary", day: date = TODAY) -> int:
    found = rows(parts, "assessment", patient_id=patient_id, timepoint=timepoint, day=day)
    return int(found[0].id)
