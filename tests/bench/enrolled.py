"""A study of any size with its history, made inside the database: a million assessments in well under a minute.

The days that are over are closed, each with a reminder that was sent, delivered and redacted; the others have their bells.
Of every so many patients, spread over the whole study, one is woken by `wake`: a reminder is due for that patient at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, cast, func, insert, literal, select, text, true, update
from sqlalchemy.types import String

from pro.clock import Moment
from pro.domain import zones
from pro.domain.protocol import Protocol
from pro.domain.schedule import plan
from pro.services.parts import Parts
from pro.store import contacts, ledger
from pro.store.contacts import Person
from pro.store.tables import metadata
from tests.bench.patients import Row, put
from tests.factories import PROTOCOL, Made, make_study

ZONE = "Europe/Paris"
DAY = date(2026, 4, 15)
SIX = datetime(2026, 4, 15, 16, 0, tzinfo=UTC)
"""18:00 in Paris: the diary's first reminder."""
FAR = timedelta(days=400)
"""So far ahead ring the bells of those whom nobody wakes."""
NUMBER = "+336123{:05d}"
t = metadata.tables
patient, assessment, message = t["patient"], t["assessment"], t["message"]
reminder, event = t["reminder"], t["message_event"]


class Size(NamedTuple):
    patients: int
    each: int
    """Assessments of each patient."""
    over: int
    """So many of them are over."""
    due: int = 1000
    """How many patients `wake` rings for."""

    @property
    def assessments(self) -> int:
        return self.patients * self.each

    @property
    def woken(self) -> range:
        """Ids of those patients."""
        return range(1, self.patients + 1, self.patients // self.due)[: self.due]


FEW, MANY = Size(1000, 10, 2), Size(11_112, 90, 80)
"""10,000, and a million of which a study of some years has most behind it."""


def fill(parts: Parts, size: Size) -> Made:
    """Patients, assessments, messages; nothing is due."""
    made = make_study(parts, ("R",), code="BENCH")
    protocol = parts.library.latest_protocol(PROTOCOL)
    put(parts, "patient", (_patient(protocol, made, n) for n in range(1, size.patients + 1)))
    put(parts, "assessment", _assessments(protocol, made, size))
    _in_sql(parts)
    with parts.contacts.writing() as session:
        for id_ in range(1, size.patients + 1):
            contacts.keep(session, parts.cipher, f"bench-{id_}", Person(f"Name {id_}", NUMBER.format(id_)), SIX)
    _settle(parts)
    return made


def _patient(protocol: Protocol, made: Made, n: int) -> Row:
    return {
        "id": n,
        "study_id": made.study_id,
        "site_id": made.sites["R"],
        "number": f"R-{n:06}",
        "contact_id": f"bench-{n}",
        "day0": DAY,
        "zone": ZONE,
        "language": "fr",
        "protocol": protocol.id,
        "protocol_version": protocol.version,
        "enrolled_at": SIX,
        "chain_seq": 0,
        "chain_hash": "0" * 64,
    }


def _assessments(protocol: Protocol, made: Made, size: Size) -> Iterator[Row]:
    """The first patient's diary days."""
    today = next(one for one in plan(protocol, DAY, zones.zone(ZONE)) if one.timepoint == "diary")
    for n in range(-size.over, size.each - size.over):
        by = timedelta(days=n)
        late_until = (today.late_until or today.closes_at) + by
        yield {
            "patient_id": 1,
            "site_id": made.sites["R"],
            "timepoint": "diary",
            "day": today.day + by,
            "protocol": protocol.id,
            "protocol_version": protocol.version,
            "respondent": today.respondent,
            "opens_at": today.opens_at + by,
            "closes_at": today.closes_at + by,
            "late_until": late_until,
            "answered": n < 0,
            "submitted_at": SIX + by if n < 0 else None,
            "closed_at": late_until if n < 0 else None,
            "next_at": None if n < 0 else SIX + by + FAR,
        }


def _in_sql(parts: Parts) -> None:
    """The other patients get the first one's days, and every day that is over its message."""
    like = [one for one in assessment.c if one.name not in ("id", "patient_id")]
    first = select(*like).cte("first").prefix_with("MATERIALIZED")
    others = select(patient.c.id, first).join_from(patient, first, true()).where(patient.c.id > 1)
    over = assessment.c.closed_at.is_not(None)
    key, provider_id = (literal(start) + cast(assessment.c.id, String) for start in ("past:", "SM"))
    at = assessment.c.submitted_at
    rest = {"template": "reminder", "language": "fr", "state": "delivered", "attempts": 1, "segments": 1}
    sent = {"dedupe_key": key, "site_id": assessment.c.site_id, "patient_id": assessment.c.patient_id}
    sent |= {"due_at": at, "not_after": assessment.c.late_until, "marked_at": at, "sent_at": at, "redacted_at": at}
    sent |= {"provider_id": provider_id, **{name: literal(value) for name, value in rest.items()}}
    step = ["assessment_id", "step", "planned_at"]
    carried = select(assessment.c.id, literal("at-18:00"), message.c.due_at, message.c.id).join_from(
        assessment, message, message.c.dedupe_key == key
    )
    answered = select(assessment.c.id, literal("at-20:00"), at, literal("submitted")).where(over)
    noted = select(message.c.id, message.c.due_at, literal("delivered"))
    with parts.study.writing() as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # no look at each foreign key
        for table, names, rows in (
            (assessment, ["patient_id", *(one.name for one in like)], others.order_by(patient.c.id, first.c.day)),
            (message, list(sent), select(*sent.values()).where(over).order_by(assessment.c.day, assessment.c.id)),
            (reminder, [*step, "message_id"], carried.where(over)),
            (reminder, [*step, "why_none"], answered),
            (event, ["message_id", "at", "kind"], noted.order_by(message.c.id)),
        ):
            connection.execute(insert(table).from_select(names, rows))
            connection.execute(text(f"ANALYZE {table.name}"))


def _settle(parts: Parts) -> None:
    """What autovacuum, the log and the ledger's mark are after a while in a database that was not filled a second ago."""
    with parts.study.writing() as session:
        ends = [session.connection().execute(select(func.max(table.c.id))).scalar() or 0 for table in (message, event)]
        ledger.keep(session, dict(zip(("message_to", "event_to"), ends, strict=True)))
    engine = parts.study.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in ("VACUUM ANALYZE", "CHECKPOINT") if not parts.study.is_sqlite else ("ANALYZE",):
            connection.exec_driver_sql(statement)


def wake(parts: Parts, size: Size, now: Moment) -> None:
    """The evening's bell rings for the patients of `size.woken`; whatever else had rung sleeps again."""
    rung = and_(assessment.c.next_at.is_not(None), assessment.c.next_at <= now.study)
    today = and_(assessment.c.day == now.study.date(), assessment.c.patient_id.in_(size.woken))
    with parts.study.writing() as session:
        session.execute(update(assessment).where(rung).values(next_at=now.study + FAR))
        session.execute(update(assessment).where(today).values(next_at=now.study))
