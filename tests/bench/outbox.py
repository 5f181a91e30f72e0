"""What a wave of reminders costs: among few and among many assessments, and a message's whole life."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from pro.clock import FixedClock, Moment
from pro.domain import zones
from pro.domain.schedule import plan
from pro.services import delivery, reminding
from pro.services.parts import Parts
from pro.sms.memory import MemorySender
from pro.store import contacts
from pro.store.contacts import Person
from pro.store.tables import metadata
from tests.bench import machine
from tests.bench.patients import Row, put, settle_statistics
from tests.bench.rates import databases
from tests.factories import PROTOCOL, Made, make_parts, make_study

ZONE = "Europe/Paris"
DAY = date(2026, 4, 15)
SIX = datetime(2026, 4, 15, 16, 0, tzinfo=UTC)
"""18:00 in Paris: the diary's first reminder."""
DUE = 1000
FEW, MANY = (1000, 10), (11_112, 90)
"""(patients, assessments of each): 10,000 and a million."""
NUMBER = "+336123{:05d}"


class Wave(NamedTuple):
    """One batch of due reminders: processor seconds, the database's included, and seconds of the clock."""

    cpu: float
    wall: float


class Costs(NamedTuple):
    queueing: Wave
    life: Wave
    """From the bell to the provider's answer, with the sender in memory."""


def measure(engine: str, size: tuple[int, int], waves: int = 3) -> Costs:
    """The cheapest of some waves of `DUE` reminders each, on a new evening every time."""
    with ExitStack() as stack:
        urls, pids = stack.enter_context(databases(engine))
        clock = FixedClock(SIX)
        parts = replace(make_parts((urls["study"], urls["contacts"]), clock), sender=MemorySender())
        stack.callback(parts.study.close)
        stack.callback(parts.contacts.close)
        fill(parts, *size)
        queued, lived = [], []
        for n in range(waves):
            now = clock.now() if n == 0 else clock.move(timedelta(days=1))
            wake(parts, now)
            pair = _wave(parts, now, pids)
            queued.append(pair[0])
            lived.append(pair[1])
        return Costs(min(queued), min(lived))


def _wave(parts: Parts, now: Moment, pids: list[int]) -> tuple[Wave, Wave]:
    began, used = time.perf_counter(), _used(pids)
    taken = reminding.tick(parts, now)
    queueing = Wave(_used(pids) - used, time.perf_counter() - began)
    before = len(parts.sender.sent)  # type: ignore[attr-defined]
    while delivery.tick(parts, now, "bench").marked:
        pass
    life = Wave(_used(pids) - used, time.perf_counter() - began)
    sent = len(parts.sender.sent) - before  # type: ignore[attr-defined]
    if (taken, sent) != (DUE, DUE):
        raise RuntimeError(f"{taken} bells and {sent} messages instead of {DUE}")
    return queueing, life


def _used(pids: list[int]) -> float:
    return sum(machine.used([pid]) for pid in pids) + sum(os.times()[:2])


def fill(parts: Parts, patients: int, each: int) -> Made:
    """Patients with their diaries from today on; no bell has rung."""
    made = make_study(parts, ("R",), code="BENCH")
    put(parts, "patient", (_patient(parts, made, n) for n in range(1, patients + 1)))
    put(parts, "assessment", _assessments(parts, made, patients, each))
    with parts.contacts.writing() as session:
        for n in range(1, DUE + 1):
            contacts.keep(session, parts.cipher, f"bench-{n}", Person(f"Name {n}", NUMBER.format(n)), SIX)
    settle_statistics(parts)
    return made


def _patient(parts: Parts, made: Made, n: int) -> Row:
    protocol = parts.library.latest_protocol(PROTOCOL)
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


def _assessments(parts: Parts, made: Made, patients: int, each: int) -> Iterator[Row]:
    protocol = parts.library.latest_protocol(PROTOCOL)
    planned = [one for one in plan(protocol, DAY, zones.zone(ZONE)) if one.timepoint == "diary"]
    spread = [planned[n % len(planned)] for n in range(each)]
    for patient in range(1, patients + 1):
        for n, one in enumerate(spread):
            yield {
                "patient_id": patient,
                "site_id": made.sites["R"],
                "timepoint": "diary",
                "day": one.day + timedelta(days=len(planned) * (n // len(planned))),
                "protocol": protocol.id,
                "protocol_version": protocol.version,
                "respondent": "patient",
                "opens_at": one.opens_at,
                "closes_at": one.closes_at,
                "late_until": one.late_until,
                "answered": False,
                "next_at": SIX + timedelta(days=400),
            }


def wake(parts: Parts, now: Moment) -> None:
    """The evening's bell rings for `DUE` patients."""
    table = metadata.tables["assessment"]
    ringing = (
        table.update()
        .where(table.c.patient_id <= DUE, table.c.day == now.study.date(), table.c.timepoint == "diary")
        .values(next_at=now.study)
    )
    with parts.study.writing() as session:
        session.execute(ringing)
