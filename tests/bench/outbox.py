"""What a wave of reminders costs: among few and among many assessments, and a message's whole life."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from pro.clock import FixedClock, Moment
from pro.services import delivery, reminding
from pro.services.parts import Parts
from pro.sms.memory import MemorySender
from tests.bench import machine
from tests.bench.enrolled import FEW, MANY, SIX, Size, fill, wake
from tests.bench.rates import databases
from tests.factories import make_parts

WAVES = 5
"""Evenings measured, after one that is not."""


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


def measure(engine: str) -> tuple[Wave, Wave]:
    """Among few and among many assessments."""
    found = []
    for size in (FEW, MANY):
        with house(engine, size) as one:
            found.append(waves(one))
    return found[0], found[1]


def evening(one: House) -> Wave:
    """A new evening for all who are woken."""
    wake(one.parts, one.size, now := one.clock.move(timedelta(days=1)))
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


def _deliver(parts: Parts, now: Moment) -> None:
    while delivery.tick(parts, now, "bench").marked:
        pass


def _stand(pids: list[int]) -> Spent:
    return Spent(time.process_time() + machine.used(pids), time.perf_counter())


def _since(before: Spent, after: Spent) -> Spent:
    return Spent(after.cpu - before.cpu, after.wall - before.wall)
