"""Patients for the bench: three weeks into their diary, a link in hand, this evening's window open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import insert, select

from pro.domain import zones
from pro.domain.schedule import Planned, plan
from pro.services.answering import token_hash
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.factories import PROTOCOL, Made, make_study

DAYS = 20
"""Days each has already answered: what the rules look back on."""
EVENING = 19
BATCH = 500
Row = dict[str, Any]
t = metadata.tables


def evening_zone(now: datetime) -> str:
    """A zone in which it is evening now, so that exactly one diary waits at whatever time the bench runs."""
    east = (EVENING - now.astimezone(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-east:+d}" if east else "Etc/UTC"


def token_of(number: str) -> str:
    """The token of a patient's link: 128 bits, as a message carries it."""
    return sha256(number.encode()).hexdigest()[:22]


def enrol(parts: Parts, numbers: list[str], *, responses: bool = True) -> Made:
    """Puts the patients with what was planned, what they answered and their links."""
    made = make_study(parts, ("R",), code="BENCH")
    now = datetime.now(UTC)
    zone = evening_zone(now)
    day0 = now.astimezone(zones.zone(zone)).date() - timedelta(days=DAYS)
    protocol = parts.library.latest_protocol(PROTOCOL)
    common = {"protocol": protocol.id, "protocol_version": protocol.version}
    patients = [_patient(made, number, zone) | common | {"day0": day0} for number in numbers]
    planned = [one for one in plan(protocol, day0, zones.zone(zone)) if one.day >= day0]
    put(parts, "patient", patients)
    ids = _ids(parts)
    assessments = (
        common
        | {"patient_id": ids[number], "site_id": made.sites["R"], "timepoint": one.timepoint, "day": one.day}
        | {"respondent": one.respondent, "opens_at": one.opens_at, "closes_at": one.closes_at}
        | {"late_until": one.late_until, **_settled(one, now)}
        for number in numbers
        for one in planned
    )
    put(parts, "assessment", assessments)
    if responses:
        put(parts, "response", _responses(parts))
    until = now + timedelta(days=2)
    put(
        parts,
        "link",
        (
            {"token_hash": token_hash(token_of(n)), "patient_id": ids[n], "made_at": now, "expires_at": until}
            for n in numbers
        ),
    )
    settle_statistics(parts)
    return made


def _patient(made: Made, number: str, zone: str) -> Row:
    return {
        "study_id": made.study_id,
        "site_id": made.sites["R"],
        "number": number,
        "contact_id": f"bench-{number}",
        "zone": zone,
        "language": "fr",
        "enrolled_at": datetime.now(UTC) - timedelta(days=DAYS),
        "chain_seq": 0,
        "chain_hash": "0" * 64,
    }


def _settled(one: Planned, now: datetime) -> Row:
    """What is past was answered and closed; what is not has its bell in the future."""
    end = one.late_until or one.closes_at
    past = end <= now or (one.timepoint != "diary" and one.opens_at <= now)
    submitted = one.opens_at + timedelta(hours=15) if past else None
    bell = None if past else end if one.opens_at <= now else one.opens_at + timedelta(hours=14)
    closed = end if past else None
    return {"submitted_at": submitted, "started_at": submitted, "answered": past, "closed_at": closed, "next_at": bell}


def _ids(parts: Parts) -> dict[str, int]:
    with parts.study.reading() as session:
        rows = session.connection().execute(select(t["patient"].c.number, t["patient"].c.id))
        return {row.number: row.id for row in rows}


ANSWERS = {"worst_pain": 3, "average_pain": 2, "stiffness": 15, "tender": ["R-knee"], "swollen": [], "flare": False}


def _responses(parts: Parts) -> Iterator[Row]:
    frozen = json.dumps({key: {"code": "answered", "value": value} for key, value in ANSWERS.items()})
    a = t["assessment"]
    wanted = select(a.c.id, a.c.patient_id, a.c.day, a.c.submitted_at).where(
        a.c.timepoint == "diary", a.c.submitted_at.is_not(None)
    )
    with parts.study.reading() as session:
        done = session.connection().execute(wanted).all()
    for row in done:
        for questionnaire in ("joint-pain-diary", "injection-diary"):
            yield {
                "assessment_id": row.id,
                "patient_id": row.patient_id,
                "questionnaire": questionnaire,
                "n": 1,
                "version": "1",
                "day": row.day,
                "mode": "own-phone",
                "language": "fr",
                "completeness": "complete",
                "answers": frozen,
                "scores": "{}",
                "sha256": sha256(f"{row.id} {questionnaire}".encode()).hexdigest(),
                "made_at": row.submitted_at,
                "received_at": row.submitted_at,
            }


def put(parts: Parts, table: str, rows: Iterable[Row]) -> None:
    left = iter(rows)
    with parts.study.writing() as session:
        while some := list(islice(left, BATCH)):
            session.connection().execute(insert(t[table]), some)


def settle_statistics(parts: Parts) -> None:
    """What autovacuum does by itself in a database that was not filled a second ago."""
    engine = parts.study.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
