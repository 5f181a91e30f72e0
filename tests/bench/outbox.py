"""What a wave of reminders costs: among few and among many assessments, and a message's whole life."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from statistics import median
from typing import Any, NamedTuple

from pro import worker
from pro.clock import FixedClock, Moment
from pro.domain import zones
from pro.domain.schedule import plan
from pro.services import delivery, reminding
from pro.services.enrolment.inclusion import _assessment
from pro.services.parts import Parts
from pro.sms.memory import MemorySender
from pro.sms.twilio import TwilioSender
from pro.store.engine import insert_rows
from pro.store.tables import Patient, metadata
from tests.bench import machine
from tests.bench.enrolled import FEW, SIX, ZONE, Size, fill, wake
from tests.bench.provider import bare, standing_in
from tests.bench.rates import databases
from tests.counting import reads
from tests.factories import PROTOCOL, make_parts

WAVES = 5
"""Evenings measured, after one that is not."""
TICKS, PATIENTS = 200, 50


class Spent(NamedTuple):
    """Processor seconds, the database's included, and seconds of the clock."""

    cpu: float
    wall: float


class Wave(NamedTuple):
    """`Size.due` reminders: from the bell into the outbox, and from there to the provider's answer."""

    queueing: Spent
    sending: Spent

    @property
    def life(self) -> Spent:
        return Spent(self.queueing.cpu + self.sending.cpu, self.queueing.wall + self.sending.wall)


class House(NamedTuple):
    parts: Parts
    clock: FixedClock
    size: Size
    pids: list[int]


@contextmanager
def house(engine: str, size: Size) -> Iterator[House]:
    """A study of that size at 18:00, with a sender in memory; nothing is due."""
    with ExitStack() as stack:
        urls, pids = stack.enter_context(databases(engine))
        clock = FixedClock(SIX)
        parts = replace(make_parts((urls["study"], urls["contacts"]), clock), sender=MemorySender())
        stack.callback(parts.study.close)
        stack.callback(parts.contacts.close)
        fill(parts, size)
        yield House(parts, clock, size, pids)


def waves(one: House) -> Wave:
    """What an evening costs on the average."""
    evening(one)
    measured = [evening(one) for _ in range(WAVES)]
    return Wave(
        *(Spent(*(sum(each) / WAVES for each in zip(*part, strict=True))) for part in zip(*measured, strict=True))
    )


class Told(NamedTuple):
    wave: Wave
    rows: int
    pages: int
    """Read by an idle tick."""
    tick: float
    """Its median, milliseconds of the clock."""
    enrolment: tuple[float, float]
    """CPU-ms of a patient's assessments computed and put in, and put in by the driver alone."""


def measure(engine: str, size: Size) -> Told:
    with house(engine, size) as one:
        rows, pages, tick = idle(one)
        return Told(waves(one), rows, pages, tick, enrolment(one))


def idle(one: House) -> tuple[int, int, float]:
    """Rows (SQLite: steps of its machine) and pages that an idle tick reads, and its median."""
    now = one.clock.now()

    def tick() -> None:
        if failed := worker.tick_once(one.parts, now, "bench"):
            raise RuntimeError(f"the tick failed in {failed}")

    tick()
    found = reads(one.parts.study, tick)
    taken = []
    for _ in range(TICKS):
        began = time.perf_counter()
        tick()
        taken.append(time.perf_counter() - began)
    return sum(read.rows for read in found), sum(read.pages for read in found), 1000 * median(taken)


def enrolment(one: House) -> tuple[float, float]:
    """The 90 assessments of a new patient: planned and put in as enrolment does, and put in alone."""
    protocol = one.parts.library.latest_protocol(PROTOCOL)
    table, zone = metadata.tables["assessment"], zones.zone(ZONE)
    given = [_fresh(one, one.size.patients + n) for n in range(1, 2 * PATIENTS + 1)]
    before = _stand(one.pids)
    for patient in given[:PATIENTS]:
        planned = plan(protocol, patient.day0, zone)
        rows = [_assessment(each, patient, protocol, one.clock.now()) for each in planned]
        with one.parts.study.writing() as session:
            insert_rows(session.connection(), table, rows)
    between = _stand(one.pids)
    names, mark = tuple(rows[0]), "?" if one.parts.study.is_sqlite else "%s"
    alone = f"INSERT INTO assessment ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
    ready = [[_plain(row | {"patient_id": patient.id}, names, mark) for row in rows] for patient in given[PATIENTS:]]
    middle = _stand(one.pids)
    for some in ready:
        with one.parts.study.plain_writing() as session:
            session.connection().connection.cursor().executemany(alone, some)
    after = _stand(one.pids)
    return 1000 * _since(before, between).cpu / PATIENTS, 1000 * _since(middle, after).cpu / PATIENTS


def _fresh(one: House, id_: int) -> Patient:
    """Somebody without assessments."""
    with one.parts.study.writing() as session:
        first = session.get_one(Patient, 1)
        like = first.model_dump(exclude={"id", "number", "contact_id"})
        made = Patient(**like, id=id_, number=f"R-{id_:06}", contact_id=f"bench-{id_}")
        session.add(made)
        session.flush()
        return made


def _plain(row: Mapping[str, Any], names: Sequence[str], mark: str) -> tuple[Any, ...]:
    """For the driver of SQLite as text, which is what it would be made into."""
    ours = (row[name] for name in names)
    return tuple(str(one) if mark == "?" and isinstance(one, date) else one for one in ours)


def twilio(engine: str) -> tuple[float, float]:
    """Messages a second, from the bell to the answer kept, through the official client; and a bare client's posts."""
    with standing_in() as account, house(engine, FEW) as one:
        bare(account, 100)
        posts = one.size.due / bare(account, one.size.due).wall
        through = one._replace(parts=replace(one.parts, sender=TwilioSender(account)))
        now = _woken(through)
        before = _stand(one.pids)
        reminding.tick(through.parts, now)
        sent = _deliver(through.parts, now)
        if sent != one.size.due:
            raise RuntimeError(f"{sent} messages instead of {one.size.due}")
        return sent / _since(before, _stand(one.pids)).wall, posts


def _woken(one: House) -> Moment:
    wake(one.parts, one.size, now := one.clock.move(timedelta(days=1)))
    return now


def evening(one: House) -> Wave:
    """A new evening for all who are woken."""
    now = _woken(one)
    sent = one.parts.sender.sent  # type: ignore[attr-defined]
    earlier = len(sent)
    before = _stand(one.pids)
    taken = reminding.tick(one.parts, now)
    between = _stand(one.pids)
    _deliver(one.parts, now)
    after = _stand(one.pids)
    went = len(sent) - earlier
    if (taken, went) != (one.size.due, one.size.due):
        raise RuntimeError(f"{taken} bells and {went} messages instead of {one.size.due}")
    return Wave(_since(before, between), _since(between, after))


def _deliver(parts: Parts, now: Moment) -> int:
    sent = 0
    while marked := delivery.tick(parts, now, "bench").marked:
        sent += marked
    return sent


def _stand(pids: list[int]) -> Spent:
    return Spent(time.process_time() + machine.used(pids), time.perf_counter())


def _since(before: Spent, after: Spent) -> Spent:
    return Spent(after.cpu - before.cpu, after.wall - before.wall)
